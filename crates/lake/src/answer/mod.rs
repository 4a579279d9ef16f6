//! Questions and answers: what a reader is asked, and what it says.
//!
//! An answer always states its measure, the range it resolved to, its coverage, and what it cost ([`Meta`]).
//! Everything here serialises to the JSON of the command line and of the HTTP API; instants are microseconds since the
//! epoch in Rust and RFC 3339 (UTC) in JSON.

mod charts;
mod connections;
mod json;
mod meta;
mod request;
mod response;
mod value;

pub use charts::{
    BucketCount, Facet, FacetsAnswer, GroupAnswer, GroupRow, HistogramAnswer, Series, TopAnswer, TopValue,
};
pub use connections::{
    ConnectionAnswer, ConnectionEnd, ConnectionListAnswer, ConnectionSummary, SideRecords,
};
pub use json::{RowWriter, row_to_json, write_csv, write_ndjson};
pub use meta::{Closing, MeasureUsed, Meta, Nearest, NearestRow};
pub use request::{
    Aggregate, Bucket, Comparison, Cursor, GroupKey, GroupOptions, HistogramOptions, Limits, Measure,
    OrderBy, Range, Scope, SearchOptions, Sides, SortKey,
};
pub use response::{
    AddedRows, CountAnswer, LakeStats, OutcomeCount, RowAnswer, SearchAnswer, SqlAnswer, ValueCount,
    ValuesAnswer,
};
pub use value::{Instant, Value};
