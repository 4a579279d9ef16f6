//! Answers from indexes: sums of what they say of whole files and row groups, and which rows are still to be read.

use std::sync::Arc;

use datafusion::datasource::physical_plan::parquet::RowGroupAccess;
use futures::{FutureExt, StreamExt};

use super::buckets::Buckets;
use super::counts::{Counts, Key};
use super::engine::Run;
use super::measure::{Measured, own_addresses_once};
use super::narrow::Part;
use super::reader::Reader;
use crate::answer::{Measure, Range, Scope, Sides};
use crate::error::Result;
use crate::index::{Cells, Class, GroupCells, MINUTE, Quantity, Service, Side, VNIC_COLUMNS, VnicValues};

/// Indexes read at a time.
const AT_A_TIME: usize = 4;
/// Files summed up before others get their turn.
const FILES_IN_A_GO: usize = 32;

/// What a question groups by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension<'b> {
    /// Nothing: one number.
    Whole,
    /// Buckets that begin with a minute, and a column that classes tell.
    Minute(Option<ClassColumn>, &'b Buckets),
    Class(ClassColumn),
    Address(Side),
    Port,
    Protocol,
    /// A column of [`VNIC_COLUMNS`].
    Vnic(usize),
}

/// A column that classes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClassColumn {
    Action,
    Direction,
}

impl ClassColumn {
    /// The column of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "action" => Some(Self::Action),
            "direction" => Some(Self::Direction),
            _ => None,
        }
    }

    fn of(self, class: &Class) -> Key {
        let text = match self {
            Self::Action => &class.action,
            Self::Direction => &class.direction,
        };
        text.clone().map_or(Key::Null, Key::Text)
    }
}

impl Dimension<'_> {
    /// The dimension of a field, if indexes have it.
    pub(super) fn of_field(name: &str) -> Option<Self> {
        Some(match name {
            "initiator_ip" => Self::Address(Side::Initiator),
            "target_ip" => Self::Address(Side::Target),
            "target_port" => Self::Port,
            "transport_protocol" => Self::Protocol,
            _ => match ClassColumn::named(name) {
                Some(column) => Self::Class(column),
                None => Self::Vnic(VNIC_COLUMNS.iter().position(|column| *column == name)?),
            },
        })
    }

    /// True if its cells are told by minute, so that parts of row groups can be summed.
    fn has_minutes(self) -> bool {
        matches!(self, Self::Whole | Self::Minute(..) | Self::Class(_))
    }

    /// Of the classes that count, which belong to each key.
    fn classes_by_key(self, classes: &[Class], counted: &[bool]) -> Vec<(Key, Vec<bool>)> {
        let (Self::Minute(Some(column), _) | Self::Class(column)) = self else {
            return vec![(Key::Null, counted.to_vec())];
        };
        let mut by_key: Vec<(Key, Vec<bool>)> = Vec::new();
        for (at, class) in classes.iter().enumerate().filter(|(at, _)| counted[*at]) {
            let key = column.of(class);
            let place = by_key.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
                by_key.push((key, vec![false; classes.len()]));
                by_key.len() - 1
            });
            by_key[place].1[at] = true;
        }
        by_key
    }
}

/// What indexes say.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// The measure by key, unless it is charted.
    pub(super) counts: Counts,
    /// The measure by key and bucket of a chart.
    pub(super) lines: Vec<(Key, Vec<u64>)>,
    /// What is still to be read.
    pub(super) rest: Vec<Part>,
    /// Files whose indexes answered.
    pub(super) files: u64,
}

/// How rows count, for one question.
struct Rule<'q> {
    scope: &'q Scope,
    measure: Measure,
    closing: bool,
    /// The addresses whose inbound records the other side reports as well; none if both reports count.
    once: Option<Arc<[u128]>>,
}

impl Rule<'_> {
    fn counts(&self, class: &Class) -> bool {
        let matches = self.scope.query.matches(class)
            && self.scope.filter.as_ref().is_none_or(|filter| filter.matches(class));
        matches
            && match self.measure {
                Measure::Attempts => class.was_initiated == Some(true),
                Measure::Records => self.closing || !class.closing,
                _ => true,
            }
            && !(self.once.is_some() && class.own_initiator && class.direction.as_deref() == Some("I"))
    }

    fn quantity(&self) -> Quantity {
        match self.measure {
            Measure::Bytes => Quantity::Bytes,
            Measure::Packets => Quantity::Packets,
            Measure::AllRecords | Measure::Attempts | Measure::Records | Measure::Connections => {
                Quantity::Rows
            }
        }
    }
}

