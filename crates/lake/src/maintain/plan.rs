//! Which data files of `flows` are merged, and where the results are cut.
//!
//! What compaction works towards: a day's files follow each other in time, an hour in common at most, and each is large
//! enough to be left alone. A backlog comes in files that each span the whole day. They are merged many at a time, and the
//! results cut by time. A day of more rows than one merge takes is first cut at the hours of its halves, quarters, and so
//! on: files of one part are then merged by themselves. So a row is rewritten a few times at most, however large its day.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compact::CompactOptions;
use crate::delta::{ColumnStats, DataFile};
use crate::index;
use crate::layout::HOUR;

/// Files to merge.
#[derive(Debug, Clone)]
pub(super) struct Merge {
    /// The day that all of them are of.
    pub(super) day: i32,
    /// The files.
    pub(super) files: Vec<Arc<DataFile>>,
    /// Hours since the epoch with which a new file begins, whatever the size of the one before.
    pub(super) cuts: Vec<i64>,
}

/// Overlapping large files from which regular upkeep merges them: it then rewrites few rows for each that came.
const DEPTH: usize = 4;

/// Hours of the parts that a day is divided into: each divides the one before.
const PARTS: [i64; 5] = [24, 12, 6, 3, 1];

/// Returns what is to be merged now, newest day first. What that leaves may be merged further: ask again when it is done, until
/// there is nothing.
pub(super) fn merges<'f>(
    files: impl IntoIterator<Item = &'f Arc<DataFile>>,
    options: &CompactOptions,
) -> Vec<Merge> {
    let mut days: BTreeMap<i32, Vec<Span>> = BTreeMap::new();
    for file in files {
        days.entry(file.day).or_default().push(Span::of(file));
    }
    let mut merges = Vec::new();
    for (day, spans) in days.into_iter().rev() {
        let mut day = Day { day, options, merges: &mut merges };
        if options.all_sizes {
            day.part(spans, i64::from(day.day) * 24, 0);
        } else {
            let (small, large) = spans.into_iter().partition(|span| span.rows() < options.target_rows / 2);
            day.similar(small, &large);
            day.part(large, i64::from(day.day) * 24, 0);
        }
    }
    merges
}

/// A file and the hours it spans, within its day.
#[derive(Debug, Clone)]
struct Span {
    file: Arc<DataFile>,
    first: i64,
    last: i64,
}

impl Span {
    fn of(file: &Arc<DataFile>) -> Self {
        let start = i64::from(file.day) * 24;
        // Odd times count as the nearest hour of the day, and rows without one come first.
        let hour = |time: i64| time.div_euclid(HOUR).clamp(start, start + 23);
        let without = |column: &ColumnStats| column.nulls == Some(file.stats.rows);
        let (first, last) = match file.stats.integer_bounds("time") {
            Some((least, greatest)) => (hour(least), hour(greatest)),
            None if file.stats.column("time").is_some_and(without) => (start, start),
            None => (start, start + 23),
        };
        Self { file: Arc::clone(file), first, last }
    }

    fn rows(&self) -> u64 {
        self.file.stats.rows
    }
}

/// Files that have more than an hour in common with one another, directly or by others.
#[derive(Debug, Default)]
struct Overlap {
    spans: Vec<Span>,
    first: i64,
    last: i64,
    rows: u64,
}

impl Overlap {
    fn new(span: Span) -> Self {
        Self { first: span.first, last: span.last, rows: span.rows(), spans: vec![span] }
    }

    fn absorb(&mut self, other: &mut Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.rows += other.rows;
        self.spans.append(&mut other.spans);
    }

    /// Whether a file has no index: to get one, it is rewritten even alone.
    fn lacks_index(&self) -> bool {
        self.spans.iter().any(|span| index::path_of(&span.file.path).is_none())
    }

    /// Hours that both span.
    fn common(&self, other: &Self) -> i64 {
        self.last.min(other.last) - self.first.max(other.first) + 1
    }

