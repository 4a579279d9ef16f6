//! Counting by a scan of our own, where indexes do not tell.
//!
//! Text columns of a data file are dictionaries. A general engine turns them into texts, row by row, before it compares,
//! hashes and groups them; here a query is asked once per value of a dictionary, and groups are numbers until they are
//! answered.

mod columns;
mod condition;
mod figures;
mod groups;
mod interner;
mod keys;
mod memo;
mod newest;
mod pieces;
mod queue;
mod rows;
mod scan;
mod warm;
mod worker;

pub(super) use self::warm::Warm;

use std::cmp::Ordering;

use flowglass_query::Tree;

use self::figures::Figure;
use self::groups::Groups;
use self::interner::KeyValue;
use self::keys::Key;
use super::engine::Cost;
use super::measure::{Amount, Measured};
use super::source::Source;
use crate::answer::{Range, Scope, Value};

/// What is counted.
#[derive(Debug, Clone)]
pub(super) struct Question {
    /// Rows that are looked at.
    pub(super) filter: Tree,
    /// And their times.
    pub(super) range: Range,
    /// What is counted of them, all in one go.
    pub(super) groupings: Vec<Grouping>,
}

impl Question {
    /// A question about the rows of a scope.
    pub(super) fn of(scope: &Scope, groupings: Vec<Grouping>) -> Self {
        let queries = [&scope.query].into_iter().chain(&scope.filter);
        Self { filter: Tree::and(queries.map(|query| query.tree.clone())), range: scope.range, groupings }
    }
}

/// Groups, and what is counted of each.
#[derive(Debug, Clone)]
pub(super) struct Grouping {
    pub(super) keys: Vec<Source>,
    /// If there are any, only these values of the last key are told apart: the key is the place in this list, -1 for any
    /// other.
    pub(super) listed: Option<Vec<Value>>,
    pub(super) figures: Vec<Asked>,
}

impl Grouping {
    /// Groups by keys whose values are all told apart.
    pub(super) fn by(keys: Vec<Source>, figures: Vec<Asked>) -> Self {
        Self { keys, listed: None, figures }
    }
}

impl Measured {
    /// The measure as a figure; none if this scan does not count it.
    pub(super) fn asked(&self) -> Option<Asked> {
        Some(Asked { filter: self.filter.clone(), of: self.amount.wanted()? })
    }
}

impl Amount {
    /// What is counted; none if this scan does not count it.
    pub(super) fn wanted(self) -> Option<Wanted> {
        match self {
            Self::Rows => Some(Wanted::Rows),
            Self::Sum { columns, .. } => Some(Wanted::Sum(columns.into())),
            Self::Connections => None,
        }
    }
}

/// A number of each group, of the rows that satisfy a filter.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) filter: Tree,
    pub(super) of: Wanted,
}

/// What it is.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Rows,
    /// The sum of columns of numbers.
    Sum(Vec<&'static str>),
    Mean(&'static str),
    Least(&'static str),
    Greatest(&'static str),
    Distinct(Source),
}

/// What was counted, by group.
pub(super) struct Tallied {
    keys: Vec<Key>,
    groups: Groups,
    /// Groups that have a row.
    present: Vec<u32>,
    figures: Vec<Figure>,
    pub(super) cost: Cost,
}

/// Keys and figures of a group.
pub(super) type GroupValues = (Vec<Value>, Vec<Value>);

impl Tallied {
    /// The groups that come first: by a figure if one is named (descending or not), then by keys; missing values last.
    pub(super) fn first(&self, order: Option<(usize, bool)>, most: usize) -> Vec<GroupValues> {
        let values = self.key_values();
        let groups = self.in_order(self.present.clone(), order, most, &values);
        let row = |group| {
            (self.values_of(group, &values), self.figures.iter().map(|figure| figure.value(group)).collect())
        };
        groups.into_iter().map(row).collect()
    }

    /// The groups whose first figure is greatest, with it; those where it is 0 are none.
    pub(super) fn greatest(&self, most: usize) -> Vec<(Vec<Value>, u64)> {
        let values = self.key_values();
        let groups = self.in_order(self.counting().collect(), Some((0, true)), most, &values);
        let row = |group| (self.values_of(group, &values), self.figures[0].whole(group));
        groups.into_iter().map(row).collect()
    }

    /// The sum of the first figure, and of how many groups.
    pub(super) fn total(&self) -> (u64, u64) {
        let counts = self.counting().map(|group| self.figures[0].whole(group));
        counts.fold((0, 0), |(sum, groups), count| (u64::saturating_add(sum, count), groups + 1))
    }

    /// Calls a function for each group whose first figure is not 0.
    pub(super) fn for_each(&self, mut each: impl FnMut(Vec<Value>, u64)) {
        let values = self.key_values();
        for group in self.counting() {
            each(self.values_of(group, &values), self.figures[0].whole(group));
        }
    }

    fn counting(&self) -> impl Iterator<Item = u32> {
        self.present.iter().copied().filter(|group| self.figures[0].whole(*group) > 0)
    }

    fn key_values(&self) -> Vec<Vec<KeyValue<'_>>> {
        self.keys.iter().map(|key| key.interner.values()).collect()
    }

    fn keys_of<'v>(
        &'v self,
        group: u32,
        values: &'v [Vec<KeyValue<'v>>],
    ) -> impl Iterator<Item = KeyValue<'v>> + 'v {
        values.iter().enumerate().map(move |(at, values)| values[self.groups.key_of(at, group) as usize])
    }

    fn values_of(&self, group: u32, values: &[Vec<KeyValue<'_>>]) -> Vec<Value> {
        self.keys_of(group, values).zip(&self.keys).map(|(value, key)| key.value(value)).collect()
    }

    fn in_order(
        &self,
        mut groups: Vec<u32>,
        order: Option<(usize, bool)>,
        most: usize,
        values: &[Vec<KeyValue<'_>>],
    ) -> Vec<u32> {
        let by_figure = |a: &u32, b: &u32| {
            order.map_or(Ordering::Equal, |(at, descending)| self.figures[at].compare(*a, *b, descending))
        };
        let compare = |a: &u32, b: &u32| {
            by_figure(a, b).then_with(|| self.keys_of(*a, values).cmp(self.keys_of(*b, values)))
        };
        if (1..groups.len()).contains(&most) {
            // Keys are compared only where the figure leaves it open which come first.
            let last = *groups.select_nth_unstable_by(most - 1, by_figure).1;
            groups.retain(|group| by_figure(group, &last).is_le());
            groups.select_nth_unstable_by(most - 1, compare);
        }
        groups.truncate(most);
        groups.sort_unstable_by(compare);
        groups
    }
}
