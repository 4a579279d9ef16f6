//! How the rows of a column chunk are divided into pages.

use std::cmp::Ordering;
use std::ops::Range;

use parquet::basic::BoundaryOrder;

/// The rows of one page, and their values among those of the chunk.
pub(crate) struct PageRange {
    pub rows: Range<usize>,
    pub values: Range<usize>,
}

impl PageRange {
    pub(crate) fn nulls(&self) -> usize {
        self.rows.len() - self.values.len()
    }

    /// Returns which of the page's rows have a value.
    pub(crate) fn valid<'v>(&self, valid: Option<&'v [bool]>) -> Option<&'v [bool]> {
        valid.map(|valid| &valid[self.rows.clone()])
    }
}

/// Divides rows into pages of at most so many rows.
pub(crate) fn divide(rows: usize, valid: Option<&[bool]>, most: usize) -> Vec<PageRange> {
    let mut pages = Vec::with_capacity(rows / most.max(1) + 1);
    let mut values = 0;
    let mut begin = 0;
    while begin < rows {
        let end = (begin + most.max(1)).min(rows);
        let n = match valid {
            None => end - begin,
            Some(valid) => valid[begin..end].iter().map(|valid| usize::from(*valid)).sum(),
        };
        pages.push(PageRange { rows: begin..end, values: values..values + n });
        values += n;
        begin = end;
    }
    pages
}

/// Whether the bounds of pages go one way.
pub(crate) struct Trend<T> {
    last: Option<(T, T)>,
    ascending: bool,
    descending: bool,
}

impl<T> Default for Trend<T> {
    fn default() -> Self {
        Self { last: None, ascending: true, descending: true }
    }
}

impl<T> Trend<T> {
    pub(crate) fn see(&mut self, bounds: (T, T), compare: impl Fn(&T, &T) -> Ordering) {
        if let Some(last) = &self.last {
            let (least, greatest) = (compare(&last.0, &bounds.0), compare(&last.1, &bounds.1));
            self.ascending &= least.is_le() && greatest.is_le();
            self.descending &= least.is_ge() && greatest.is_ge();
        }
        self.last = Some(bounds);
    }

    pub(crate) fn order(&self) -> BoundaryOrder {
        match (self.ascending, self.descending) {
            (true, _) => BoundaryOrder::ASCENDING,
            (false, true) => BoundaryOrder::DESCENDING,
            (false, false) => BoundaryOrder::UNORDERED,
        }
    }
}

/// What all rows of a page have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No value.
    Null,
    /// The chunk's first value.
    First,
}

/// The rows a chunk begins with, as long as they are all the same. They are written as one page if nothing else comes:
/// there is nothing in it to be skipped.
#[derive(Default)]
pub(crate) struct Same {
    held: Option<(usize, Kind)>,
    over: bool,
}

impl Same {
    /// True if no rows came yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_none() && !self.over
    }

    /// Holds the rows of a page back, if they are like those before; else what is held is to be released.
    pub(crate) fn hold(&mut self, rows: usize, kind: Option<Kind>) -> bool {
        match (kind, self.held) {
            (Some(kind), None) if !self.over => self.held = Some((rows, kind)),
            (Some(kind), Some((before, same))) if kind == same => self.held = Some((before + rows, kind)),
            _ => self.over = true,
        }
        !self.over
    }

    /// Returns the rows that were held back, as pages of at most so many.
    pub(crate) fn release(&mut self, page_rows: usize) -> impl Iterator<Item = (usize, Kind)> + use<> {
        let (mut left, kind) = self.held.take().unwrap_or((0, Kind::Null));
        std::iter::from_fn(move || {
            let rows = left.min(page_rows.max(1));
            left -= rows;
            (rows > 0).then_some((rows, kind))
        })
    }
}