    /// The most files that span an hour, and more than that.
    fn depth(&self) -> usize {
        let covers =
            |span: &&Span, hour: i64| span.first < span.last && span.first <= hour && hour <= span.last;
        let at = |hour| self.spans.iter().filter(|span| covers(span, hour)).count();
        (self.first..=self.last).map(at).max().unwrap_or(0)
    }
}

struct Day<'m> {
    day: i32,
    options: &'m CompactOptions,
    merges: &'m mut Vec<Merge>,
}

impl Day<'_> {
    /// Merges files of similar size, so that a row is rewritten a few times at most on its way into a large file.
    fn similar(&mut self, small: Vec<Span>, large: &[Span]) {
        // A day of more rows than one merge takes is cut into parts in any case.
        let rows: u64 = small.iter().chain(large).map(Span::rows).sum();
        let fits = |hours: &&i64| rows.saturating_mul(hours.unsigned_abs()) / 24 <= self.options.merge_rows;
        let hours = PARTS.iter().find(fits).copied().unwrap_or(1);
        let start = i64::from(self.day) * 24;
        let cuts: Vec<i64> = (1..24 / hours).map(|part| start + part * hours).collect();
        let mut tiers: BTreeMap<(Option<i64>, u32), Vec<Span>> = BTreeMap::new();
        for span in small {
            let (first, last) = ((span.first - start) / hours, (span.last - start) / hours);
            let tier = ((first == last).then_some(first), span.rows().max(1).ilog2() / 3);
            tiers.entry(tier).or_default().push(span);
        }
        for ((part, _), mut tier) in tiers {
            if tier.len() >= self.options.at_least {
                sort(&mut tier);
                for group in self.groups(tier) {
                    self.push(group, if part.is_none() { cuts.clone() } else { Vec::new() });
                }
            }
        }
    }

    /// Merges files of a part of the day that overlap or are small; the part is one of those that begin with
    /// hour `start` and last as long as `PARTS[length]` says.
    fn part(&mut self, spans: Vec<Span>, start: i64, length: usize) {
        let rows: u64 = spans.iter().map(Span::rows).sum();
        let Some(hours) = PARTS.get(length + 1).copied().filter(|_| rows > self.options.merge_rows) else {
            return self.neighbours(spans);
        };
        let part_of = |hour: i64| (hour - start) / hours;
        let overlaps = overlaps(spans);
        let across = |span: &Span| part_of(span.first) != part_of(span.last);
        let to_cut = overlaps.iter().flat_map(|overlap| {
            let due = self.is_worth(overlap) || self.options.all_sizes && overlap.lacks_index();
            overlap.spans.iter().filter(move |span| due && across(span)).cloned()
        });
        let to_cut: Vec<Span> = to_cut.collect();
        if !to_cut.is_empty() {
            let cuts: Vec<i64> = (1..PARTS[length] / hours).map(|part| start + part * hours).collect();
            for group in self.groups(to_cut) {
                self.push(group, cuts.clone());
            }
            return;
        }
        let mut parts: BTreeMap<i64, Vec<Span>> = BTreeMap::new();
        for span in overlaps.into_iter().flat_map(|overlap| overlap.spans) {
            if !across(&span) {
                parts.entry(part_of(span.first)).or_default().push(span);
            }
        }
        for (part, spans) in parts {
            self.part(spans, start + part * hours, length + 1);
        }
    }

    /// Whether files that overlap are to be merged.
    fn is_worth(&self, overlap: &Overlap) -> bool {
        if self.options.all_sizes { overlap.spans.len() > 1 } else { overlap.depth() >= DEPTH }
    }

    /// Merges files that overlap, and small ones with each other or with what they touch.
    fn neighbours(&mut self, spans: Vec<Span>) {
        let target = self.options.target_rows;
        let mut overlaps = overlaps(spans);
        if !self.options.all_sizes {
            for overlap in overlaps.into_iter().filter(|overlap| overlap.depth() >= DEPTH) {
                self.merge(overlap);
            }
            return;
        }
        while let Some((small, other)) = touching(&overlaps, target / 2, self.options.merge_rows) {
            let mut taken = std::mem::take(&mut overlaps[small]);
            overlaps[other].absorb(&mut taken);
            overlaps.swap_remove(small);
        }
        overlaps.sort_by_key(|overlap| (overlap.first, overlap.last));
        let mut gathered: Option<(Overlap, bool)> = None;
        for mut next in overlaps {
            let (small, due) = (next.rows < target / 2, next.spans.len() > 1 || next.lacks_index());
            match &mut gathered {
                Some((run, run_due))
                    if (small || due && run.rows < target)
                        && run.rows + next.rows <= self.options.merge_rows
                        && run.spans.len() + next.spans.len() <= self.options.merge_files =>
                {
                    run.absorb(&mut next);
                    *run_due = true;
                }
                _ => {
                    if let Some((run, true)) = gathered.take() {
                        self.merge(run);
                    }
                    gathered = (small || due).then_some((next, due));
                }
            }
        }
        if let Some((run, true)) = gathered {
            self.merge(run);
        }
    }
}

