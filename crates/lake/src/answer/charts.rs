//! Charts, groups and lists of the greatest values.

use serde::Serialize;

use super::meta::{Meta, Nearest};
use super::request::Range;
use super::value::{Instant, Value};

/// One time bucket of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BucketCount {
    /// Start of the bucket.
    pub start: Instant,
    /// The measure in it.
    pub value: u64,
    /// Part of the asked vNICs' life in this bucket that objects cover, 0 to 1; none where nothing was alive.
    pub coverage: Option<f64>,
}

/// One line of a chart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// Value of the split field; `Null` where the rows lack it, or without a split.
    pub key: Value,
    /// True for the series that sums up the values beyond the greatest ones.
    pub other: bool,
    /// Sum over the range.
    pub total: u64,
    /// One entry for every bucket of the answer, empty ones too.
    pub buckets: Vec<BucketCount>,
}

/// A chart over time.
#[derive(Debug, Clone, Serialize)]
pub struct HistogramAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// Bucket width in seconds (days may be an hour shorter or longer where the clocks change).
    pub bucket_seconds: u64,
    /// Field of the split.
    pub split: Option<String>,
    /// One series without a split; the greatest first with one.
    pub series: Vec<Series>,
    /// Set when everything is 0 and the range is bounded.
    pub nearest: Option<Nearest>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupRow {
    /// Values of the keys, in the asked order.
    pub keys: Vec<Value>,
    /// Values of the aggregates, in the asked order.
    pub values: Vec<Value>,
    /// The same aggregates in the compared range; `Null` values where the group was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Vec<Value>>,
}

/// Groups with their aggregates.
#[derive(Debug, Clone, Serialize)]
pub struct GroupAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// Names of the keys: the field, or `time`.
    pub keys: Vec<String>,
    /// Names of the aggregates, such as `sum(bytes_from_target)`.
    pub aggregates: Vec<String>,
    /// The groups.
    pub rows: Vec<GroupRow>,
    /// True if there were more groups than returned.
    pub truncated: bool,
    /// The compared range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared: Option<Range>,
    /// Set when there are no groups and the range is bounded.
    pub nearest: Option<Nearest>,
}

/// One value of a top list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TopValue {
    /// The value; `Null` for rows without the field.
    pub value: Value,
    /// The measure.
    pub count: u64,
}

/// The greatest values of a field.
#[derive(Debug, Clone, Serialize)]
pub struct TopAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// The field.
    pub field: String,
    /// Greatest first.
    pub values: Vec<TopValue>,
    /// Sum over all values, also those not listed.
    pub total: u64,
    /// Number of values, also those not listed.
    pub distinct: u64,
    /// Set when there are no values and the range is bounded.
    pub nearest: Option<Nearest>,
}

/// The greatest values of one field among several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facet {
    /// The field.
    pub field: String,
    /// Greatest first.
    pub values: Vec<TopValue>,
    /// Sum over all values, also those not listed.
    pub total: u64,
    /// Number of values, also those not listed.
    pub distinct: u64,
}

/// The greatest values of several fields.
#[derive(Debug, Clone, Serialize)]
pub struct FacetsAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// One facet per asked field, in the asked order.
    pub facets: Vec<Facet>,
}
