//! The lake, its ledger and its language.

use serde::Serialize;
use utoipa::ToSchema;

use super::meta::{Coverage, Range, Time, Value};

/// Objects with one outcome.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeCount {
    /// The outcome.
    pub outcome: String,
    /// How many.
    pub objects: u64,
}

/// What a lake holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    #[schema(required)]
    pub oldest: Option<Time>,
    /// Time of the newest row.
    #[schema(required)]
    pub newest: Option<Time>,
    /// Objects known, by outcome.
    pub objects: Vec<OutcomeCount>,
    /// vNICs known.
    pub vnics: u64,
    /// When a source was last listed.
    #[schema(required)]
    pub last_listed: Option<Time>,
}

/// A value of a field that occurs in the lake.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueCount {
    /// The value.
    pub value: Value,
    /// Records that have it.
    pub count: u64,
}

/// A source, as its ingester last saw it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceState {
    /// Its name.
    pub source: String,
    /// Where it is.
    pub location: String,
    /// When its listing was last read to the end.
    #[schema(required)]
    pub last_listed: Option<Time>,
    /// Objects of that listing that were not read yet.
    pub pending_objects: u64,
    /// Why ingestion is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// When this was written.
    pub written_at: Time,
}

/// What the lake holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LakeAnswer {
    /// Version of the lake the answer holds at.
    pub lake_version: u64,
    /// Where it is: what `--lake` takes; not told to callers who may see some rows only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What it holds; not told to callers who may see some rows only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<LakeStats>,
    /// Its sources; not told to those either, nor by a server that reads none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<SourceState>>,
}

/// The newest version.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionAnswer {
    /// Version of the lake.
    pub lake_version: u64,
}

/// What time is covered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CoverageAnswer {
    /// Version of the lake the answer holds at.
    pub lake_version: u64,
    /// Wall time, milliseconds.
    pub elapsed_ms: f64,
    /// The coverage.
    pub coverage: Coverage,
}

/// A column of a row.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldInfo {
    /// Its name.
    pub name: String,
    /// What its values are: `text`, `address`, `port`, `protocol`, `integer`, `time`, `day`, `boolean`, `crn`, `json`.
    pub kind: String,
    /// Unit of a number: `bytes` or `packets`.
    #[schema(required)]
    pub unit: Option<String>,
    /// Where it comes from: `flowglass`, `record`, `header` or `key`.
    pub origin: String,
    /// Its values, where they are a closed set.
    pub values: Vec<String>,
    /// What it means.
    pub doc: String,
}

/// A field of the language that is no column.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PseudoField {
    /// Its name.
    pub name: String,
    /// What it means.
    pub doc: String,
}

/// The fields of the language.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldsAnswer {
    /// Columns of a row, in column order.
    pub columns: Vec<FieldInfo>,
    /// Fields of the language that are no columns.
    pub pseudo: Vec<PseudoField>,
}

/// One proposal.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// Text to insert.
    pub text: String,
    /// What it is: `field`, `pseudo`, `keyword`, `operator`, `value` or `service`.
    pub kind: String,
    /// A few words about it.
    pub detail: String,
}

/// What could stand at a place of a query.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteAnswer {
    /// Start and end of the text an item replaces, in bytes of UTF-8.
    pub span: [u64; 2],
    /// Fields, values and words of the language, best first.
    pub items: Vec<Completion>,
    /// Values that rows of the lake have, most frequent first.
    pub values: Vec<ValueCount>,
    /// Names of hosts that fit.
    pub names: Vec<String>,
}

/// A piece of a query.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Start and end, in bytes of UTF-8.
    pub span: [u64; 2],
    /// What it is: `field`, `operator`, `value`, `word`, `phrase`, `keyword`, `bracket` or `error`.
    pub class: String,
}

/// Something said of a place in a query.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Start and end, in bytes of UTF-8.
    pub span: [u64; 2],
    /// What.
    pub message: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What a time range in words means.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeAnswer {
    /// The range.
    #[schema(required)]
    pub range: Option<Range>,
    /// What is wrong with the words; then there is no range.
    #[schema(required)]
    pub error: Option<Remark>,
}

