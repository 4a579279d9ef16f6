//! What the engine finds is what the language says: searches against `Query::matches` over the same rows.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampMicrosecondType;

use flowglass_flow::catalogue::FIELDS;
use flowglass_lake::answer::{Range, RowWriter, Scope, SearchOptions};
use flowglass_query::{Context, Query, Row};
use proptest::prelude::*;

use super::rows::{TestLake, TestObject, TestRow, V};

pub(super) const START: i64 = 1_591_278_000_000_000;
pub(super) const SECOND: i64 = 1_000_000;

/// A small generator with a fixed seed: the rows are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn of<T: Clone>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())].clone()
    }
}

const ADDRESSES: [&str; 16] = [
    "10.240.0.4",
    "10.240.0.40",
    "10.240.64.4",
    "10.24.0.4",
    "10.241.3.7",
    "1.10.240.0",
    "172.16.5.1",
    "192.168.1.5",
    "92.63.197.61",
    "24.22.68.94",
    "0.0.0.0",
    "255.255.255.255",
    "2001:db8::1",
    "2001:db8:1::10.0.0.1",
    "fe80::1",
    "fd00::4",
];
const PORTS: [i64; 9] = [0, 22, 53, 67, 80, 443, 3000, 40_000, 65_535];
const COUNTERS: [i64; 8] = [0, 0, 1, 54, 60, 1500, 10_000_000_000, i64::MAX];

fn row(random: &mut Random) -> TestRow {
    let mut row = TestRow::default();
    for field in FIELDS.iter().filter(|field| !matches!(field.name, "object_id" | "record_index" | "day")) {
        if random.below(8) == 0 {
            continue;
        }
        let value = match field.name {
            "time"
            | "start_time"
            | "end_time"
            | "connection_start_time"
            | "capture_start_time"
            | "capture_end_time" => {
                V::I(START + random.below(86_400) as i64 * SECOND + random.of(&[0, 0, 1, 999_999]))
            }
            "initiator_ip" | "target_ip" => {
                V::T(random.of(&ADDRESSES).parse::<std::net::IpAddr>().unwrap().to_string())
            }
            "initiator_port" | "target_port" => V::I(random.of(&PORTS)),
            "transport_protocol" => V::I(random.of(&[6, 17, 1])),
            "was_initiated" | "was_terminated" => V::B(random.below(2) == 0),
            "sequence_number" => V::I(random.below(5) as i64),
            "direction" => V::from(random.of(&["I", "O"])),
            "action" => V::from(random.of(&["accepted", "rejected", "dropped"])),
            "state" => V::from(random.of(&["ok", "skip data", "OK?"])),
            "vnic_id" => V::from(random.of(&["0717-abc", "0717-abd", "0717_ABC", "x%y_z\\"])),
            "instance_crn" | "vpc_crn" | "subnet_crn" | "collector_crn" => V::from(random.of(&[
                "crn:v1:bluemix:public:is:us-south-1:a/713c::instance:0717_de45",
                "crn:v1:bluemix:public:is:us-south:a/713c::vpc:r006-Aa",
                "0717_de45",
            ])),
            "extra" => V::from(random.of(&[
                r#"{"vpc_internal":true,"note":"a b","n":{"x":7}}"#,
                r#"{"list":[1,"two"]}"#,
                "not json",
                "{}",
            ])),
            _ if field.name.starts_with("cumulative")
                || field.name.contains("bytes")
                || field.name.contains("packets") =>
            {
                V::I(random.of(&COUNTERS))
            }
            _ => V::from(random.of(&["us-south", "us-south-1", "Us-South", "", "é", "r006-1234"])),
        };
        row.0.insert(field.name.to_owned(), value);
    }
    row
}

pub(super) struct World {
    pub(super) runtime: tokio::runtime::Runtime,
    pub(super) lake: TestLake,
    pub(super) rows: Vec<TestRow>,
}

