//! A term with a field.

use flowglass_flow::catalogue::Field;
use flowglass_flow::time as flow_time;

use super::numbers::plain_number;
use super::{Resolver, at};
use crate::error::QueryError;
use crate::extra::ExtraTest;
use crate::fields::{Target, closest};
use crate::predicate::{Match, Operand, Predicate, Property};
use crate::ranges::{AddressSet, NumberRange, merge_numbers};
use crate::syntax::{Item, Op, Piece, Value};
use crate::time::Zone;
use crate::tree::Tree;
use crate::values::{self, number_range};

impl Resolver<'_> {
    /// A term whose value is no compound.
    pub(super) fn field_term(
        &mut self,
        target: &Target,
        name: &str,
        item: &Item,
    ) -> Result<Tree, QueryError> {
        if item.value == Value::Star {
            return self.exists(target, name, item);
        }
        let pieces = self.pieces(item)?;
        let term = |predicate| Ok(Tree::term(predicate, item.span.clone()));
        match target {
            Target::Text(field) => self.text(field, name, item, pieces),
            Target::Crn(field) => {
                let how = self.text_match(name, item)?;
                let values = pieces.into_iter().map(|piece| piece.text).collect();
                term(Predicate::Crn { column: field.name, how, values })
            }
            Target::Address(operand) => self.address(*operand, name, item, &pieces),
            Target::Number(operand, kind) => {
                let ranges = self.numbers(*kind, name, item.op, &pieces)?;
                term(Predicate::Number { operand: *operand, ranges })
            }
            Target::Time(column) => {
                let zone = self.context.zone.clone();
                let ranges = self.instants(item.op, &pieces, &zone, false)?;
                term(Predicate::Time { column, ranges: merge_numbers(ranges) })
            }
            Target::Day(column) => {
                // Days of the table are UTC days.
                let ranges = self.instants(item.op, &pieces, &Zone::utc(), true)?;
                let day = |micros: i64| i64::from(flow_time::day_of(micros));
                let days = ranges
                    .into_iter()
                    .map(|range| NumberRange { low: range.low.map(day), high: range.high.map(day) });
                term(Predicate::Day { column, ranges: merge_numbers(days) })
            }
            Target::Boolean(column) => {
                no_order(name, item)?;
                let mut terms = Vec::new();
                for piece in pieces {
                    let value = values::boolean(&piece.text).map_err(at(&piece.span))?;
                    terms.push(Tree::term(Predicate::Boolean { column, value }, item.span.clone()));
                }
                Ok(Tree::or(terms))
            }
            Target::Extra(path) => {
                let test = self.extra(item, &pieces)?;
                term(Predicate::Extra { path: path.clone(), test })
            }
            Target::Is => {
                no_order(name, item)?;
                let terms = pieces.iter().map(|piece| {
                    let property = property(piece)?;
                    Ok(Tree::term(Predicate::Is(property), item.span.clone()))
                });
                Ok(Tree::or(terms.collect::<Result<Vec<_>, QueryError>>()?))
            }
            Target::Sides => match pieces.as_slice() {
                [piece] if piece.text.eq_ignore_ascii_case("both") => term(Predicate::BothSides),
                _ => Err(QueryError::new(item.span.clone(), "`sides:` takes only `both`")
                    .hint("without it, volume and connections between two vNICs are counted once")),
            },
            Target::Attribute => unreachable!("handled before"),
        }
    }

    fn exists(&mut self, target: &Target, name: &str, item: &Item) -> Result<Tree, QueryError> {
        let operand = match target {
            Target::Text(field) | Target::Crn(field) => Operand::Column(field.name),
            Target::Address(operand) | Target::Number(operand, _) => *operand,
            Target::Time(column) | Target::Day(column) | Target::Boolean(column) => Operand::Column(column),
            Target::Extra(path) => {
                let predicate = Predicate::Extra { path: path.clone(), test: ExtraTest::Exists };
                return Ok(Tree::term(predicate, item.span.clone()));
            }
            Target::Is | Target::Sides | Target::Attribute => {
                return Err(QueryError::new(item.span.clone(), format!("`{name}:` takes a word, not `*`")));
            }
        };
        Ok(Tree::term(Predicate::Exists(operand), item.span.clone()))
    }

    /// The values of an item, one or a list, with the spaces around unquoted list items cut off.
    fn pieces(&mut self, item: &Item) -> Result<Vec<Piece>, QueryError> {
        let list = match &item.value {
            Value::Single(piece) => return Ok(vec![piece.clone()]),
            Value::List(list) => list,
            Value::Star | Value::Compound(_) => unreachable!("handled before"),
        };
        let mut pieces = Vec::with_capacity(list.len());
        for piece in list {
            let trimmed = piece.text.trim();
            if !piece.quoted && trimmed.is_empty() {
                return Err(QueryError::new(item.span.clone(), "a list item is empty")
                    .hint("remove the comma, or write \"\" for the empty text"));
            }
            if !piece.quoted && trimmed.len() < piece.text.len() {
                let hint =
                    Some(format!("LogDNA kept the space; quote the item to keep it: \"{}\"", piece.text));
                self.note(&piece.span, "spaces around list items are ignored", hint);
                pieces.push(Piece { text: trimmed.to_owned(), ..piece.clone() });
            } else {
                pieces.push(piece.clone());
            }
        }
        Ok(pieces)
    }

    fn text_match(&self, name: &str, item: &Item) -> Result<Match, QueryError> {
        no_order(name, item)?;
        Ok(match_of(item.op))
    }

    fn text(
        &mut self,
        field: &'static Field,
        name: &str,
        item: &Item,
        pieces: Vec<Piece>,
    ) -> Result<Tree, QueryError> {
        let how = self.text_match(name, item)?;
        let mut values = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            let mut value = piece.text.clone();
            let is_known = || field.values.iter().any(|known| how.test(known, &piece.text));
            if !piece.quoted && value.len() > 1 && value.ends_with('*') && !how.is_whole() {
                let hint =
                    Some(format!("a value is a prefix already: `{name}:{}`", &value[..value.len() - 1]));
                self.note(&piece.span, "`*` within a value stands for itself", hint);
            } else if !field.values.is_empty() && !is_known() {
                if let Some(canonical) = spelling(field, &value) {
                    self.note(&piece.span, format!("`{name}:{value}` is read as `{name}:{canonical}`"), None);
                    canonical.clone_into(&mut value);
                } else {
                    let hint = meant(field, &value).map_or_else(
                        || format!("it is one of {}", field.values.join(", ")),
                        |near| format!("did you mean `{name}:{}`?", crate::print::text_value(near)),
                    );
                    self.note(&piece.span, format!("{} is never {value:?}", field.name), Some(hint));
                }
            }
            values.push(value);
        }
        let named = self.ids_named(field.name, how, &values, &item.span)?;
        let written = Tree::term(Predicate::Text { column: field.name, how, values }, item.span.clone());
        Ok(Tree::or([written].into_iter().chain(named)))
    }

    fn address(
        &mut self,
        operand: Operand,
        name: &str,
        item: &Item,
        pieces: &[Piece],
    ) -> Result<Tree, QueryError> {
        no_order(name, item)?;
        let mut ranges = Vec::new();
        let mut named = Vec::new();
        for piece in pieces {
            match values::addresses(&piece.text) {
                Some(read) => {
                    let (range, remark) = read.map_err(at(&piece.span))?;
                    if let Some(remark) = remark {
                        self.note(&piece.span, remark, None);
                    }
                    ranges.push(range);
                }
                None if self.lenient => {}
                None => named.extend(self.address_named(operand, name, item.op, piece, &mut ranges)?),
            }
        }
        let set = AddressSet::new(ranges);
        let written =
            (!set.is_empty()).then(|| Tree::term(Predicate::Address { operand, set }, item.span.clone()));
        Ok(Tree::or(written.into_iter().chain(named)))
    }

    fn extra(&mut self, item: &Item, pieces: &[Piece]) -> Result<ExtraTest, QueryError> {
        let is_number =
            |piece: &Piece| !piece.quoted && number_range(item.op, &piece.text, &plain_number).is_ok();
        if item.op.is_order()
            || (!matches!(item.op, Op::Whole | Op::WholeCase) && pieces.iter().all(is_number))
        {
            let ranges = pieces
                .iter()
                .map(|piece| number_range(item.op, &piece.text, &plain_number).map_err(at(&piece.span)))
                .collect::<Result<Vec<_>, _>>()?;
            return Ok(ExtraTest::Number { ranges: merge_numbers(ranges) });
        }
        Ok(ExtraTest::Text {
            how: match_of(item.op),
            values: pieces.iter().map(|piece| piece.text.clone()).collect(),
        })
    }
}

