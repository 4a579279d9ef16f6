//! Forms of objects and records, one case each.

use flowglass_codec::{BatchDecoder, Limits, ObjectFacts, batch_schema, record_text};
use flowglass_flow::ObjectId;
use flowglass_flow::schema::flow_file;

use crate::support::{HEADER, KEY, RECORD, cell, decode, gzip, object, problem, rows, shown};

#[test]
fn a_plain_record() {
    let (facts, batch) = rows(KEY, &object(&[RECORD]));
    insta::assert_snapshot!(shown(&batch, 0), @r"
    time: 2021-12-14T12:56:01Z
    object_id: 00000000000000000000000000000000
    record_index: 0
    provider: ibm
    orientation: connection
    start_time: 2021-12-14T12:56:01Z
    end_time: 2021-12-14T12:56:09Z
    connection_start_time: 2021-12-14T12:56:01Z
    direction: I
    action: rejected
    initiator_ip: 24.22.68.94
    target_ip: 10.240.0.4
    initiator_port: 51515
    target_port: 22
    transport_protocol: 6
    ether_type: IPv4
    was_initiated: true
    was_terminated: false
    bytes_from_initiator: 132
    packets_from_initiator: 2
    bytes_from_target: 0
    packets_from_target: 0
    cumulative_bytes_from_initiator: 132
    cumulative_packets_from_initiator: 2
    cumulative_bytes_from_target: 0
    cumulative_packets_from_target: 0
    capture_start_time: 2021-12-14T12:55:00Z
    capture_end_time: 2021-12-14T13:00:00Z
    state: ok
    version: 0.0.1
    attached_endpoint_type: vnic
    network_interface_id: 0727-nic
    collector_crn: crn:v1:bluemix:public:is:us-south:a/acc::flow-log-collector:r006-col
    instance_crn: crn:v1:bluemix:public:is:us-south-2:a/acc::instance:0727_ins
    vpc_crn: crn:v1:bluemix:public:is:us-south:a/acc::vpc:r006-vpc
    subnet_crn: crn:v1:bluemix:public:is:us-south-2:a/acc::subnet:0727-sub
    account_id: acc
    region: us-south
    zone: us-south-2
    vpc_id: r006-vpc
    subnet_id: 0727-sub
    instance_id: 0727_ins
    vnic_id: 0727-nic
    record_type: ingress
    stream_id: 20211210T183830Z
    sequence_number: 10
    ");
    let text = |text: &str| Some(text.to_owned());
    let expected = ObjectFacts {
        day: 18_975,
        provider: text("ibm"),
        state: text("ok"),
        capture_start_time: Some(1_639_486_500_000_000),
        capture_end_time: Some(1_639_486_800_000_000),
        account_id: text("acc"),
        region: text("us-south"),
        zone: text("us-south-2"),
        vpc_id: text("r006-vpc"),
        subnet_id: text("0727-sub"),
        instance_id: text("0727_ins"),
        vnic_id: text("0727-nic"),
        record_type: text("ingress"),
        stream_id: text("20211210T183830Z"),
        sequence_number: Some(10),
        records: 1,
        declared_records: Some(1),
        ..ObjectFacts::default()
    };
    assert_eq!(facts, expected);
}

#[test]
fn schema_is_that_of_the_table_but_for_dictionaries() {
    let (_, batch) = rows(KEY, &object(&[RECORD]));
    assert_eq!(batch.schema(), batch_schema());
    assert_eq!(batch_schema().fields().len(), flow_file().fields().len());
    for (ours, table) in batch_schema().fields().iter().zip(flow_file().fields()) {
        assert_eq!((ours.name(), ours.is_nullable()), (table.name(), table.is_nullable()));
        let plain = match ours.data_type() {
            arrow_schema::DataType::Dictionary(_, value) => value,
            plain => plain,
        };
        assert_eq!(plain, table.data_type(), "{}", ours.name());
    }
}

/// The usual record with one text replaced.
fn with(from: &str, to: &str) -> String {
    let record = RECORD.replacen(from, to, 1);
    assert_ne!(record, RECORD, "{from} is in the record");
    record
}

fn column_of(record: &str, column: &str) -> String {
    let (facts, batch) = rows(KEY, &object(&[record]));
    assert_eq!(facts.problems, []);
    cell(&batch, column, 0)
}

#[test]
fn spellings_of_values() {
    let start = r#""start_time":"2021-12-14T12:56:01Z""#;
    for (from, to, column, expected) in [
        (start, r#""start_time":"""#, "start_time", "-"),
        (start, r#""start_time":"""#, "time", "2021-12-14T12:55:00Z"),
        (start, r#""start_time":null"#, "start_time", "-"),
        (start, r#""other":1"#, "start_time", "-"),
        (start, r#""start_time":"2021-12-14T12:56:01.25Z""#, "time", "2021-12-14T12:56:01.25Z"),
        (start, r#""start_time":"2021-12-14T12:56:01""#, "start_time", "2021-12-14T12:56:01Z"),
        (start, r#""start_time":"2021-12-14T24:00:00Z""#, "start_time", "2021-12-15T00:00:00Z"),
        (r#":"I""#, r#":"inbound""#, "direction", "I"),
        (r#":"I""#, r#":"OUTBOUND""#, "direction", "O"),
        (r#":"I""#, r#":"o""#, "direction", "O"),
        (r#":"I""#, r#":"sideways""#, "direction", "sideways"),
        (r#":"I""#, r#":null"#, "direction", "-"),
        ("rejected", "Rejected", "action", "rejected"),
        ("rejected", "ACCEPTED", "action", "accepted"),
        ("rejected", r"\u0061ccepted", "action", "accepted"),
        ("rejected", "shaped", "action", "shaped"),
        ("IPv4", "IPv6", "ether_type", "IPv6"),
        ("IPv4", "ipv4", "ether_type", "ipv4"),
        ("24.22.68.94", "2001:DB8:0:0:0::1", "initiator_ip", "2001:db8::1"),
        ("24.22.68.94", "::ffff:a00:1", "initiator_ip", "::ffff:10.0.0.1"),
        (r#""24.22.68.94""#, "null", "initiator_ip", "-"),
        ("10.240.0.4", "255.255.255.255", "target_ip", "255.255.255.255"),
        (":51515", r#":"51515""#, "initiator_port", "51515"),
        (":51515", ":5.1515e4", "initiator_port", "51515"),
        (":51515", ":0", "initiator_port", "0"),
        (":51515", ":null", "initiator_port", "-"),
        (r#""initiator_port":51515,"#, "", "initiator_port", "-"),
        ("r_ip\":", "r_ip\" :\n\t", "initiator_ip", "24.22.68.94"),
        (":132,", ":9223372036854775807,", "bytes_from_initiator", "9223372036854775807"),
        ("true", "null", "was_initiated", "-"),
        (r#""target_port":22"#, r#""target_port":22,"target_port":23"#, "target_port", "23"),
        (r#""target_port":22"#, r#""target_port":70000,"target_port":23"#, "target_port", "23"),
    ] {
        assert_eq!(column_of(&with(from, to), column), expected, "{column} of {to}");
    }
}

#[test]
fn unreadable_records_are_listed_and_the_others_kept() {
    for (from, to, expected) in [
        (":51515", ":70000", "1: initiator_port is 70000, above 65535"),
        (":51515", ":-1", "1: initiator_port is -1, below 0"),
        (":51515", ":1.5", "1: initiator_port is 1.5, not a whole number"),
        (":51515", ":true", "1: initiator_port is true, not a number"),
        (":6,", ":256,", "1: transport_protocol is 256, above 255"),
        (
            ":132,",
            ":9223372036854775808,",
            "1: bytes_from_initiator is 9223372036854775808, above 9223372036854775807",
        ),
        ("24.22.68.94", "24.22.68.294", r#"1: initiator_ip is "24.22.68.294", not an IP address"#),
        ("24.22.68.94", "", r#"1: initiator_ip is "", not an IP address"#),
        ("2021-12-14T12:56:01Z", "yesterday", r#"1: start_time is "yesterday", not a time"#),
        (r#""2021-12-14T12:56:01Z""#, "1639486561", "1: start_time is 1639486561, not text"),
        ("true", r#""yes""#, r#"1: was_initiated is "yes", not true or false"#),
        (r#""I""#, "[1]", "1: direction is [1], not text"),
        (RECORD, "17", "1: the record is a number, not a JSON object"),
        (RECORD, "[{}]", "1: the record is an array, not a JSON object"),
        (RECORD, "null", "1: the record is null, not a JSON object"),
    ] {
        let bad = with(from, to);
        let body = object(&[RECORD, &bad, RECORD]);
        assert_eq!(problem(&body), expected);
        let (facts, batch) = rows(KEY, &body);
        assert_eq!((facts.records, facts.unreadable), (2, 1));
        let positions = [0, 1].map(|row| cell(&batch, "record_index", row));
        assert_eq!(positions, ["0", "2"], "an unreadable record keeps its position");
    }
}

#[test]
fn problems_are_capped_and_counts_exact() {
    let records = vec!["{\"target_port\":-1}"; 150];
    let (facts, batches) = decode(KEY, object(&records).as_bytes());
    let facts = facts.expect("a readable object");
    assert_eq!((facts.records, facts.unreadable, facts.problems.len()), (0, 150, 100));
    assert!(batches.is_empty());
}

#[test]
fn unknown_members_are_kept() {
    let body = format!(
        r#"{{ {HEADER},"key": "k","n":[1, 2.50],"flow_logs":[{RECORD},{{"n":null,"a\u0062":"x y",{}],"key":"last"}}"#,
        RECORD.trim_start_matches('{')
    );
    let (_, batch) = rows(KEY, &body);
    assert_eq!(cell(&batch, "extra", 0), r#"{"key":"last","n":[1,2.50]}"#);
    assert_eq!(cell(&batch, "extra", 1), r#"{"key":"last","n":null,"ab":"x y"}"#);
    assert_eq!(column_of(RECORD, "extra"), "-");
    assert_eq!(column_of(&with(r#""I""#, r#""I","vpc_internal":true"#), "extra"), r#"{"vpc_internal":true}"#);
}

#[test]
fn header_forms() {
    let state = |text: &str| {
        let (facts, batch) = rows(KEY, &object(&[RECORD]).replace(r#":"ok""#, text));
        assert_eq!(facts.state.as_deref().unwrap_or("-"), cell(&batch, "state", 0));
        cell(&batch, "state", 0)
    };
    assert_eq!(state(r#":"OK""#), "ok");
    assert_eq!(state(r#":"SKIP DATA""#), "skip data");
    assert_eq!(state(r#":"skipped data""#), "skip data");
    assert_eq!(state(r#":"paused""#), "paused");
    assert_eq!(state(":null"), "-");
    let broken = object(&[RECORD]).replace(r#":"ok""#, ":5");
    assert_eq!(problem(&broken), "header member state is 5, not text");
    assert_eq!(cell(&rows(KEY, &broken).1, "extra", 0), r#"{"state":5}"#);
    let late = object(&[RECORD]).replace("2021-12-14T12:55:00Z", "soon");
    assert_eq!(problem(&late), r#"header member capture_start_time is "soon", not a time"#);
}

#[test]
fn declared_count_is_noted_and_the_array_trusted() {
    let body = object(&[RECORD, RECORD]).replace(r#"logs":2"#, r#"logs":1"#);
    assert_eq!(problem(&body), "number_of_flow_logs is 1, but flow_logs holds 2");
    let (facts, batch) = rows(KEY, &body);
    assert_eq!((facts.declared_records, facts.records, batch.num_rows()), (Some(1), 2, 2));
}

#[test]
fn a_file_outside_the_layout() {
    let (facts, batch) = rows("notes/flow-log-1.json", &object(&[RECORD]));
    let values =
        ["account_id", "region", "zone", "vpc_id", "instance_id", "vnic_id", "subnet_id", "record_type"]
            .map(|column| cell(&batch, column, 0));
    assert_eq!(values, ["acc", "us-south", "us-south-2", "r006-vpc", "0727_ins", "0727-nic", "-", "-"]);
    assert_eq!((facts.stream_id, facts.sequence_number), (None, None));
}

#[test]
fn the_day_is_that_of_the_capture_start() {
    let day = |key: &str, body: &str| {
        let (facts, batches) = decode(key, body.as_bytes());
        let facts = facts.expect("a readable object");
        assert!(batches.iter().all(|batch| batch.day == facts.day));
        flowglass_flow::time::format_day(facts.day)
    };
    let no_capture = format!(r#"{{"flow_logs":[{RECORD}]}}"#);
    let body = object(&[RECORD]);
    assert_eq!(day(KEY, &body), "2021-12-14");
    assert_eq!(day(&KEY.replace("day=14", "day=15"), &body), "2021-12-14");
    assert_eq!(day(&KEY.replace("hour=13", "hour=24"), &no_capture), "2021-12-15");
    assert_eq!(day("x", &no_capture), "2021-12-14");
    assert_eq!(day("x", r#"{"flow_logs":[]}"#), "1970-01-01");
}

#[test]
fn members_in_any_order() {
    // The header after the records, and of another day than the key says: rows move to the right batch.
    let body = format!(
        r#"{{"flow_logs":[{RECORD},{{"target_port":-1}},{RECORD}],"number_of_flow_logs":3,{HEADER}}}"#
    );
    let key = KEY.replace("day=14", "day=16");
    let (facts, batch) = rows(&key, &body);
    assert_eq!(facts.odd_times, 0);
    assert_eq!((batch.num_rows(), cell(&batch, "state", 1)), (2, "ok".to_owned()));
    // Of two arrays the last counts.
    let twice = format!(r#"{{{HEADER},"flow_logs":[{RECORD},{RECORD}],"flow_logs":[{RECORD}]}}"#);
    assert_eq!(rows(KEY, &twice).1.num_rows(), 1);
}

#[test]
fn odd_times_are_counted() {
    let far = RECORD.replace("2021-12-14T12:56", "2021-12-12T12:54");
    let near = RECORD.replace("2021-12-14T12:56", "2021-12-12T12:55");
    assert_eq!(rows(KEY, &object(&[&far, &near])).0.odd_times, 1);
}

#[test]
fn bytes_before_and_around_the_text() {
    let body = object(&[RECORD]);
    let expected = decode(KEY, body.as_bytes());
    for spelled in [format!("\n \t{body}\r\n"), format!("\u{feff}{body}"), format!("\n\u{feff} {body}")] {
        assert_eq!(decode(KEY, spelled.as_bytes()), expected);
        assert_eq!(decode(KEY, &gzip(spelled.as_bytes())), expected);
    }
    let (facts, batches) = decode(KEY, object(&[]).as_bytes());
    assert_eq!((facts.map(|facts| facts.records), batches.len()), (Ok(0), 0));
    assert_eq!(decode(KEY, object(&[" \n "]).replace("logs\":1", "logs\":0").as_bytes()).1, []);
}

#[test]
fn objects_of_several_days_give_a_batch_each() {
    let mut decoder = BatchDecoder::new(Limits::default());
    let late = object(&[RECORD, RECORD]);
    let early = object(&[RECORD]).replace("2021-12-14", "2021-12-13");
    for (n, body) in [&late, &early, &late].into_iter().enumerate() {
        decoder.push(ObjectId([n as u8; 16]), "x", body.as_bytes()).expect("a readable object");
    }
    assert!(decoder.push(ObjectId([9; 16]), "x", b"{\"flow_logs\":[{},").is_err());
    assert_eq!(decoder.rows(), 5);
    let batches = decoder.finish();
    let sizes: Vec<_> = batches.iter().map(|batch| (batch.day, batch.batch.num_rows())).collect();
    assert_eq!(sizes, [(18_974, 1), (18_975, 4)]);
    assert_eq!(cell(&batches[1].batch, "object_id", 2), "02".repeat(16));
    assert_eq!(decoder.finish(), []);
}

#[test]
fn a_decoder_can_move_between_threads() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    assert_eq!(sendable(BatchDecoder::new(Limits::default())).rows(), 0);
}

#[test]
fn a_record_as_written() {
    let odd = "{ \"b\" : 1.0,\n\"a\":\"\\u0041\" }";
    let body = object(&[RECORD, odd]);
    let limits = Limits::default();
    assert_eq!(record_text(body.as_bytes(), 0, &limits).as_deref(), Ok(RECORD));
    assert_eq!(record_text(&gzip(body.as_bytes()), 1, &limits).as_deref(), Ok(odd));
    let missing = record_text(body.as_bytes(), 2, &limits).map_err(|error| error.to_string());
    assert_eq!(missing, Err("has no record 2: it holds 2".to_owned()));
}