impl Reader {
    /// Sums up what indexes say of the parts of a scope. None if they do not tell what is asked, or nothing of it.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn summary(
        &self,
        run: &Run,
        parts: &[Part],
        scope: &Scope,
        measured: &Measured,
        dimension: Dimension<'_>,
    ) -> Result<Option<Summary>> {
        if !is_decided(scope, measured) || parts.iter().all(|part| part.index.is_none()) {
            return Ok(None);
        }
        let once = match measured.used.sides {
            Sides::Both => None,
            Sides::Once => match own_addresses_once(scope, &run.view) {
                Some(own) => Some(own),
                // Addresses that mean different hosts in different VPCs: only rows tell which.
                None => return Ok(None),
            },
        };
        let rule = Rule {
            scope,
            measure: measured.used.name,
            closing: measured.used.closing == crate::answer::Closing::Included,
            once,
        };
        let mut sums = Sums { rule: &rule, dimension, summary: Summary::default() };
        let mut fetched = Vec::new();
        for part in parts {
            fetched.push(fetch(part.clone(), &rule, dimension).boxed());
        }
        let mut fetched = futures::stream::iter(fetched).buffered(AT_A_TIME);
        let mut turn = 0_usize;
        while let Some((part, told)) = fetched.next().await {
            match told {
                Some(told) => sums.add(part, &told),
                None => sums.summary.rest.push(part),
            }
            turn += 1;
            if turn.is_multiple_of(FILES_IN_A_GO) {
                tokio::task::yield_now().await;
            }
        }
        let mut summary = sums.summary;
        summary.counts.finish();
        Ok((summary.files > 0).then_some(summary))
    }
}

/// What the index of a part tells of a dimension; none if it tells nothing that can be used.
async fn fetch(part: Part, rule: &Rule<'_>, dimension: Dimension<'_>) -> (Part, Option<Told>) {
    let Some(index) = &part.index else { return (part, None) };
    if let Some(own) = &rule.once
        && !index.own_fits(own).await
    {
        return (part, None);
    }
    let told = match dimension {
        Dimension::Address(side) => {
            let range = &rule.scope.range;
            match index.directory.groups.iter().all(|group| is_inside(range, group.times)) {
                true => index.by_address(side).await.map(Told::Addresses),
                false => None,
            }
        }
        Dimension::Port | Dimension::Protocol => Some(Told::Services(index.by_service().await)),
        Dimension::Vnic(_) => Some(Told::Vnics(index.by_vnic().await)),
        Dimension::Whole | Dimension::Minute(..) | Dimension::Class(_) => {
            Some(Told::Minutes(index.by_minute().await))
        }
    };
    (part, told)
}

/// True if classes decide which rows of a scope count, and how much.
fn is_decided(scope: &Scope, measured: &Measured) -> bool {
    measured.used.name != Measure::Connections
        && Class::decides(&scope.query)
        && scope.filter.as_ref().is_none_or(Class::decides)
}

/// What an index tells of a dimension.
enum Told {
    Addresses(Arc<Cells<u128>>),
    Services(GroupCells<Service>),
    Vnics(GroupCells<Arc<VnicValues>>),
    Minutes(GroupCells<Option<i64>>),
}

/// Sums that grow file by file.
struct Sums<'r> {
    rule: &'r Rule<'r>,
    dimension: Dimension<'r>,
    summary: Summary,
}

