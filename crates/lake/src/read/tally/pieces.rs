//! What of data files a question reads, in pieces.

use std::ops::Range;
use std::sync::Arc;

use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::RowGroupAccess;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, RowSelection, RowSelector};

use super::columns::Column;
use super::warm::{Extent, Warm};
use super::worker::Names;

/// Rows that a worker takes at a time: few enough for all to end together, whole pages.
const PIECE: usize = 1 << 18;
/// From so many row groups on a worker takes whole ones: they end together all the same, and their dictionaries are read once.
const MANY: usize = 32;
/// Runs of rows that a piece may have for them to be kept without the rows between: pages of an index, not scattered rows.
const FEW_RUNS: usize = 32;
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
    pub(super) from: Origin,
}

/// Where a piece's columns come from.
pub(super) enum Origin {
    /// They are read, and forgotten.
    Read,
    /// They are read and kept, of the whole row group or of the piece's rows.
    Keep(Extent),
    /// They are kept.
    Kept(Extent, Arc<Vec<Column>>),
}

impl Input {
    /// How many rows a row group has.
    pub(super) fn rows(&self, group: usize) -> usize {
        usize::try_from(self.metadata.metadata().row_group(group).num_rows()).unwrap_or(0)
    }
}

/// What is to be read, in pieces.
pub(super) struct Pieces<'s> {
    warm: &'s Warm,
    names: &'s Names,
    /// Bytes of columns that may be kept beside those that are.
    room: usize,
    /// Row groups may be kept whole.
    whole: bool,
    /// Rows of a piece.
    size: usize,
    pieces: Vec<Piece>,
}

impl<'s> Pieces<'s> {
    /// What is to be read of some files, of each as its index says. Small pieces are for who may not need them all.
    pub(super) fn of(
        warm: &'s Warm,
        names: &'s Names,
        files: &[(&Arc<Input>, Option<&[RowGroupAccess]>)],
        small: bool,
    ) -> Vec<Piece> {
        let groups = || files.iter().flat_map(|(input, access)| groups(input, *access));
        let size = if small || groups().count() < MANY { PIECE } else { usize::MAX };
        let mut pieces = Self { warm, names, room: warm.0.room(), whole: true, size, pieces: Vec::new() };
        // What is much more than there is room for would push out all else, and be gone when it is asked for again.
        let is_new = |(input, group, wanted): &(&Arc<Input>, usize, RowSelection)| {
            is_much(wanted, input.rows(*group)) && pieces.kept(input, *group, &Extent::All).is_none()
        };
        let whole = groups().filter(is_new);
        let bytes: usize = whole.map(|(input, group, _)| pieces.bytes(input, group, input.rows(group))).sum();
        pieces.whole = bytes <= pieces.room.saturating_mul(2);
        for (input, group, wanted) in groups() {
            pieces.add(input, group, wanted);
        }
        pieces.pieces
    }

    fn add(&mut self, input: &Arc<Input>, group: usize, wanted: RowSelection) {
        let (all, rows) = (input.rows(group), wanted.row_count());
        if rows > 0 {
            if let Some(columns) = self.kept(input, group, &Extent::All) {
                self.cut(input, group, wanted, || Origin::Kept(Extent::All, Arc::clone(&columns)));
            } else if is_much(&wanted, all) {
                match self.whole && self.takes(input, group, all) {
                    true => self.push(input, group, wanted, Origin::Keep(Extent::All)),
                    false => self.cut(input, group, wanted, || Origin::Read),
                }
            } else if rows <= PIECE && wanted.iter().count() <= 2 * FEW_RUNS {
                let some = extent(&wanted);
                let from = match self.kept(input, group, &some) {
                    Some(columns) => Origin::Kept(some, columns),
                    None if self.takes(input, group, rows) => Origin::Keep(some),
                    None => Origin::Read,
                };
                self.push(input, group, wanted, from);
            } else {
                self.cut(input, group, wanted, || Origin::Read);
            }
        }
    }

    /// The columns of rows of a row group, if all of them are kept.
    fn kept(&self, input: &Input, group: usize, rows: &Extent) -> Option<Arc<Vec<Column>>> {
        let place = |name| (Arc::clone(&input.path), group, rows.clone(), name);
        let column = |name: &&'static str| self.warm.0.get(&place(*name));
        let columns = self.names.of(input.inside[group]).iter().map(column);
        Some(Arc::new(columns.collect::<Option<Vec<_>>>()?))
    }

    /// Takes room for the columns of so many rows of a row group, if there is enough.
    fn takes(&mut self, input: &Input, group: usize, rows: usize) -> bool {
        let bytes = self.bytes(input, group, rows);
        let takes = bytes > 0 && bytes <= self.room;
        if takes {
            self.room -= bytes;
        }
        takes
    }

    /// About how much memory the columns of so many rows take.
    fn bytes(&self, input: &Input, group: usize, rows: usize) -> usize {
        // Ports and addresses take two bytes a row, other texts one, counters and times up to four.
        rows * 2 * self.names.of(input.inside[group]).len()
    }

    fn cut(&mut self, input: &Arc<Input>, group: usize, mut wanted: RowSelection, from: impl Fn() -> Origin) {
        let all = input.rows(group);
        for start in (0..all).step_by(self.size) {
            let here = wanted.split_off(self.size.min(all - start));
            if here.selects_any() {
                let before = (start > 0).then(|| RowSelector::skip(start));
                self.push(input, group, before.into_iter().chain(here.iter().copied()).collect(), from());
            }
        }
    }

    fn push(&mut self, input: &Arc<Input>, group: usize, rows: RowSelection, from: Origin) {
        self.pieces.push(Piece { input: Arc::clone(input), group, rows, from });
    }
}

/// The row groups of a file of which something is wanted, with the rows.
fn groups<'i>(
    input: &'i Arc<Input>,
    access: Option<&'i [RowGroupAccess]>,
) -> impl Iterator<Item = (&'i Arc<Input>, usize, RowSelection)> {
    let wanted = move |group: usize| match access.and_then(|access| access.get(group)) {
        Some(RowGroupAccess::Skip) => None,
        Some(RowGroupAccess::Selection(rows)) => Some((input, group, rows.clone())),
        Some(RowGroupAccess::Scan) | None => {
            Some((input, group, vec![RowSelector::select(input.rows(group))].into()))
        }
    };
    (0..input.metadata.metadata().num_row_groups()).filter_map(wanted)
}

fn is_much(wanted: &RowSelection, all: usize) -> bool {
    wanted.row_count() >= all / WORTH_KEEPING
}

fn extent(rows: &RowSelection) -> Extent {
    let taken_first = rows.iter().next().is_some_and(|first| !first.skip);
    let counts = rows.iter().map(|some| some.row_count);
    Extent::Some(taken_first.then_some(0).into_iter().chain(counts).collect())
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
