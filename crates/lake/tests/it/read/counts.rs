//! What is counted is what the language says of the same rows: groups, tops and charts against `Query::matches`.

use std::collections::{BTreeMap, BTreeSet};

use flowglass_lake::LakeError;
use flowglass_lake::answer::{
    Aggregate, Bucket, Facet, GroupKey, GroupOptions, HistogramOptions, Limits, Measure, OrderBy, Range,
    Scope, Value,
};
use flowglass_query::{Context, Query, Row};
use proptest::prelude::*;

use super::differential::{ATOMS, SECOND, START, WORLD, query};
use super::rows::{TestLake, TestObject, TestRow};

const KEYS: [&str; 13] = [
    "action",
    "direction",
    "target_port",
    "initiator_ip",
    "local_ip",
    "peer_ip",
    "was_initiated",
    "vnic_id",
    "sequence_number",
    "extra",
    "region",
    "start_time",
    "day",
];

fn parse(text: &str) -> Query {
    flowglass_query::parse(text, &Context::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A field of a row as groups give it.
fn value(row: &TestRow, name: &str) -> Value {
    let side = |inbound, outbound| match row.text("direction").as_deref() {
        Some("I") => value(row, inbound),
        Some("O") => value(row, outbound),
        _ => Value::Null,
    };
    match name {
        "local_ip" => side("target_ip", "initiator_ip"),
        "peer_ip" => side("initiator_ip", "target_ip"),
        "start_time" => {
            row.integer(name).map_or(Value::Null, |at| Value::Time(flowglass_lake::answer::Instant(at)))
        }
        "day" => row.integer(name).map_or(Value::Null, |day| {
            Value::Text(flowglass_flow::time::format_day(i32::try_from(day).unwrap()))
        }),
        _ => row
            .text(name)
            .map(|text| Value::Text(text.into_owned()))
            .or_else(|| row.integer(name).map(Value::Integer))
            .or_else(|| row.boolean(name).map(Value::Boolean))
            .unwrap_or(Value::Null),
    }
}

/// Keys and figures of all groups, in any order.
fn expected(query: &Query, keys: &[&str], closing: bool) -> BTreeMap<String, Vec<Value>> {
    let counts = parse("-is:closing");
    let mut groups: BTreeMap<String, Vec<&TestRow>> = BTreeMap::new();
    for row in WORLD.rows.iter().filter(|row| query.matches(*row)) {
        let keys: Vec<Value> = keys.iter().map(|key| value(row, key)).collect();
        groups.entry(format!("{keys:?}")).or_default().push(row);
    }
    let figures = |rows: Vec<&TestRow>| {
        let all = rows.len() as i64;
        let rows: Vec<&TestRow> = rows.into_iter().filter(|row| closing || counts.matches(*row)).collect();
        let ports: Vec<i64> = rows.iter().filter_map(|row| row.integer("target_port")).collect();
        let starts = rows.iter().filter_map(|row| row.integer("start_time"));
        let peers = rows.iter().map(|row| value(row, "peer_ip")).filter(|peer| *peer != Value::Null);
        let peers: BTreeSet<String> = peers.map(|peer| peer.to_string()).collect();
        let attempts = rows.iter().filter(|row| row.boolean("was_initiated") == Some(true)).count();
        let whole = |number: Option<i64>| number.map_or(Value::Null, Value::Integer);
        let sum: i64 = rows.iter().filter_map(|row| row.integer("sequence_number")).sum();
        vec![
            Value::Integer(all),
            Value::Integer(attempts as i64),
            Value::Integer(peers.len() as i64),
            Value::Integer(sum),
            whole(ports.iter().copied().min()),
            starts.max().map_or(Value::Null, |at| Value::Time(flowglass_lake::answer::Instant(at))),
            match ports.len() {
                0 => Value::Null,
                count => Value::Float(ports.iter().sum::<i64>() as f64 / count as f64),
            },
        ]
    };
    groups.into_iter().map(|(keys, rows)| (keys, figures(rows))).collect()
}

fn check(text: &str, keys: &[&str]) {
    let query = parse(text);
    let scope = Scope::new(query.clone(), Range::default());
    let options = GroupOptions {
        keys: keys.iter().map(|key| GroupKey::Field((*key).to_owned())).collect(),
        aggregates: vec![
            Aggregate::Measure(Measure::AllRecords),
            Aggregate::Measure(Measure::Attempts),
            Aggregate::Distinct("peer_ip".to_owned()),
            Aggregate::Sum("sequence_number".to_owned()),
            Aggregate::Min("target_port".to_owned()),
            Aggregate::Max("start_time".to_owned()),
            Aggregate::Avg("target_port".to_owned()),
        ],
        limit: Some(1000),
        ..GroupOptions::default()
    };
    let answer = WORLD.runtime.block_on(WORLD.lake.reader.group(&scope, &options)).unwrap();
    let read = WORLD.runtime.block_on(WORLD.lake.forgetful.group(&scope, &options)).unwrap();
    assert_eq!((&answer.rows, answer.meta.rows_read), (&read.rows, read.meta.rows_read), "{text} {keys:?}");
    let found = answer.rows.iter().map(|row| (format!("{:?}", row.keys), row.values.clone()));
    assert_eq!(
        found.collect::<BTreeMap<_, _>>(),
        expected(&query, keys, text.contains("is:closing")),
        "{text} {keys:?}"
    );
    let counts: Vec<&Value> = answer.rows.iter().map(|row| &row.values[0]).collect();
    assert!(counts.windows(2).all(|pair| pair[0] >= pair[1]), "{text}: greatest first");
    let sorted = GroupOptions { order: OrderBy::Keys, limit: Some(3), ..options };
    let first = WORLD.runtime.block_on(WORLD.lake.reader.group(&scope, &sorted)).unwrap();
    let mut all: Vec<&Vec<Value>> = answer.rows.iter().map(|row| &row.keys).collect();
    // Missing values are last.
    let rank = |keys: &[Value]| keys.iter().map(|key| (*key == Value::Null, key.clone())).collect::<Vec<_>>();
    all.sort_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap());
    all.truncate(3);
    assert_eq!(first.rows.iter().map(|row| &row.keys).collect::<Vec<_>>(), all, "{text} {keys:?}");
}

#[test]
fn every_key() {
    for key in KEYS {
        check("", &[key]);
        check("-target_port:22", &[key, "action"]);
        check("10.240.", &["direction", key]);
    }
    check("", &[]);
    check("", &["initiator_ip", "target_port", "local_ip", "was_initiated"]);
}

#[test]
fn every_atom() {
    for atom in ATOMS {
        check(atom, &["target_port"]);
    }
}

/// A read that blocks is what a store is that does not answer.
#[cfg(unix)]
#[test]
fn a_store_that_does_not_answer_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let rows = (0..10).map(|at| TestRow::default().with("time", START + at * SECOND).with("target_port", 22));
    let object = TestObject::new("a", "v", "ingress", (START, START + 300 * SECOND), rows.collect());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let location = folder.path().to_str().unwrap();
    let lake = runtime.block_on(TestLake::at(location, &[object]));
    let days = std::fs::read_dir(folder.path().join("flows")).unwrap().map(|day| day.unwrap().path());
    let day = days.into_iter().find(|day| day.to_string_lossy().contains("day=")).unwrap();
    let file = std::fs::read_dir(day).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    let scope = Scope::new(parse("target_port:22"), Range::default());
    let limits = Limits { timeout: std::time::Duration::from_millis(200), ..Limits::default() };
    let error = runtime.block_on(lake.reader.count(&scope, None, limits)).unwrap_err();
    assert!(matches!(error, LakeError::TimedOut { .. }), "{error:?}");
    // The thread that reads never ends.
    runtime.shutdown_background();
}

