//! Shapes of answers, for the OpenAPI document.
//!
//! Most answers are written by the lake itself, whose JSON the command line prints too; these types describe that JSON. A
//! test asks every route and checks what comes back against the document, so the two cannot drift apart.

mod answers;
mod ledger;
mod meta;
mod row;

pub use answers::{
    BucketCount, ConnectionAnswer, ConnectionEnd, ConnectionListAnswer, ConnectionSummary, CountAnswer,
    Facet, FacetsAnswer, GroupAnswer, GroupRow, HistogramAnswer, RowAnswer, SearchAnswer, Series,
    SideRecords, SqlAnswer, SqlColumn, TopAnswer, TopValue,
};
pub use ledger::{
    CompleteAnswer, Completion, CoverageAnswer, ExplainAnswer, FieldInfo, FieldsAnswer, LakeAnswer,
    LakeStats, LedgerObject, ObjectProblem, ObjectsAnswer, OutcomeCount, Piece, PseudoField, RangeAnswer,
    Remark, SourceState, ValueCount, VersionAnswer,
};
pub use meta::{
    Closing, Coverage, Gap, GapKind, LossyWindow, Measure, MeasureUsed, Meta, Nearest, NearestRow, Range,
    Sides, Time, Value, VnicCoverage,
};
pub use row::Row;
