//! The fast path: the provider's own way of writing, straight from bytes to columns.
//!
//! It knows one spelling of a record: all members, in the order of [`crate::record::MEMBERS`], without white space. A
//! record that differs in any way is read again by the general path; a surprise outside the records makes the caller
//! read the whole object so. Nothing here reports an error: the general path does, in its own words.

use std::borrow::Cow;

use flowglass_flow::time;

use crate::general;
use crate::header::Header;
use crate::record::{Record, Word};
use crate::rows::Rows;
use crate::value::{Address, canonical_v4};

/// Bytes a record takes at least; for guessing how many there are.
const SHORT_RECORD: usize = 560;

/// The day of the last time read: a window's times share it, so that mostly only the time of day is parsed.
#[derive(Default)]
pub(crate) struct Clock {
    day: [u8; 11],
    micros: i64,
}

/// Reads an object; none at a surprise, with rows left behind that the caller takes back.
pub(crate) fn object<'a>(body: &'a [u8], clock: &mut Clock, rows: &mut Rows<'a, '_>) -> Option<Header<'a>> {
    let mut header = Header::default();
    let mut rest = body;
    literal(&mut rest, b"{")?;
    loop {
        skip_space(&mut rest);
        let name = text(plain_string(&mut rest)?)?;
        let name = &name[1..name.len() - 1];
        skip_space(&mut rest);
        literal(&mut rest, b":")?;
        skip_space(&mut rest);
        if name == "flow_logs" {
            if header.has_records {
                return None;
            }
            header.has_records = true;
            records(&mut rest, clock, rows)?;
        } else {
            let raw = match rest.first()? {
                b'"' => text(plain_string(&mut rest)?)?,
                _ => {
                    let raw = general::raw_value(rest)?;
                    rest = &rest[raw.len()..];
                    raw
                }
            };
            if !rows.shallow(name, raw) {
                return None;
            }
            header.put(Cow::Borrowed(name), raw);
        }
        skip_space(&mut rest);
        match take(&mut rest)? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    skip_space(&mut rest);
    (rest.is_empty() && header.has_records).then_some(header)
}

fn records<'a>(rest: &mut &'a [u8], clock: &mut Clock, rows: &mut Rows<'a, '_>) -> Option<()> {
    literal(rest, b"[")?;
    skip_space(rest);
    if literal(rest, b"]").is_some() {
        return Some(());
    }
    rows.reserve(rest.len() / SHORT_RECORD);
    loop {
        let mut ahead = *rest;
        if rows.admit()
            && let Some(record) = record(&mut ahead, clock)
        {
            rows.keep(&record);
            *rest = ahead;
        } else {
            let read = general::record(rest, rows)?;
            *rest = &rest[read..];
        }
        skip_space(rest);
        match take(rest)? {
            b',' => skip_space(rest),
            b']' => return Some(()),
            _ => return None,
        }
    }
}

#[inline]
fn record<'a>(rest: &mut &'a [u8], clock: &mut Clock) -> Option<Record<'a>> {
    literal(rest, b"{\"start_time\":\"")?;
    let start = instant(rest, clock)?;
    literal(rest, b",\"end_time\":\"")?;
    let end = instant(rest, clock)?;
    literal(rest, b",\"connection_start_time\":\"")?;
    let connection_start = instant(rest, clock)?;
    literal(rest, b",\"direction\":\"")?;
    let direction = match take(rest)? {
        b'I' => 0,
        b'O' => 1,
        _ => return None,
    };
    literal(rest, b"\",\"action\":\"")?;
    let action = match take(rest)? {
        b'a' => literal(rest, b"ccepted").map(|()| 0)?,
        b'r' => literal(rest, b"ejected").map(|()| 1)?,
        _ => return None,
    };
    literal(rest, b"\",\"initiator_ip\":\"")?;
    let initiator = address(rest)?;
    literal(rest, b"\",\"target_ip\":\"")?;
    let target = address(rest)?;
    literal(rest, b"\",\"initiator_port\":")?;
    let initiator_port = small(rest, 65_535)?;
    literal(rest, b",\"target_port\":")?;
    let target_port = small(rest, 65_535)?;
    literal(rest, b",\"transport_protocol\":")?;
    let protocol = small(rest, 255)?;
    literal(rest, b",\"ether_type\":\"IPv")?;
    let ether_type = match take(rest)? {
        b'4' => 0,
        b'6' => 1,
        _ => return None,
    };
    literal(rest, b"\",\"was_initiated\":")?;
    let was_initiated = flag(rest)?;
    literal(rest, b",\"was_terminated\":")?;
    let was_terminated = flag(rest)?;
    literal(rest, b",\"bytes_from_initiator\":")?;
    let bytes_from_initiator = whole(rest)?;
    literal(rest, b",\"packets_from_initiator\":")?;
    let packets_from_initiator = whole(rest)?;
    literal(rest, b",\"bytes_from_target\":")?;
    let bytes_from_target = whole(rest)?;
    literal(rest, b",\"packets_from_target\":")?;
    let packets_from_target = whole(rest)?;
    literal(rest, b",\"cumulative_bytes_from_initiator\":")?;
    let cumulative_bytes_from_initiator = whole(rest)?;
    literal(rest, b",\"cumulative_packets_from_initiator\":")?;
    let cumulative_packets_from_initiator = whole(rest)?;
    literal(rest, b",\"cumulative_bytes_from_target\":")?;
    let cumulative_bytes_from_target = whole(rest)?;
    literal(rest, b",\"cumulative_packets_from_target\":")?;
    let cumulative_packets_from_target = whole(rest)?;
    literal(rest, b"}")?;
    Some(Record {
        times: [start, end, connection_start],
        words: [Word::Preset(direction), Word::Preset(action), Word::Preset(ether_type)],
        addresses: [Some(initiator), Some(target)],
        ports: [Some(initiator_port), Some(target_port), Some(protocol)],
        flags: [Some(was_initiated), Some(was_terminated)],
        counters: [
            Some(bytes_from_initiator),
            Some(packets_from_initiator),
            Some(bytes_from_target),
            Some(packets_from_target),
            Some(cumulative_bytes_from_initiator),
            Some(cumulative_packets_from_initiator),
            Some(cumulative_bytes_from_target),
            Some(cumulative_packets_from_target),
        ],
    })
}