/// Three files of rows, with every kind of value and missing ones.
pub(super) static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut random = Random(0x5eed);
    let objects: Vec<TestObject> = (0..3)
        .map(|at| {
            let rows = (0..120).map(|_| row(&mut random)).collect();
            TestObject::new(&format!("o/{at}"), "0717-abc", "ingress", (START, START + 300 * SECOND), rows)
        })
        .collect();
    let lake = runtime.block_on(TestLake::new(&objects));
    let day = i64::from(objects[0].facts.day);
    let rows = objects.iter().flat_map(TestObject::finished).map(|row| row.with("day", day)).collect();
    World { runtime, lake, rows }
});

/// Ids of the rows the engine finds.
fn found(query: &Query) -> BTreeSet<String> {
    let scope = Scope::new(query.clone(), Range::default());
    let options = SearchOptions {
        limit: Some(1000),
        fields: vec!["record_index".to_owned()],
        ..SearchOptions::default()
    };
    let answer = WORLD.runtime.block_on(WORLD.lake.reader.search(&scope, &options));
    let answer = answer.unwrap_or_else(|error| panic!("{}: {error:?}", query.text));
    let ids = answer.rows.iter().flat_map(|batch| {
        let writer = RowWriter::new(batch, &[]);
        (0..batch.num_rows()).map(|row| writer.id(row).unwrap()).collect::<Vec<_>>()
    });
    ids.collect()
}

fn expected(query: &Query) -> BTreeSet<String> {
    let id = |row: &TestRow| {
        format!("{}-{}", row.text("object_id").unwrap(), row.integer("record_index").unwrap())
    };
    WORLD.rows.iter().filter(|row| query.matches(*row)).map(id).collect()
}

fn check(text: &str) {
    let query = match flowglass_query::parse(text, &Context::default()) {
        Ok(query) => query,
        Err(error) => panic!("{text}: {error}"),
    };
    assert_eq!(found(&query), expected(&query), "{text}");
}

pub(super) const ATOMS: [&str; 74] = [
    "target_ip:10.240.0.4",
    "initiator_ip:10.240.",
    "10.240.0.4",
    "10.0.0.0/8",
    "initiator_ip:10.240.0.0/14",
    "target_ip:10.240.0.0..10.240.0.50",
    "2001:db8::/32",
    "2001:db8::1",
    "target_ip:[10.240.0.4, 92.63.197.61]",
    "initiator_ip:0.0.0.0/0",
    "initiator_ip:10.240.0.0/30",
    "ip:172.16.0.0/12",
    "local_ip:10.240.0.4",
    "peer_ip:10.240.",
    "initiator_ip:*",
    "initiator_ip:fe80::/10",
    "target_ip:192.168.1.0/24",
    "target_port:22",
    "target_port:ssh",
    "port:53",
    "22",
    "target_port:>=443",
    "target_port:1..1023",
    "target_port:[22,80]",
    "target_port:(>=80 <3000 -443)",
    "initiator_port:<0",
    "initiator_port:*",
    "target_port:>65535",
    "transport_protocol:tcp",
    "transport_protocol:udp",
    "transport_protocol:1",
    "action:rejected",
    "action:REJ",
    "action:==accepted",
    "action:===Accepted",
    "action:=dro",
    "action:*",
    "direction:I",
    "direction:o",
    "state:ok",
    "state:\"skip data\"",
    "vnic_id:0717",
    "vnic_id:0717-abc",
    "vnic_id:==0717_abc",
    "vnic_id:===0717_ABC",
    "vnic_id:\"x%y\"",
    "region:us-south",
    "region:==us-south",
    "region:é",
    "zone:[us-south-1, r006]",
    "instance_crn:0717_de45",
    "vpc_crn:\"crn:v1:bluemix\"",
    "vpc_crn:==r006-aa",
    "subnet_crn:=0717",
    "was_initiated:true",
    "was_terminated:false",
    "was_initiated:*",
    "bytes_from_target:>10MB",
    "bytes_from_initiator:0",
    "bytes:>1500",
    "packets:0..54",
    "bytes:*",
    "bytes:>=9223372036854775807",
    "cumulative_bytes_from_target:54",
    "is:attempt",
    "is:closing",
    "is:internal",
    "is:public",
    "is:one_way",
    "sides:both",
    "host:x",
    "skip",
    "\"skip data\"",
    "south",
];

