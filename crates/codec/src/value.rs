//! Single JSON values, as written, to what they mean. Both paths use these, so that they agree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

/// Levels of arrays and objects a member's value may have. Real members have none.
pub(crate) const MAX_DEPTH: usize = 64;

/// A member we do not know: its name, and its value as written.
pub(crate) type Member<'a> = (Cow<'a, str>, &'a str);

/// An address of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Address<'a> {
    /// IPv4 in canonical text: digits and dots.
    Canonical(&'a [u8]),
    /// Anything else, to be written out.
    Parsed(IpAddr),
}

/// Of several members with one name keeps the value of the last, in the place of the first.
pub(crate) fn last_counts(members: &mut Vec<Member<'_>>) {
    if members.len() < 2 {
        return;
    }
    let mut places: HashMap<_, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<Member<'_>> = Vec::with_capacity(members.len());
    for (name, raw) in members.drain(..) {
        match places.entry(name.clone()) {
            Entry::Occupied(place) => kept[*place.get()].1 = raw,
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push((name, raw));
            }
        }
    }
    *members = kept;
}

/// Shortens a value for a message.
pub(crate) fn clip(raw: &str) -> Cow<'_, str> {
    const LONGEST: usize = 60;
    if raw.len() <= LONGEST {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(format!("{}…", &raw[..raw.floor_char_boundary(LONGEST)]))
}

/// Returns the text of a JSON string; none for null.
pub(crate) fn text(raw: &str) -> Result<Option<Cow<'_, str>>, String> {
    let Some(inner) = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return if raw == "null" { Ok(None) } else { Err(format!("{}, not text", clip(raw))) };
    };
    if !inner.as_bytes().contains(&b'\\') {
        return Ok(Some(Cow::Borrowed(inner)));
    }
    match serde_json::from_str(raw) {
        Ok(text) => Ok(Some(Cow::Owned(text))),
        Err(_) => Err(format!("{}, not valid Unicode", clip(raw))),
    }
}

/// Returns an instant; none for null and the empty text.
pub(crate) fn time(raw: &str) -> Result<Option<i64>, String> {
    match text(raw)? {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(None),
        Some(text) => match flowglass_flow::time::parse(text.as_bytes()) {
            Some(micros) => Ok(Some(micros)),
            None => Err(format!("{}, not a time", clip(raw))),
        },
    }
}

/// Returns a truth value; none for null.
pub(crate) fn flag(raw: &str) -> Result<Option<bool>, String> {
    match raw {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        "null" => Ok(None),
        _ => Err(format!("{}, not true or false", clip(raw))),
    }
}

/// Returns an address; none for null.
pub(crate) fn address(raw: &str) -> Result<Option<Address<'_>>, String> {
    let Some(text) = text(raw)? else { return Ok(None) };
    if let Cow::Borrowed(text) = text
        && canonical_v4(text.as_bytes()) == Some(text.len())
    {
        return Ok(Some(Address::Canonical(text.as_bytes())));
    }
    match flowglass_flow::address::parse(&text) {
        Some(address) => Ok(Some(Address::Parsed(address))),
        None => Err(format!("{}, not an IP address", clip(raw))),
    }
}

/// Returns a whole number from 0 to `max`; none for null.
///
/// A number may be written with a fraction or exponent if it is whole (`1e3`, `1.0`), and within a string (`"443"`), as
/// object metadata and some exporters do.
pub(crate) fn whole(raw: &str, max: i64) -> Result<Option<i64>, String> {
    if raw == "null" {
        return Ok(None);
    }
    let digits = match raw.as_bytes().first() {
        Some(b'"') => text(raw)?.unwrap_or_default(),
        _ => Cow::Borrowed(raw),
    };
    match decimal(digits.as_bytes()) {
        None => Err(format!("{}, not a number", clip(raw))),
        Some(Decimal::Fraction) => Err(format!("{}, not a whole number", clip(raw))),
        Some(Decimal::Negative) => Err(format!("{}, below 0", clip(raw))),
        Some(Decimal::Whole(value)) if value <= max => Ok(Some(value)),
        Some(_) => Err(format!("{}, above {max}", clip(raw))),
    }
}

enum Decimal {
    Whole(i64),
    Huge,
    Negative,
    Fraction,
}

