//! What every answer says of itself.

use flowglass_flow::RowId;
use serde::{Serialize, Serializer};

use super::request::{Measure, Range, Sides};
use super::value::Instant;
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

pub(super) fn as_text<S: Serializer>(id: &RowId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(super) fn as_texts<S: Serializer>(ids: &[RowId], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(ids.iter().map(RowId::to_string))
}
