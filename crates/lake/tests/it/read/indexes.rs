//! Answers from indexes are the answers from rows: the same questions before compaction, after it, and with indexes missing.

use std::sync::Arc;
use std::time::Duration;

use flowglass_lake::LakeViews;
use flowglass_lake::answer::{
    Bucket, HistogramOptions, Limits, Measure, Range, Scope, SearchOptions, SortKey,
};
use flowglass_lake::maintain::CompactOptions;
use flowglass_lake::read::{Reader, ReaderOptions};
use object_store::{ObjectStore, ObjectStoreExt};

use super::rows::{TestLake, TestObject, TestRow, parse};

const SECOND: i64 = 1_000_000;
/// A whole hour, eight hours before midnight.
const START: i64 = 1_591_286_400_000_000;
const VNICS: [(&str, &str); 3] = [("vnic-a", "10.0.0.4"), ("vnic-b", "10.0.0.5"), ("vnic-c", "2001:db8::5")];

/// Two numbers that look random and are the same in every run.
fn mixed(n: u64) -> u64 {
    let n = (n ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (n ^ (n >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 7
}

fn row(n: u64, vnic: usize, window: i64) -> TestRow {
    let pick = |salt: u64, bound: u64| mixed(n.wrapping_mul(31).wrapping_add(salt)) % bound;
    let (name, own) = VNICS[vnic];
    let peer = match pick(1, 10) {
        0 => format!("198.51.100.{}", pick(2, 250)),
        1 => VNICS[(vnic + 1) % 3].1.to_owned(),
        2 => "2001:db8::99".to_owned(),
        _ => format!("192.0.2.{}", pick(3, 6)),
    };
    let inbound = pick(4, 2) == 0;
    let (initiator, target) = if inbound { (peer.as_str(), own) } else { (own, peer.as_str()) };
    let time = window + pick(5, 300) as i64 * SECOND + pick(6, 2) as i64;
    let closing = pick(7, 4) == 0;
    let counter = |salt: u64| if closing { 0 } else { pick(salt, 5000) as i64 };
    let mut row = TestRow::default()
        .with("time", time)
        .with("connection_start_time", time)
        .with("vnic_id", name)
        .with("vpc_id", "vpc-1")
        .with("instance_id", format!("instance-{vnic}"))
        .with("direction", if inbound { "I" } else { "O" })
        .with("target_ip", target)
        .with("initiator_port", 40_000 + pick(8, 1000) as i64)
        .with("transport_protocol", if pick(9, 5) == 0 { 17 } else { 6 })
        .with("was_initiated", !closing && pick(10, 3) > 0)
        .with("was_terminated", closing)
        .with("bytes_from_initiator", counter(11))
        .with("bytes_from_target", counter(12))
        .with("packets_from_initiator", counter(13))
        .with("packets_from_target", counter(14));
    if pick(15, 30) > 0 {
        row = row.with("initiator_ip", initiator);
    }
    if pick(16, 30) > 0 {
        row = row.with("action", if pick(17, 4) == 0 { "rejected" } else { "accepted" });
    }
    if pick(18, 30) > 0 {
        row = row.with("target_port", [22_i64, 53, 80, 443, 3000][pick(19, 5) as usize]);
    }
    row
}

/// Twelve hours of three vNICs, over midnight: two days, many row groups.
async fn lake() -> TestLake {
    let mut objects = Vec::new();
    for hour in 0..12 {
        for (vnic, (name, _)) in VNICS.into_iter().enumerate() {
            let start = START + hour * 3600 * SECOND;
            let rows: Vec<TestRow> =
                (0..60).map(|n| row(n + 1000 * hour as u64 + 100_000 * vnic as u64, vnic, start)).collect();
            let key = format!("{vnic}/{hour}");
            let mut object = TestObject::new(&key, name, "ingress", (start, start + 300 * SECOND), rows);
            object.facts.vpc_id = Some("vpc-1".to_owned());
            objects.push(object);
        }
    }
    TestLake::new(&objects).await
}

fn scopes() -> Vec<(String, Scope)> {
    let hours = |from: i64, to: i64| Range::new(START + from * 3600 * SECOND, START + to * 3600 * SECOND);
    let ranges = [
        ("all", Range::default()),
        ("hours", hours(2, 9)),
        ("minutes", Range::new(START + 7_260 * SECOND, START + 33_000 * SECOND)),
        ("odd", Range::new(START + 7_261 * SECOND + 1, START + 33_007 * SECOND)),
        ("since", Range { from: Some(START + 10 * 3600 * SECOND), to: None }),
    ];
    let queries = [
        "",
        "action:rejected",
        "-action:rejected direction:I",
        "is:attempt",
        "is:closing",
        "-is:closing sides:both",
        "10.0.0.5",
        "initiator_ip:198.51.100.0/24",
        "target_ip:2001:db8::5 -target_port:22",
        "initiator_ip:10.0.0.4 OR target_ip:192.0.2.3",
        "ip:198.51.100.7 target_ip:10.0.0.4",
        "peer_ip:192.0.2.1",
        "target_port:22",
        "203.0.113.9",
    ];
    let scope = |query: &str, (name, range): (&str, Range)| {
        (format!("{query:?} {name}"), Scope::new(parse(query), range))
    };
    // Every query, and every range without one: all pairs would take minutes.
    let narrowed =
        queries.into_iter().zip(ranges.into_iter().cycle()).map(|(query, range)| scope(query, range));
    narrowed.chain(ranges.into_iter().skip(1).map(|range| scope("", range))).collect()
}

/// Asks of every so manieth scope; the answers as text, without what they cost.
async fn answers(reader: &Reader, every: usize) -> Vec<String> {
    let limits = Limits::default();
    let measures = [
        Measure::AllRecords,
        Measure::Records,
        Measure::Attempts,
        Measure::Bytes,
        Measure::Packets,
        Measure::Connections,
    ];
    let fields = [
        "initiator_ip",
        "target_ip",
        "target_port",
        "transport_protocol",
        "vnic_id",
        "instance_id",
        "subnet_id",
        "action",
        "direction",
        "peer_ip",
    ];
    let mut told = Vec::new();
    for (turn, (name, scope)) in scopes().into_iter().enumerate().step_by(every) {
        for (at, measure) in measures.into_iter().enumerate().filter(|(at, _)| at % 3 == turn % 3) {
            let count = reader.count(&scope, Some(measure), limits).await.unwrap();
            told.push(format!("{name} {measure:?}: {} {:?}", count.count, count.nearest));
            for field in fields.iter().skip((at + turn) % 3).step_by(3) {
                let top = reader.top(&scope, field, 4, Some(measure), limits).await.unwrap();
                told.push(format!(
                    "{name} {measure:?} {field}: {:?} {} {}",
                    top.values, top.total, top.distinct
                ));
            }
            let split = [None, Some("action"), Some("direction")][turn % 3];
            let bucket = [60, 3600, 45][at % 3];
            let options = HistogramOptions {
                bucket: Bucket::Width(Duration::from_secs(bucket)),
                split: split.map(str::to_owned),
                measure: Some(measure),
                ..HistogramOptions::default()
            };
            // Closed ranges only: an open one is that of the windows held.
            let chart = reader.histogram(&scope, &options).await.unwrap();
            told.push(format!("{name} {measure:?} chart: {:?}", chart.series));
        }
        for sort in [vec![], vec![SortKey { field: "bytes_from_target".to_owned(), descending: true }]] {
            let mut cursor = None;
            for page in 0..2 {
                let options = SearchOptions {
                    limit: Some(7),
                    sort: sort.clone(),
                    fields: ["time", "initiator_ip", "target_ip"].map(str::to_owned).to_vec(),
                    cursor: cursor.take(),
                    ..SearchOptions::default()
                };
                let found = reader.search(&scope, &options).await.unwrap();
                let mut rows = Vec::new();
                for batch in &found.rows {
                    flowglass_lake::answer::write_ndjson(&mut rows, batch, &found.fields).unwrap();
                }
                let rows = String::from_utf8(rows).unwrap();
                told.push(format!("{name} page {page}: {rows:?} {:?}", found.nearest));
                cursor = found.next;
                if cursor.is_none() {
                    break;
                }
            }
        }
        if turn % 4 > 0 {
            continue;
        }
        let connections = reader.connections(&scope, 5, limits).await.unwrap();
        told.push(format!("{name} connections: {:?} {}", connections.connections, connections.truncated));
    }
    told
}

fn reader(lake: &TestLake) -> Reader {
    let views = Arc::new(LakeViews::new(lake.lake.clone()));
    Reader::new(views, &ReaderOptions { threads: 2, ..ReaderOptions::default() }).unwrap()
}

async fn indexes(lake: &TestLake) -> Vec<object_store::path::Path> {
    use futures::TryStreamExt;
    let folder = object_store::path::Path::from("_flowglass/index");
    let listed: Vec<_> = lake.lake.flows().store().list(Some(&folder)).try_collect().await.unwrap();
    listed.into_iter().map(|meta| meta.location).collect()
}

fn compare(wanted: &[String], found: &[String]) {
    assert_eq!(wanted.len(), found.len());
    for (wanted, found) in wanted.iter().zip(found) {
        assert_eq!(wanted, found);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_do_not_depend_on_indexes() {
    let lake = lake().await;
    let from_rows = answers(&lake.reader, 1).await;
    let options = CompactOptions { row_group_rows: 200, target_rows: 500, ..CompactOptions::full() };
    lake.lake.compact(&options).await.unwrap();
    let made = indexes(&lake).await;
    assert_eq!(made.len(), 4, "one for each file, of which a day has several");
    compare(&from_rows, &answers(&reader(&lake), 1).await);

    // They were used: what they tell needs no row.
    let everything = Scope::new(parse(""), Range::default());
    let top =
        reader(&lake).top(&everything, "initiator_ip", 3, Some(Measure::Bytes), Limits::default()).await;
    assert_eq!(top.unwrap().meta.rows_read, 0);
    let rare = Scope::new(parse("198.51.100.7"), Range::default());
    let found = reader(&lake).search(&rare, &SearchOptions::default()).await.unwrap();
    assert!(found.meta.rows_read < 1000, "{}", found.meta.rows_read);

    // Lost, cut and damaged ones are passed over.
    lake.lake.flows().store().delete(&made[0]).await.unwrap();
    compare(&answers(&lake.reader, 5).await, &answers(&reader(&lake), 5).await);
    let body = lake.lake.flows().store().get(&made[1]).await.unwrap().bytes().await.unwrap();
    for damaged in
        [body.slice(..body.len() / 2), body.slice(body.len() / 2..), bytes::Bytes::from(vec![7; 100])]
    {
        lake.lake.flows().store().put(&made[1], damaged.into()).await.unwrap();
        let limits = Limits::default();
        let found = reader(&lake).top(&everything, "target_port", 5, None, limits).await.unwrap();
        let wanted = lake.reader.top(&everything, "target_port", 5, None, limits).await.unwrap();
        assert_eq!(found.values, wanted.values);
    }
}

#[tokio::test]
async fn an_address_that_becomes_a_vnics_own_is_noticed() {
    let mut lake = lake().await;
    lake.lake.compact(&CompactOptions::full()).await.unwrap();
    let everything = Scope::new(parse(""), Range::default());
    let bytes = async |lake: &TestLake| {
        reader(lake).count(&everything, Some(Measure::Bytes), Limits::default()).await.unwrap().count
    };
    let before = bytes(&lake).await;
    // 192.0.2.3 was a stranger until this vNIC reports from it: its inbound traffic is now seen from both ends.
    let rows = vec![row(1, 0, START).with("initiator_ip", "192.0.2.3").with("direction", "O")];
    let own: u64 = rows
        .iter()
        .map(|row| {
            use flowglass_query::Row;
            (row.integer("bytes_from_initiator").unwrap() + row.integer("bytes_from_target").unwrap()) as u64
        })
        .sum();
    lake.commit(&TestObject::new("new", "vnic-new", "egress", (START, START + 300 * SECOND), rows)).await;
    let after = bytes(&lake).await;
    let inbound = Scope::new(parse("initiator_ip:192.0.2.3 direction:I"), Range::default());
    let twice = reader(&lake).count(&inbound, Some(Measure::Bytes), Limits::default()).await.unwrap().count;
    assert!(twice > 0);
    assert_eq!(after, before + own - twice);
}

#[tokio::test]
async fn what_is_kept_of_indexes_follows_the_lake() {
    let mut lake = lake().await;
    lake.lake.compact(&CompactOptions::full()).await.unwrap();
    let kept = reader(&lake);
    let everything = Scope::new(parse(""), Range::default());
    let told = async |reader: &Reader| {
        let mut told = Vec::new();
        for field in ["target_port", "initiator_ip", "vnic_id", "action"] {
            let top = reader.top(&everything, field, 9, Some(Measure::AllRecords), Limits::default()).await;
            let top = top.unwrap();
            told.push(format!("{:?} {} {}", top.values, top.total, top.distinct));
        }
        let chart = reader.histogram(&everything, &HistogramOptions::default()).await.unwrap();
        told.push(format!("{:?}", chart.series));
        told
    };
    let first = told(&kept).await;
    assert_eq!(told(&kept).await, first);
    // A commit adds rows that no index tells.
    let rows = vec![row(1, 0, START), row(2, 0, START)];
    lake.commit(&TestObject::new("new", "vnic-new", "egress", (START, START + 300 * SECOND), rows)).await;
    let grown = told(&reader(&lake)).await;
    assert_ne!(grown, first);
    lake.lake.refresh().await.unwrap();
    assert_eq!(told(&kept).await, grown);
    // Other files with other indexes hold the same rows.
    let before = indexes(&lake).await;
    lake.lake.compact(&CompactOptions::full()).await.unwrap();
    assert_ne!(indexes(&lake).await, before);
    lake.lake.refresh().await.unwrap();
    assert_eq!(told(&kept).await, grown);
    // What is kept was read before: the files of indexes may go.
    for index in indexes(&lake).await {
        lake.lake.flows().store().delete(&index).await.unwrap();
    }
    assert_eq!(told(&kept).await, grown);
    assert_eq!(told(&reader(&lake)).await, grown);
}