/// Reads a number by the grammar of JSON, exactly: no detour by floating point.
fn decimal(text: &[u8]) -> Option<Decimal> {
    fn digits(text: &[u8]) -> (&[u8], &[u8]) {
        text.split_at(text.iter().take_while(|b| b.is_ascii_digit()).count())
    }
    let (negative, rest) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (integer, mut rest) = digits(rest);
    if integer.is_empty() || (integer.len() > 1 && integer[0] == b'0') {
        return None;
    }
    let mut fraction: &[u8] = &[];
    if let Some(after) = rest.strip_prefix(b".") {
        (fraction, rest) = digits(after);
        if fraction.is_empty() {
            return None;
        }
    }
    let mut exponent: i64 = 0;
    if let [b'e' | b'E', after @ ..] = rest {
        let (sign, after) = match after {
            [b'-', after @ ..] => (-1, after),
            [b'+', after @ ..] => (1, after),
            _ => (1, after),
        };
        let (power, end) = digits(after);
        if power.is_empty() {
            return None;
        }
        exponent =
            sign * power.iter().fold(0_i64, |v, b| v.saturating_mul(10).saturating_add(i64::from(b - b'0')));
        rest = end;
    }
    if !rest.is_empty() {
        return None;
    }
    // The value is all digits, times ten to the power of `scale`; zeros at the end of the digits are taken off first.
    let mut scale = exponent.saturating_sub(i64::try_from(fraction.len()).ok()?);
    let mut significant = integer.len() + fraction.len();
    let digit = |at: usize| if at < integer.len() { integer[at] } else { fraction[at - integer.len()] };
    while significant > 0 && digit(significant - 1) == b'0' {
        significant -= 1;
        scale = scale.saturating_add(1);
    }
    if significant == 0 {
        return Some(Decimal::Whole(0));
    }
    if negative {
        return Some(Decimal::Negative);
    }
    if scale < 0 {
        return Some(Decimal::Fraction);
    }
    let mut value: i64 = 0;
    for at in 0..significant {
        match value.checked_mul(10).and_then(|v| v.checked_add(i64::from(digit(at) - b'0'))) {
            Some(next) => value = next,
            None => return Some(Decimal::Huge),
        }
    }
    match u32::try_from(scale)
        .ok()
        .and_then(|scale| 10_i64.checked_pow(scale))
        .and_then(|p| value.checked_mul(p))
    {
        Some(value) => Some(Decimal::Whole(value)),
        None => Some(Decimal::Huge),
    }
}

/// Returns the length of the canonical dotted IPv4 address that `text` starts with.
#[inline]
pub(crate) fn canonical_v4(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    for part in 0..4 {
        if part > 0 {
            if *text.get(at)? != b'.' {
                return None;
            }
            at += 1;
        }
        let digit = |at: usize| text.get(at).map(|b| b.wrapping_sub(b'0')).filter(|d| *d < 10).map(u32::from);
        let first = digit(at)?;
        at += 1;
        if let Some(second) = digit(at) {
            if first == 0 {
                return None;
            }
            at += 1;
            if let Some(third) = digit(at) {
                at += 1;
                if first * 100 + second * 10 + third > 255 {
                    return None;
                }
            }
        }
    }
    Some(at)
}

/// True if a value nests deeper than [`MAX_DEPTH`].
pub(crate) fn too_deep(raw: &str) -> bool {
    let mut depth = 0_usize;
    let mut deepest = 0;
    outside_strings(raw, |byte| match byte {
        b'[' | b'{' => {
            depth += 1;
            deepest = deepest.max(depth);
        }
        b']' | b'}' => depth = depth.saturating_sub(1),
        _ => {}
    });
    deepest > MAX_DEPTH
}

fn outside_strings(raw: &str, mut see: impl FnMut(u8)) {
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'"' {
            see(byte);
            continue;
        }
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => _ = bytes.next(),
                b'"' => break,
                _ => {}
            }
        }
    }
}

/// Appends a value without the white space between its tokens.
pub(crate) fn compact(raw: &str, into: &mut String) {
    let mut kept = 0;
    let bytes = raw.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += 1 + usize::from(bytes[at] == b'\\');
                }
            }
            b' ' | b'\n' | b'\r' | b'\t' => {
                into.push_str(&raw[kept..at]);
                kept = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    into.push_str(&raw[kept..]);
}

