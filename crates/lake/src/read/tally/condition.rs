//! Which rows satisfy a tree: a text is looked at once per value, not once per row.

use std::borrow::Cow;
use std::collections::HashSet;

use arrow::array::{Array, BooleanArray, StringArray};
use flowglass_flow::address::{self, AddressClass};
use flowglass_flow::catalogue::{self, Kind};
use flowglass_query::{
    AddressSet, Match, NumberRange, Operand, Predicate, Property, Row, Tree, WORD_COLUMNS,
};

use super::columns::{Column, Columns, Keys, Numbers, Texts, Words};
use super::rows::Mask;
use crate::read::lower;

/// A tree, ready to be tested on batches. Remembers what it found of texts.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    All,
    None,
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Flag { column: usize, value: bool },
    Numbers { column: usize, ranges: Vec<NumberRange> },
    Sum { columns: [usize; 2], ranges: Vec<NumberRange> },
    Text { column: usize, test: Test, memo: Box<Memo> },
}

/// What is asked of a text.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// The language's own test, of a predicate that looks at one column.
    Predicate {
        column: &'static str,
        predicate: Predicate,
    },
    /// One of few texts.
    OneOf(Vec<String>),
    /// One of many texts.
    OneOfMany(HashSet<String>),
    /// An address in a set.
    Inside(AddressSet),
    Internal,
    Public,
    Address,
}

/// What was found of the values of the texts at hand.
#[derive(Debug, Clone, Default)]
pub(super) struct Memo {
    values: Option<StringArray>,
    found: Vec<u8>,
    /// How many of the first are known without looking.
    known: usize,
}

/// So many texts are compared one after another.
const FEW: usize = 4;

const UNKNOWN: u8 = 0;
const FAILS: u8 = 1;
const PASSES: u8 = 2;

/// Numbers the columns that are read.
#[derive(Debug, Default)]
pub(super) struct Needed(pub(super) Vec<&'static str>);

impl Needed {
    /// The number of a column.
    pub(super) fn column(&mut self, name: &'static str) -> usize {
        self.0.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.0.push(name);
            self.0.len() - 1
        })
    }
}

/// A column that files do not have: true for records that end an earlier flow. Most questions leave them out, and it stands
/// for six columns.
pub(super) const CLOSING: &str = "is:closing";

/// Makes the column of closing records of the columns that tell.
pub(super) fn closing(batch: &Columns) -> Column {
    let mut needed = Needed(Property::Closing.columns().to_vec());
    let flag = |column, value, needed: &mut Needed| Condition::Flag { column: needed.column(column), value };
    let mut all = vec![flag("was_terminated", true, &mut needed), flag("was_initiated", false, &mut needed)];
    for counter in Property::Closing.columns().iter().filter(|name| name.contains("_from_")) {
        let ranges = vec![NumberRange { low: Some(0), high: Some(0) }];
        all.push(Condition::Numbers { column: needed.column(counter), ranges });
    }
    let closing = Condition::And(all).mask(batch, &Mask::All);
    Column::Flag(BooleanArray::new(closing.bits(batch.rows), None))
}

impl Condition {
    /// Prepares a tree. None if it asks of a column that files do not hold.
    pub(super) fn new(tree: &Tree, needed: &mut Needed) -> Option<Self> {
        Some(match tree {
            Tree::Everything => Self::All,
            Tree::And(children) => {
                Self::And(children.iter().map(|child| Self::new(child, needed)).collect::<Option<_>>()?)
            }
            Tree::Or(children) => {
                Self::Or(children.iter().map(|child| Self::new(child, needed)).collect::<Option<_>>()?)
            }
            Tree::Not(inner) => Self::Not(Box::new(Self::new(inner, needed)?)),
            Tree::Term(term) => Self::predicate(&term.predicate, needed)?,
        })
    }

