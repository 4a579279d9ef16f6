//! What of data files a question reads, in pieces.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::RowGroupAccess;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection, RowSelector};

use super::columns::Column;
use super::warm::Warm;
use super::worker::Names;

/// Rows that a worker takes at a time: few enough for all to end together, whole pages.
const PIECE: usize = 1 << 18;
/// A row group is kept whole where a question reads one row in so many or more of it.
const WORTH_KEEPING: usize = 4;
/// A data file with its footer.
pub(super) struct Input {
    /// Its number among the parts of the question.
    pub(super) part: usize,
    pub(super) path: Arc<str>,
    pub(super) file: PartitionedFile,
    pub(super) metadata: ArrowReaderMetadata,
    /// For each row group whether all its rows are inside the range.
    pub(super) inside: Vec<bool>,
    /// For each row group the instants that no row of it is before or after; all there are if a row may have no time.
    pub(super) times: Vec<(i64, i64)>,
}

/// Some rows of a row group.
pub(super) struct Piece {
    pub(super) input: Arc<Input>,
    pub(super) group: usize,
    pub(super) rows: RowSelection,
    pub(super) from: Source,
}

/// Where a piece's columns come from.
pub(super) enum Source {
    /// They are read, and forgotten.
    Read,
    /// The row group is read whole and kept.
    Keep,
    /// They are kept.
    Kept(Arc<Vec<Column>>),
}

impl Input {
    /// How many rows a row group has.
    pub(super) fn rows(&self, group: usize) -> usize {
        usize::try_from(self.metadata.metadata().row_group(group).num_rows()).unwrap_or(0)
    }
}

/// What is to be read, in pieces.
pub(super) struct Pieces<'s> {
    pub(super) warm: &'s Warm,
    pub(super) question: u64,
    pub(super) names: &'s Names,
    /// Bytes of columns that may be kept beside those that are.
    pub(super) room: usize,
    pub(super) pieces: VecDeque<Piece>,
}

impl Pieces<'_> {
    /// Adds what is to be read of a file.
    pub(super) fn add(&mut self, input: &Arc<Input>, access: Option<&[RowGroupAccess]>) {
        for group in 0..input.metadata.metadata().num_row_groups() {
            let all = input.rows(group);
            let access = access.and_then(|access| access.get(group)).unwrap_or(&RowGroupAccess::Scan);
            let wanted = match access {
                RowGroupAccess::Skip => continue,
                RowGroupAccess::Scan => vec![RowSelector::select(all)].into(),
                RowGroupAccess::Selection(rows) => rows.clone(),
            };
            if let Some(columns) = self.kept(input, group) {
                let columns = Arc::new(columns);
                self.cut(input, group, wanted, || Source::Kept(Arc::clone(&columns)));
            } else if wanted.row_count() >= all / WORTH_KEEPING && self.takes(input, group) {
                let input = Arc::clone(input);
                self.pieces.push_back(Piece { input, group, rows: wanted, from: Source::Keep });
            } else {
                self.cut(input, group, wanted, || Source::Read);
            }
        }
    }

    /// The columns of a row group, if all of them are kept.
    fn kept(&self, input: &Input, group: usize) -> Option<Vec<Column>> {
        let place = |name| (Arc::clone(&input.path), group, name);
        let column = |name: &&'static str| self.warm.get(self.question, &place(*name));
        self.names.of(input.inside[group]).iter().map(column).collect()
    }

    /// Takes room for the columns of a row group, if there is enough.
    fn takes(&mut self, input: &Input, group: usize) -> bool {
        // Ports and addresses take two bytes a row, other texts one, counters and times up to four.
        let bytes = input.rows(group) * 2 * self.names.of(input.inside[group]).len();
        let takes = bytes > 0 && bytes <= self.room;
        if takes {
            self.room -= bytes;
        }
        takes
    }

    fn cut(&mut self, input: &Arc<Input>, group: usize, mut wanted: RowSelection, from: impl Fn() -> Source) {
        let all = input.rows(group);
        for start in (0..all).step_by(PIECE) {
            let here = wanted.split_off(PIECE.min(all - start));
            if here.selects_any() {
                let before = (start > 0).then(|| RowSelector::skip(start));
                let rows = before.into_iter().chain(here.iter().copied()).collect();
                self.pieces.push_back(Piece { input: Arc::clone(input), group, rows, from: from() });
            }
        }
    }
}

/// The runs of rows of a selection.
pub(super) fn runs(rows: &RowSelection) -> impl Iterator<Item = Range<usize>> {
    let starts = rows.iter().scan(0, |at, some| {
        let start = *at;
        *at += some.row_count;
        Some((!some.skip).then(|| start..start + some.row_count))
    });
    starts.flatten()
}
