//! What one worker adds up.

use flowglass_flow::catalogue;
use flowglass_query::{NumberRange, Predicate, Tree};

use super::columns::Columns;
use super::condition::{Condition, Needed};
use super::figures::{Figure, Of};
use super::groups::Groups;
use super::interner::Kind;
use super::keys::{Key, KeyColumns};
use super::pieces::Piece;
use super::rows::Mask;
use super::scan::Work;
use super::{Asked, Grouping, Question, Tallied, Wanted};
use crate::answer::{Range, Value};
use crate::error::Result;
use crate::read::engine::{Cost, Run};
use crate::read::narrow::Part;
use crate::read::reader::Reader;
use crate::read::source::Source;

/// A question with what was counted so far.
#[derive(Debug)]
pub(super) struct Worker {
    filter: Condition,
    range: Condition,
    /// Filters of figures, each once.
    filters: Vec<Condition>,
    groupings: Vec<Counted>,
    /// Rows that were counted.
    rows: u64,
    chosen: Vec<u32>,
    numbers: Vec<u32>,
    found: Vec<u32>,
}

#[derive(Debug)]
struct Counted {
    /// The filter that all figures share.
    filter: Option<usize>,
    keys: Vec<Key>,
    groups: Groups,
    present: Vec<bool>,
    figures: Vec<(Option<usize>, Figure)>,
}

impl Question {
    /// Prepares a worker and names the columns that it reads. None if the question asks for what this scan does not do.
    pub(super) fn worker(&self) -> Option<(Worker, Names)> {
        let mut needed = Needed::default();
        let mut trees: Vec<&Tree> = Vec::new();
        let filter = Condition::new(&self.filter, &mut needed)?;
        let mut groupings = Vec::with_capacity(self.groupings.len());
        for grouping in &self.groupings {
            groupings.push(counted(grouping, &mut needed, &mut trees)?);
        }
        let filters = trees.into_iter().map(|tree| Condition::new(tree, &mut needed));
        let filters = filters.collect::<Option<_>>()?;
        let without_range = needed.0.len();
        let range = Condition::new(&times(&self.range), &mut needed)?;
        let worker = Worker {
            filter,
            range,
            filters,
            groupings,
            rows: 0,
            chosen: Vec::new(),
            numbers: Vec::new(),
            found: Vec::new(),
        };
        Some((worker, Names::new(needed.0, without_range)))
    }
}

/// The columns that a question reads.
#[derive(Debug, Clone)]
pub(super) struct Names {
    all: Vec<&'static str>,
    without_range: usize,
}

impl Names {
    /// Those of a condition on rows, and then on times.
    pub(super) fn new(all: Vec<&'static str>, without_range: usize) -> Self {
        Self { all, without_range }
    }

    /// Those that are read of rows that are all inside the range, or of others.
    pub(super) fn of(&self, inside: bool) -> &[&'static str] {
        if inside { &self.all[..self.without_range] } else { &self.all }
    }
}

impl Reader {
    /// Counts what some parts of the lake hold, in the order of the question's groupings. None if the question asks for
    /// what this scan does not do: days, bounds of texts.
    ///
    /// # Errors
    /// If the lake cannot be read, or a limit is reached.
    pub(in crate::read) async fn tally(
        &self,
        run: &Run,
        parts: &[Part],
        question: &Question,
    ) -> Result<Option<Vec<Tallied>>> {
        let Some((_, names)) = question.worker() else { return Ok(None) };
        let workers = std::iter::from_fn(|| question.worker().map(|(worker, _)| worker));
        let counted = self.scan(run, parts, question.range, names, workers).await?;
        Ok(counted.map(|(worker, _)| worker.finish(parts.len() as u64)))
    }
}

impl Work for Worker {
    const NEWEST_FIRST: bool = false;

    fn wants(&self, _: i64, _: i64) -> bool {
        true
    }

