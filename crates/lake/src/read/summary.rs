//! Answers from indexes: sums of what they say of whole files and row groups, and which rows are still to be read.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use datafusion::datasource::physical_plan::parquet::RowGroupAccess;
use futures::{FutureExt, StreamExt};
use hashbrown::HashMap;

use super::engine::Run;
use super::measure::{Measured, own_addresses_once};
use super::narrow::Part;
use super::reader::Reader;
use crate::answer::{Measure, Range, Scope, Sides, Value};
use crate::error::Result;
use crate::index::{Amounts, Class, FileIndex, MINUTE, NO_ADDRESS, Side, TimeCell, VNIC_COLUMNS};

/// Indexes read at a time.
const AT_A_TIME: usize = 4;

/// What a question groups by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    /// Nothing: one number.
    Whole,
    /// Minutes, and a column that classes tell.
    Minute(Option<ClassColumn>),
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

impl Dimension {
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
        matches!(self, Self::Whole | Self::Minute(_) | Self::Class(_))
    }
}

/// A value that is grouped by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    Null,
    Number(i64),
    Text(Arc<str>),
    /// By value: a text each would take far longer.
    Address(u128),
}

impl Key {
    /// The value as answers give it.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) => Value::Integer(*number),
            Self::Text(text) => Value::Text(text.to_string()),
            Self::Address(bits) => Value::Text(address_of(*bits).to_string()),
        }
    }

    /// The key of a value of a dimension.
    pub(super) fn of(value: &Value, dimension: Dimension) -> Self {
        match value {
            Value::Integer(number) => Self::Number(*number),
            Value::Text(text) => match (dimension, text.parse::<IpAddr>()) {
                // Written as IPv6 it is another value than the IPv4 address that it maps.
                (Dimension::Address(_), Ok(address)) if address_of(bits_of(address)) == address => {
                    Self::Address(bits_of(address))
                }
                _ => Self::Text(text.as_str().into()),
            },
            _ => Self::Null,
        }
    }
}

fn bits_of(address: IpAddr) -> u128 {
    flowglass_flow::address::to_bits(address)
}

fn address_of(bits: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(bits)).to_canonical()
}

/// What indexes say.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// The measure by minute (0 where minutes are not asked for) and key.
    pub(super) counts: HashMap<(i64, Key), u64>,
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

    fn amount(&self, amounts: Amounts) -> u64 {
        match self.measure {
            Measure::Bytes => amounts.bytes,
            Measure::Packets => amounts.packets,
            Measure::AllRecords | Measure::Attempts | Measure::Records | Measure::Connections => amounts.rows,
        }
    }
}