impl Sums<'_> {
    /// Adds what the index of a part tells; what it does not tell is still to be read.
    fn add(&mut self, part: Part, told: &Told) {
        let Some(index) = part.index.clone() else { return self.summary.rest.push(part) };
        let counted: Vec<bool> =
            index.directory.classes.iter().map(|class| self.rule.counts(class)).collect();
        let quantity = self.rule.quantity();
        if let Told::Addresses(cells) = told {
            let found = self.summary.counts.add_addresses(cells, &counted, quantity);
            self.summary.files += u64::from(found);
            return;
        }
        let groups = &index.directory.groups;
        let range = self.rule.scope.range;
        let aligned = |bound: Option<i64>| bound.is_none_or(|at| at % MINUTE == 0);
        let partly = self.dimension.has_minutes() && aligned(range.from) && aligned(range.to);
        let usable = |at: usize| {
            let skipped = part.groups.as_ref().is_some_and(|groups| groups[at] == RowGroupAccess::Skip);
            !skipped && (partly || is_inside(&range, groups[at].times))
        };
        let mut any = false;
        let counts = &mut self.summary.counts;
        let summed: Vec<bool> = match told {
            Told::Addresses(_) => Vec::new(),
            Told::Services(cells) => {
                let by_port = self.dimension == Dimension::Port;
                each(cells, usable, |cells| {
                    cells.sum(&counted, quantity, |(port, protocol), sum| {
                        any = true;
                        counts.add_number(if by_port { *port } else { *protocol }, sum);
                    });
                })
            }
            Told::Vnics(cells) => {
                let Dimension::Vnic(column) = self.dimension else { return };
                each(cells, usable, |cells| {
                    cells.sum(&counted, quantity, |values, sum| {
                        any = true;
                        counts.add(&values[column].clone().map_or(Key::Null, Key::Text), sum);
                    });
                })
            }
            Told::Minutes(cells) => {
                let by_key = self.dimension.classes_by_key(&index.directory.classes, &counted);
                let bounded = range.from.is_some() || range.to.is_some();
                let first = range.from.map(|from| from - from.rem_euclid(MINUTE));
                let inside = |minute: Option<i64>| {
                    let Some(minute) = minute else { return !bounded };
                    let start = minute.saturating_mul(MINUTE);
                    first.is_none_or(|first| start >= first) && range.to.is_none_or(|to| start < to)
                };
                let (dimension, lines) = (self.dimension, &mut self.summary.lines);
                each(cells, usable, |cells| {
                    for (key, counted) in &by_key {
                        let Dimension::Minute(_, buckets) = dimension else {
                            let mut whole = 0_u64;
                            cells.sum(counted, quantity, |minute, sum| {
                                whole = whole.saturating_add(if inside(*minute) { sum } else { 0 });
                            });
                            if whole > 0 {
                                any = true;
                                counts.add(key, whole);
                            }
                            continue;
                        };
                        let line = line_of(lines, key, buckets.len());
                        let mut place = buckets.places();
                        cells.sum(counted, quantity, |minute, sum| {
                            let Some(start) = minute.filter(|_| inside(*minute)) else { return };
                            any = true;
                            if let Some(at) = place(start.saturating_mul(MINUTE)) {
                                line[at] = line[at].saturating_add(sum);
                            }
                        });
                    }
                })
            }
        };
        self.summary.files += u64::from(any);
        self.summary.rest.extend(rest_of(part, &summed));
    }
}

/// Sums up the cells of row groups; says of each whether they told all.
fn each<K>(
    cells: &[Option<Cells<K>>],
    usable: impl Fn(usize) -> bool,
    mut sum: impl FnMut(&Cells<K>),
) -> Vec<bool> {
    let one = |(at, cells): (usize, &Option<Cells<K>>)| {
        let cells = cells.as_ref().filter(|_| usable(at));
        cells.map(&mut sum).is_some()
    };
    cells.iter().enumerate().map(one).collect()
}

/// The line of a key, a new one if there is none yet.
fn line_of<'l>(lines: &'l mut Vec<(Key, Vec<u64>)>, key: &Key, buckets: usize) -> &'l mut Vec<u64> {
    let at = lines.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
        lines.push((key.clone(), vec![0; buckets]));
        lines.len() - 1
    });
    &mut lines[at].1
}

/// True if every row with these times is in a range.
pub(super) fn is_inside(range: &Range, times: Option<(i64, i64)>) -> bool {
    match times {
        Some((first, last)) => {
            range.from.is_none_or(|from| first >= from) && range.to.is_none_or(|to| last < to)
        }
        // Some row has no time: it is in no range but the one without bounds.
        None => range.from.is_none() && range.to.is_none(),
    }
}

/// The row groups of a part that are not told yet; none if all are.
fn rest_of(part: Part, told: &[bool]) -> Option<Part> {
    let mut groups = match &part.groups {
        Some(groups) => groups.clone(),
        None => vec![RowGroupAccess::Scan; told.len()],
    };
    for (group, told) in groups.iter_mut().zip(told) {
        if *told {
            *group = RowGroupAccess::Skip;
        }
    }
    let is_read = groups.iter().any(|group| *group != RowGroupAccess::Skip);
    is_read.then_some(Part { groups: Some(groups), ..part })
}
