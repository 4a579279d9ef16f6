//! The reference meaning of a query on one row.

use flowglass_flow::{AddressClass, address, crn};

use crate::predicate::{Match, Operand, Predicate, Property};
use crate::query::{Query, Row};
use crate::ranges::NumberRange;
use crate::tree::Tree;
use crate::words::{WORD_COLUMNS, word_in};

impl Query {
    /// True if the row satisfies the query. Two-valued: a term on a missing value is false, its negation true.
    pub fn matches(&self, row: &dyn Row) -> bool {
        self.tree.matches(row)
    }
}

impl Tree {
    /// True if the row satisfies the tree.
    pub fn matches(&self, row: &dyn Row) -> bool {
        match self {
            Self::Everything => true,
            Self::And(children) => children.iter().all(|child| child.matches(row)),
            Self::Or(children) => children.iter().any(|child| child.matches(row)),
            Self::Not(inner) => !inner.matches(row),
            Self::Term(term) => term.predicate.matches(row),
        }
    }
}

impl Predicate {
    /// True if the row satisfies the predicate; false where a value it needs is missing.
    pub fn matches(&self, row: &dyn Row) -> bool {
        match self {
            Self::Text { column, how, values } => {
                row.text(column).is_some_and(|value| values.iter().any(|wanted| how.test(&value, wanted)))
            }
            Self::Crn { column, how, values } => row.text(column).is_some_and(|value| {
                let last = crn::last_segment(&value);
                let whole = if how.is_case_sensitive() { Match::WholeCase } else { Match::Whole };
                values.iter().any(|wanted| how.test(&value, wanted) || whole.test(last, wanted))
            }),
            Self::Address { operand, set } => {
                let inside = |column: &str| row.address(column).is_some_and(|address| set.contains(address));
                match sides(*operand, row) {
                    Some((first, second)) => inside(first) || second.is_some_and(inside),
                    None => false,
                }
            }
            Self::Number { operand, ranges } => {
                let inside = |number: i128| ranges.iter().any(|range| range.contains(number));
                let column_inside =
                    |column: &str| row.integer(column).is_some_and(|number| inside(number.into()));
                match (*operand, sides(*operand, row)) {
                    (Operand::Sum(first, second), _) => {
                        let (first, second) = (row.integer(first), row.integer(second));
                        let sum = i128::from(first.unwrap_or(0)) + i128::from(second.unwrap_or(0));
                        (first.is_some() || second.is_some()) && inside(sum)
                    }
                    (_, Some((first, second))) => column_inside(first) || second.is_some_and(column_inside),
                    (_, None) => false,
                }
            }
            Self::Time { column, ranges } | Self::Day { column, ranges } => {
                let inside =
                    |value: i64| ranges.iter().any(|range: &NumberRange| range.contains(value.into()));
                row.integer(column).is_some_and(inside)
            }
            Self::Boolean { column, value } => row.boolean(column) == Some(*value),
            Self::Exists(operand) => match sides(*operand, row) {
                Some((first, second)) => {
                    is_present(row, first) || second.is_some_and(|second| is_present(row, second))
                }
                None => false,
            },
            Self::Word { how, text } => WORD_COLUMNS
                .iter()
                .any(|column| row.text(column).is_some_and(|value| word_in(&value, text, *how))),
            Self::Extra { path, test } => row.text("extra").is_some_and(|json| test.matches(path, &json)),
            Self::Is(property) => property.matches(row),
            Self::BothSides => true,
            Self::Never { .. } => false,
        }
    }
}

/// The one or two columns an operand reads of this row; none if the direction that decides is missing.
fn sides(operand: Operand, row: &dyn Row) -> Option<(&'static str, Option<&'static str>)> {
    match operand {
        Operand::Column(column) => Some((column, None)),
        Operand::Either(first, second) | Operand::Sum(first, second) => Some((first, Some(second))),
        Operand::ByDirection { inbound, outbound } => match row.text("direction")?.as_ref() {
            "I" => Some((inbound, None)),
            "O" => Some((outbound, None)),
            _ => None,
        },
    }
}

fn is_present(row: &dyn Row, column: &str) -> bool {
    row.text(column).is_some() || row.integer(column).is_some() || row.boolean(column).is_some()
}

impl Property {
    /// True if the row has the property; false where a value it needs is missing.
    pub fn matches(self, row: &dyn Row) -> bool {
        match self {
            Self::Attempt => row.boolean("was_initiated") == Some(true),
            Self::Closing => {
                row.boolean("was_terminated") == Some(true)
                    && row.boolean("was_initiated") == Some(false)
                    && [
                        "bytes_from_initiator",
                        "packets_from_initiator",
                        "bytes_from_target",
                        "packets_from_target",
                    ]
                    .iter()
                    .all(|counter| row.integer(counter) == Some(0))
            }
            Self::Internal | Self::Public => {
                let (Some(initiator), Some(target)) = (row.address("initiator_ip"), row.address("target_ip"))
                else {
                    return false;
                };
                if self == Self::Internal {
                    address::is_internal(initiator) && address::is_internal(target)
                } else {
                    [initiator, target]
                        .into_iter()
                        .any(|side| address::classify(side) == AddressClass::Public)
                }
            }
            Self::OneWay => {
                row.integer("packets_from_initiator").is_some_and(|packets| packets > 0)
                    && row.integer("packets_from_target") == Some(0)
            }
        }
    }
}