    fn add(&mut self, batch: &Columns, _: &Piece, inside: bool) {
        let rows = if inside { Mask::All } else { self.range.mask(batch, &Mask::All) };
        let rows = rows.clone().and(self.filter.mask(batch, &rows));
        if rows.is_none() {
            return;
        }
        let masks: Vec<Mask> = self.filters.iter_mut().map(|filter| filter.mask(batch, &rows)).collect();
        let mut counted = 0;
        let mut last: Option<Option<usize>> = None;
        for grouping in &mut self.groupings {
            if last != Some(grouping.filter) {
                let mask = grouping.filter.map_or(Mask::All, |filter| masks[filter].clone());
                rows.clone().and(mask).numbers(batch.rows, &mut self.chosen);
                last = Some(grouping.filter);
            }
            counted = counted.max(self.chosen.len());
            self.found.clear();
            grouping.add(batch, &self.chosen, &masks, &mut self.numbers, &mut self.found);
        }
        self.rows += counted as u64;
    }

    fn bytes(&self) -> usize {
        self.groupings.iter().map(Counted::bytes).sum()
    }

    fn absorb(&mut self, other: Self) {
        self.rows += other.rows;
        self.groupings.iter_mut().zip(other.groupings).for_each(|(ours, theirs)| ours.absorb(theirs));
    }
}

impl Worker {
    /// What was counted, in the order of the groupings.
    fn finish(self, files: u64) -> Vec<Tallied> {
        let cost = Cost { rows: self.rows, files };
        self.groupings.into_iter().map(|grouping| grouping.finish(cost)).collect()
    }
}

impl Counted {
    fn len(&self) -> usize {
        match self.keys.first() {
            None => 1,
            Some(first) => self.groups.len().unwrap_or_else(|| first.interner.len()),
        }
    }

    fn bytes(&self) -> usize {
        let keys: usize = self.keys.iter().map(|key| key.interner.bytes()).sum();
        let figures: usize = self.figures.iter().map(|(_, figure)| figure.bytes()).sum();
        keys + figures + self.groups.bytes() + self.present.len()
    }

    fn add(
        &mut self,
        batch: &Columns,
        rows: &[u32],
        masks: &[Mask],
        numbers: &mut Vec<u32>,
        groups: &mut Vec<u32>,
    ) {
        match self.keys.split_first_mut() {
            None => groups.resize(rows.len(), 0),
            Some((first, others)) => {
                first.numbers(batch, rows, groups);
                for (level, key) in others.iter_mut().enumerate() {
                    numbers.clear();
                    key.numbers(batch, rows, numbers);
                    self.groups.narrow(level, groups, numbers);
                }
            }
        }
        let most = self.len();
        self.present.resize(most, false);
        groups.iter().for_each(|group| self.present[*group as usize] = true);
        for (filter, figure) in &mut self.figures {
            match filter.map(|filter| &masks[filter]) {
                None | Some(Mask::All) => figure.add(batch, rows, groups, most),
                Some(Mask::None) => figure.add(batch, &[], &[], most),
                Some(Mask::Some(mask)) => {
                    let kept = rows.iter().zip(groups.iter()).filter(|(row, _)| mask.has(**row));
                    let (rows, groups): (Vec<u32>, Vec<u32>) = kept.unzip();
                    figure.add(batch, &rows, &groups, most);
                }
            }
        }
    }

    fn absorb(&mut self, other: Self) {
        let renumbered: Vec<Vec<u32>> = (self.keys.iter_mut().zip(&other.keys))
            .map(|(ours, theirs)| ours.interner.absorb(&theirs.interner))
            .collect();
        let groups = self.groups.absorb(&other.groups, &renumbered);
        let most = self.len();
        self.present.resize(most, false);
        for (group, present) in groups.iter().zip(other.present) {
            self.present[*group as usize] |= present;
        }
        for ((_, ours), (_, theirs)) in self.figures.iter_mut().zip(other.figures) {
            ours.absorb(theirs, &groups, most);
        }
    }

    fn finish(mut self, cost: Cost) -> Tallied {
        let most = self.len();
        self.figures.iter_mut().for_each(|(_, figure)| figure.finish(most));
        let present = (0..).zip(&self.present).filter_map(|(group, present)| present.then_some(group));
        Tallied {
            present: present.collect(),
            keys: self.keys,
            groups: self.groups,
            figures: self.figures.into_iter().map(|(_, figure)| figure).collect(),
            cost,
        }
    }
}

