//! Any bytes as a key and an object: no panic, bounded, and the same on both paths.
//!
//! Run with `cargo +nightly fuzz run both_paths -- -dict=both_paths.dict` in `crates/codec`. The first line of the input
//! is the key, the rest the object.

#![no_main]

#[path = "../../tests/it/agree.rs"]
mod agree;

use flowglass_codec::{Limits, record_text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let limits = Limits { max_inflated_bytes: 1 << 20, max_records: 1000 };
    let (key, body) = match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (&b""[..], input),
    };
    let key = String::from_utf8_lossy(key);
    let (facts, _) = agree::agreed(limits, &[(&key, body), ("", body)]);
    if let Ok(facts) = &facts[0] {
        let records = facts.records + facts.unreadable;
        let last = u32::try_from(records).expect("bounded by the limit").checked_sub(1);
        assert!(last.is_none_or(|last| record_text(body, last, &limits).is_ok()), "every record can be shown");
    }
});