    fn predicate(predicate: &Predicate, needed: &mut Needed) -> Option<Self> {
        let text = |column: &'static str, predicate: Predicate, needed: &mut Needed| {
            Self::text(column, Test::Predicate { column, predicate }, needed)
        };
        Some(match predicate {
            Predicate::Text { column, how: Match::WholeCase, values } => {
                Self::text(column, Test::one_of(values.clone()), needed)
            }
            Predicate::Text { column, .. } | Predicate::Crn { column, .. } => {
                text(column, predicate.clone(), needed)
            }
            Predicate::Address { operand, set } => {
                // Few addresses are compared as texts, which is quicker than to read each address.
                let test = match lower::few_texts(set) {
                    Some(texts) => Test::one_of(texts),
                    None => Test::Inside(set.clone()),
                };
                Self::over(*operand, needed, |column, needed| Some(Self::text(column, test.clone(), needed)))?
            }
            Predicate::Number { operand: Operand::Sum(a, b), ranges } => {
                Self::Sum { columns: [needed.column(a), needed.column(b)], ranges: ranges.clone() }
            }
            Predicate::Number { operand, ranges } => Self::over(*operand, needed, |column, needed| {
                Some(Self::Numbers { column: needed.column(column), ranges: ranges.clone() })
            })?,
            Predicate::Time { column, ranges } => {
                Self::Numbers { column: needed.column(column), ranges: ranges.clone() }
            }
            // Days are not in files.
            Predicate::Day { .. } => return None,
            Predicate::Boolean { column, value } => {
                Self::Flag { column: needed.column(column), value: *value }
            }
            Predicate::Exists(operand) => Self::over(*operand, needed, |column, needed| {
                Some(match catalogue::find(column)?.kind {
                    Kind::Day => return None,
                    Kind::Boolean => {
                        let column = needed.column(column);
                        Self::Or([true, false].map(|value| Self::Flag { column, value }).into())
                    }
                    Kind::Port | Kind::Protocol | Kind::Integer | Kind::Time => Self::Numbers {
                        column: needed.column(column),
                        ranges: vec![NumberRange { low: None, high: None }],
                    },
                    Kind::Text | Kind::Address | Kind::Crn | Kind::Json => {
                        text(column, Predicate::Exists(Operand::Column(column)), needed)
                    }
                })
            })?,
            Predicate::Word { .. } => {
                let columns = WORD_COLUMNS.iter().map(|column| text(column, predicate.clone(), needed));
                Self::Or(columns.collect())
            }
            Predicate::Extra { .. } => text("extra", predicate.clone(), needed),
            Predicate::Is(property) => Self::property(*property, needed),
            Predicate::BothSides => Self::All,
            Predicate::Never { .. } => Self::None,
        })
    }

    fn property(property: Property, needed: &mut Needed) -> Self {
        let number = |column, low, high, needed: &mut Needed| Self::Numbers {
            column: needed.column(column),
            ranges: vec![NumberRange { low: Some(low), high }],
        };
        let flag = |column, value, needed: &mut Needed| Self::Flag { column: needed.column(column), value };
        match property {
            Property::Attempt => flag("was_initiated", true, needed),
            Property::Closing => flag(CLOSING, true, needed),
            Property::OneWay => Self::And(vec![
                number("packets_from_initiator", 1, None, needed),
                number("packets_from_target", 0, Some(0), needed),
            ]),
            Property::Internal => {
                let sides = ["initiator_ip", "target_ip"];
                Self::And(sides.map(|side| Self::text(side, Test::Internal, needed)).into())
            }
            Property::Public => {
                let mut both = |test: Test| {
                    ["initiator_ip", "target_ip"].map(|side| Self::text(side, test.clone(), needed)).into()
                };
                Self::And(vec![Self::And(both(Test::Address)), Self::Or(both(Test::Public))])
            }
        }
    }

    fn text(column: &'static str, test: Test, needed: &mut Needed) -> Self {
        Self::Text { column: needed.column(column), test, memo: Box::default() }
    }

    fn over(
        operand: Operand,
        needed: &mut Needed,
        test: impl Fn(&'static str, &mut Needed) -> Option<Self>,
    ) -> Option<Self> {
        Some(match operand {
            Operand::Column(column) => test(column, needed)?,
            Operand::Either(a, b) | Operand::Sum(a, b) => Self::Or(vec![test(a, needed)?, test(b, needed)?]),
            Operand::ByDirection { inbound, outbound } => {
                let mut side = |direction: &str, column| {
                    let predicate = Predicate::Text {
                        column: "direction",
                        how: Match::WholeCase,
                        values: vec![direction.to_owned()],
                    };
                    let direction =
                        Self::text("direction", Test::Predicate { column: "direction", predicate }, needed);
                    Some(Self::And(vec![direction, test(column, needed)?]))
                };
                Self::Or(vec![side("I", inbound)?, side("O", outbound)?])
            }
        })
    }

    /// The rows of a batch that satisfy it, among some; what it says of others means nothing.
    pub(super) fn mask(&mut self, batch: &Columns, among: &Mask) -> Mask {
        match self {
            Self::All => Mask::All,
            Self::None => Mask::None,
            Self::And(children) => {
                let mut kept = among.clone();
                for child in children {
                    if kept.is_none() {
                        break;
                    }
                    let found = child.mask(batch, &kept);
                    kept = kept.and(found);
                }
                kept
            }
            Self::Or(children) => {
                let mut found = Mask::None;
                for child in children {
                    if matches!(found, Mask::All) {
                        break;
                    }
                    found = found.or(child.mask(batch, among));
                }
                found
            }
            Self::Not(inner) => inner.mask(batch, among).not(),
            Self::Flag { column, value } => match &batch.columns[*column] {
                Column::Flag(flags) => {
                    let wanted = if *value { flags.values().clone() } else { !flags.values() };
                    Mask::of(wanted).valid(flags.nulls())
                }
                _ => Mask::None,
            },
            Self::Numbers { column, ranges } => match &batch.columns[*column] {
                Column::Number(numbers) => in_ranges(numbers, batch.rows, among, ranges),
                _ => Mask::None,
            },
            Self::Sum { columns, ranges } => {
                let [a, b] = columns.map(|column| &batch.columns[column]);
                Mask::by_row(batch.rows, among, |row| {
                    let (a, b) = (a.number(row), b.number(row));
                    let sum = i128::from(a.unwrap_or(0)) + i128::from(b.unwrap_or(0));
                    (a.is_some() || b.is_some()) && ranges.iter().any(|range| range.contains(sum))
                })
            }
            Self::Text { column, test, memo } => match &batch.columns[*column] {
                Column::Text(texts) => memo.mask(texts, test, among),
                _ => Mask::None,
            },
        }
    }
}

