//! What a term asks of a row: typed, resolved against the catalogue, free of syntax.
//!
//! Every predicate is two-valued: on a missing (null) value it is **false**, so a lowering to SQL must wrap each
//! one in `coalesce(…, false)` before it negates. [`Query::matches`](crate::Query::matches) is the reference.

use serde::Serialize;

use crate::extra::ExtraTest;
use crate::ranges::{AddressSet, NumberRange};
use crate::words::WORD_COLUMNS;

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

/// What `is:` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// A connection begun in the window: `was_initiated` is true.
    Attempt,
    /// Ends an earlier flow: `was_terminated` is true, `was_initiated` is false, and the four window counters
    /// (bytes and packets, from initiator and target) are all present and 0.
    Closing,
    /// Both addresses are internal ([`flowglass_flow::address::is_internal`]).
    Internal,
    /// Both addresses are present, and at least one is public ([`flowglass_flow::address::classify`]).
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
    /// A word or phrase in any of the [`WORD_COLUMNS`](crate::WORD_COLUMNS); see [`word_in`](crate::word_in).
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

impl Predicate {
    /// The columns it reads.
    pub fn columns(&self) -> Vec<&'static str> {
        match self {
            Self::Text { column, .. }
            | Self::Crn { column, .. }
            | Self::Time { column, .. }
            | Self::Day { column, .. }
            | Self::Boolean { column, .. } => vec![column],
            Self::Address { operand, .. } | Self::Number { operand, .. } | Self::Exists(operand) => {
                operand.columns()
            }
            Self::Word { .. } => WORD_COLUMNS.clone(),
            Self::Extra { .. } => vec!["extra"],
            Self::Is(property) => property.columns().to_vec(),
            Self::BothSides | Self::Never { .. } => vec![],
        }
    }
}
