//! Records as the provider's JSON: members in the provider's order, one line, no spaces.
//!
//! Written by hand: this is the hot loop, and a general serializer costs several times as much.

use flowglass_flow::time::{SECOND, format};

use crate::record::{Action, Direction, Record, Volume};

/// Upper bound of what one record takes, for reserving.
pub(crate) const RECORD_BYTES: usize = 760;

/// Writes one record as a JSON object.
pub(crate) fn record(out: &mut Vec<u8>, times: &mut Times, record: &Record) {
    out.extend_from_slice(b"{\"start_time\":\"");
    if let Some((start, end)) = record.seen {
        out.extend_from_slice(times.text(start));
        out.extend_from_slice(b"\",\"end_time\":\"");
        out.extend_from_slice(times.text(end));
    } else {
        out.extend_from_slice(b"\",\"end_time\":\"");
    }
    out.extend_from_slice(b"\",\"connection_start_time\":\"");
    out.extend_from_slice(times.text(record.connection_start));
    out.extend_from_slice(match (record.direction, record.action) {
        (Direction::Inbound, Action::Accepted) => {
            b"\",\"direction\":\"I\",\"action\":\"accepted\",\"initiator_ip\":\""
        }
        (Direction::Inbound, Action::Rejected) => {
            b"\",\"direction\":\"I\",\"action\":\"rejected\",\"initiator_ip\":\""
        }
        (Direction::Outbound, Action::Accepted) => {
            b"\",\"direction\":\"O\",\"action\":\"accepted\",\"initiator_ip\":\""
        }
        (Direction::Outbound, Action::Rejected) => {
            b"\",\"direction\":\"O\",\"action\":\"rejected\",\"initiator_ip\":\""
        }
    });
    address(out, record.initiator.octets());
    out.extend_from_slice(b"\",\"target_ip\":\"");
    address(out, record.target.octets());
    out.extend_from_slice(b"\",\"initiator_port\":");
    number(out, u64::from(record.initiator_port));
    out.extend_from_slice(b",\"target_port\":");
    number(out, u64::from(record.target_port));
    out.extend_from_slice(b",\"transport_protocol\":");
    number(out, u64::from(record.protocol));
    out.extend_from_slice(match (record.was_initiated, record.was_terminated) {
        (false, false) => b",\"ether_type\":\"IPv4\",\"was_initiated\":false,\"was_terminated\":false",
        (false, true) => {
            b",\"ether_type\":\"IPv4\",\"was_initiated\":false,\"was_terminated\":true".as_slice()
        }
        (true, false) => b",\"ether_type\":\"IPv4\",\"was_initiated\":true,\"was_terminated\":false",
        (true, true) => b",\"ether_type\":\"IPv4\",\"was_initiated\":true,\"was_terminated\":true",
    });
    let Volume { bytes_from_initiator, packets_from_initiator, bytes_from_target, packets_from_target } =
        record.window;
    for (name, value) in [
        (b",\"bytes_from_initiator\":".as_slice(), bytes_from_initiator),
        (b",\"packets_from_initiator\":", packets_from_initiator),
        (b",\"bytes_from_target\":", bytes_from_target),
        (b",\"packets_from_target\":", packets_from_target),
        (b",\"cumulative_bytes_from_initiator\":", record.cumulative.bytes_from_initiator),
        (b",\"cumulative_packets_from_initiator\":", record.cumulative.packets_from_initiator),
        (b",\"cumulative_bytes_from_target\":", record.cumulative.bytes_from_target),
        (b",\"cumulative_packets_from_target\":", record.cumulative.packets_from_target),
    ] {
        out.extend_from_slice(name);
        number(out, value);
    }
    out.push(b'}');
}

/// Digits of 0 to 99 in pairs.
const PAIRS: [u8; 200] = {
    let mut pairs = [0; 200];
    let mut value = 0;
    while value < 100 {
        pairs[value * 2] = b'0' + (value / 10) as u8;
        pairs[value * 2 + 1] = b'0' + (value % 10) as u8;
        value += 1;
    }
    pairs
};

fn pair(value: u64) -> [u8; 2] {
    let at = value as usize % 100 * 2;
    [PAIRS[at], PAIRS[at + 1]]
}

/// Writes a number in decimal.
pub(crate) fn number(out: &mut Vec<u8>, mut value: u64) {
    if value < 10 {
        out.push(b'0' + value as u8);
        return;
    }
    let mut digits = [0; 20];
    let mut at = digits.len();
    while value >= 10 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&pair(value));
        value /= 100;
    }
    if value > 0 {
        at -= 1;
        digits[at] = b'0' + value as u8;
    }
    out.extend_from_slice(&digits[at..]);
}

fn address(out: &mut Vec<u8>, [a, b, c, d]: [u8; 4]) {
    number(out, u64::from(a));
    for octet in [b, c, d] {
        out.push(b'.');
        number(out, u64::from(octet));
    }
}

/// Times as text, the day's part remembered.
#[derive(Debug)]
pub(crate) struct Times {
    day: i64,
    text: [u8; 20],
}

impl Times {
    pub(crate) fn new() -> Self {
        Self { day: i64::MIN, text: *b"0000-00-00T00:00:00Z" }
    }

    /// The instant as `2020-06-04T13:42:39Z`; seconds since the epoch, of a year of four digits.
    pub(crate) fn text(&mut self, seconds: i64) -> &[u8] {
        let day = seconds.div_euclid(86_400);
        if day != self.day {
            self.day = day;
            let date = format(day * 86_400 * SECOND);
            if let Some(date) = date.as_bytes().get(..10) {
                self.text[..10].copy_from_slice(date);
            }
        }
        let second = seconds.rem_euclid(86_400) as u64;
        self.text[11..13].copy_from_slice(&pair(second / 3600));
        self.text[14..16].copy_from_slice(&pair(second / 60 % 60));
        self.text[17..19].copy_from_slice(&pair(second % 60));
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::{Times, number};

    #[test]
    fn numbers_as_std_writes_them() {
        for value in (0..2000).chain([9_999, 10_000, 65_535, 1_000_000, 18_446_744_073_709_551_615]) {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(String::from_utf8_lossy(&out), value.to_string());
        }
    }

    #[test]
    fn times_as_the_provider_writes_them() {
        let mut times = Times::new();
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_591_278_159, "2020-06-04T13:42:39Z"),
            (1_591_315_199, "2020-06-04T23:59:59Z"),
            (1_591_315_200, "2020-06-05T00:00:00Z"),
            (1_582_934_400, "2020-02-29T00:00:00Z"),
        ] {
            assert_eq!(std::str::from_utf8(times.text(seconds)), Ok(text));
        }
    }
}
