//! What a reader is asked.

use std::time::Duration;

use flowglass_query::Query;
use serde::{Deserialize, Serialize};

/// A half-open range `[from, to)` on `time`, microseconds since the epoch, UTC; an absent bound is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range {
    /// First instant inside.
    pub from: Option<i64>,
    /// First instant after.
    pub to: Option<i64>,
}

impl Range {
    /// The range `[from, to)`.
    pub fn new(from: i64, to: i64) -> Self {
        Self { from: Some(from), to: Some(to) }
    }

    /// True if an instant lies inside.
    pub fn contains(&self, time: i64) -> bool {
        self.from.is_none_or(|from| time >= from) && self.to.is_none_or(|to| time < to)
    }
}

/// What charts, tops and groups count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Records with `was_initiated`: connections begun in a window, by the vNIC that reports them.
    Attempts,
    /// Records without closing ones (unless the query asks for closing records by name).
    Records,
    /// All records, closing ones too: what `search` and `count` count.
    AllRecords,
    /// Distinct connections: vNIC, five-tuple and connection start; one seen from both ends counts once.
    Connections,
    /// Bytes of both directions; traffic seen from both ends counts once.
    Bytes,
    /// Packets of both directions; traffic seen from both ends counts once.
    Packets,
}

impl Measure {
    /// All measures, in the order a menu shows them.
    pub const ALL: [Self; 6] =
        [Self::Attempts, Self::Records, Self::AllRecords, Self::Connections, Self::Bytes, Self::Packets];

    /// The word used in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Records => "records",
            Self::AllRecords => "all_records",
            Self::Connections => "connections",
            Self::Bytes => "bytes",
            Self::Packets => "packets",
        }
    }
}

impl std::str::FromStr for Measure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|measure| measure.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|measure| measure.as_str()).collect();
            format!("{text:?} is no measure; use one of {}", names.join(", "))
        })
    }
}

/// Whether traffic that two covered vNICs report is counted once or as often as it is reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// Volume and connection measures count the initiator's side only where both sides are covered.
    #[default]
    Once,
    /// Everything that is reported counts (`sides:both`).
    Both,
}

/// Which rows a question is about.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The parsed query.
    pub query: Query,
    /// The range on `time`.
    pub range: Range,
    /// The principal's row filter, ANDed to the query before planning.
    pub filter: Option<Query>,
}

impl Scope {
    /// A scope without row filter.
    pub fn new(query: Query, range: Range) -> Self {
        Self { query, range, filter: None }
    }
}

/// What one question may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows an answer may hold.
    pub max_rows: usize,
    /// Bytes of memory one query may use (it also shares the reader's pool).
    pub memory_bytes: usize,
    /// Time after which it is given up.
    pub timeout: Duration,
}

impl Default for Limits {
    /// 10,000 rows, 256 MiB, 60 seconds.
    fn default() -> Self {
        Self { max_rows: 10_000, memory_bytes: 256 << 20, timeout: Duration::from_secs(60) }
    }
}

/// One sort key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SortKey {
    /// Column to sort by.
    pub field: String,
    /// Greatest first.
    pub descending: bool,
}

impl std::str::FromStr for SortKey {
    type Err = std::convert::Infallible;

    /// Reads `field` or `-field`; whether the field exists is the reader's to say.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.strip_prefix('-') {
            Some(field) => Self { field: field.to_owned(), descending: true },
            None => Self { field: text.strip_prefix('+').unwrap_or(text).to_owned(), descending: false },
        })
    }
}

/// How a search is answered.
#[derive(Debug, Clone, Default)]
pub struct SearchOptions {
    /// Rows of one page; `None` means 100. Bounded by [`Limits::max_rows`].
    pub limit: Option<usize>,
    /// Sort keys; none means newest first. Ties are broken by `time` (newest first), `object_id`, `record_index`.
    pub sort: Vec<SortKey>,
    /// Columns to return, in this order; none means all. Unknown names are an error.
    pub fields: Vec<String>,
    /// Where to go on: the `next` of an earlier answer to the same question.
    pub cursor: Option<Cursor>,
    /// What it may cost.
    pub limits: Limits,
}

/// A place in a result at one lake version; opaque text outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub(crate) String);

impl Cursor {
    /// Takes the text of an earlier answer's `next`; its form is checked when it is used.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to hand out.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Width of time buckets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bucket {
    /// A round width that gives at most about 120 buckets.
    #[default]
    Auto,
    /// A fixed width of whole microseconds, at least one second. Widths of whole days follow the time zone's midnights.
    Width(Duration),
}

/// How a histogram is made.
#[derive(Debug, Clone, Default)]
pub struct HistogramOptions {
    /// Bucket width.
    pub bucket: Bucket,
    /// Field whose values make a series each: the ten greatest, the rest as `other`.
    pub split: Option<String>,
    /// What is counted; none means attempts where rejected traffic is charted, else records without closing ones.
    pub measure: Option<Measure>,
    /// IANA time zone whose hours and midnights the buckets follow; none means UTC.
    pub time_zone: Option<String>,
    /// What it may cost.
    pub limits: Limits,
}

/// One key of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupKey {
    /// A column, or one of the pseudo-fields `local_ip`, `peer_ip`.
    Field(String),
    /// A time bucket of this width.
    Time(Bucket),
}

/// What is computed of each group. Aggregates of fields look at all matching rows but closing ones; sums and averages of
/// byte and packet counters count traffic seen from both ends once.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregate {
    /// The measure itself: how much there is.
    Measure(Measure),
    /// Sum of a number column.
    Sum(String),
    /// Number of distinct values of a column.
    Distinct(String),
    /// Least value.
    Min(String),
    /// Greatest value.
    Max(String),
    /// Mean of a number column.
    Avg(String),
    /// Approximate percentile (0 to 100) of a number column.
    Percentile(String, f64),
}

impl Aggregate {
    /// The name of its column in an answer, such as `sum(bytes_from_target)` or `p95(bytes_from_target)`.
    pub fn name(&self) -> String {
        match self {
            Self::Measure(measure) => measure.as_str().to_owned(),
            Self::Sum(field) => format!("sum({field})"),
            Self::Distinct(field) => format!("distinct({field})"),
            Self::Min(field) => format!("min({field})"),
            Self::Max(field) => format!("max({field})"),
            Self::Avg(field) => format!("avg({field})"),
            Self::Percentile(field, p) => format!("p{p}({field})"),
        }
    }
}

/// What a group answer is sorted by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OrderBy {
    /// The first aggregate, greatest first.
    #[default]
    FirstAggregate,
    /// The aggregate at that position.
    Aggregate {
        /// Position in [`GroupOptions::aggregates`].
        index: usize,
        /// Greatest first.
        descending: bool,
    },
    /// The keys, in their own order.
    Keys,
}

/// What a group answer is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The range of the same length just before.
    PreviousPeriod,
    /// The same range, this much earlier.
    Earlier(Duration),
}

/// How a group answer is made.
#[derive(Debug, Clone, Default)]
pub struct GroupOptions {
    /// Keys; none makes one group of all.
    pub keys: Vec<GroupKey>,
    /// Aggregates; none means the default measure.
    pub aggregates: Vec<Aggregate>,
    /// Groups returned; `None` means 100. Bounded by [`Limits::max_rows`].
    pub limit: Option<usize>,
    /// Order.
    pub order: OrderBy,
    /// Compared with an earlier range; needs a range with both bounds.
    pub compare: Option<Comparison>,
    /// IANA time zone of time buckets; none means UTC.
    pub time_zone: Option<String>,
    /// What it may cost.
    pub limits: Limits,
}