impl Memo {
    /// The rows whose text passes a test.
    fn mask(&mut self, texts: &Texts, test: &Test, among: &Mask) -> Mask {
        if self.values.as_ref().is_none_or(|values| !texts.shares_values(values)) {
            self.found.clear();
            self.found.resize(texts.values.len(), UNKNOWN);
            self.values = Some(texts.values.clone());
            self.known = 0;
        }
        let passes = |key: usize| {
            let passes = texts.values.is_valid(key) && test.passes(texts.values.value(key));
            if passes { PASSES } else { FAILS }
        };
        let found = &mut self.found;
        let mask = if among.is_sparse() {
            Mask::by_row(texts.keys.len(), among, |row| {
                let key = texts.keys.key(row);
                let Some(found) = found.get_mut(key) else { return false };
                if *found == UNKNOWN {
                    *found = passes(key);
                }
                *found == PASSES
            })
        } else {
            if self.known < found.len() {
                for (key, found) in found.iter_mut().enumerate().filter(|(_, found)| **found == UNKNOWN) {
                    *found = passes(key);
                }
                self.known = found.len();
            }
            let passes = |key: usize| found.get(key).is_some_and(|found| *found == PASSES);
            match &texts.keys {
                Keys::Byte(keys) => Mask::by_value(keys, |key| passes(usize::from(key))),
                Keys::Narrow(keys) => Mask::by_value(keys, |key| passes(usize::from(key))),
                Keys::Wide(keys) => Mask::by_value(keys, |key| passes(key as usize)),
            }
        };
        mask.valid(texts.nulls.as_ref())
    }
}

fn in_ranges(numbers: &Numbers, rows: usize, among: &Mask, ranges: &[NumberRange]) -> Mask {
    if among.is_sparse() {
        return Mask::by_row(rows, among, |row| {
            numbers.value(row).is_some_and(|value| ranges.iter().any(|range| range.contains(value.into())))
        });
    }
    let mask = ranges.iter().fold(Mask::None, |mask, range| mask.or(in_range(numbers, range)));
    mask.valid(numbers.nulls.as_ref())
}

/// The rows whose word is that of a number in a range.
fn in_range(numbers: &Numbers, range: &NumberRange) -> Mask {
    let (base, unit) = (i128::from(numbers.base), i128::from(numbers.unit));
    // The first word at or above the lower bound, and the last at or below the upper.
    let low = range.low.map_or(i128::MIN, |low| (i128::from(low) - base + unit - 1).div_euclid(unit));
    let high = range.high.map_or(i128::MAX, |high| (i128::from(high) - base).div_euclid(unit));
    match &numbers.words {
        Words::U8(words) => between(words, low, high),
        Words::U16(words) => between(words, low, high),
        Words::U32(words) => between(words, low, high),
        Words::I32(words) => between(words, low, high),
        Words::I64(words) => between(words, low, high),
    }
}

/// The rows whose word is in a range; bounds beyond the words' type are none.
fn between<T: Copy + PartialOrd + Into<i128> + TryFrom<i128>>(words: &[T], low: i128, high: i128) -> Mask {
    match (T::try_from(low), T::try_from(high)) {
        (Ok(low), Ok(high)) => Mask::by_value(words, |word| (low <= word) & (word <= high)),
        (Ok(low), Err(_)) if high > 0 => Mask::by_value(words, |word| low <= word),
        (Err(_), Ok(high)) if low < 0 => Mask::by_value(words, |word| word <= high),
        _ => Mask::by_value(words, |word| (low..=high).contains(&word.into())),
    }
}

impl Test {
    fn one_of(texts: Vec<String>) -> Self {
        if texts.len() > FEW { Self::OneOfMany(texts.into_iter().collect()) } else { Self::OneOf(texts) }
    }

    fn passes(&self, text: &str) -> bool {
        match self {
            Self::Predicate { column, predicate } => predicate.matches(&OneText { column, text }),
            Self::OneOf(texts) => texts.iter().any(|wanted| wanted == text),
            Self::OneOfMany(texts) => texts.contains(text),
            Self::Inside(set) => address::parse(text).is_some_and(|address| set.contains(address)),
            Self::Internal => address::parse(text).is_some_and(address::is_internal),
            Self::Public => {
                address::parse(text).is_some_and(|address| address::classify(address) == AddressClass::Public)
            }
            Self::Address => address::parse(text).is_some(),
        }
    }
}

/// A row of which one column is known.
struct OneText<'t> {
    column: &'static str,
    text: &'t str,
}

impl Row for OneText<'_> {
    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        (column == self.column).then_some(Cow::Borrowed(self.text))
    }

    fn integer(&self, _: &str) -> Option<i64> {
        None
    }

    fn boolean(&self, _: &str) -> Option<bool> {
        None
    }
}