impl Day<'_> {
    fn merge(&mut self, overlap: Overlap) {
        let mut spans = overlap.spans;
        if spans.len() > self.options.merge_files {
            // The largest are merged last, when there are few of the others left.
            spans.sort_by_key(Span::rows);
        } else {
            sort(&mut spans);
        }
        for group in self.groups(spans) {
            self.push(group, Vec::new());
        }
    }

    /// Divides files into as few merges as take them.
    fn groups(&self, spans: Vec<Span>) -> Vec<Vec<Span>> {
        let rows: u64 = spans.iter().map(Span::rows).sum();
        let merges = spans.len().div_ceil(self.options.merge_files);
        let merges = merges.max(rows.div_ceil(self.options.merge_rows.max(1)) as usize).max(1);
        let files = spans.len().div_ceil(merges);
        let mut groups: Vec<Vec<Span>> = Vec::new();
        let mut rows = 0;
        for span in spans {
            rows += span.rows();
            match groups.last_mut() {
                Some(group) if group.len() < files && rows <= self.options.merge_rows => group.push(span),
                _ => {
                    rows = span.rows();
                    groups.push(vec![span]);
                }
            }
        }
        groups
    }

    fn push(&mut self, spans: Vec<Span>, cuts: Vec<i64>) {
        let lacks_index = spans.iter().any(|span| index::path_of(&span.file.path).is_none());
        if spans.len() > 1 || !cuts.is_empty() || lacks_index {
            let files = spans.into_iter().map(|span| span.file).collect();
            self.merges.push(Merge { day: self.day, files, cuts });
        }
    }
}

fn sort(spans: &mut [Span]) {
    spans.sort_by(|a, b| (a.first, a.last, &a.file.path).cmp(&(b.first, b.last, &b.file.path)));
}

/// Returns files by which of them overlap, in the order of time.
fn overlaps(mut spans: Vec<Span>) -> Vec<Overlap> {
    sort(&mut spans);
    let mut overlaps: Vec<Overlap> = Vec::new();
    for span in spans {
        let mut next = Overlap::new(span);
        // Those that it overlaps become one with it.
        overlaps.retain_mut(|known| {
            let overlap = known.common(&next) > 1;
            if overlap {
                next.absorb(known);
            }
            !overlap
        });
        overlaps.push(next);
    }
    overlaps.sort_by_key(|overlap| (overlap.first, overlap.last));
    overlaps
}

/// Returns the place of one with fewer rows than that, and of the smallest other that has an hour in common with it.
fn touching(overlaps: &[Overlap], few: u64, most: u64) -> Option<(usize, usize)> {
    let small = overlaps.iter().enumerate().filter(|(_, overlap)| overlap.rows < few);
    small
        .filter_map(|(at, small)| {
            let others = overlaps.iter().enumerate().filter(|(other, _)| *other != at);
            let touched =
                others.filter(|(_, other)| small.common(other) > 0 && small.rows + other.rows <= most);
            touched.min_by_key(|(_, other)| other.rows).map(|(other, _)| (at, other))
        })
        .next()
}

#[cfg(test)]
mod tests;