#[inline(always)]
fn literal<const N: usize>(rest: &mut &[u8], wanted: &[u8; N]) -> Option<()> {
    let (found, after) = rest.split_first_chunk::<N>()?;
    if found != wanted {
        return None;
    }
    *rest = after;
    Some(())
}

#[inline(always)]
fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

#[inline(always)]
fn skip_space(rest: &mut &[u8]) {
    while let [b' ' | b'\n' | b'\r' | b'\t', after @ ..] = *rest {
        *rest = after;
    }
}

/// Takes a string without escapes, its quotes included.
fn plain_string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if rest.first() != Some(&b'"') {
        return None;
    }
    let inner = &rest[1..];
    let length = inner.iter().position(|b| *b == b'"' || *b == b'\\' || *b < b' ')?;
    if inner[length] != b'"' {
        return None;
    }
    let (string, after) = rest.split_at(length + 2);
    *rest = after;
    Some(string)
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Takes a time after its opening quote, the closing one included: `2020-06-04T13:43:10Z"`, or only the quote.
#[inline(always)]
fn instant(rest: &mut &[u8], clock: &mut Clock) -> Option<Option<i64>> {
    let Some((found, after)) = rest.split_first_chunk::<21>().filter(|(found, _)| found[0] != b'"') else {
        literal(rest, b"\"")?;
        return Some(None);
    };
    let (day, of_day) = found.split_first_chunk::<11>()?;
    let (of_day, end) = of_day.split_first_chunk::<8>()?;
    if end != b"Z\"" {
        return None;
    }
    let of_day = seconds_of_day(*of_day)?;
    if *day != clock.day {
        let mut midnight = *b"0000-00-00T00:00:00Z";
        midnight[..11].copy_from_slice(day);
        if day[10] != b'T' {
            return None;
        }
        clock.micros = time::parse(&midnight)?;
        clock.day = *day;
    }
    *rest = after;
    Some(Some(clock.micros + of_day * time::SECOND))
}

/// Reads `13:43:10`, eight bytes at once; none for anything else, and for hour 24 and second 60.
#[inline(always)]
fn seconds_of_day(text: [u8; 8]) -> Option<i64> {
    // The first character is the lowest byte. Digits become 0 to 9, right colons 0; anything else leaves a bit above.
    let digits = u64::from_le_bytes(text) ^ u64::from_le_bytes(*b"00:00:00");
    const ABOVE: u64 = 0xf0f0_fff0_f0ff_f0f0;
    if digits & ABOVE != 0 || (digits + 0x0606_0006_0600_0606) & ABOVE != 0 {
        return None;
    }
    // In each two-digit group the tens stand in the lower byte.
    let pairs = digits * 10 + (digits >> 8);
    let (hour, minute, second) = (pairs & 0xff, (pairs >> 24) & 0xff, (pairs >> 48) & 0xff);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((hour * 3600 + minute * 60 + second) as i64)
}