#[test]
fn negations_and_lists_of_one_column() {
    for text in [
        "initiator_ip:10.240.64.4 -target_port:67 -target_port:123 -target_port:53",
        "-target_port:22 -target_port:80 -action:rejected -target_port:>=3000",
        "target_port:22 OR action:rejected OR target_port:80 OR target_port:>=3000",
        "-(target_port:22 OR initiator_ip:10.240.64.4)",
        // No dictionary has it: no row, and all rows.
        "initiator_ip:203.0.113.77",
        "-initiator_ip:203.0.113.77",
        // Some rows have no initiator, and no port.
        "-initiator_ip:10.240.64.4",
        "-initiator_ip:10.240.64.4 -target_port:22",
        "target_ip:[10.240.0.4, 92.63.197.61, 10.240.64.4, 192.168.1.1, 2001:db8::1, 203.0.113.77]",
    ] {
        check(text, &["target_ip", "target_port"]);
        check(text, &["target_port", "initiator_ip", "vnic_id"]);
    }
}

#[test]
fn facets_are_tops() {
    let limits = Limits::default();
    let fields: Vec<String> =
        KEYS.iter().filter(|key| **key != "start_time").map(|key| (*key).to_owned()).collect();
    // Days are not counted by the scan that counts all others in one go.
    let together: Vec<String> = fields.iter().filter(|key| *key != "day").cloned().collect();
    for text in ["", "10.240.", "-action:rejected bytes:>0", "target_port:9999"] {
        let query = parse(text);
        let scope = Scope::new(query.clone(), Range::default());
        let ask = async {
            let facets =
                WORLD.lake.reader.facets(&scope, &fields, 5, Some(Measure::AllRecords), limits).await;
            let mut tops = Vec::new();
            for field in &fields {
                tops.push(
                    WORLD.lake.reader.top(&scope, field, 5, Some(Measure::AllRecords), limits).await.unwrap(),
                );
            }
            let together =
                WORLD.lake.reader.facets(&scope, &together, 5, Some(Measure::AllRecords), limits).await;
            (facets.unwrap(), together.unwrap(), tops)
        };
        let (facets, in_one_go, tops) = WORLD.runtime.block_on(ask);
        let rows = WORLD.rows.iter().filter(|row| query.matches(*row)).count() as u64;
        let of = |facet: &&Facet| facet.field != "day";
        assert_eq!(
            facets.facets.iter().filter(of).collect::<Vec<_>>(),
            in_one_go.facets.iter().collect::<Vec<_>>()
        );
        for (facet, top) in facets.facets.iter().zip(tops) {
            assert_eq!((&facet.values, facet.total, facet.distinct), (&top.values, top.total, top.distinct));
            assert_eq!(facet.total, rows, "{text} {}", facet.field);
        }
    }
}

