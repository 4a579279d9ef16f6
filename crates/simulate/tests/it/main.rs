//! The simulated objects, read back.

mod decoded;
mod load;
mod walkthrough;

use serde_json::Value;

/// Inflates and parses an object's body.
fn read(body: &[u8]) -> Value {
    serde_json::from_str(&inflate(body)).expect("the body is JSON")
}

fn inflate(body: &[u8]) -> String {
    // The last four bytes of gzip are the size inflated.
    let size = body.last_chunk().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    let mut text = vec![0; size];
    let inflated =
        libdeflater::Decompressor::new().gzip_decompress(body, &mut text).expect("the body is gzip");
    assert_eq!(inflated, size);
    String::from_utf8(text).expect("the body is UTF-8")
}
