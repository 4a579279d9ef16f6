//! One flow record.

use std::borrow::Cow;

use crate::value::{self, Address};

/// Members of a record in the order the provider writes them; also the names of their columns.
pub(crate) const MEMBERS: [&str; 21] = [
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

/// Canonical values of the enumerated members, in the order of their preset keys.
pub(crate) const DIRECTIONS: &[&str] = &["I", "O"];
pub(crate) const ACTIONS: &[&str] = &["accepted", "rejected"];
pub(crate) const ETHER_TYPES: &[&str] = &["IPv4", "IPv6"];

/// Largest port and protocol number.
const MAX_PORT: i64 = 65_535;
const MAX_PROTOCOL: i64 = 255;

/// Raw values of a record's members, by position in [`MEMBERS`].
pub(crate) type RawMembers<'a> = [Option<&'a str>; MEMBERS.len()];

/// A value of an enumerated member.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Word<'a> {
    Null,
    /// Position in the member's list of canonical values.
    Preset(i32),
    /// A value we do not know, as written.
    Other(Cow<'a, str>),
}

/// A readable record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record<'a> {
    /// start, end, connection start.
    pub times: [Option<i64>; 3],
    /// direction, action, ether type.
    pub words: [Word<'a>; 3],
    /// initiator, target.
    pub addresses: [Option<Address<'a>>; 2],
    /// initiator port, target port, protocol.
    pub ports: [Option<i32>; 3],
    /// was_initiated, was_terminated.
    pub flags: [Option<bool>; 2],
    /// The last eight of [`MEMBERS`].
    pub counters: [Option<i64>; 8],
}

/// Returns the position of a member in [`MEMBERS`].
pub(crate) fn position(name: &str) -> Option<usize> {
    MEMBERS.iter().position(|member| *member == name)
}

impl<'a> Record<'a> {
    /// Reads the raw values; the error is the reason of the first member that cannot be read.
    pub(crate) fn read(raw: &RawMembers<'a>) -> Result<Self, String> {
        fn member<'a, T>(
            raw: &RawMembers<'a>,
            at: usize,
            read: impl Fn(&'a str) -> Result<Option<T>, String>,
        ) -> Result<Option<T>, String> {
            match raw[at] {
                None => Ok(None),
                Some(value) => read(value).map_err(|reason| format!("{} is {reason}", MEMBERS[at])),
            }
        }
        let time = |at| member(raw, at, value::time);
        let address = |at| member(raw, at, value::address);
        let flag = |at| member(raw, at, value::flag);
        let counter = |at| member(raw, at, |raw| value::whole(raw, i64::MAX));
        let small = |at, max| {
            member(raw, at, |raw| value::whole(raw, max))
                .map(|value| value.map(|v| i32::try_from(v).expect("bounded by max")))
        };
        let word = |at, known: fn(&str) -> Option<i32>| {
            Ok::<_, String>(match member(raw, at, value::text)? {
                None => Word::Null,
                Some(text) => known(&text).map_or(Word::Other(text), Word::Preset),
            })
        };
        Ok(Self {
            times: [time(0)?, time(1)?, time(2)?],
            words: [word(3, direction)?, word(4, action)?, word(10, ether_type)?],
            addresses: [address(5)?, address(6)?],
            ports: [small(7, MAX_PORT)?, small(8, MAX_PORT)?, small(9, MAX_PROTOCOL)?],
            flags: [flag(11)?, flag(12)?],
            counters: [
                counter(13)?,
                counter(14)?,
                counter(15)?,
                counter(16)?,
                counter(17)?,
                counter(18)?,
                counter(19)?,
                counter(20)?,
            ],
        })
    }
}

fn direction(text: &str) -> Option<i32> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("i") || is("inbound") {
        Some(0)
    } else if is("o") || is("outbound") {
        Some(1)
    } else {
        None
    }
}

fn action(text: &str) -> Option<i32> {
    ACTIONS.iter().position(|word| text.eq_ignore_ascii_case(word)).map(|at| at as i32)
}

fn ether_type(text: &str) -> Option<i32> {
    ETHER_TYPES.iter().position(|word| text == *word).map(|at| at as i32)
}
