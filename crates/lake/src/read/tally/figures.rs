//! What is added up for each group.

use std::cmp::Ordering;

use super::columns::Columns;
use super::groups::Pairs;
use super::interner::NULL;
use super::keys::Key;
use crate::answer::{Instant, Value};

/// Different values from which on those that came last are looked for first.
const MANY: usize = 1 << 13;
/// Of how many that is: a megabyte, which the processor has at hand.
const RECENT: usize = 1 << 17;

/// A number of each group.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) of: Of,
    /// Rows that count, per group; for means.
    counts: Vec<u64>,
    sums: Vec<i128>,
    bounds: Vec<Option<i64>>,
    /// Different values, each with its group.
    seen: Pairs,
    /// Some of them that came last, once there are many: nearly all rows have one of few, which lie far apart among all.
    recent: Vec<(u32, u32)>,
}

/// What it is, by the numbers of the columns it is read from.
#[derive(Debug)]
pub(super) enum Of {
    /// Rows.
    Rows,
    /// The sum of columns; a missing value counts 0.
    Sum(Vec<usize>),
    /// The mean of a column.
    Mean(usize),
    /// The least or greatest number of a column, or instant.
    Bound { column: usize, greatest: bool, is_time: bool },
    /// Different values.
    Distinct(Box<Key>),
}

impl Figure {
    pub(super) fn new(of: Of) -> Self {
        Self {
            of,
            counts: Vec::new(),
            sums: Vec::new(),
            bounds: Vec::new(),
            seen: Pairs::default(),
            recent: Vec::new(),
        }
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let key = match &self.of {
            Of::Distinct(key) => key.interner.bytes(),
            _ => 0,
        };
        self.counts.len() * 8
            + self.sums.len() * 16
            + self.bounds.len() * 16
            + self.seen.bytes()
            + self.recent.len() * 8
            + key
    }

    /// Adds rows, each of which is in the group of the same place.
    pub(super) fn add(&mut self, batch: &Columns, rows: &[u32], groups: &[u32], most: usize) {
        match &mut self.of {
            Of::Rows => {
                self.counts.resize(most, 0);
                groups.iter().for_each(|group| self.counts[*group as usize] += 1);
            }
            Of::Sum(columns) => {
                self.sums.resize(most, 0);
                for column in columns {
                    let column = &batch.columns[*column];
                    for (row, group) in rows.iter().zip(groups) {
                        self.sums[*group as usize] += i128::from(column.number(*row as usize).unwrap_or(0));
                    }
                }
            }
            Of::Mean(column) => {
                self.sums.resize(most, 0);
                self.counts.resize(most, 0);
                let column = &batch.columns[*column];
                for (row, group) in rows.iter().zip(groups) {
                    if let Some(number) = column.number(*row as usize) {
                        self.sums[*group as usize] += i128::from(number);
                        self.counts[*group as usize] += 1;
                    }
                }
            }
            Of::Bound { column, greatest, .. } => {
                self.bounds.resize(most, None);
                let column = &batch.columns[*column];
                for (row, group) in rows.iter().zip(groups) {
                    if let Some(number) = column.number(*row as usize) {
                        let bound = &mut self.bounds[*group as usize];
                        *bound = Some(bound.map_or(number, |bound| extreme(bound, number, *greatest)));
                    }
                }
            }
            Of::Distinct(key) => {
                let mut values = Vec::with_capacity(rows.len());
                key.numbers(batch, rows, &mut values);
                // A missing value is none of the different ones.
                if self.recent.is_empty() && self.seen.len() > MANY {
                    self.recent = vec![(0, NULL); RECENT];
                }
                for (group, value) in groups.iter().zip(values).filter(|(_, value)| *value != NULL) {
                    let pair = (*group, value);
                    match self.recent.get_mut(place(pair)) {
                        Some(recent) if *recent == pair => continue,
                        Some(recent) => *recent = pair,
                        None => {}
                    }
                    self.seen.number(pair);
                }
            }
        }
    }

