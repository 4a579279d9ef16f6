//! Real objects, where they lie beside the repository.

use std::path::PathBuf;

use flowglass_codec::{ObjectFacts, parse_key};

use crate::support::{cell, decode, rows};

fn sample(name: &str) -> Option<Vec<u8>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples/ibm"));
    match std::fs::read(folder.join(name)) {
        Ok(bytes) => Some(bytes),
        Err(_) => {
            #[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
            let () = eprintln!("skipped: no {name} in ../shared/samples/ibm");
            None
        }
    }
}

#[test]
fn short_window_with_a_wrong_count_and_an_empty_start() {
    let Some(body) = sample("flowlog-2020-06-04-dhcp-emptystart-countmismatch.json.gz") else { return };
    let (facts, batches) = decode("00000911.gz", &body);
    let facts = facts.expect("a readable object");
    assert_eq!((facts.declared_records, facts.records, facts.unreadable), (Some(1), 2, 0));
    assert_eq!(facts.problems.len(), 1, "{:?}", facts.problems);
    assert_eq!(facts.sequence_number, None, "the file lies outside the layout");
    assert_eq!(facts.account_id.as_deref(), Some("713c783d9a507a53135fe6793c37cc74"));
    assert_eq!(facts.zone.as_deref(), Some("us-south-1"));
    let window =
        facts.capture_end_time.zip(facts.capture_start_time).map(|(end, start)| (end - start) / 1_000_000);
    assert_eq!(window, Some(198));
    let batch = &batches[0].batch;
    for row in 0..2 {
        assert_eq!(cell(batch, "bytes_from_initiator", row), "1358");
        assert_eq!(cell(batch, "initiator_port", row), "68");
        assert_eq!(cell(batch, "target_ip", row), "10.240.0.1");
    }
    assert_eq!(cell(batch, "time", 0), "2020-06-04T13:43:10Z");
    assert_eq!(cell(batch, "start_time", 1), "-");
    assert_eq!(cell(batch, "time", 1), "2020-06-04T13:42:39Z");
    assert_eq!(cell(batch, "extra", 0), "-");
}

#[test]
fn an_empty_object_with_a_key_inside() {
    let Some(body) = sample("flowlog-2020-06-08-v0-empty-ingress-with-key.json") else { return };
    let text = String::from_utf8(body.clone()).expect("text");
    let (_, rest) = text.split_once("\"key\": \"").expect("the key member");
    let key = rest.split('"').next().expect("the key");
    let (facts, batches) = decode(key, &body);
    assert!(batches.is_empty());
    let expected = ObjectFacts {
        day: 18_421,
        provider: Some("ibm".to_owned()),
        state: Some("ok".to_owned()),
        capture_start_time: Some(1_591_622_263_000_000),
        capture_end_time: Some(1_591_622_563_000_000),
        account_id: Some("713c783d9a507a53135fe6793c37cc74".to_owned()),
        region: Some("us-south".to_owned()),
        zone: Some("us-south-2".to_owned()),
        vpc_id: Some("r006-fc3e66f3-2a98-4bd2-800a-1b4a971f3b78".to_owned()),
        subnet_id: Some("0727-dd02b849-a804-4b5b-8456-7df33e311686".to_owned()),
        instance_id: Some("0727_7ccdd393-23a1-40f9-89bf-0a5b0a50ac0e".to_owned()),
        vnic_id: Some("0727-c88727bc-345d-4ef0-b7a7-a3ae23ffdaeb".to_owned()),
        record_type: Some("ingress".to_owned()),
        stream_id: Some("20200608T132243Z".to_owned()),
        sequence_number: Some(2630),
        declared_records: Some(0),
        ..ObjectFacts::default()
    };
    assert_eq!(facts, Ok(expected));
}

#[test]
fn the_first_window_after_boot() {
    let Some(body) = sample("flowlog-2020-07-01-boot-dns-dhcp.json") else { return };
    let (facts, batch) = rows("flow-log-1.json", &String::from_utf8(body).expect("text"));
    assert_eq!((facts.records, facts.problems.as_slice(), facts.odd_times), (3, [].as_slice(), 0));
    let column = |name: &str| [0, 1, 2].map(|row| cell(&batch, name, row));
    assert_eq!(column("initiator_ip"), ["10.240.128.4", "10.240.128.4", "0.0.0.0"]);
    assert_eq!(column("target_ip"), ["10.240.128.1", "161.26.0.10", "255.255.255.255"]);
    assert_eq!(column("target_port"), ["67", "53", "67"]);
    assert_eq!(column("direction"), ["O", "O", "O"]);
    assert_eq!(column("was_terminated"), ["false", "true", "true"]);
    assert_eq!(column("packets_from_target"), ["4", "3", "0"]);
    assert_eq!(column("vnic_id"), ["0737-40a0d077-c5ee-4751-8efb-65100fc07c1f"; 3]);
}

#[test]
fn real_keys() {
    let Some(keys) = sample("object-keys.txt") else { return };
    let keys = String::from_utf8(keys).expect("text");
    assert_eq!(keys.lines().count(), 5);
    for key in keys.lines() {
        let fields = parse_key(key).expect("a key of the layout");
        for crn in [&fields.vpc_crn, &fields.subnet_crn, &fields.instance_crn] {
            let crn = crn.as_deref().expect("a CRN");
            let account = flowglass_flow::Crn::parse(crn).and_then(|crn| crn.account);
            assert_eq!(account, fields.account_id.as_deref(), "{crn}");
        }
        assert_eq!(fields.region.as_deref(), Some("us-south"));
        assert!(fields.vnic_id.is_some() && fields.stream_id.is_some() && fields.sequence_number.is_some());
        assert!(fields.day.is_some() && fields.hour.is_some());
        assert!(["ingress", "egress"].contains(&fields.record_type.as_deref().expect("a record type")));
    }
}