impl Reader {
    /// Sums up what indexes say of a scope. None if they do not tell what is asked, or nothing of it.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn summary(
        &self,
        run: &Run,
        scope: &Scope,
        measured: &Measured,
        dimension: Dimension,
    ) -> Result<Option<Summary>> {
        if !is_decided(scope, measured) {
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
        let mut summary = Summary::default();
        let mut parts = Vec::new();
        for part in Box::pin(self.parts(run, scope)).await? {
            parts.push(self.summarize(part, &rule, dimension).boxed());
        }
        let mut parts = futures::stream::iter(parts).buffer_unordered(AT_A_TIME);
        while let Some((counts, rest)) = parts.next().await {
            summary.files += u64::from(!counts.is_empty());
            summary.rest.extend(rest);
            if summary.counts.is_empty() {
                summary.counts = counts;
                continue;
            }
            for (key, count) in counts {
                let sum = summary.counts.entry(key).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        Ok((summary.files > 0).then_some(summary))
    }

    /// What the index of a part says, and what of it is still to be read.
    async fn summarize(&self, part: Part, rule: &Rule<'_>, dimension: Dimension) -> Summarized {
        let Some(index) = part.index.clone() else { return (HashMap::new(), Some(part)) };
        if let Some(own) = &rule.once
            && !index.own_fits(own).await
        {
            return (HashMap::new(), Some(part));
        }
        let counted: Vec<bool> = index.directory.classes.iter().map(|class| rule.counts(class)).collect();
        let mut sums = Sums { rule, counted, counts: HashMap::new() };
        let range = &rule.scope.range;
        if let Dimension::Address(side) = dimension {
            let all_inside = index.directory.groups.iter().all(|group| is_inside(range, group.times));
            let mut told = false;
            if all_inside {
                told = index
                    .for_each_amount(side, |address, class, amounts| {
                        let key = if address == NO_ADDRESS { Key::Null } else { Key::Address(address) };
                        sums.add((0, key), class, amounts);
                    })
                    .await;
            }
            return if told { (sums.counts, None) } else { (HashMap::new(), Some(part)) };
        }
        let told = sums.add_groups(&index, &part, dimension).await;
        let rest = rest_of(part, &told);
        (sums.counts, rest)
    }
}

/// True if classes decide which rows of a scope count, and how much.
pub(super) fn is_decided(scope: &Scope, measured: &Measured) -> bool {
    measured.used.name != Measure::Connections
        && Class::decides(&scope.query)
        && scope.filter.as_ref().is_none_or(Class::decides)
}

type Summarized = (HashMap<(i64, Key), u64>, Option<Part>);

struct Sums<'r> {
    rule: &'r Rule<'r>,
    counted: Vec<bool>,
    counts: HashMap<(i64, Key), u64>,
}

impl Sums<'_> {
    fn add(&mut self, key: (i64, Key), class: u8, amounts: Amounts) {
        if !self.counted.get(usize::from(class)).copied().unwrap_or(false) {
            return;
        }
        let amount = self.rule.amount(amounts);
        if amount > 0 {
            let sum = self.counts.entry(key).or_default();
            *sum = sum.saturating_add(amount);
        }
    }

    /// Adds up row groups; says of each whether its cells told all.
    async fn add_groups(&mut self, index: &FileIndex, part: &Part, dimension: Dimension) -> Vec<bool> {
        let range = self.rule.scope.range;
        let groups = &index.directory.groups;
        let aligned = |bound: Option<i64>| bound.is_none_or(|at| at % MINUTE == 0);
        let by_minute = dimension.has_minutes();
        let partly = by_minute && aligned(range.from) && aligned(range.to);
        let usable = |at: usize| {
            let skipped = part.groups.as_ref().is_some_and(|groups| groups[at] == RowGroupAccess::Skip);
            !skipped && (partly || is_inside(&range, groups[at].times))
        };
        let mut told = vec![false; groups.len()];
        match dimension {
            Dimension::Port | Dimension::Protocol => {
                for (at, cells) in index.by_service().await.into_iter().enumerate() {
                    let Some(cells) = cells.filter(|_| usable(at)) else { continue };
                    for cell in cells {
                        let value = if dimension == Dimension::Port { cell.port } else { cell.protocol };
                        let key = value.map_or(Key::Null, |value| Key::Number(value.into()));
                        self.add((0, key), cell.class, cell.amounts);
                    }
                    told[at] = true;
                }
            }
            Dimension::Vnic(column) => {
                for (at, cells) in index.by_vnic().await.into_iter().enumerate() {
                    let Some(cells) = cells.filter(|_| usable(at)) else { continue };
                    for cell in cells {
                        let key = cell.values[column].clone().map_or(Key::Null, Key::Text);
                        self.add((0, key), cell.class, cell.amounts);
                    }
                    told[at] = true;
                }
            }
            _ => {
                for (at, cells) in index.by_minute().await.into_iter().enumerate() {
                    let Some(cells) = cells.filter(|_| usable(at)) else { continue };
                    cells.iter().for_each(|cell| self.add_minute(cell, index, dimension, &range));
                    told[at] = true;
                }
            }
        }
        told
    }

    fn add_minute(&mut self, cell: &TimeCell, index: &FileIndex, dimension: Dimension, range: &Range) {
        let bounded = range.from.is_some() || range.to.is_some();
        let inside = cell.minute.map_or(!bounded, |minute| {
            let start = minute.saturating_mul(MINUTE);
            range.from.is_none_or(|from| start >= from - from.rem_euclid(MINUTE))
                && range.to.is_none_or(|to| start < to)
        });
        let (Some(class), true) = (index.directory.classes.get(usize::from(cell.class)), inside) else {
            return;
        };
        let key = match dimension {
            Dimension::Minute(column) => {
                let Some(minute) = cell.minute else { return };
                (minute, column.map_or(Key::Null, |column| column.of(class)))
            }
            Dimension::Class(column) => (0, column.of(class)),
            _ => (0, Key::Null),
        };
        self.add(key, cell.class, cell.amounts);
    }
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
