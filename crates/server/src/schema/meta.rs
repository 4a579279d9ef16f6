//! What every answer says of itself.

use serde::Serialize;
use utoipa::ToSchema;

/// An instant, RFC 3339 in UTC.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Time(pub String);

/// A value of a key, an aggregate or a list: what kind, the field says.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Value {
    /// A number.
    Number(f64),
    /// Text, an address, a day, or an instant.
    Text(String),
    /// True or false.
    Boolean(bool),
    /// The rows lack the field.
    Missing(()),
}

/// A half-open range `[from, to)`. A bound that was not asked is null: the range is open there, and `coverage.range` says
/// what is held.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// First instant inside.
    #[schema(required)]
    pub from: Option<Time>,
    /// First instant after.
    #[schema(required)]
    pub to: Option<Time>,
}

/// What charts, tops and groups count.
#[derive(Debug, Serialize, ToSchema)]
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

/// Whether traffic that two covered vNICs report is counted once or as often as it is reported.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// Volume and connection measures count the initiator's side only where both sides are covered.
    Once,
    /// Everything that is reported counts (`sides:both`).
    Both,
}

/// Whether closing records were counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// They were: they are records like others here.
    Included,
    /// They were not: they carry no traffic.
    Excluded,
}

/// What the numbers of an answer count.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// Version of the `flows` table the answer holds at.
    pub lake_version: u64,
    /// What its numbers count.
    pub measure: MeasureUsed,
    /// The range asked.
    pub range: Range,
    /// What part of the asked time was covered by objects.
    pub coverage: Coverage,
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
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NearestRow {
    /// When it happened.
    pub time: Time,
    /// Its permanent id.
    pub id: String,
}

/// Where the query matches, when it matches nothing in the range.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nearest {
    /// The last match before the range.
    #[schema(required)]
    pub before: Option<NearestRow>,
    /// The first match after the range.
    #[schema(required)]
    pub after: Option<NearestRow>,
}

/// Why a piece of time is not covered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// No object of this time is known: not written, lost by the provider, or out of the source's reach.
    Missing,
    /// The object was read but is unreadable; see the quarantine.
    Quarantined,
    /// The object is listed but not read yet.
    NotRead,
    /// Older than the lake's retention.
    BeforeRetention,
    /// The vNIC has written nothing since; it may be gone.
    Silent,
}

/// A piece of time of one vNIC and record type without rows to answer from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The vNIC; none for objects that name none.
    #[schema(required)]
    pub vnic_id: Option<String>,
    /// `all`, `ingress` or `egress`.
    #[schema(required)]
    pub record_type: Option<String>,
    /// Start.
    pub from: Time,
    /// End.
    pub to: Time,
    /// Why.
    pub kind: GapKind,
}

/// A window whose data the provider marked as partly lost.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LossyWindow {
    /// The vNIC; none for objects that name none.
    #[schema(required)]
    pub vnic_id: Option<String>,
    /// `all`, `ingress` or `egress`.
    #[schema(required)]
    pub record_type: Option<String>,
    /// Start.
    pub from: Time,
    /// End.
    pub to: Time,
}

/// The life of one vNIC as its objects show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VnicCoverage {
    /// The vNIC; none for objects that name none.
    #[schema(required)]
    pub vnic_id: Option<String>,
    /// First capture start.
    pub first: Time,
    /// Last capture end.
    pub last: Time,
    /// Set when it has written nothing for more than two windows: it is silent since then.
    #[schema(required)]
    pub silent_since: Option<Time>,
    /// Covered part of its life in the range, 0 to 1; none if it did not live in the range.
    #[schema(required)]
    pub fraction: Option<f64>,
}

/// What part of the asked time is covered by objects.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Covered part of the asked vNICs' life in the range, 0 to 1; none if none of them lived in it.
    #[schema(required)]
    pub fraction: Option<f64>,
    /// The range the fraction is of, bounded by what is held.
    pub range: Range,
    /// Number of vNICs asked.
    pub vnic_count: u64,
    /// True if the query pins the vNICs; else all vNICs of the lake are asked.
    pub pinned: bool,
    /// The asked vNICs, at most [`CoverageReport::MAX_VNICS`], least covered first.
    pub vnics: Vec<VnicCoverage>,
    /// The longest gaps, at most [`CoverageReport::MAX_GAPS`], longest first.
    pub gaps: Vec<Gap>,
    /// Number of all gaps.
    pub gap_count: u64,
    /// Seconds of `skip data` windows in the range, over all asked vNICs and record types: counts are lower bounds there.
    pub lossy_seconds: u64,
    /// Number of `skip data` windows in the range.
    pub lossy_windows: u64,
    /// The newest of them, at most [`CoverageReport::MAX_GAPS`].
    pub lossy: Vec<LossyWindow>,
    /// When a source was last listed; none if never.
    #[schema(required)]
    pub last_listed: Option<Time>,
    /// Start of the earliest window held, over all vNICs.
    #[schema(required)]
    pub held_from: Option<Time>,
    /// End of the latest window held, over all vNICs.
    #[schema(required)]
    pub held_to: Option<Time>,
}
