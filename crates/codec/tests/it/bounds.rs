//! Objects that cannot be read, and objects that are meant to hurt.

use flowglass_codec::{Limits, inflate, record_text};

use crate::agree::agreed;
use crate::support::{HEADER, KEY, RECORD, decode, gzip, object};

fn reason(body: &[u8]) -> String {
    assert!(record_text(body, 0, &Limits::default()).is_err(), "what cannot be decoded cannot be shown");
    reason_within(Limits::default(), body)
}

fn reason_within(limits: Limits, body: &[u8]) -> String {
    let (facts, batches) = agreed(limits, &[(KEY, body)]);
    assert!(batches.is_empty());
    facts[0].as_ref().expect_err("an unreadable object").to_string()
}

#[test]
fn what_is_no_flow_log_object() {
    let good = object(&[RECORD]);
    insta::assert_snapshot!(reason(b""), @"is empty: no JSON text; retry when it has been written whole");
    insta::assert_snapshot!(reason(b" \n"), @"is empty: no JSON text; retry when it has been written whole");
    insta::assert_snapshot!(reason(b"[]"), @"is an array, not an object: not a flow log object");
    insta::assert_snapshot!(reason(b"17"), @"is a number, not an object: not a flow log object");
    insta::assert_snapshot!(reason(b"hello"), @"is not one JSON text: expected value at line 1 column 1; fetch the object again, it may be cut or no flow log");
    insta::assert_snapshot!(reason(b"{}"), @"has no flow_logs member: not a flow log object");
    insta::assert_snapshot!(reason(br#"{"flow_logs":null}"#), @"flow_logs is null, not an array: not a flow log object");
    insta::assert_snapshot!(reason(br#"{"flow_logs":{}}"#), @"flow_logs is an object, not an array: not a flow log object");
    insta::assert_snapshot!(reason(&good.as_bytes()[..good.len() - 1]), @"is not one JSON text: EOF while parsing an object at line 1 column 1032; fetch the object again, it may be cut or no flow log");
    insta::assert_snapshot!(reason(&good.as_bytes()[..good.len() / 2]), @"is not one JSON text: EOF while parsing a string at line 1 column 516; fetch the object again, it may be cut or no flow log");
    insta::assert_snapshot!(reason(format!("{good}{{}}").as_bytes()), @"is not one JSON text: trailing characters at line 1 column 1034; fetch the object again, it may be cut or no flow log");
    insta::assert_snapshot!(reason(format!("{good}\0").as_bytes()), @"is not one JSON text: trailing characters at line 1 column 1034; fetch the object again, it may be cut or no flow log");
    insta::assert_snapshot!(reason(&good.replace("rejected", "\u{1}").into_bytes()), @r"is not one JSON text: control character (\u0000-\u001F) found while parsing a string at line 1 column 596; fetch the object again, it may be cut or no flow log");
    let mut bytes = good.into_bytes();
    bytes[20] = 0xff;
    insta::assert_snapshot!(reason(&bytes), @"is not one JSON text: byte 20 is not UTF-8; fetch the object again, it may be cut or no flow log");
}

#[test]
fn gzip_members() {
    let body = object(&[RECORD, RECORD]);
    let expected = decode(KEY, body.as_bytes());
    let (first, second) = body.as_bytes().split_at(100);
    let mut members = [gzip(first), gzip(second), gzip(b"")].concat();
    assert_eq!(decode(KEY, &members), expected);
    members.extend([0; 512]);
    assert_eq!(decode(KEY, &members), expected);
    assert_eq!(inflate(&members, &Limits::default()).expect("whole"), body.as_bytes());

    let whole = gzip(body.as_bytes());
    insta::assert_snapshot!(reason(&whole[..whole.len() - 9]), @"gzip member 1 is cut short; fetch the object again");
    insta::assert_snapshot!(reason(&whole[..whole.len() - 3]), @"gzip member 1 is cut short; fetch the object again");
    insta::assert_snapshot!(reason(&whole[..5]), @"gzip member 1 is cut short; fetch the object again");
    insta::assert_snapshot!(reason(&[&whole[..], b"more"].concat()), @"gzip member 2 is none: the bytes after the one before are no gzip and no padding; fetch the object again");
    insta::assert_snapshot!(reason(&[&whole[..], &whole[..40]].concat()), @"gzip member 2 is cut short; fetch the object again");
    let mut wrong_sum = whole.clone();
    wrong_sum[whole.len() - 6] ^= 1;
    insta::assert_snapshot!(reason(&wrong_sum), @"gzip member 1 does not match its checksum; fetch the object again");
    let mut wrong_size = whole.clone();
    wrong_size[whole.len() - 1] ^= 0x7f;
    insta::assert_snapshot!(reason(&wrong_size), @"gzip member 1 does not match its checksum; fetch the object again");
    let mut broken = whole.clone();
    broken[10] = 0xff;
    insta::assert_snapshot!(reason(&broken), @"gzip member 1 is damaged; fetch the object again");
}

#[test]
fn bombs_stop_with_the_limit_named() {
    let limits = Limits { max_inflated_bytes: 100_000, max_records: 50 };
    let spaces = gzip(&vec![b' '; 5_000_000]);
    insta::assert_snapshot!(reason_within(limits, &spaces), @"holds more than 100000 bytes of JSON, the limit max_inflated_bytes; raise it if the object is genuine");
    insta::assert_snapshot!(reason_within(limits, &[b' '; 100_001]), @"holds more than 100000 bytes of JSON, the limit max_inflated_bytes; raise it if the object is genuine");
    let many_members = gzip(&[b' '; 1000]).repeat(101);
    insta::assert_snapshot!(reason_within(limits, &many_members), @"holds more than 100000 bytes of JSON, the limit max_inflated_bytes; raise it if the object is genuine");
    assert_eq!(inflate(&gzip(&[b' '; 1000]).repeat(100), &limits).map(|bytes| bytes.len()), Ok(100_000));

    let records = vec![RECORD; 51];
    insta::assert_snapshot!(reason_within(limits, object(&records).as_bytes()), @"holds more than 50 records, the limit max_records; raise it if the object is genuine");
    assert!(agreed(limits, &[(KEY, object(&records[1..]).as_bytes())]).0[0].is_ok());

    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let header = format!(r#"{{{HEADER},"x":{},"flow_logs":[]}}"#, deep(65));
    insta::assert_snapshot!(reason_within(limits, header.as_bytes()), @"member x nests deeper than 64 levels of JSON; it is no flow log object");
    let record = format!(r#"{{{HEADER},"flow_logs":[{{"x":{}}}]}}"#, deep(65));
    insta::assert_snapshot!(reason_within(limits, record.as_bytes()), @"member x nests deeper than 64 levels of JSON; it is no flow log object");
    // Nesting in what is only skipped costs nothing and makes the record unreadable, not the object.
    let element = format!(r#"{{{HEADER},"flow_logs":[{},{}]}}"#, deep(60), deep(20_000));
    assert_eq!(agreed(limits, &[(KEY, element.as_bytes())]).0[0].as_ref().map(|f| f.unreadable), Ok(2));

    let wide =
        format!(r#"{{{HEADER},"x":"{}","flow_logs":[{}]}}"#, "y".repeat(9_000), vec!["{}"; 20].join(","));
    insta::assert_snapshot!(reason_within(limits, wide.as_bytes()), @"unknown members would take more than 100000 bytes on its rows, the limit max_inflated_bytes");
}

#[test]
fn many_unknown_members_take_linear_time() {
    let members: String = (0..100_000).map(|n| format!("\"x{n}\":0,")).collect();
    let body = format!(r#"{{{members}"flow_logs":[{{{members}"target_port":1}}]}}"#);
    let (facts, _) = decode(KEY, body.as_bytes());
    assert_eq!(facts.map(|facts| facts.records), Ok(1));
}