pub(super) fn times(range: &Range) -> Tree {
    if range.from.is_none() && range.to.is_none() {
        return Tree::Everything;
    }
    let range = NumberRange { low: range.from, high: range.to.map(|to| to.saturating_sub(1)) };
    Tree::term(Predicate::Time { column: "time", ranges: vec![range] }, 0..0)
}

fn counted<'q>(grouping: &'q Grouping, needed: &mut Needed, trees: &mut Vec<&'q Tree>) -> Option<Counted> {
    let mut filter_of = |asked: &'q Asked| match &asked.filter {
        Tree::Everything => None,
        filter => Some(trees.iter().position(|known| *known == filter).unwrap_or_else(|| {
            trees.push(filter);
            trees.len() - 1
        })),
    };
    let last = grouping.keys.len().saturating_sub(1);
    let listed = |at: usize| grouping.listed.as_deref().filter(|_| at == last);
    let keys = grouping.keys.iter().enumerate().map(|(at, source)| key(source, listed(at), needed));
    let keys = keys.collect::<Option<Vec<_>>>()?;
    let mut filters: Vec<Option<usize>> = grouping.figures.iter().map(&mut filter_of).collect();
    let shared = filters
        .first()
        .copied()
        .flatten()
        .filter(|first| filters.iter().all(|filter| *filter == Some(*first)));
    if shared.is_some() {
        filters.fill(None);
    }
    let figures = filters.into_iter().zip(&grouping.figures);
    let figures = figures.map(|(filter, asked)| Some((filter, Figure::new(of(&asked.of, needed)?))));
    let figures = figures.collect::<Option<Vec<_>>>()?;
    Some(Counted { filter: shared, groups: Groups::new(keys.len()), keys, present: Vec::new(), figures })
}

fn key(source: &Source, listed: Option<&[Value]>, needed: &mut Needed) -> Option<Key> {
    Some(match source {
        Source::Column(name) => Key::new(KeyColumns::Column(needed.column(name)), kind_of(name)?, listed),
        Source::ByDirection { inbound, outbound } => {
            let from = KeyColumns::ByDirection {
                direction: needed.column("direction"),
                inbound: needed.column(inbound),
                outbound: needed.column(outbound),
            };
            Key::new(from, Kind::Text, listed)
        }
        Source::Bucket(buckets) => {
            let from = KeyColumns::Bucket { time: needed.column("time"), buckets: buckets.clone() };
            Key::new(from, Kind::Number, None)
        }
    })
}

fn of(wanted: &Wanted, needed: &mut Needed) -> Option<Of> {
    let bound = |name: &'static str, greatest: bool, needed: &mut Needed| {
        let is_time = match kind_of(name)? {
            Kind::Number => false,
            Kind::Time => true,
            // Flags and texts have an order of their own.
            Kind::Text | Kind::Flag => return None,
        };
        Some(Of::Bound { column: needed.column(name), greatest, is_time })
    };
    Some(match wanted {
        Wanted::Rows => Of::Rows,
        Wanted::Sum(names) => Of::Sum(names.iter().map(|name| needed.column(name)).collect()),
        Wanted::Mean(name) => Of::Mean(needed.column(name)),
        Wanted::Least(name) => bound(name, false, needed)?,
        Wanted::Greatest(name) => bound(name, true, needed)?,
        Wanted::Distinct(source) => Of::Distinct(Box::new(key(source, None, needed)?)),
    })
}

/// How a column's values are read; none for days, which are not in files.
fn kind_of(name: &str) -> Option<Kind> {
    Some(match catalogue::find(name)?.kind {
        catalogue::Kind::Day => return None,
        catalogue::Kind::Boolean => Kind::Flag,
        catalogue::Kind::Time => Kind::Time,
        catalogue::Kind::Port | catalogue::Kind::Protocol | catalogue::Kind::Integer => Kind::Number,
        catalogue::Kind::Text | catalogue::Kind::Address | catalogue::Kind::Crn | catalogue::Kind::Json => {
            Kind::Text
        }
    })
}