#[test]
fn every_atom_and_its_negation() {
    for atom in ATOMS {
        check(atom);
        if atom != "sides:both" {
            check(&format!("-{atom}"));
        }
    }
    for text in [
        "",
        "sequence_number:>=2",
        "record_index:<10",
        "day:2020-06-04",
        "time:>2020-06-04T20:00:00Z",
        "-start_time:*",
        "extra.note:a",
        "extra.n.x:7",
        "-extra.list:two",
        "extra.vpc_internal:true",
        "target_ip:10.240.0.4 action:rejected",
        "initiator_ip:10.240.64.4 -target_port:67 -target_port:123 -target_port:53",
        "action:rejected direction:I -initiator_ip:10.",
    ] {
        match flowglass_query::parse(text, &Context::default()) {
            Ok(query) => assert_eq!(found(&query), expected(&query), "{text}"),
            // Members of `extra` may be spelled otherwise; the language's own tests say how.
            Err(_) => assert!(text.contains("extra"), "{text}"),
        }
    }
}

#[test]
fn long_queries_neither_overflow_nor_stall() {
    let ports = |join: &str| {
        (0..1500).map(|port| format!("(target_port:{port} action:a)")).collect::<Vec<_>>().join(join)
    };
    let without = (0..1500).map(|port| format!("-target_port:{port}")).collect::<Vec<_>>().join(" ");
    let words = (0..200).map(|at| format!("word{at}")).collect::<Vec<_>>().join(" OR ");
    for text in [ports(" OR "), without, words, format!("{}22{}", "(".repeat(60), ")".repeat(60))] {
        if let Ok(query) = flowglass_query::parse(&text, &Context::default()) {
            assert_eq!(found(&query), expected(&query));
        }
    }
}

#[test]
fn the_world_is_not_empty() {
    let some = ATOMS.iter().filter(|atom| {
        let query = super::rows::parse(atom);
        let count = expected(&query).len();
        count > 0 && count < WORLD.rows.len()
    });
    assert!(some.count() > ATOMS.len() - 12);
}

pub(super) fn query() -> impl Strategy<Value = String> {
    let atom = proptest::sample::select(ATOMS.to_vec())
        .prop_filter("stands only at the top", |atom| *atom != "sides:both");
    atom.prop_map(str::to_owned).prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| format!("-({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} {b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} OR {b})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]
    #[test]
    fn engine_finds_what_the_language_says(text in query()) {
        check(&text);
    }
}

/// Ids and times of the rows of a query, page by page.
fn paged(query: &Query, reader: &flowglass_lake::read::Reader, size: usize) -> Vec<(String, Option<i64>)> {
    let scope = Scope::new(query.clone(), Range::default());
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let options = SearchOptions {
            limit: Some(size),
            fields: vec!["time".to_owned()],
            cursor,
            ..SearchOptions::default()
        };
        let answer = WORLD.runtime.block_on(reader.search(&scope, &options)).unwrap();
        for batch in &answer.rows {
            let writer = RowWriter::new(batch, &[]);
            let times = batch.column_by_name("time").unwrap();
            let times = times.as_primitive::<TimestampMicrosecondType>();
            rows.extend(
                (0..batch.num_rows())
                    .map(|row| (writer.id(row).unwrap(), times.is_valid(row).then(|| times.value(row)))),
            );
        }
        cursor = answer.next;
        if cursor.is_none() {
            return rows;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn pages_are_the_rows_newest_first(text in query(), size in 5_usize..120) {
        let query = super::rows::parse(&text);
        for reader in [&WORLD.lake.reader, &WORLD.lake.forgetful] {
            let rows = paged(&query, reader, size);
            // Rows without a time are last.
            prop_assert!(rows.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{}", text);
            let ids: BTreeSet<String> = rows.iter().map(|(id, _)| id.clone()).collect();
            prop_assert_eq!(ids.len(), rows.len(), "{}: each once", text);
            let missing = expected(&query).difference(&ids).count();
            prop_assert!(missing == 0 && ids.len() == expected(&query).len(), "{}: {} missing", text, missing);
        }
    }
}
