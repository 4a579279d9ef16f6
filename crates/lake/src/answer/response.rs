//! What a reader says.

use arrow::record_batch::RecordBatch;
use flowglass_flow::RowId;
use serde::{Serialize, Serializer};

use super::request::{Cursor, Measure, Range, Sides};
use super::value::{Instant, Value};
use crate::coverage::CoverageReport;

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut state = serializer.serialize_struct("Range", 2)?;
        state.serialize_field("from", &self.from.map(Instant))?;
        state.serialize_field("to", &self.to.map(Instant))?;
        state.end()
    }
}

/// Whether closing records were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// They were: they are records like others here.
    Included,
    /// They were not: they carry no traffic.
    Excluded,
}

/// What the numbers of an answer count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeasureUsed {
    /// The measure.
    pub name: Measure,
    /// Whether closing records were counted.
    pub closing: Closing,
    /// Whether traffic seen from both ends counts once.
    pub sides: Sides,
    /// The same in words, such as `records without closing ones`.
    pub words: String,
}

/// What every answer says of itself.
#[derive(Debug, Clone, Serialize)]
pub struct Meta {
    /// Version of the `flows` table the answer holds at.
    pub lake_version: u64,
    /// What its numbers count.
    pub measure: MeasureUsed,
    /// The range asked.
    pub range: Range,
    /// What part of the asked time was covered by objects.
    pub coverage: CoverageReport,
    /// Wall time, milliseconds.
    pub elapsed_ms: f64,
    /// Rows that left the scan, after filters within the files.
    pub rows_read: u64,
    /// Data files opened.
    pub files_read: u64,
    /// Data files of the table.
    pub files_total: u64,
    /// Things to know, in sentences: what flow logs never hold, lossy windows, cut answers.
    pub warnings: Vec<String>,
}

/// A matching row outside the asked range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NearestRow {
    /// When it happened.
    pub time: Instant,
    /// Its permanent id.
    #[serde(serialize_with = "as_text")]
    pub id: RowId,
}

/// Where the query matches, when it matches nothing in the range.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Nearest {
    /// The last match before the range.
    pub before: Option<NearestRow>,
    /// The first match after the range.
    pub after: Option<NearestRow>,
}

/// A page of rows.
#[derive(Debug, Clone, Serialize)]
pub struct SearchAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// Rows, each batch with the asked columns in the asked order, followed by `object_id` and `record_index` if those were
    /// not asked for (see [`super::row_to_json`], which turns the two into `id`).
    #[serde(skip)]
    pub rows: Vec<RecordBatch>,
    /// The columns asked for, in order.
    pub fields: Vec<String>,
    /// Where to go on; none at the end.
    pub next: Option<Cursor>,
    /// Set when there are no rows and the range is bounded.
    pub nearest: Option<Nearest>,
}

impl SearchAnswer {
    /// Number of rows on this page.
    pub fn row_count(&self) -> usize {
        self.rows.iter().map(RecordBatch::num_rows).sum()
    }
}

/// One number.
#[derive(Debug, Clone, Serialize)]
pub struct CountAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// The number.
    pub count: u64,
    /// Set when it is 0 and the range is bounded.
    pub nearest: Option<Nearest>,
}

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

/// One row, whole.
#[derive(Debug, Clone)]
pub struct RowAnswer {
    /// One batch of one row with all columns.
    pub row: RecordBatch,
    /// Version of the `flows` table.
    pub lake_version: u64,
}

/// How a connection ended, as far as the records tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SideRecords {
    /// The vNIC that reports.
    pub vnic_id: Option<String>,
    /// `I`: it is the target; `O`: it is the initiator.
    pub direction: Option<String>,
    /// Verdicts seen: `accepted`, `rejected`, or both.
    pub actions: Vec<String>,
    /// First packet seen.
    pub start: Instant,
    /// Last packet seen, or the end of the last window.
    pub end: Instant,
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
    #[serde(serialize_with = "as_texts")]
    pub rows: Vec<RowId>,
}

/// A connection stitched from its windows on all vNICs that report it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionSummary {
    /// Id of its first record: what to ask [`ConnectionAnswer`] of.
    #[serde(serialize_with = "as_text")]
    pub id: RowId,
    /// Side that sent the first packet.
    pub initiator_ip: Option<String>,
    /// Its port.
    pub initiator_port: Option<i32>,
    /// The other side.
    pub target_ip: Option<String>,
    /// Its port.
    pub target_port: Option<i32>,
    /// IANA protocol number.
    pub transport_protocol: Option<i32>,
    /// First packet of the connection; where sides differ, the earlier.
    pub start: Instant,
    /// Last packet seen.
    pub end: Instant,
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
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// The connection.
    pub connection: ConnectionSummary,
    /// Its records, oldest first, all columns.
    #[serde(skip)]
    pub rows: Vec<RecordBatch>,
}

/// Connections of the matching records.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionListAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// Newest first.
    pub connections: Vec<ConnectionSummary>,
    /// True if there are more than listed.
    pub truncated: bool,
    /// Set when there are none and the range is bounded.
    pub nearest: Option<Nearest>,
}

/// A value of a field that occurs in the lake.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueCount {
    /// The value.
    pub value: Value,
    /// Records that have it.
    pub count: u64,
}

/// Values of a field, for completion.
#[derive(Debug, Clone, Serialize)]
pub struct ValuesAnswer {
    /// The field.
    pub field: String,
    /// Most frequent first.
    pub values: Vec<ValueCount>,
    /// The counts are over this range (the newest days only, when the lake is large).
    pub range: Range,
}

/// The result of an SQL statement.
#[derive(Debug, Clone)]
pub struct SqlAnswer {
    /// Rows.
    pub rows: Vec<RecordBatch>,
    /// Their schema, also when there are none.
    pub schema: arrow::datatypes::SchemaRef,
    /// True if there were more rows than the limit.
    pub truncated: bool,
    /// Version of the `flows` table.
    pub lake_version: u64,
    /// Wall time, milliseconds.
    pub elapsed_ms: f64,
    /// Rows that left the scans.
    pub rows_read: u64,
}

/// Rows added between two versions.
#[derive(Debug, Clone)]
pub struct AddedRows {
    /// Rows in commit order (within a commit: by time), all columns.
    pub rows: Vec<RecordBatch>,
    /// The version they reach up to: ask from here next.
    pub version: u64,
    /// True if there were more rows than the limit, which were skipped (the oldest of them).
    pub skipped: u64,
}

/// Objects with one outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeCount {
    /// The outcome.
    pub outcome: String,
    /// How many.
    pub objects: u64,
}

/// What a lake holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LakeStats {
    /// Version of the `flows` table.
    pub lake_version: u64,
    /// Rows.
    pub rows: u64,
    /// Data files.
    pub files: u64,
    /// Bytes of the data files.
    pub bytes: u64,
    /// Bytes a row takes on average.
    pub bytes_per_record: f64,
    /// Days (partitions) with data.
    pub days: u64,
    /// Most files in one day's partition.
    pub most_files_in_a_day: u64,
    /// Time of the oldest row.
    pub oldest: Option<Instant>,
    /// Time of the newest row.
    pub newest: Option<Instant>,
    /// Objects known, by outcome.
    pub objects: Vec<OutcomeCount>,
    /// vNICs known.
    pub vnics: u64,
    /// When a source was last listed.
    pub last_listed: Option<Instant>,
}

fn as_text<S: Serializer>(id: &RowId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

fn as_texts<S: Serializer>(ids: &[RowId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(RowId::to_string))
}
