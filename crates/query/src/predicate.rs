//! What a term asks of a row: typed, resolved against the catalogue, free of syntax.
//!
//! Every predicate is two-valued: on a missing (null) value it is **false**, so a lowering to SQL must wrap each
//! one in `coalesce(…, false)` before it negates. [`Query::matches`](crate::Query::matches) is the reference.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use flowglass_flow::address;
use serde::Serialize;

use crate::extra::ExtraTest;

/// How a text is compared. Folding is ASCII only: `É` and `é` differ in every mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// `f:v`: the value starts with `v`, in any case.
    Prefix,
    /// `f:=v`: the value starts with `v`, as typed.
    PrefixCase,
    /// `f:==v`: the value is `v`, in any case.
    Whole,
    /// `f:===v`: the value is `v`, as typed.
    WholeCase,
}

impl Match {
    /// True for the two modes that compare the whole value.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Whole | Self::WholeCase)
    }

    /// True for the two modes that tell upper from lower case.
    pub fn is_case_sensitive(self) -> bool {
        matches!(self, Self::PrefixCase | Self::WholeCase)
    }

    /// The operator as typed: empty for [`Match::Prefix`].
    pub fn operator(self) -> &'static str {
        match self {
            Self::Prefix => "",
            Self::PrefixCase => "=",
            Self::Whole => "==",
            Self::WholeCase => "===",
        }
    }

    /// Compares a value with what was asked for.
    pub fn test(self, value: &str, wanted: &str) -> bool {
        let (value, wanted) = (value.as_bytes(), wanted.as_bytes());
        match self {
            Self::Prefix => value.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted)),
            Self::PrefixCase => value.starts_with(wanted),
            Self::Whole => value.eq_ignore_ascii_case(wanted),
            Self::WholeCase => value == wanted,
        }
    }
}

/// Where a predicate takes its value from, by column name of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// One column.
    Column(&'static str),
    /// The initiator's or the target's column: true if either satisfies the predicate.
    Either(&'static str, &'static str),
    /// Seen from the vNIC: `inbound` where `direction` is `I`, `outbound` where it is `O`, else missing.
    ByDirection {
        /// Column where `direction` is `I`.
        inbound: &'static str,
        /// Column where `direction` is `O`.
        outbound: &'static str,
    },
    /// The sum of two columns, a missing one counting 0; missing if both are. The sum is the mathematical one: it
    /// does not wrap at 2^63.
    Sum(&'static str, &'static str),
}

impl Operand {
    /// The columns it reads, `direction` included where it decides.
    pub fn columns(self) -> Vec<&'static str> {
        match self {
            Self::Column(column) => vec![column],
            Self::Either(a, b) | Self::Sum(a, b) => vec![a, b],
            Self::ByDirection { inbound, outbound } => vec!["direction", inbound, outbound],
        }
    }
}

/// Addresses `first` to `last`, both included, as [`address::to_bits`] orders them: IPv4 as `::ffff:a.b.c.d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressRange {
    /// Lowest address.
    pub first: u128,
    /// Highest address.
    pub last: u128,
}

/// A set of addresses: sorted ranges that neither overlap nor touch. May be empty, which matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AddressSet(Vec<AddressRange>);

impl AddressSet {
    /// Makes the set of some ranges, in any order; a range whose `first` is above its `last` is dropped.
    pub fn new(ranges: impl IntoIterator<Item = AddressRange>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|range| range.first <= range.last).collect();
        ranges.sort_unstable();
        let mut merged: Vec<AddressRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(previous) if range.first <= previous.last.saturating_add(1) => {
                    previous.last = previous.last.max(range.last);
                }
                _ => merged.push(range),
            }
        }
        Self(merged)
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[AddressRange] {
        &self.0
    }

    /// True if nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.contains_bits(address::to_bits(address))
    }

    /// True if the address of these [`address::to_bits`] is in it.
    pub fn contains_bits(&self, bits: u128) -> bool {
        let at = self.0.partition_point(|range| range.last < bits);
        self.0.get(at).is_some_and(|range| range.first <= bits)
    }
}

/// Whole numbers `low` to `high`, both included; none = no bound on that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct NumberRange {
    /// Lowest number.
    pub low: Option<i64>,
    /// Highest number.
    pub high: Option<i64>,
}

impl NumberRange {
    /// The range of one number.
    pub fn only(number: i64) -> Self {
        Self { low: Some(number), high: Some(number) }
    }

    /// True if the number is in it.
    pub fn contains(self, number: i128) -> bool {
        self.low.is_none_or(|low| i128::from(low) <= number) && self.high.is_none_or(|high| number <= i128::from(high))
    }

