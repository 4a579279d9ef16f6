//! Both paths give the same, and what was written is what is read.

use flowglass_codec::Limits;
use proptest::prelude::*;

use crate::agree::agreed;
use crate::generate::{Choices, mutate, object};
use crate::support::{KEY, cell, rows};

pub(crate) const MEMBERS: &[&str] = &[
    "start_time",
    "end_time",
    "connection_start_time",
    "direction",
    "action",
    "initiator_ip",
    "target_ip",
    "initiator_port",
    "target_port",
    "transport_protocol",
    "ether_type",
    "was_initiated",
    "was_terminated",
    "bytes_from_initiator",
    "packets_from_initiator",
    "bytes_from_target",
    "packets_from_target",
    "cumulative_bytes_from_initiator",
    "cumulative_packets_from_initiator",
    "cumulative_bytes_from_target",
    "cumulative_packets_from_target",
];

#[test]
fn both_paths_agree_on_generated_objects() {
    // Some objects must be readable, else the comparison compares errors only.
    let (mut readable, mut with_problems, mut broken) = (0, 0, 0);
    for seed in 0..600 {
        let mut choices = Choices(seed);
        let odd = [0, 10, 50, 200, 600][choices.below(5)];
        let records = choices.below(8);
        let bodies: Vec<String> = (0..3).map(|_| object(&mut choices, records, odd)).collect();
        let objects: Vec<(&str, &[u8])> =
            bodies.iter().map(|body| (choices.of(&[KEY, "elsewhere/x.gz"]), body.as_bytes())).collect();
        for result in agreed(Limits::default(), &objects).0 {
            match result {
                Ok(facts) if facts.unreadable > 0 => with_problems += 1,
                Ok(_) => readable += 1,
                Err(_) => broken += 1,
            }
        }
    }
    assert!(readable > 300 && with_problems > 100 && broken > 100, "{readable} {with_problems} {broken}");
}

#[test]
fn both_paths_agree_on_mutated_bytes() {
    for seed in 0..3000 {
        let mut choices = Choices(seed ^ 0x5eed_0000);
        let records = 1 + choices.below(2);
        let mut body = object(&mut choices, records, 20).into_bytes();
        mutate(&mut body, &mut choices);
        agreed(Limits { max_inflated_bytes: 1 << 20, max_records: 3 }, &[(KEY, &body)]);
    }
}

fn plain_value(name: &'static str) -> BoxedStrategy<(String, String)> {
    let text = |value: String| (format!("\"{value}\""), value);
    match name {
        "start_time" | "end_time" | "connection_start_time" => (0_i64..4_000_000_000, any::<bool>())
            .prop_map(move |(second, present)| {
                if present {
                    text(flowglass_flow::time::format(second * 1_000_000))
                } else {
                    (r#""""#.to_owned(), "-".to_owned())
                }
            })
            .boxed(),
        "direction" => prop_oneof!["I", "O", "[A-Za-z]{2,9}x"].prop_map(text).boxed(),
        "action" => prop_oneof!["accepted", "rejected", "[A-Za-z ]{3}x"].prop_map(text).boxed(),
        "ether_type" => prop_oneof!["IPv4", "IPv6", "ARP"].prop_map(text).boxed(),
        "initiator_ip" | "target_ip" => {
            any::<std::net::IpAddr>().prop_map(move |ip| text(ip.to_string())).boxed()
        }
        "initiator_port" | "target_port" => any::<u16>().prop_map(|n| (n.to_string(), n.to_string())).boxed(),
        "transport_protocol" => any::<u8>().prop_map(|n| (n.to_string(), n.to_string())).boxed(),
        "was_initiated" | "was_terminated" => {
            any::<bool>().prop_map(|b| (b.to_string(), b.to_string())).boxed()
        }
        _ => (0..=i64::MAX).prop_map(|n| (n.to_string(), n.to_string())).boxed(),
    }
}

fn plain_record() -> impl Strategy<Value = Vec<(String, String)>> {
    MEMBERS.iter().copied().map(plain_value).collect::<Vec<_>>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_written_is_read(records in proptest::collection::vec(plain_record(), 1..6)) {
        let written: Vec<String> = records
            .iter()
            .map(|values| {
                let members: Vec<String> =
                    MEMBERS.iter().zip(values).map(|(name, (raw, _))| format!("\"{name}\":{raw}")).collect();
                format!("{{{}}}", members.join(","))
            })
            .collect();
        let written: Vec<&str> = written.iter().map(String::as_str).collect();
        let (facts, batch) = rows(KEY, &crate::support::object(&written));
        prop_assert_eq!(facts.records as usize, records.len());
        prop_assert_eq!(facts.problems, []);
        for (row, values) in records.iter().enumerate() {
            for (name, (_, value)) in MEMBERS.iter().zip(values) {
                prop_assert_eq!(&cell(&batch, name, row), value, "{} of row {}", name, row);
            }
        }
    }
}