/// The mode an operator stands for on text.
pub(super) fn match_of(op: Op) -> Match {
    match op {
        Op::Equal => Match::PrefixCase,
        Op::Whole => Match::Whole,
        Op::WholeCase => Match::WholeCase,
        _ => Match::Prefix,
    }
}

fn no_order(name: &str, item: &Item) -> Result<(), QueryError> {
    if !item.op.is_order() {
        return Ok(());
    }
    Err(QueryError::new(
        item.span.clone(),
        format!("{name} is not a number and cannot be compared with < or >"),
    )
    .hint("use `:` for the start of a value, `:==` for all of it; ports, counters and times can be compared"))
}

/// Other spellings of an enumerated value, as some writers and people have it.
fn spelling(field: &Field, value: &str) -> Option<&'static str> {
    match (field.name, value.to_ascii_lowercase().as_str()) {
        ("direction", "in" | "inbound" | "ingress") => Some("I"),
        ("direction", "out" | "outbound" | "egress") => Some("O"),
        _ => None,
    }
}

/// The enumerated value a word of another vocabulary stands for, or one that is like it.
fn meant(field: &Field, value: &str) -> Option<&'static str> {
    let lower = value.to_ascii_lowercase();
    match (field.name, lower.as_str()) {
        ("action", "allow" | "allowed" | "permit" | "permitted" | "pass") => Some("accepted"),
        ("action", "deny" | "denied" | "drop" | "dropped" | "block" | "blocked" | "refused") => {
            Some("rejected")
        }
        ("state", "skip" | "lossy" | "lost" | "skipped") => Some("skip data"),
        _ => closest(&lower, field.values.iter().copied()),
    }
}

fn property(piece: &Piece) -> Result<Property, QueryError> {
    let word = piece.text.to_ascii_lowercase().replace('-', "_");
    Property::ALL.into_iter().find(|property| property.as_str() == word).ok_or_else(|| {
        let near = closest(&word, Property::ALL.iter().map(|property| property.as_str()));
        QueryError::new(piece.span.clone(), format!("`is:` does not know {:?}", piece.text)).hint(
            match near {
                Some(near) => format!("did you mean `is:{near}`?"),
                None => "it takes attempt, closing, internal, public or one_way".to_owned(),
            },
        )
    })
}
