//! Which rows satisfy a tree: a text is looked at once per value, not once per row.

use std::ops::RangeInclusive;

use arrow::array::{Array, BooleanArray};
use flowglass_flow::catalogue::{self, Kind};
use flowglass_query::{Match, NumberRange, Operand, Predicate, Property, Tree, WORD_COLUMNS};

use super::columns::{Column, Columns, Numbers, Words};
use super::memo::{Memo, Test};
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
                let mut all = Vec::with_capacity(children.len());
                for child in children {
                    Self::new(child, needed)?.join(&mut all, true);
                }
                Self::And(all)
            }
            Tree::Or(children) => {
                let mut any = Vec::with_capacity(children.len());
                for child in children {
                    Self::new(child, needed)?.join(&mut any, false);
                }
                Self::Or(any)
            }
            Tree::Not(inner) => Self::Not(Box::new(Self::new(inner, needed)?)),
            Tree::Term(term) => Self::predicate(&term.predicate, needed)?,
        })
    }

    /// Joins others of which all or any are asked for. A column that is none of some numbers, or any of some, is looked at
    /// once.
    fn join(mut self, others: &mut Vec<Self>, all: bool) {
        if let Some((column, ranges)) = self.ranges(all)
            && let Some((_, known)) =
                others.iter_mut().filter_map(|other| other.ranges(all)).find(|(other, _)| *other == column)
        {
            known.append(ranges);
            return;
        }
        others.push(self);
    }

    /// The column whose numbers are in some ranges, or in none of them.
    fn ranges(&mut self, negated: bool) -> Option<(usize, &mut Vec<NumberRange>)> {
        match self {
            Self::Numbers { column, ranges } if !negated => Some((*column, ranges)),
            Self::Not(inner) if negated => inner.ranges(false),
            _ => None,
        }
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
                Column::Number(numbers) => in_ranges(numbers, among, ranges),
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

/// The rows whose number is in a range.
fn in_ranges(numbers: &Numbers, among: &Mask, ranges: &[NumberRange]) -> Mask {
    let (base, unit) = (i128::from(numbers.base), i128::from(numbers.unit));
    // The first word at or above the lower bound, and the last at or below the upper.
    let words = |range: &NumberRange| {
        let low = range.low.map_or(i128::MIN, |low| (i128::from(low) - base + unit - 1).div_euclid(unit));
        let high = range.high.map_or(i128::MAX, |high| (i128::from(high) - base).div_euclid(unit));
        low..=high
    };
    let ranges: Vec<RangeInclusive<i128>> = ranges.iter().map(words).collect();
    let mask = match &numbers.words {
        Words::U8(words) => inside(words, u8::MIN..=u8::MAX, among, &ranges),
        Words::U16(words) => inside(words, u16::MIN..=u16::MAX, among, &ranges),
        Words::U32(words) => inside(words, u32::MIN..=u32::MAX, among, &ranges),
        Words::I32(words) => inside(words, i32::MIN..=i32::MAX, among, &ranges),
        Words::I64(words) => inside(words, i64::MIN..=i64::MAX, among, &ranges),
    };
    mask.valid(numbers.nulls.as_ref())
}

/// The rows whose word is in a range, of those that the words' type has.
fn inside<T>(words: &[T], all: RangeInclusive<T>, among: &Mask, ranges: &[RangeInclusive<i128>]) -> Mask
where
    T: Copy + PartialOrd + Into<i128> + TryFrom<i128>,
{
    let (least, most) = all.into_inner();
    let bounds = |range: &RangeInclusive<i128>| {
        let (low, high) = ((*range.start()).max(least.into()), (*range.end()).min(most.into()));
        if low > high { None } else { T::try_from(low).ok().zip(T::try_from(high).ok()) }
    };
    let bounds: Vec<(T, T)> = ranges.iter().filter_map(bounds).collect();
    let is_inside = |word: T, (low, high): &(T, T)| (*low <= word) & (word <= *high);
    if among.is_sparse() {
        return Mask::by_row(words.len(), among, |row| {
            bounds.iter().any(|bounds| is_inside(words[row], bounds))
        });
    }
    let each = bounds.iter().map(|bounds| Mask::by_value(words, among, |word| is_inside(word, bounds)));
    each.fold(Mask::None, Mask::or)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array};
    use proptest::prelude::*;

    use super::*;

    /// What is asked of a port.
    type Passes<'p> = &'p dyn Fn(Option<i64>) -> bool;

    fn mask_of(text: &str, column: &Column, rows: usize, among: &Mask) -> Vec<u32> {
        let query = flowglass_query::parse(text, &flowglass_query::Context::default()).unwrap();
        let mut needed = Needed::default();
        let mut condition = Condition::new(&query.tree, &mut needed).unwrap();
        assert_eq!(needed.0, ["target_port"]);
        let columns = Columns { rows, runs: Vec::new(), columns: vec![column.clone()] };
        let mut found = Vec::new();
        condition.mask(&columns, among).and(among.clone()).numbers(rows, &mut found);
        found
    }

    proptest! {
        #[test]
        fn numbers_in_ranges_and_in_none_of_them(
            values in proptest::collection::vec(proptest::option::weighted(0.9, 0_i64..6), 1..200),
            base in prop_oneof![Just(0_i64), Just(65_530)], step in prop_oneof![Just(1_i64), Just(100), Just(10_000)],
            wanted in (0_i64..7, 0_i64..7, 0_i64..7), few in any::<bool>(), narrow in any::<bool>(),
        ) {
            let port = |value: i64| (base + value * step).min(65_535);
            let values: Vec<Option<i64>> = values.into_iter().map(|value| value.map(port)).collect();
            let array: ArrayRef = Arc::new(Int64Array::from(values.clone()));
            let column = Column::new("target_port", &array, &String::new).unwrap();
            let column = if narrow { column.narrowed() } else { column };
            let rows = values.len();
            let (a, b, c) = (port(wanted.0), port(wanted.1), port(wanted.2));
            let among = Mask::by_row(rows, &Mask::All, |row| !few || row % 19 == 3);
            let expected = |passes: Passes<'_>| -> Vec<u32> {
                let asked = |row: &u32| !few || row % 19 == 3;
                (0..).zip(&values).filter(|(_, value)| passes(**value)).map(|(row, _)| row).filter(asked).collect()
            };
            let cases: [(String, Passes<'_>); 4] = [
                (format!("-target_port:{a} -target_port:{b} -target_port:{c}"), &|value| {
                    value.is_none_or(|value| value != a && value != b && value != c)
                }),
                (format!("target_port:{a} OR target_port:{b} OR target_port:>={c}"), &|value| {
                    value.is_some_and(|value| value == a || value == b || value >= c)
                }),
                (format!("-(target_port:{a} OR target_port:{b})"), &|value| {
                    value.is_none_or(|value| value != a && value != b)
                }),
                (format!("target_port:>={a} -target_port:{b} target_port:<={c}"), &|value| {
                    value.is_some_and(|value| value >= a && value != b && value <= c)
                }),
            ];
            for (text, passes) in cases {
                prop_assert_eq!(mask_of(&text, &column, rows, &among), expected(passes), "{}", text);
            }
        }
    }
}