/// Takes a whole number of at most 18 digits.
#[inline(always)]
fn whole(rest: &mut &[u8]) -> Option<i64> {
    let mut value: i64 = 0;
    let mut length = 0;
    while let Some(digit) = rest.get(length).map(|b| b.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        if length == 18 {
            return None;
        }
        value = value * 10 + i64::from(digit);
        length += 1;
    }
    if length == 0 || (length > 1 && rest[0] == b'0') {
        return None;
    }
    *rest = &rest[length..];
    Some(value)
}

#[inline(always)]
fn small(rest: &mut &[u8], max: i64) -> Option<i32> {
    let value = whole(rest)?;
    if value > max { None } else { i32::try_from(value).ok() }
}

#[inline(always)]
fn flag(rest: &mut &[u8]) -> Option<bool> {
    match take(rest)? {
        b't' => literal(rest, b"rue").map(|()| true),
        b'f' => literal(rest, b"alse").map(|()| false),
        _ => None,
    }
}

/// Takes an address up to its closing quote.
#[inline(always)]
fn address<'a>(rest: &mut &'a [u8]) -> Option<Address<'a>> {
    if let Some(length) = canonical_v4(rest)
        && rest.get(length) == Some(&b'"')
    {
        let (found, after) = rest.split_at(length);
        *rest = after;
        return Some(Address::Canonical(found));
    }
    other_address(rest)
}

/// Longest text of an IPv6 address.
const LONGEST_ADDRESS: usize = 45;

fn other_address<'a>(rest: &mut &'a [u8]) -> Option<Address<'a>> {
    let length = rest.iter().take(LONGEST_ADDRESS + 1).position(|b| *b == b'"')?;
    let (found, after) = rest.split_at(length);
    let address = flowglass_flow::address::parse(text(found)?)?;
    *rest = after;
    Some(Address::Parsed(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"start_time":"2021-12-14T12:56:01Z","end_time":"","connection_start_time":"2021-12-14T12:56:01Z","direction":"I","action":"rejected","initiator_ip":"24.22.68.94","target_ip":"2001:DB8::1","initiator_port":51515,"target_port":22,"transport_protocol":6,"ether_type":"IPv4","was_initiated":true,"was_terminated":false,"bytes_from_initiator":132,"packets_from_initiator":2,"bytes_from_target":0,"packets_from_target":0,"cumulative_bytes_from_initiator":132,"cumulative_packets_from_initiator":2,"cumulative_bytes_from_target":0,"cumulative_packets_from_target":0}"#;

    // The general path would hide a fast path that never takes anything.
    #[test]
    fn takes_what_the_provider_writes_and_nothing_else() {
        let mut rest = RECORD.as_bytes();
        let taken = record(&mut rest, &mut Clock::default()).expect("the usual form");
        assert!(rest.is_empty());
        assert_eq!(taken.ports, [Some(51_515), Some(22), Some(6)]);
        assert_eq!(taken.times[1], None);
        for (from, to) in
            [("\"I\"", "\"i\""), (":22", ": 22"), (":132", ":0132"), ("22.68", "22.568"), (":6", ":256")]
        {
            let odd = RECORD.replacen(from, to, 1);
            assert_eq!(record(&mut odd.as_bytes(), &mut Clock::default()), None, "{to}");
        }
    }

    #[test]
    fn times_of_day() {
        assert_eq!(seconds_of_day(*b"13:43:10"), Some(13 * 3600 + 43 * 60 + 10));
        assert_eq!(seconds_of_day(*b"23:59:59"), Some(86_399));
        assert_eq!(seconds_of_day(*b"00:00:00"), Some(0));
        for odd in [b"24:00:00", b"12:60:00", b"12:00:60", b"1x:00:00", b"12-00:00", b"12:00;00", b":2:00:00"]
        {
            assert_eq!(seconds_of_day(*odd), None);
        }
    }

    proptest::proptest! {
        #[test]
        fn times_of_day_agree_with_the_parser(bytes: [u8; 8], digits in "[0-9/:;]{8}") {
            for text in [bytes, digits.as_bytes().try_into().expect("eight bytes")] {
                let mut whole = *b"1970-01-01T00:00:00Z";
                whole[11..19].copy_from_slice(&text);
                let expected = time::parse(&whole).map(|micros| micros / time::SECOND);
                let found = seconds_of_day(text);
                // Hour 24 and second 60 are left to the parser.
                let left = text.starts_with(b"24") || text.ends_with(b"60");
                proptest::prop_assert!(found == expected || (found.is_none() && left), "{text:?}");
            }
        }

        #[test]
        fn whole_numbers_agree_with_the_general_reader(text in "[0-9]{1,20}") {
            let mut rest = text.as_bytes();
            if let Some(value) = whole(&mut rest) {
                proptest::prop_assert!(rest.is_empty());
                proptest::prop_assert_eq!(crate::value::whole(&text, i64::MAX), Ok(Some(value)));
            }
        }
    }
}
