//! Answers about a small VPC: two vNICs that talk to each other, a scanner, a quiet time and a lost object.

use std::time::Duration;

use flowglass_flow::{ObjectFacts, Outcome, RowId};
use flowglass_lake::LakeError;
use flowglass_lake::answer::{
    Aggregate, Bucket, Comparison, ConnectionEnd, Cursor, GroupKey, GroupOptions, HistogramOptions, Limits,
    Measure, OrderBy, Range, RowWriter, Scope, SearchOptions, Series, Value,
};
use flowglass_lake::coverage::GapKind;
use futures::StreamExt;

use super::rows::{TestLake, TestObject, TestRow, parse};

const SECOND: i64 = 1_000_000;
const START: i64 = 1_591_272_000 * SECOND;
const A: &str = "0717-a";
const B: &str = "0717-b";

fn at(seconds: i64) -> i64 {
    START + seconds * SECOND
}

/// A flow with its window's counters; connections begin where they are first seen.
fn flow(
    vnic: &str,
    direction: &str,
    (from, to): (&str, &str),
    ports: (i64, i64),
    time: i64,
    bytes: (i64, i64),
) -> TestRow {
    TestRow::default()
        .with("vnic_id", vnic)
        .with("vpc_id", "r006-vpc")
        .with("direction", direction)
        .with("initiator_ip", from)
        .with("target_ip", to)
        .with("initiator_port", ports.0)
        .with("target_port", ports.1)
        .with("transport_protocol", 6)
        .with("time", at(time))
        .with("start_time", at(time))
        .with("end_time", at(time + 10))
        .with("connection_start_time", at(time))
        .with("action", "accepted")
        .with("was_initiated", true)
        .with("was_terminated", false)
        .with("bytes_from_initiator", bytes.0)
        .with("packets_from_initiator", bytes.0 / 54)
        .with("bytes_from_target", bytes.1)
        .with("packets_from_target", bytes.1 / 54)
}

fn closing(row: &TestRow, time: i64) -> TestRow {
    let mut row = row.clone();
    row.0.remove("start_time");
    row.0.remove("end_time");
    row = row.with("time", at(time)).with("was_initiated", false).with("was_terminated", true);
    for counter in
        ["bytes_from_initiator", "packets_from_initiator", "bytes_from_target", "packets_from_target"]
    {
        row = row.with(counter, 0);
    }
    row
}

/// Ten minutes: a web request from A to B, seen by both; three SSH attempts on A, refused; and their closing records.
fn objects() -> Vec<TestObject> {
    let request_a = flow(A, "O", ("10.240.0.4", "10.240.64.4"), (40_000, 3000), 10, (540, 5400));
    let request_b = flow(B, "I", ("10.240.0.4", "10.240.64.4"), (40_000, 3000), 11, (540, 5400))
        .with("connection_start_time", at(11));
    let knock = |time, port| {
        flow(A, "I", ("24.22.68.94", "10.240.0.4"), (port, 22), time, (54, 0)).with("action", "rejected")
    };
    let scan =
        flow(A, "I", ("92.63.197.61", "10.240.0.4"), (5000, 3389), 250, (54, 0)).with("action", "rejected");
    let windows = [(at(0), at(300)), (at(300), at(600))];
    let mut objects = vec![
        TestObject::new(
            "a/in/0",
            A,
            "ingress",
            windows[0],
            vec![knock(20, 1), knock(80, 2), knock(140, 3), scan],
        ),
        TestObject::new("a/out/0", A, "egress", windows[0], vec![request_a.clone()]),
        TestObject::new("b/in/0", B, "ingress", windows[0], vec![request_b.clone()]),
        TestObject::new(
            "a/in/1",
            A,
            "ingress",
            windows[1],
            vec![closing(&knock(20, 1), 300), closing(&knock(80, 2), 300), closing(&knock(140, 3), 300)],
        ),
        TestObject::new("a/out/1", A, "egress", windows[1], vec![closing(&request_a, 300)]),
    ];
    // B's second window was read and could not be understood.
    let mut bad = TestObject::new("b/in/1", B, "ingress", windows[1], vec![]);
    bad.outcome = Outcome::Quarantined;
    objects.push(bad);
    objects.push(TestObject::new("b/in/2", B, "ingress", (at(600), at(700)), vec![]));
    for object in &mut objects {
        object.facts.vpc_id = Some("r006-vpc".to_owned());
    }
    objects
}