/// What a query means, or what is wrong with it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainAnswer {
    /// The text's pieces, for colours.
    pub pieces: Vec<Piece>,
    /// What is wrong with it; then the rest is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Remark>,
    /// The query in canonical form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical: Option<String>,
    /// The parsed tree: `{"op": "and" | "or", "terms": […]}`, `{"op": "not", "term": …}`, `{"op": "everything"}`, or
    /// `{"op": "term", "text", "source", "span", "columns"}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>)]
    pub tree: Option<serde_json::Value>,
    /// The parsed tree as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Columns it reads.
    pub columns: Vec<String>,
    /// What is worth knowing of it.
    pub notes: Vec<Remark>,
}

/// A record that could not be read, or a remark on an object.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectProblem {
    /// Position of the record; missing for the object as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// What is wrong.
    pub reason: String,
}

/// One object in the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerObject {
    /// Permanent id of this version of the object.
    pub object_id: String,
    /// Name of its source.
    #[schema(required)]
    pub source: Option<String>,
    /// Its key, exactly as stored.
    #[schema(required)]
    pub key: Option<String>,
    /// Its version: the ETag, or a content hash.
    #[schema(required)]
    pub etag: Option<String>,
    /// Bytes as stored.
    #[schema(required)]
    pub size: Option<i64>,
    /// When the store says it was written.
    #[schema(required)]
    pub last_modified: Option<Time>,
    /// When the ledger learned of it.
    #[schema(required)]
    pub recorded_at: Option<Time>,
    /// What became of it: `done`, `empty`, `partial`, `quarantined`, `expired` or `gone`.
    pub outcome: String,
    /// Why it is quarantined.
    #[schema(required)]
    pub reason: Option<String>,
    /// The version whose rows it replaces.
    #[schema(required)]
    pub replaces: Option<String>,
    /// Records that were read.
    #[schema(required)]
    pub records: Option<i64>,
    /// Records that could not be read.
    #[schema(required)]
    pub unreadable: Option<i64>,
    /// Records as its header says.
    #[schema(required)]
    pub declared_records: Option<i64>,
    /// Records more than 48 hours from its window.
    #[schema(required)]
    pub odd_times: Option<i64>,
    /// Unreadable records and remarks; at most 100.
    pub problems: Vec<ObjectProblem>,
    /// Cloud provider.
    #[schema(required)]
    pub provider: Option<String>,
    /// `ok`, `skip data`, or what the header says.
    #[schema(required)]
    pub state: Option<String>,
    /// Start of its window.
    #[schema(required)]
    pub capture_start_time: Option<Time>,
    /// End of its window.
    #[schema(required)]
    pub capture_end_time: Option<Time>,
    /// Cloud account.
    #[schema(required)]
    pub account_id: Option<String>,
    /// Cloud region.
    #[schema(required)]
    pub region: Option<String>,
    /// Zone in the region.
    #[schema(required)]
    pub zone: Option<String>,
    /// VPC.
    #[schema(required)]
    pub vpc_id: Option<String>,
    /// Subnet.
    #[schema(required)]
    pub subnet_id: Option<String>,
    /// Instance.
    #[schema(required)]
    pub instance_id: Option<String>,
    /// Virtual network interface.
    #[schema(required)]
    pub vnic_id: Option<String>,
    /// `all`, `ingress` or `egress`.
    #[schema(required)]
    pub record_type: Option<String>,
    /// Stream its key belongs to.
    #[schema(required)]
    pub stream_id: Option<String>,
    /// Number in its folder.
    #[schema(required)]
    pub sequence_number: Option<i64>,
    /// UTC day of its capture start.
    #[schema(required)]
    pub day: Option<String>,
}

/// A page of objects.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectsAnswer {
    /// Version of the lake the answer holds at.
    pub lake_version: u64,
    /// Wall time, milliseconds.
    pub elapsed_ms: f64,
    /// Rows that left the scan.
    pub rows_read: u64,
    /// The objects, newest in the ledger first.
    pub objects: Vec<LedgerObject>,
    /// Where to go on; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
