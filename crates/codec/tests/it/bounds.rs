//! Objects that cannot be read, and objects that are meant to hurt.

use flowglass_codec::{Limits, inflate, record_text};

use crate::agree::agreed;
use crate::support::{HEADER, KEY, RECORD, decode, gzip, object};

fn reason(body: &[u8]) -> String {
    reason_within(Limits::default(), body)
}

fn reason_within(limits: Limits, body: &[u8]) -> String {
    let (facts, batches) = agreed(limits, &[(KEY, body)]);
    assert!(batches.is_empty());
    assert!(record_text(body, 0, &Limits { max_records: u64::MAX, ..limits }).is_err() || limits.max_records < 99);
    facts[0].as_ref().expect_err("an unreadable object").to_string()
}

#[test]
fn what_is_no_flow_log_object() {
    let good = object(&[RECORD]);
    insta::assert_snapshot!(reason(b""), @"");
    insta::assert_snapshot!(reason(b" \n"), @"");
    insta::assert_snapshot!(reason(b"[]"), @"");
    insta::assert_snapshot!(reason(b"17"), @"");
    insta::assert_snapshot!(reason(b"hello"), @"");
    insta::assert_snapshot!(reason(b"{}"), @"");
    insta::assert_snapshot!(reason(br#"{"flow_logs":null}"#), @"");
    insta::assert_snapshot!(reason(br#"{"flow_logs":{}}"#), @"");
    insta::assert_snapshot!(reason(&good.as_bytes()[..good.len() - 1]), @"");
    insta::assert_snapshot!(reason(&good.as_bytes()[..good.len() / 2]), @"");
    insta::assert_snapshot!(reason(format!("{good}{{}}").as_bytes()), @"");
    insta::assert_snapshot!(reason(format!("{good}\0").as_bytes()), @"");
    insta::assert_snapshot!(reason(&good.replace("rejected", "\u{1}").into_bytes()), @"");
    let mut bytes = good.into_bytes();
    bytes[20] = 0xff;
    insta::assert_snapshot!(reason(&bytes), @"");
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
    insta::assert_snapshot!(reason(&whole[..whole.len() - 9]), @"");
    insta::assert_snapshot!(reason(&whole[..whole.len() - 3]), @"");
    insta::assert_snapshot!(reason(&whole[..5]), @"");
    insta::assert_snapshot!(reason(&[&whole[..], b"more"].concat()), @"");
    insta::assert_snapshot!(reason(&[&whole[..], &whole[..40]].concat()), @"");
    let mut wrong_sum = whole.clone();
    wrong_sum[whole.len() - 6] ^= 1;
    insta::assert_snapshot!(reason(&wrong_sum), @"");
    let mut wrong_size = whole.clone();
    wrong_size[whole.len() - 1] ^= 0x7f;
    insta::assert_snapshot!(reason(&wrong_size), @"");
    let mut broken = whole.clone();
    broken[10] = 0xff;
    insta::assert_snapshot!(reason(&broken), @"");
}

#[test]
fn bombs_stop_with_the_limit_named() {
    let limits = Limits { max_inflated_bytes: 100_000, max_records: 50 };
    let spaces = gzip(&vec![b' '; 5_000_000]);
    insta::assert_snapshot!(reason_within(limits, &spaces), @"");
    insta::assert_snapshot!(reason_within(limits, &[b' '; 100_001]), @"");
    let many_members = gzip(&[b' '; 1000]).repeat(101);
    insta::assert_snapshot!(reason_within(limits, &many_members), @"");
    assert_eq!(inflate(&gzip(&[b' '; 1000]).repeat(100), &limits).map(|bytes| bytes.len()), Ok(100_000));

    let records = vec![RECORD; 51];
    insta::assert_snapshot!(reason_within(limits, object(&records).as_bytes()), @"");
    assert!(agreed(limits, &[(KEY, object(&records[1..]).as_bytes())]).0[0].is_ok());

    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let header = format!(r#"{{{HEADER},"x":{},"flow_logs":[]}}"#, deep(65));
    insta::assert_snapshot!(reason_within(limits, header.as_bytes()), @"");
    let record = format!(r#"{{{HEADER},"flow_logs":[{{"x":{}}}]}}"#, deep(65));
    insta::assert_snapshot!(reason_within(limits, record.as_bytes()), @"");
    // Nesting in what is only skipped costs nothing and makes the record unreadable, not the object.
    let element = format!(r#"{{{HEADER},"flow_logs":[{},{}]}}"#, deep(60), deep(20_000));
    assert_eq!(agreed(limits, &[(KEY, element.as_bytes())]).0[0].as_ref().map(|f| f.unreadable), Ok(2));

    let wide = format!(r#"{{{HEADER},"x":"{}","flow_logs":[{}]}}"#, "y".repeat(9_000), vec!["{}"; 20].join(","));
    insta::assert_snapshot!(reason_within(limits, wide.as_bytes()), @"");
}

#[test]
fn many_unknown_members_take_linear_time() {
    let members: String = (0..100_000).map(|n| format!("\"x{n}\":0,")).collect();
    let body = format!(r#"{{{members}"flow_logs":[{{{members}"target_port":1}}]}}"#);
    let (facts, _) = decode(KEY, body.as_bytes());
    assert_eq!(facts.map(|facts| facts.records), Ok(1));
}
