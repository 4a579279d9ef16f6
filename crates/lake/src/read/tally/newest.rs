//! Which rows are the newest of a scope.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use datafusion::datasource::physical_plan::parquet::RowGroupAccess;
use flowglass_query::Tree;
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::RowSelection;

use super::columns::Columns;
use super::condition::{Condition, Needed};
use super::pieces::{Input, Piece};
use super::rows::Mask;
use super::scan::Work;
use super::worker::{Names, times};
use crate::answer::Scope;
use crate::error::Result;
use crate::read::engine::{Cost, Run};
use crate::read::narrow::Part;
use crate::read::reader::Reader;

/// More rows than so many are not looked up one by one.
const MOST: usize = 100_000;
/// Rows that are noted before those that are too old are forgotten.
const NOTED: usize = 1 << 16;

/// A row that may be one of the newest: its time, part, row group and place there.
type Noted = (i64, usize, usize, usize);

/// Looks for the newest rows.
struct Lookout {
    filter: Condition,
    range: Condition,
    time: usize,
    /// Rows of this time are noted, but do not count: some of them came before. Later ones did.
    upto: Option<i64>,
    newest: Arc<Newest>,
    noted: Vec<Noted>,
    /// Rows that matched.
    rows: u64,
    chosen: Vec<u32>,
}

/// The times of the newest rows, as all workers know them.
struct Newest {
    most: usize,
    times: Mutex<BinaryHeap<Reverse<i64>>>,
    /// Rows before it are too old.
    floor: AtomicI64,
}

impl Reader {
    /// The parts of a lake cut down to the `most` newest rows of a scope up to an instant, and to those that are as old
    /// as the oldest of them. Rows of the instant itself are all in it, and do not count. None where the language asks for
    /// what this scan does not do, or for too many rows.
    ///
    /// # Errors
    /// If the lake cannot be read, or a limit is reached.
    pub(in crate::read) async fn newest_of(
        &self,
        run: &Run,
        parts: &[Part],
        scope: &Scope,
        upto: Option<i64>,
        most: usize,
    ) -> Result<Option<(Vec<Part>, Cost)>> {
        if most > MOST {
            return Ok(None);
        }
        let newest = Newest { most, times: Mutex::default(), floor: AtomicI64::new(i64::MIN) };
        let newest = Arc::new(newest);
        let queries = [&scope.query].into_iter().chain(&scope.filter);
        let tree = Tree::and(queries.map(|query| query.tree.clone()));
        let lookout = || {
            let mut needed = Needed::default();
            let filter = Condition::new(&tree, &mut needed)?;
            let time = needed.column("time");
            let range = Condition::new(&times(&scope.range), &mut needed)?;
            let without_range = needed.0.len();
            let (newest, noted, chosen) = (Arc::clone(&newest), Vec::new(), Vec::new());
            let lookout = Lookout { filter, range, time, upto, newest, noted, rows: 0, chosen };
            Some((lookout, Names::new(needed.0, without_range)))
        };
        let Some((_, names)) = lookout() else { return Ok(None) };
        let lookouts = std::iter::from_fn(|| lookout().map(|(lookout, _)| lookout));
        let found = self.scan(run, parts, scope.range, names, lookouts).await?;
        let Some((mut found, inputs)) = found else { return Ok(None) };
        found.forget();
        let cost = Cost { rows: found.rows, files: parts.len() as u64 };
        Ok(Some((cut_down(parts, &inputs, found.noted), cost)))
    }
}

impl Lookout {
    /// Forgets what is too old.
    fn forget(&mut self) {
        let floor = self.newest.floor.load(Ordering::Relaxed);
        self.noted.retain(|(time, ..)| *time >= floor);
    }
}

impl Work for Lookout {
    const NEWEST_FIRST: bool = true;

    fn wants(&self, oldest: i64, newest: i64) -> bool {
        newest >= self.newest.floor.load(Ordering::Relaxed) && self.upto.is_none_or(|upto| oldest <= upto)
    }

    fn add(&mut self, batch: &Columns, from: &Piece, inside: bool) {
        let rows = if inside { Mask::All } else { self.range.mask(batch, &Mask::All) };
        let rows = rows.clone().and(self.filter.mask(batch, &rows));
        rows.numbers(batch.rows, &mut self.chosen);
        self.rows += self.chosen.len() as u64;
        let times = &batch.columns[self.time];
        let (mut runs, mut before) = (batch.runs.iter(), 0);
        let mut run = runs.next();
        let start = self.noted.len();
        let floor = self.newest.floor.load(Ordering::Relaxed);
        for row in &self.chosen {
            let row = *row as usize;
            // Rows without a time are the oldest.
            let time = times.number(row).unwrap_or(i64::MIN);
            if time < floor || self.upto.is_some_and(|upto| time > upto) {
                continue;
            }
            while let Some(rows) = run.filter(|rows| row - before >= rows.len()) {
                before += rows.len();
                run = runs.next();
            }
            let Some(rows) = run else { break };
            self.noted.push((time, from.input.part, from.group, rows.start + row - before));
        }
        self.newest.note(self.noted[start..].iter().map(|(time, ..)| *time), self.upto);
        if self.noted.len() > NOTED.max(2 * start) {
            self.forget();
        }
    }

    fn bytes(&self) -> usize {
        self.noted.capacity() * size_of::<Noted>()
    }

    fn absorb(&mut self, other: Self) {
        self.rows += other.rows;
        self.noted.extend(other.noted);
    }
}

impl Newest {
    fn note(&self, found: impl Iterator<Item = i64>, upto: Option<i64>) {
        let mut times = self.times.lock();
        for time in found.filter(|time| Some(*time) != upto) {
            if times.len() < self.most {
                times.push(Reverse(time));
            } else if let Some(mut oldest) = times.peek_mut()
                && oldest.0 < time
            {
                *oldest = Reverse(time);
            }
        }
        if times.len() >= self.most
            && let Some(Reverse(oldest)) = times.peek()
        {
            self.floor.store(*oldest, Ordering::Relaxed);
        }
    }
}

/// The parts, of which only some rows are read.
fn cut_down(parts: &[Part], inputs: &[Arc<Input>], mut rows: Vec<Noted>) -> Vec<Part> {
    rows.sort_unstable_by_key(|(_, part, group, row)| (*part, *group, *row));
    let mut places: BTreeMap<usize, BTreeMap<usize, Vec<usize>>> = BTreeMap::new();
    for (_, part, group, row) in rows {
        places.entry(part).or_default().entry(group).or_default().push(row);
    }
    let cut = |(part, groups): (usize, BTreeMap<usize, Vec<usize>>)| {
        let input = &inputs[part];
        let mut access = vec![RowGroupAccess::Skip; input.metadata.metadata().num_row_groups()];
        for (group, rows) in groups {
            let rows = RowSelection::from_consecutive_ranges(
                rows.into_iter().map(|row| row..row + 1),
                input.rows(group),
            );
            access[group] = RowGroupAccess::Selection(rows);
        }
        Part { groups: Some(access), ..parts[part].clone() }
    };
    places.into_iter().map(cut).collect()
}
