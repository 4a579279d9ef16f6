//! Answers to questions.

use serde::Serialize;
use utoipa::ToSchema;

use super::meta::{Meta, Nearest, Range, Time, Value};
use super::row::Row;

/// A page of rows.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// The columns asked for, in order.
    pub fields: Vec<String>,
    /// Where to go on; none at the end.
    #[schema(required)]
    pub next: Option<String>,
    /// Set when there are no rows and the range is bounded.
    #[schema(required)]
    pub nearest: Option<Nearest>,
    /// Rows, newest first unless told otherwise.
    pub rows: Vec<Row>,
}

/// One number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// The number.
    pub count: u64,
    /// Set when it is 0 and the range is bounded.
    #[schema(required)]
    pub nearest: Option<Nearest>,
}

/// One time bucket of a series.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketCount {
    /// Start of the bucket.
    pub start: Time,
    /// The measure in it.
    pub value: u64,
    /// Part of the asked vNICs' life in this bucket that objects cover, 0 to 1; none where nothing was alive.
    #[schema(required)]
    pub coverage: Option<f64>,
}

/// One line of a chart.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HistogramAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// Bucket width in seconds (days may be an hour shorter or longer where the clocks change).
    pub bucket_seconds: u64,
    /// Field of the split.
    #[schema(required)]
    pub split: Option<String>,
    /// One series without a split; the greatest first with one.
    pub series: Vec<Series>,
    /// Set when everything is 0 and the range is bounded.
    #[schema(required)]
    pub nearest: Option<Nearest>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    #[schema(required)]
    pub nearest: Option<Nearest>,
}

/// One value of a top list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TopValue {
    /// The value; `Null` for rows without the field.
    pub value: Value,
    /// The measure.
    pub count: u64,
}

/// The greatest values of a field.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    #[schema(required)]
    pub nearest: Option<Nearest>,
}

/// The greatest values of one field among several.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FacetsAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// One facet per asked field, in the asked order.
    pub facets: Vec<Facet>,
}

/// How a connection ended, as far as the records tell.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionEnd {
    /// No record says that it ended.
    Open,
    /// A record says it was terminated, after both sides had spoken.
    Closed,
    /// Every record says rejected: no packet passed.
    Refused,
    /// Accepted on the side that reports, rejected on the other.
    RefusedByTarget,
    /// The target never answered.
    OneWay,
}

/// A connection's totals over the records of one vNIC.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SideRecords {
    /// The vNIC that reports.
    #[schema(required)]
    pub vnic_id: Option<String>,
    /// `I`: it is the target; `O`: it is the initiator.
    #[schema(required)]
    pub direction: Option<String>,
    /// Verdicts seen: `accepted`, `rejected`, or both.
    pub actions: Vec<String>,
    /// First packet seen.
    pub start: Time,
    /// Last packet seen, or the end of the last window.
    pub end: Time,
    /// Bytes from the initiator.
    pub bytes_from_initiator: u64,
    /// Packets from the initiator.
    pub packets_from_initiator: u64,
    /// Bytes from the target.
    pub bytes_from_target: u64,
    /// Packets from the target.
    pub packets_from_target: u64,
    /// True if a record says that the connection was terminated.
    pub terminated: bool,
    /// True if a window of it is marked `skip data`: the totals are lower bounds.
    pub lossy: bool,
    /// Ids of its records, oldest first.
    pub rows: Vec<String>,
}

/// A connection stitched from its windows on all vNICs that report it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSummary {
    /// Id of its first record: what to ask [`ConnectionAnswer`] of.
    pub id: String,
    /// Side that sent the first packet.
    #[schema(required)]
    pub initiator_ip: Option<String>,
    /// Its port.
    #[schema(required)]
    pub initiator_port: Option<i32>,
    /// The other side.
    #[schema(required)]
    pub target_ip: Option<String>,
    /// Its port.
    #[schema(required)]
    pub target_port: Option<i32>,
    /// IANA protocol number.
    #[schema(required)]
    pub transport_protocol: Option<i32>,
    /// First packet of the connection; where sides differ, the earlier.
    pub start: Time,
    /// Last packet seen.
    pub end: Time,
    /// How it ended.
    pub state: ConnectionEnd,
    /// Verdicts seen on any side.
    pub actions: Vec<String>,
    /// Bytes from the initiator, once: from the side that saw more.
    pub bytes_from_initiator: u64,
    /// Packets from the initiator, once.
    pub packets_from_initiator: u64,
    /// Bytes from the target, once.
    pub bytes_from_target: u64,
    /// Packets from the target, once.
    pub packets_from_target: u64,
    /// Records it was stitched from.
    pub records: u64,
    /// What each vNIC reports.
    pub sides: Vec<SideRecords>,
}

/// One connection.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// The connection.
    pub connection: ConnectionSummary,
    /// Its records, oldest first.
    pub rows: Vec<Row>,
}

/// Connections of the matching records.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionListAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// Newest first.
    pub connections: Vec<ConnectionSummary>,
    /// True if there are more than listed.
    pub truncated: bool,
    /// Set when there are none and the range is bounded.
    #[schema(required)]
    pub nearest: Option<Nearest>,
}

/// One row, whole.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RowAnswer {
    /// Version of the lake the answer holds at.
    pub lake_version: u64,
    /// Wall time, milliseconds.
    pub elapsed_ms: f64,
    /// The row.
    pub row: Row,
}

/// A column of an SQL answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlColumn {
    /// Its name; columns of one name are numbered.
    pub name: String,
    /// Its Arrow type.
    pub r#type: String,
}

/// The result of an SQL statement.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlAnswer {
    /// Version of the lake the answer holds at.
    pub lake_version: u64,
    /// Wall time, milliseconds.
    pub elapsed_ms: f64,
    /// Rows that left the scans.
    pub rows_read: u64,
    /// True if there were more rows than the limit.
    pub truncated: bool,
    /// The columns, in order.
    pub columns: Vec<SqlColumn>,
    /// The rows: members as the columns are named, and `id` where a row has `object_id` and `record_index`.
    #[schema(value_type = Vec<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub rows: Vec<serde_json::Value>,
}