    /// True if no number is in it.
    pub fn is_empty(self) -> bool {
        matches!((self.low, self.high), (Some(low), Some(high)) if low > high)
    }
}

/// Sorts ranges, joins those that overlap or touch, and drops empty ones. An empty result matches nothing.
pub fn merge_numbers(ranges: impl IntoIterator<Item = NumberRange>) -> Vec<NumberRange> {
    let mut ranges: Vec<_> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
    ranges.sort_unstable_by_key(|range| range.low.unwrap_or(i64::MIN));
    let mut merged: Vec<NumberRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(previous) if previous.high.is_none_or(|high| range.low.unwrap_or(i64::MIN) <= high.saturating_add(1)) => {
                previous.high = previous.high.zip(range.high).map(|(a, b)| a.max(b));
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// What `is:` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// A connection begun in the window: `was_initiated` is true.
    Attempt,
    /// Ends an earlier flow: `was_terminated` is true, `was_initiated` is false, and the four window counters
    /// (bytes and packets, from initiator and target) are all present and 0.
    Closing,
    /// Both addresses are internal ([`address::is_internal`]).
    Internal,
    /// Both addresses are present, and at least one is public ([`address::classify`]).
    Public,
    /// No reply: `packets_from_initiator` above 0 and `packets_from_target` 0.
    OneWay,
}

impl Property {
    /// All of them, in the order completion offers them.
    pub const ALL: [Self; 5] = [Self::Attempt, Self::Closing, Self::Internal, Self::Public, Self::OneWay];

    /// The word after `is:`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attempt => "attempt",
            Self::Closing => "closing",
            Self::Internal => "internal",
            Self::Public => "public",
            Self::OneWay => "one_way",
        }
    }

    /// What it means, in a few words.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Attempt => "a connection begun in the window",
            Self::Closing => "ends an earlier flow: no traffic, no attempt",
            Self::Internal => "both addresses are private or link-local",
            Self::Public => "at least one address is public",
            Self::OneWay => "packets from the initiator, none from the target",
        }
    }

    /// The columns it reads.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Attempt => &["was_initiated"],
            Self::Closing => &[
                "was_initiated",
                "was_terminated",
                "bytes_from_initiator",
                "packets_from_initiator",
                "bytes_from_target",
                "packets_from_target",
            ],
            Self::Internal | Self::Public => &["initiator_ip", "target_ip"],
            Self::OneWay => &["packets_from_initiator", "packets_from_target"],
        }
    }
}

/// What a term asks of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    /// A text column compares with any of the values. Never empty of values.
    Text {
        /// Column of kind Text or Json.
        column: &'static str,
        /// How.
        how: Match,
        /// What was asked for: one, or a list.
        values: Vec<String>,
    },
    /// A CRN column compares with any of the values as text does, **or** its last segment (after the last `:`)
    /// equals the value: in any case for [`Match::Prefix`] and [`Match::Whole`], else as typed.
    Crn {
        /// Column of kind Crn.
        column: &'static str,
        /// How.
        how: Match,
        /// What was asked for: one, or a list.
        values: Vec<String>,
    },
    /// An address lies in a set.
    Address {
        /// Address columns; never a sum.
        operand: Operand,
        /// Single addresses, networks, ranges and octet prefixes, all as ranges.
        set: AddressSet,
    },
    /// A number lies in one of the ranges (sorted, apart; empty = false).
    Number {
        /// Columns of kind Integer, Port or Protocol.
        operand: Operand,
        /// Ranges.
        ranges: Vec<NumberRange>,
    },
    /// An instant (microseconds since the epoch, UTC) lies in one of the ranges (both ends included).
    Time {
        /// Column of kind Time.
        column: &'static str,
        /// Ranges of microseconds.
        ranges: Vec<NumberRange>,
    },
    /// A day (days since the epoch) lies in one of the ranges.
    Day {
        /// Column of kind Day.
        column: &'static str,
        /// Ranges of days.
        ranges: Vec<NumberRange>,
    },
    /// A flag is what was asked for.
    Boolean {
        /// Column of kind Boolean.
        column: &'static str,
        /// The wanted value.
        value: bool,
    },
    /// A value is present. `Either` and `Sum`: at least one of the two.
    Exists(Operand),
    /// A word or phrase in any of the [`WORD_COLUMNS`]; see [`word_in`].
    Word {
        /// Whether it must start a token or be a whole one, and whether case counts.
        how: Match,
        /// The word or phrase; not empty.
        text: String,
    },
    /// A member of `extra`; see [`ExtraTest::matches`], which takes the JSON text.
    Extra {
        /// Names from the outside in; not empty.
        path: Vec<String>,
        /// What is asked of the member.
        test: ExtraTest,
    },
    /// A property of the row.
    Is(Property),
    /// `sides:both`: always true; asks the measures to count both reports of a flow between two vNICs.
    /// Stands only at the top or in the top conjunction.
    BothSides,
    /// A line attribute that flows lack: always false.
    Never {
        /// The attribute as typed, such as `host` or `label.database`.
        attribute: String,
        /// Operator and value as typed.
        value: String,
    },
}