#[test]
fn charts_are_counted_by_bucket_and_value() {
    let range = Range::new(START, START + 86_400 * SECOND);
    for text in ["", "10.240.", "-target_port:22", "action:rejected"] {
        for split in ["action", "target_port", "peer_ip", "was_initiated", "day", "region"] {
            let query = parse(text);
            let options = HistogramOptions {
                bucket: Bucket::Width(std::time::Duration::from_secs(3600)),
                split: Some(split.to_owned()),
                measure: Some(Measure::AllRecords),
                ..HistogramOptions::default()
            };
            let scope = Scope::new(query.clone(), range);
            let answer = WORLD.runtime.block_on(WORLD.lake.reader.histogram(&scope, &options)).unwrap();
            let inside: Vec<&TestRow> = WORLD.rows.iter().filter(|row| query.matches(*row)).collect();
            let listed: Vec<&Value> =
                answer.series.iter().filter(|series| !series.other).map(|series| &series.key).collect();
            for series in &answer.series {
                for bucket in &series.buckets {
                    let start = bucket.start.0;
                    let counts = inside.iter().filter(|row| {
                        let key = value(row, split);
                        let same = if series.other { !listed.contains(&&key) } else { key == series.key };
                        same && row
                            .integer("time")
                            .is_some_and(|at| start <= at && at < start + 3600 * SECOND)
                    });
                    assert_eq!(bucket.value, counts.count() as u64, "{text} {split} {:?}", series.key);
                }
            }
            let timed = inside.iter().filter(|row| row.integer("time").is_some()).count() as u64;
            assert_eq!(answer.series.iter().map(|series| series.total).sum::<u64>(), timed, "{text} {split}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]
    #[test]
    fn groups_are_what_the_language_says(
        text in query(), keys in proptest::sample::subsequence(KEYS.to_vec(), 0..4),
    ) {
        check(&text, &keys);
    }
}