/// Writes members as one JSON object without white space.
pub(crate) fn object_text<'m, 'a: 'm>(members: impl Iterator<Item = &'m Member<'a>>) -> String {
    let mut text = String::from("{");
    for (name, raw) in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(name.as_ref()).to_string());
        text.push(':');
        compact(raw, &mut text);
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for (raw, expected) in [
            ("0", Ok(Some(0))),
            ("-0", Ok(Some(0))),
            ("-0.0e5", Ok(Some(0))),
            ("443", Ok(Some(443))),
            ("\"443\"", Ok(Some(443))),
            ("null", Ok(None)),
            ("1e3", Ok(Some(1000))),
            ("1.0", Ok(Some(1))),
            ("12.50e1", Ok(Some(125))),
            ("0.001e3", Ok(Some(1))),
            ("9223372036854775807", Ok(Some(i64::MAX))),
            ("9223372036854775808", Err("9223372036854775808, above 9223372036854775807")),
            ("1e99999999999999999999", Err("1e99999999999999999999, above 9223372036854775807")),
            ("1e-99999999999999999999", Err("1e-99999999999999999999, not a whole number")),
            ("1.5", Err("1.5, not a whole number")),
            ("-1", Err("-1, below 0")),
            ("\"\"", Err("\"\", not a number")),
            ("\"0443\"", Err("\"0443\", not a number")),
            ("\" 443\"", Err("\" 443\", not a number")),
            ("true", Err("true, not a number")),
            ("[1]", Err("[1], not a number")),
        ] {
            assert_eq!(whole(raw, i64::MAX), expected.map_err(str::to_owned), "{raw}");
        }
        assert_eq!(whole("70000", 65535), Err("70000, above 65535".to_owned()));
    }

    #[test]
    fn texts_and_times() {
        assert_eq!(text(r#""\u0041cc""#), Ok(Some(Cow::Borrowed("Acc"))));
        assert_eq!(text(r#""\ud800""#), Err(r#""\ud800", not valid Unicode"#.to_owned()));
        assert_eq!(text("5"), Err("5, not text".to_owned()));
        assert_eq!(time("\"\""), Ok(None));
        assert_eq!(time("\"soon\""), Err("\"soon\", not a time".to_owned()));
        assert_eq!(flag("1"), Err("1, not true or false".to_owned()));
        let long = format!("\"{}\"", "ä".repeat(100));
        assert_eq!(time(&long).map_err(|e| e.len()), Err("\"".len() + 2 * 29 + "…, not a time".len()));
    }

    #[test]
    fn addresses() {
        let shown = |raw: &str| match address(raw) {
            Ok(Some(Address::Canonical(text))) => format!("as written {}", String::from_utf8_lossy(text)),
            Ok(Some(Address::Parsed(address))) => format!("parsed {address}"),
            Ok(None) => "none".to_owned(),
            Err(reason) => reason,
        };
        assert_eq!(shown("\"10.240.0.255\""), "as written 10.240.0.255");
        assert_eq!(shown("\"0.0.0.0\""), "as written 0.0.0.0");
        assert_eq!(shown("\"10.240.0.256\""), "\"10.240.0.256\", not an IP address");
        assert_eq!(shown("\"10.240.0.01\""), "\"10.240.0.01\", not an IP address");
        assert_eq!(shown("\"2001:DB8:0:0::01\""), "parsed 2001:db8::1");
        assert_eq!(shown("\"::FFFF:a00:1\""), "parsed ::ffff:10.0.0.1");
        assert_eq!(shown("\"\""), "\"\", not an IP address");
        assert_eq!(shown("null"), "none");
    }

    #[test]
    fn compaction_keeps_strings_and_digits() {
        let mut text = String::new();
        compact("{ \"a b\" : [ 1.00 , \"x \\\" y\" ],\n\"c\":\"\\\\\" }", &mut text);
        assert_eq!(text, r#"{"a b":[1.00,"x \" y"],"c":"\\"}"#);
    }

    #[test]
    fn depth_counts_outside_strings() {
        assert!(!too_deep(&format!("\"{}\"", "[".repeat(1000))));
        assert!(!too_deep(&format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))));
        assert!(too_deep(&format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1))));
    }

    proptest::proptest! {
        #[test]
        fn canonical_v4_agrees_with_std(text in "[0-9.]{0,16}") {
            let std = text.parse::<std::net::Ipv4Addr>().is_ok();
            proptest::prop_assert_eq!(canonical_v4(text.as_bytes()) == Some(text.len()), std);
        }

        #[test]
        fn whole_agrees_with_std(value in 0..i64::MAX) {
            proptest::prop_assert_eq!(whole(&value.to_string(), i64::MAX), Ok(Some(value)));
        }
    }
}
