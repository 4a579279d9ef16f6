//! Rows, numbers and facts of a lake as a reader says them.

use arrow::record_batch::RecordBatch;
use serde::Serialize;

use super::meta::{Meta, Nearest};
use super::request::{Cursor, Range};
use super::value::{Instant, Value};

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

/// One row, whole.
#[derive(Debug, Clone)]
pub struct RowAnswer {
    /// One batch of one row with all columns.
    pub row: RecordBatch,
    /// Version of the `flows` table.
    pub lake_version: u64,
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