    /// Takes over what another one added up, for groups that were renumbered so.
    pub(super) fn absorb(&mut self, other: Self, groups: &[u32], most: usize) {
        for (group, count) in groups.iter().zip(other.counts) {
            self.counts.resize(most, 0);
            self.counts[*group as usize] += count;
        }
        for (group, sum) in groups.iter().zip(other.sums) {
            self.sums.resize(most, 0);
            self.sums[*group as usize] += sum;
        }
        let greatest = matches!(self.of, Of::Bound { greatest: true, .. });
        for (group, bound) in groups.iter().zip(other.bounds) {
            self.bounds.resize(most, None);
            let known = &mut self.bounds[*group as usize];
            *known = match (*known, bound) {
                (Some(a), Some(b)) => Some(extreme(a, b, greatest)),
                (a, b) => a.or(b),
            };
        }
        if let (Of::Distinct(key), Of::Distinct(theirs)) = (&mut self.of, &other.of) {
            let renumbered = key.interner.absorb(&theirs.interner);
            for (group, value) in other.seen.pairs() {
                self.seen.number((groups[*group as usize], renumbered[*value as usize]));
            }
        }
    }

    /// Makes ready to be asked: nothing more is added.
    pub(super) fn finish(&mut self, groups: usize) {
        if matches!(self.of, Of::Distinct(_)) {
            self.counts = vec![0; groups];
            for (group, _) in std::mem::take(&mut self.seen).pairs() {
                self.counts[*group as usize] += 1;
            }
        }
    }

    /// Its value for a group.
    pub(super) fn value(&self, group: u32) -> Value {
        match (self.number(group), &self.of) {
            (None, _) => Value::Null,
            (Some(Number::Whole(number)), Of::Bound { is_time: true, .. }) => {
                Value::Time(Instant(i64::try_from(number).unwrap_or(i64::MAX)))
            }
            (Some(Number::Whole(number)), _) => match i64::try_from(number) {
                Ok(number) => Value::Integer(number),
                Err(_) => Value::Float(number as f64),
            },
            (Some(Number::Mean(mean)), _) => Value::Float(mean),
        }
    }

    /// Its value for a group as a whole number that is not negative; 0 for none, the largest where it does not fit.
    pub(super) fn whole(&self, group: u32) -> u64 {
        match self.number(group) {
            Some(Number::Whole(number)) => u64::try_from(number.max(0)).unwrap_or(u64::MAX),
            _ => 0,
        }
    }

    /// Orders two groups; those without a value are last either way.
    pub(super) fn compare(&self, a: u32, b: u32, descending: bool) -> Ordering {
        match (self.number(a), self.number(b)) {
            (None, None) => Ordering::Equal,
            (None, _) => Ordering::Greater,
            (_, None) => Ordering::Less,
            (Some(a), Some(b)) => {
                let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
                if descending { order.reverse() } else { order }
            }
        }
    }

    fn number(&self, group: u32) -> Option<Number> {
        let group = group as usize;
        let count = || self.counts.get(group).copied().unwrap_or(0);
        let sum = || self.sums.get(group).copied().unwrap_or(0);
        match &self.of {
            Of::Rows | Of::Distinct(_) => Some(Number::Whole(count().into())),
            Of::Sum(_) => Some(Number::Whole(sum())),
            Of::Mean(_) => (count() > 0).then(|| Number::Mean(sum() as f64 / count() as f64)),
            Of::Bound { .. } => {
                self.bounds.get(group).copied().flatten().map(|bound| Number::Whole(bound.into()))
            }
        }
    }
}

#[derive(Debug, PartialEq, PartialOrd)]
enum Number {
    Whole(i128),
    Mean(f64),
}

/// Where a pair is among those that came last.
#[inline]
fn place((group, value): (u32, u32)) -> usize {
    let mixed = (u64::from(group) << 32 | u64::from(value)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (u64::BITS - RECENT.trailing_zeros())) as usize
}

fn extreme(a: i64, b: i64, greatest: bool) -> i64 {
    if greatest { a.max(b) } else { a.min(b) }
}