fn scope(query: &str) -> Scope {
    Scope::new(parse(query), Range::new(at(0), at(600)))
}

fn fields(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn times(batches: &[arrow::array::RecordBatch]) -> Vec<i64> {
    let time = fields(&["time"]);
    let lines = batches.iter().flat_map(|batch| {
        let writer = RowWriter::new(batch, &time);
        (0..batch.num_rows()).map(|row| writer.text(row, 0).unwrap()).collect::<Vec<_>>()
    });
    lines.map(|text| (flowglass_flow::time::parse(text.as_bytes()).unwrap() - START) / SECOND).collect()
}

#[tokio::test]
async fn search_is_newest_first_in_pages_of_one_version() {
    let mut lake = TestLake::new(&objects()).await;
    let mut options =
        SearchOptions { limit: Some(3), fields: fields(&["time", "action"]), ..SearchOptions::default() };
    let first = lake.reader.search(&scope("action:rejected"), &options).await.unwrap();
    assert_eq!(times(&first.rows), [300, 300, 300]);
    assert_eq!(first.fields, ["time", "action"]);
    let json = flowglass_lake::answer::row_to_json(&first.rows[0], 0, &first.fields);
    assert!(json.starts_with("{\"id\":\"") && json.ends_with("\"action\":\"rejected\"}"), "{json}");
    // A commit between two pages does not show in the second.
    let late = flow(A, "I", ("24.22.68.94", "10.240.0.4"), (9, 22), 150, (54, 0)).with("action", "rejected");
    lake.commit(&TestObject::new("a/in/late", A, "ingress", (at(0), at(300)), vec![late])).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    options.cursor = first.next;
    let second = lake.reader.search(&scope("action:rejected"), &options).await.unwrap();
    assert_eq!(
        (times(&second.rows), second.meta.lake_version),
        (vec![250, 140, 80], first.meta.lake_version)
    );
    options.cursor = second.next;
    let third = lake.reader.search(&scope("action:rejected"), &options).await.unwrap();
    assert_eq!((times(&third.rows), third.next), (vec![20], None));
    // Without a cursor it does show.
    options = SearchOptions { limit: Some(100), ..SearchOptions::default() };
    let all = lake.reader.search(&scope("action:rejected"), &options).await.unwrap();
    assert_eq!(times(&all.rows), [300, 300, 300, 250, 150, 140, 80, 20]);
    assert_eq!(all.rows[0].num_columns(), flowglass_flow::catalogue::FIELDS.len());
}

#[tokio::test]
async fn cursors_walk_every_order_with_nulls() {
    let rows = (0..23_i64).map(|at_row| {
        let row = TestRow::default().with("time", at(at_row / 5));
        let row = if at_row % 3 == 0 { row } else { row.with("bytes_from_target", at_row % 4) };
        if at_row % 4 == 0 { row } else { row.with("action", ["accepted", "rejected"][at_row as usize % 2]) }
    });
    let lake = TestLake::new(&[TestObject::new("o", "v", "all", (at(0), at(300)), rows.collect())]).await;
    let everything = Scope::new(parse(""), Range::default());
    for sort in [
        "",
        "-bytes_from_target",
        "bytes_from_target",
        "action,-time",
        "-action,bytes_from_target",
        "time",
        "record_index",
    ] {
        let sort: Vec<_> =
            sort.split(',').filter(|key| !key.is_empty()).map(|key| key.parse().unwrap()).collect();
        let options = |limit, cursor| SearchOptions {
            limit: Some(limit),
            sort: sort.clone(),
            cursor,
            ..Default::default()
        };
        let ids = |rows: &[arrow::array::RecordBatch]| {
            let ids = rows.iter().flat_map(|batch| {
                let writer = RowWriter::new(batch, &[]);
                (0..batch.num_rows()).map(|row| writer.id(row).unwrap()).collect::<Vec<_>>()
            });
            ids.collect::<Vec<_>>()
        };
        let whole = ids(&lake.reader.search(&everything, &options(100, None)).await.unwrap().rows);
        assert_eq!(whole.len(), 23);
        let (mut walked, mut cursor) = (Vec::new(), None);
        loop {
            let page = lake.reader.search(&everything, &options(4, cursor)).await.unwrap();
            walked.extend(ids(&page.rows));
            match page.next {
                Some(next) => cursor = Some(Cursor::new(next.as_str())),
                None => break,
            }
        }
        assert_eq!(walked, whole, "{sort:?}");
    }
}

#[tokio::test]
async fn bad_questions_are_refused_with_a_hint() {
    let lake = TestLake::new(&objects()).await;
    let search = |options| {
        let reader = lake.reader.clone();
        async move { reader.search(&scope(""), &options).await.unwrap_err() }
    };
    let field = SearchOptions { fields: fields(&["target_prot"]), ..SearchOptions::default() };
    let error = search(field).await;
    assert_eq!(error.to_string(), "there is no field \"target_prot\"");
    assert_eq!(error.hint().as_deref(), Some("did you mean \"target_port\"?"));
    for cursor in ["zz", "7b7d", "ß", "00"] {
        let options = SearchOptions { cursor: Some(Cursor::new(cursor)), ..SearchOptions::default() };
        assert!(matches!(search(options).await, LakeError::BadRequest { .. }), "{cursor}");
    }
    let page = SearchOptions { limit: Some(1), ..SearchOptions::default() };
    let next = lake.reader.search(&scope("action:rejected"), &page).await.unwrap().next;
    let error = search(SearchOptions { cursor: next, ..SearchOptions::default() }).await;
    assert!(error.to_string().contains("another question"), "{error}");
    let group =
        GroupOptions { aggregates: vec![Aggregate::Sum("action".to_owned())], ..GroupOptions::default() };
    let error = lake.reader.group(&scope(""), &group).await.unwrap_err();
    assert_eq!(error.to_string(), "action is not a number, so it has no sum, average or percentile");
}

#[tokio::test]
async fn streams_hold_everything() {
    let lake = TestLake::new(&objects()).await;
    let mut stream = lake.reader.search_stream(&scope(""), &SearchOptions::default()).await.unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = stream.batches.next().await {
        rows.push(batch.unwrap());
    }
    assert_eq!(times(&rows), [300, 300, 300, 300, 250, 140, 80, 20, 11, 10]);
}

#[tokio::test]
async fn nothing_found_tells_the_nearest_and_what_is_held() {
    let lake = TestLake::new(&objects()).await;
    let between = Scope::new(parse("target_port:3000"), Range::new(at(100), at(200)));
    let answer = lake.reader.search(&between, &SearchOptions::default()).await.unwrap();
    let nearest = answer.nearest.unwrap();
    assert_eq!(nearest.before.unwrap().time.0, at(11));
    assert_eq!(nearest.after.unwrap().time.0, at(300));
    assert_eq!(answer.meta.coverage.held_from.unwrap().0, at(0));
    assert_eq!(answer.meta.coverage.held_to.unwrap().0, at(700));
    let never = lake.reader.count(&scope("target_port:9999"), None, Limits::default()).await.unwrap();
    assert_eq!((never.count, never.nearest), (0, Some(flowglass_lake::answer::Nearest::default())));
    let found = lake.reader.count(&scope("target_port:3000"), None, Limits::default()).await.unwrap();
    assert_eq!((found.count, found.nearest), (3, None));
}

#[tokio::test]
async fn measures() {
    let lake = TestLake::new(&objects()).await;
    for (query, measure, expected, words) in [
        ("", Measure::AllRecords, 10, "records"),
        ("", Measure::Records, 6, "records without closing ones"),
        ("is:closing", Measure::Records, 4, "records"),
        ("", Measure::Attempts, 6, "attempts: connections begun"),
        ("", Measure::Connections, 5, "connections; traffic seen from both ends counts once"),
        ("sides:both", Measure::Connections, 6, "connections"),
        (
            "",
            Measure::Bytes,
            5940 + 4 * 54,
            "bytes of both directions; traffic seen from both ends counts once",
        ),
        ("sides:both", Measure::Bytes, 2 * 5940 + 4 * 54, "bytes of both directions"),
        (
            "",
            Measure::Packets,
            110 + 4,
            "packets of both directions; traffic seen from both ends counts once",
        ),
        // One vNIC's reports are all there is of them.
        (
            "vnic_id:0717-b",
            Measure::Bytes,
            5940,
            "bytes of both directions; traffic seen from both ends counts once",
        ),
        ("direction:I", Measure::Bytes, 5940 + 4 * 54, "bytes of both directions"),
        ("action:rejected", Measure::Bytes, 4 * 54, "bytes of both directions"),
    ] {
        let answer = lake.reader.count(&scope(query), Some(measure), Limits::default()).await.unwrap();
        assert_eq!(
            (answer.count, answer.meta.measure.words.as_str()),
            (expected, words),
            "{query} {measure:?}"
        );
    }
}

#[tokio::test]
async fn sums_beyond_64_bits_are_kept() {
    let rows =
        (0..4).map(|time| flow(A, "O", ("10.240.0.4", "8.8.8.8"), (1, 53), time, (i64::MAX, i64::MAX)));
    let lake = TestLake::new(&[TestObject::new("o", A, "egress", (at(0), at(300)), rows.collect())]).await;
    let bytes = lake.reader.count(&scope(""), Some(Measure::Bytes), Limits::default()).await.unwrap();
    assert_eq!(bytes.count, u64::MAX);
    let aggregates = vec![Aggregate::Measure(Measure::Bytes), Aggregate::Sum("bytes_from_target".to_owned())];
    let group = GroupOptions { aggregates, ..GroupOptions::default() };
    let answer = lake.reader.group(&scope(""), &group).await.unwrap();
    assert_eq!(
        answer.rows[0].values,
        [Value::Float(8.0 * i64::MAX as f64), Value::Float(4.0 * i64::MAX as f64)]
    );
}

fn counts(series: &Series) -> Vec<u64> {
    series.buckets.iter().map(|bucket| bucket.value).collect()
}

#[tokio::test]
async fn histograms() {
    let lake = TestLake::new(&objects()).await;
    let options =
        HistogramOptions { bucket: Bucket::Width(Duration::from_secs(100)), ..HistogramOptions::default() };
    let plain = lake.reader.histogram(&scope(""), &options).await.unwrap();
    // START is not a multiple of 100 s since the epoch, so there are seven buckets.
    assert_eq!(counts(&plain.series[0]), [4, 1, 1, 0, 0, 0]);
    assert_eq!((plain.series[0].total, plain.bucket_seconds), (6, 100));
    assert_eq!(plain.meta.measure.name, Measure::Records);
    let rejected = lake.reader.histogram(&scope("action:rejected"), &options).await.unwrap();
    assert_eq!(
        (rejected.meta.measure.name, counts(&rejected.series[0])),
        (Measure::Attempts, vec![2, 1, 1, 0, 0, 0])
    );
    // B's second window is missing from 300 s on: half a vNIC-type of two and a half.
    let coverage: Vec<_> = plain.series[0].buckets.iter().map(|bucket| bucket.coverage.unwrap()).collect();
    assert_eq!(coverage[..3], [1.0, 1.0, 1.0]);
    assert!((coverage[3] - 2.0 / 3.0).abs() < 1e-9, "{coverage:?}");
    let split = HistogramOptions { split: Some("action".to_owned()), ..options.clone() };
    let split = lake.reader.histogram(&scope(""), &split).await.unwrap();
    let shown: Vec<_> =
        split.series.iter().map(|series| (series.key.to_string(), series.other, counts(series))).collect();
    assert_eq!(
        shown,
        [
            ("rejected".to_owned(), false, vec![2, 1, 1, 0, 0, 0]),
            ("accepted".to_owned(), false, vec![2, 0, 0, 0, 0, 0])
        ]
    );
    // An open range is that of what is held.
    let open = Scope::new(parse(""), Range::default());
    let open = lake.reader.histogram(&open, &HistogramOptions::default()).await.unwrap();
    assert_eq!(open.meta.range, Range::new(at(0), at(700)));
    assert_eq!(open.series[0].total, 6);
}

#[tokio::test]
async fn a_split_sums_up_the_rest() {
    let rows = (0..40_i64).flat_map(|port| {
        let row = flow(A, "I", ("24.22.68.94", "10.240.0.4"), (port, 1000 + port), port, (54, 54));
        std::iter::repeat_n(row, if port < 10 { 3 } else { 1 })
    });
    let rows =
        rows.chain([flow(A, "I", ("24.22.68.94", "10.240.0.4"), (1, 1), 1, (54, 54))].map(|mut row| {
            row.0.remove("target_port");
            row
        }));
    let lake = TestLake::new(&[TestObject::new("o", A, "ingress", (at(0), at(300)), rows.collect())]).await;
    let options = HistogramOptions { split: Some("target_port".to_owned()), ..HistogramOptions::default() };
    let answer = lake.reader.histogram(&scope(""), &options).await.unwrap();
    assert_eq!(answer.series.len(), 11);
    assert!(answer.series[..10].iter().all(|series| series.total == 3 && !series.other));
    assert_eq!((answer.series[10].other, answer.series[10].total), (true, 31));
}

#[tokio::test]
async fn tops_facets_and_values() {
    let lake = TestLake::new(&objects()).await;
    let top = lake.reader.top(&scope(""), "initiator_ip", 2, None, Limits::default()).await.unwrap();
    let shown: Vec<_> = top.values.iter().map(|value| (value.value.to_string(), value.count)).collect();
    assert_eq!(shown, [("24.22.68.94".to_owned(), 3), ("10.240.0.4".to_owned(), 2)]);
    assert_eq!((top.total, top.distinct), (6, 3));
    let peers = lake
        .reader
        .top(&scope("vnic_id:0717-a"), "peer_ip", 10, Some(Measure::Bytes), Limits::default())
        .await
        .unwrap();
    let shown: Vec<_> = peers.values.iter().map(|value| (value.value.to_string(), value.count)).collect();
    assert_eq!(
        shown,
        [("10.240.64.4".to_owned(), 5940), ("24.22.68.94".to_owned(), 162), ("92.63.197.61".to_owned(), 54)]
    );
    let names = fields(&["action", "target_port"]);
    let facets = lake
        .reader
        .facets(&scope(""), &names, 1, Some(Measure::AllRecords), Limits::default())
        .await
        .unwrap();
    let shown: Vec<_> = facets
        .facets
        .iter()
        .map(|facet| (facet.values[0].value.to_string(), facet.values[0].count, facet.distinct))
        .collect();
    assert_eq!(shown, [("rejected".to_owned(), 7, 2), ("22".to_owned(), 6, 3)]);
    let values = lake.reader.values("initiator_ip", "2", 10, None, Limits::default()).await.unwrap();
    assert_eq!(
        values.values.iter().map(|value| (value.value.to_string(), value.count)).collect::<Vec<_>>(),
        [("24.22.68.94".to_owned(), 6)]
    );
    let ports = lake.reader.values("target_port", "3", 10, None, Limits::default()).await.unwrap();
    assert_eq!(
        ports.values.iter().map(|value| value.value.to_string()).collect::<Vec<_>>(),
        ["3000", "3389"]
    );
    let hidden = parse("-initiator_ip:24.22.68.94");
    let values = lake.reader.values("initiator_ip", "2", 10, Some(&hidden), Limits::default()).await.unwrap();
    assert!(values.values.is_empty());
}

#[tokio::test]
async fn groups() {
    let lake = TestLake::new(&objects()).await;
    let keys = vec![GroupKey::Field("initiator_ip".to_owned()), GroupKey::Field("action".to_owned())];
    let column = |name: &str| name.to_owned();
    let aggregates = vec![
        Aggregate::Measure(Measure::Records),
        Aggregate::Measure(Measure::Bytes),
        Aggregate::Distinct(column("initiator_port")),
        Aggregate::Min(column("time")),
        Aggregate::Max(column("target_port")),
        Aggregate::Avg(column("bytes_from_initiator")),
        Aggregate::Percentile(column("initiator_port"), 50.0),
    ];
    let options = GroupOptions { keys, aggregates, order: OrderBy::Keys, ..GroupOptions::default() };
    let answer = lake.reader.group(&scope(""), &options).await.unwrap();
    assert_eq!(
        answer.aggregates,
        [
            "records",
            "bytes",
            "distinct(initiator_port)",
            "min(time)",
            "max(target_port)",
            "avg(bytes_from_initiator)",
            "p50(initiator_port)"
        ]
    );
    let shown: Vec<String> = answer
        .rows
        .iter()
        .map(|row| row.keys.iter().chain(&row.values).map(Value::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        shown,
        [
            "10.240.0.4 accepted 2 5940 1 2020-06-04T12:00:10Z 3000 540 40000",
            "24.22.68.94 rejected 3 162 3 2020-06-04T12:00:20Z 22 54 2",
            "92.63.197.61 rejected 1 54 1 2020-06-04T12:04:10Z 3389 54 5000"
        ]
    );
    assert!(!answer.truncated);
    let one = GroupOptions { limit: Some(1), ..options };
    assert!(lake.reader.group(&scope(""), &one).await.unwrap().truncated);
}

#[tokio::test]
async fn groups_in_time_and_compared() {
    let lake = TestLake::new(&objects()).await;
    let options = GroupOptions {
        keys: vec![
            GroupKey::Time(Bucket::Width(Duration::from_secs(100))),
            GroupKey::Field("target_port".to_owned()),
        ],
        order: OrderBy::Keys,
        compare: Some(Comparison::PreviousPeriod),
        ..GroupOptions::default()
    };
    let second = Scope::new(parse(""), Range::new(at(100), at(200)));
    let answer = lake.reader.group(&second, &options).await.unwrap();
    assert_eq!(answer.compared, Some(Range::new(at(0), at(100))));
    assert_eq!(answer.keys, ["time", "target_port"]);
    let row = &answer.rows[0];
    assert_eq!(
        (row.keys[0].to_string().as_str(), row.values[0].clone()),
        ("2020-06-04T12:01:40Z", Value::Integer(1))
    );
    assert_eq!(row.previous, Some(vec![Value::Integer(2)]));
    assert_eq!(answer.rows.len(), 1);
    let error = lake.reader.group(&Scope::new(parse(""), Range::default()), &options).await;
    assert!(error.is_ok(), "a range with time buckets is closed by what is held: {error:?}");
}

#[tokio::test]
async fn connections_are_stitched() {
    let all = objects();
    let lake = TestLake::new(&all).await;
    // Asked of either side's record, or of the closing one.
    for id in [all[1].row_id(0), all[2].row_id(0), all[4].row_id(0)] {
        let answer = lake.reader.connection(id, None, Limits::default()).await.unwrap().unwrap();
        let connection = &answer.connection;
        assert_eq!(
            (connection.sides.len(), connection.records, connection.state),
            (2, 3, ConnectionEnd::Closed)
        );
        assert_eq!((connection.start.0, connection.bytes_from_target), (at(10), 5400));
        assert_eq!(connection.id, all[1].row_id(0));
        assert_eq!(answer.rows.iter().map(|batch| batch.num_rows()).sum::<usize>(), 3);
    }
    let nowhere = RowId { index: 77, ..all[1].row_id(0) };
    assert!(lake.reader.connection(nowhere, None, Limits::default()).await.unwrap().is_none());
    let hidden = parse("action:rejected");
    assert!(
        lake.reader.connection(all[1].row_id(0), Some(&hidden), Limits::default()).await.unwrap().is_none()
    );
    // A list holds whole connections, also of windows outside the range.
    let early = Scope::new(parse("10.240.0.4"), Range::new(at(0), at(100)));
    let list = lake.reader.connections(&early, 10, Limits::default()).await.unwrap();
    let shown: Vec<_> =
        list.connections.iter().map(|c| (c.target_port.unwrap(), c.state, c.records)).collect();
    assert_eq!(
        shown,
        [(22, ConnectionEnd::Refused, 2), (22, ConnectionEnd::Refused, 2), (3000, ConnectionEnd::Closed, 3)]
    );
    let two = lake.reader.connections(&early, 2, Limits::default()).await.unwrap();
    assert_eq!((two.connections.len(), two.truncated), (2, true));
}

#[tokio::test]
async fn rows_by_id_and_row_filters() {
    let all = objects();
    let lake = TestLake::new(&all).await;
    let row = lake.reader.row(all[0].row_id(3), None).await.unwrap().unwrap().row;
    assert_eq!((row.num_rows(), times(&[row])), (1, vec![250]));
    let hidden = parse("-target_port:3389");
    assert!(lake.reader.row(all[0].row_id(3), Some(&hidden)).await.unwrap().is_none());
    let filtered = Scope { filter: Some(hidden), ..scope("action:rejected OR action:accepted") };
    assert_eq!(lake.reader.count(&filtered, None, Limits::default()).await.unwrap().count, 9);
}

#[tokio::test]
async fn tail_gives_commits_in_order_and_only_news() {
    let mut lake = TestLake::new(&[]).await;
    let start = lake.reader.version().await.unwrap();
    let all = objects();
    for object in &all {
        lake.commit(object).await;
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    let version = lake.reader.version().await.unwrap();
    let added = lake.reader.added(start, version, None, 100).await.unwrap();
    assert_eq!(
        (times(&added.rows), added.version, added.skipped),
        (vec![20, 80, 140, 250, 10, 11, 300, 300, 300, 300], version, 0)
    );
    let rejected = parse("action:rejected");
    let last = lake.reader.added(start, version, Some(&rejected), 5).await.unwrap();
    assert_eq!((times(&last.rows), last.skipped), (vec![140, 250, 300, 300, 300], 2));
    lake.lake.compact(&flowglass_lake::maintain::CompactOptions::full()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let compacted = lake.reader.version().await.unwrap();
    assert!(compacted > version);
    assert!(lake.reader.added(version, compacted, None, 100).await.unwrap().rows.is_empty());
    assert_eq!(lake.reader.count(&scope(""), None, Limits::default()).await.unwrap().count, 10);
}

#[tokio::test]
async fn statistics_and_coverage() {
    let lake = TestLake::new(&objects()).await;
    let stats = lake.reader.stats().await.unwrap();
    assert_eq!((stats.rows, stats.files, stats.days, stats.vnics), (10, 5, 1, 2));
    let outcomes: Vec<_> =
        stats.objects.iter().map(|count| (count.outcome.as_str(), count.objects)).collect();
    assert_eq!(outcomes, [("done", 5), ("empty", 1), ("quarantined", 1)]);
    assert_eq!((stats.oldest.unwrap().0, stats.newest.unwrap().0 / 1000), (at(10), at(300) / 1000));
    let report = lake.reader.coverage(&scope("")).await.unwrap();
    let gaps: Vec<_> = report
        .gaps
        .iter()
        .map(|gap| (gap.kind, gap.vnic_id.as_deref().unwrap(), gap.from.0, gap.to.0))
        .collect();
    assert_eq!(gaps, [(GapKind::Quarantined, B, at(300), at(600))]);
    assert_eq!(report.fraction, Some(1500.0 / 1800.0));
    let pinned = lake.reader.coverage(&scope("target_ip:10.240.64.4")).await.unwrap();
    assert_eq!((pinned.pinned, pinned.vnic_count, pinned.fraction), (true, 1, Some(0.5)));
    // The ledger answers the same before and after its manifests are folded.
    lake.lake.fold().await.unwrap();
    tokio::time::sleep(Duration::from_millis(600)).await;
    let folded = lake.reader.stats().await.unwrap();
    assert_eq!(folded.objects, stats.objects);
}

#[tokio::test]
async fn warnings_say_what_flow_logs_never_hold() {
    let mut objects = objects();
    objects[0].facts = ObjectFacts { state: Some("skip data".to_owned()), ..objects[0].facts.clone() };
    let lake = TestLake::new(&objects).await;
    let answer = lake.reader.count(&scope("transport_protocol:1"), None, Limits::default()).await.unwrap();
    assert!(
        answer.meta.warnings.iter().any(|warning| warning.contains("ICMP")),
        "{:?}",
        answer.meta.warnings
    );
    assert!(
        answer.meta.warnings.iter().any(|warning| warning.contains("lower bounds")),
        "{:?}",
        answer.meta.warnings
    );
}