/// The columns a bare word is looked for in: every text, CRN and JSON column but our own `object_id`.
pub static WORD_COLUMNS: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
    use flowglass_flow::Kind;
    flowglass_flow::catalogue::FIELDS
        .iter()
        .filter(|field| matches!(field.kind, Kind::Text | Kind::Crn | Kind::Json) && field.name != "object_id")
        .map(|field| field.name)
        .collect()
});

/// True if a text holds the word (or phrase) where a token starts.
///
/// A token starts where no ASCII letter or digit and no non-ASCII character stands before; a word that itself begins
/// with a symbol is found anywhere. The `Whole` modes also want the token to end where the word ends. As a regular
/// expression, with `x` the escaped word: `(?:^|[^a-zA-Z0-9\x80-\u{10FFFF}])x(?:$|[^a-zA-Z0-9\x80-\u{10FFFF}])`,
/// see [`word_pattern`].
pub fn word_in(text: &str, word: &str, how: Match) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let (Some(&first), Some(&last)) = (word.first(), word.last()) else { return false };
    (0..(text.len() + 1).saturating_sub(word.len())).any(|at| {
        let (start, end) = (at, at + word.len());
        let here = &text[start..end];
        (if how.is_case_sensitive() { here == word } else { here.eq_ignore_ascii_case(word) })
            && (start == 0 || !in_token(first) || !in_token(text[start - 1]))
            && (!how.is_whole() || end == text.len() || !in_token(last) || !in_token(text[end]))
    })
}

/// Returns the regular expression (syntax of the `regex` crate) that finds what [`word_in`] finds.
pub fn word_pattern(word: &str, how: Match) -> String {
    const OUTSIDE: &str = r"[^a-zA-Z0-9\x{80}-\x{10FFFF}]";
    let mut pattern = String::new();
    if word.bytes().next().is_some_and(in_token) {
        pattern.push_str(&format!("(?:^|{OUTSIDE})"));
    }
    // ASCII folding only, letter by letter: the expression's own (?i) would fold all of Unicode.
    for c in word.chars() {
        if c.is_ascii_alphabetic() && !how.is_case_sensitive() {
            pattern.push_str(&format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase()));
        } else if c.is_ascii_alphanumeric() || !c.is_ascii() {
            pattern.push(c);
        } else {
            pattern.push_str(&format!(r"\x{{{:x}}}", u32::from(c)));
        }
    }
    if how.is_whole() && word.bytes().last().is_some_and(in_token) {
        pattern.push_str(&format!("(?:$|{OUTSIDE})"));
    }
    pattern
}

fn in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

impl Predicate {
    /// The columns it reads.
    pub fn columns(&self) -> Vec<&'static str> {
        match self {
            Self::Text { column, .. }
            | Self::Crn { column, .. }
            | Self::Time { column, .. }
            | Self::Day { column, .. }
            | Self::Boolean { column, .. } => vec![column],
            Self::Address { operand, .. } | Self::Number { operand, .. } | Self::Exists(operand) => operand.columns(),
            Self::Word { .. } => WORD_COLUMNS.clone(),
            Self::Extra { .. } => vec!["extra"],
            Self::Is(property) => property.columns().to_vec(),
            Self::BothSides | Self::Never { .. } => vec![],
        }
    }
}

impl fmt::Display for AddressRange {
    /// Writes an address, a network in CIDR notation, or `first..last`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (from_bits(self.first), from_bits(self.last));
        if self.first == self.last {
            return write!(f, "{first}");
        }
        let differing = self.first ^ self.last;
        let is_network = differing & (differing.wrapping_add(1)) == 0 && self.first & differing == 0;
        let host_bits = 128 - differing.leading_zeros();
        match (first, last) {
            (IpAddr::V4(_), IpAddr::V4(_)) if is_network && host_bits <= 32 => write!(f, "{first}/{}", 32 - host_bits),
            (IpAddr::V6(_), IpAddr::V6(_)) if is_network => write!(f, "{first}/{}", 128 - host_bits),
            // One end is an IPv4 address as IPv6 has it.
            _ if first.is_ipv4() != last.is_ipv4() => {
                write!(f, "{}..{}", Ipv6Addr::from(self.first), Ipv6Addr::from(self.last))
            }
            _ => write!(f, "{first}..{last}"),
        }
    }
}

fn from_bits(bits: u128) -> IpAddr {
    IpAddr::V6(bits.into()).to_canonical()
}
