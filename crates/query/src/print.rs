//! The canonical text of a query: what it says after names, units and words were resolved.

use std::fmt::Write;

use flowglass_flow::time as flow_time;

use crate::extra::ExtraTest;
use crate::fields::{PSEUDO, Target};
use crate::predicate::{Operand, Predicate};
use crate::query::Query;
use crate::ranges::{AddressSet, NumberRange};
use crate::syntax::{Op, Piece, Syntax, Value};
use crate::tree::Tree;

impl Query {
    /// Writes the query in its canonical form. Parsed without names it gives the same tree.
    pub fn to_text(&self) -> String {
        tree_text(&self.tree)
    }
}

pub(crate) fn tree_text(tree: &Tree) -> String {
    let mut out = String::new();
    match tree {
        Tree::And(children) => joined(&mut out, children, " "),
        Tree::Or(children) => joined(&mut out, children, " OR "),
        other => operand(&mut out, other),
    }
    out
}

fn joined(out: &mut String, children: &[Tree], separator: &str) {
    for (at, child) in children.iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        operand(out, child);
    }
}

fn operand(out: &mut String, tree: &Tree) {
    match tree {
        Tree::Everything => out.push('*'),
        Tree::Term(term) => out.push_str(&predicate_text(&term.predicate)),
        Tree::Not(inner) => {
            out.push('-');
            operand(out, inner);
        }
        Tree::And(children) | Tree::Or(children) => {
            out.push('(');
            joined(out, children, if matches!(tree, Tree::And(_)) { " " } else { " OR " });
            out.push(')');
        }
    }
}

pub(crate) fn operand_name(operand: Operand) -> &'static str {
    if let Operand::Column(column) = operand {
        return column;
    }
    PSEUDO
        .iter()
        .find(|pseudo| match pseudo.target() {
            Target::Address(known) | Target::Number(known, _) => known == operand,
            _ => false,
        })
        .map_or("?", |pseudo| pseudo.name)
}

pub(crate) fn predicate_text(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Text { column, how, values } | Predicate::Crn { column, how, values } => {
            format!(
                "{column}:{}{}",
                how.operator(),
                one_or_list(values.iter().map(|value| text_value(value)))
            )
        }
        Predicate::Address { operand, set } => format!("{}:{}", operand_name(*operand), addresses_text(set)),
        Predicate::Number { operand, ranges } => {
            format!("{}:{}", operand_name(*operand), numbers_text(ranges))
        }
        Predicate::Time { column, ranges } => {
            // The end of a range of instants is not in it.
            let write =
                |range: &NumberRange| between(range, flow_time::format, |high| flow_time::format(high + 1));
            format!(
                "{column}:{}",
                ranges_text(ranges, write, "[..1970-01-01T00:00:00Z,1970-01-01T00:00:00Z..]")
            )
        }
        Predicate::Day { column, ranges } => {
            let day = |day: i64| flow_time::format_day(i32::try_from(day).unwrap_or(i32::MAX));
            let write = |range: &NumberRange| between(range, day, day);
            format!("{column}:{}", ranges_text(ranges, write, "[..1970-01-01,1970-01-02..]"))
        }
        Predicate::Boolean { column, value } => format!("{column}:{value}"),
        Predicate::Exists(operand) => format!("{}:*", operand_name(*operand)),
        Predicate::Word { how, text } => format!("{}{}", how.operator(), quoted(text)),
        Predicate::Extra { path, test } => {
            let path = path.join(".");
            match test {
                ExtraTest::Exists => format!("extra.{path}:*"),
                ExtraTest::Text { how, values } => {
                    format!(
                        "extra.{path}:{}{}",
                        how.operator(),
                        one_or_list(values.iter().map(|value| quoted(value)))
                    )
                }
                ExtraTest::Number { ranges } => format!("extra.{path}:{}", numbers_text(ranges)),
            }
        }
        Predicate::Is(property) => format!("is:{}", property.as_str()),
        Predicate::BothSides => "sides:both".to_owned(),
        Predicate::Never { attribute, value } => format!("{attribute}:{value}"),
    }
}

pub(crate) fn addresses_text(set: &AddressSet) -> String {
    one_or_list(set.ranges().iter().map(ToString::to_string))
}

pub(crate) fn numbers_text(ranges: &[NumberRange]) -> String {
    ranges_text(ranges, |range| between(range, |low| low.to_string(), |high| high.to_string()), "[..0,1..]")
}

/// `all`: two ranges that make up every value, because `..` alone is none.
fn ranges_text(ranges: &[NumberRange], write: impl Fn(&NumberRange) -> String, all: &str) -> String {
    if ranges.iter().any(|range| range.low.is_none() && range.high.is_none()) {
        return all.to_owned();
    }
    one_or_list(ranges.iter().map(write))
}

fn between(range: &NumberRange, low: impl Fn(i64) -> String, high: impl Fn(i64) -> String) -> String {
    if range.low.is_some() && range.low == range.high && low(0) == high(0) {
        return range.low.map(low).unwrap_or_default();
    }
    format!("{}..{}", range.low.map(low).unwrap_or_default(), range.high.map(high).unwrap_or_default())
}

fn one_or_list(texts: impl Iterator<Item = String>) -> String {
    let texts: Vec<String> = texts.collect();
    if texts.len() == 1 { texts.concat() } else { format!("[{}]", texts.join(",")) }
}

/// A value as it may stand after a colon: in quotes unless it is plain.
pub(crate) fn text_value(value: &str) -> String {
    let plain = value.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && value.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'/' | b'-' | b'+' | b'@' | b'%')
        });
    if plain { value.to_owned() } else { quoted(value) }
}

pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// Operator and value as typed, but for the spaces between tokens.
pub(crate) fn raw_value(op: Op, value: &Value) -> String {
    let piece = |piece: &Piece| if piece.quoted { quoted(&piece.text) } else { piece.text.clone() };
    let mut out = Op::ALL
        .iter()
        .find(|(_, known)| *known == op)
        .map_or(String::new(), |(symbol, _)| (*symbol).to_owned());
    match value {
        Value::Star => out.push('*'),
        Value::Single(single) => out.push_str(&piece(single)),
        Value::List(list) => {
            let _ = write!(out, "[{}]", list.iter().map(piece).collect::<Vec<_>>().join(","));
        }
        Value::Compound(inner) => {
            let text = raw_syntax(inner);
            // A compound in parentheses of its own keeps them, but one pair suffices.
            let _ = write!(out, "({text})");
        }
    }
    out
}

fn raw_syntax(syntax: &Syntax) -> String {
    let nested = |child: &Syntax| match child {
        Syntax::And(_) | Syntax::Or(_) => format!("({})", raw_syntax(child)),
        other => raw_syntax(other),
    };
    match syntax {
        Syntax::Everything => "*".to_owned(),
        Syntax::And(children) => children.iter().map(nested).collect::<Vec<_>>().join(" "),
        Syntax::Or(children) => children.iter().map(nested).collect::<Vec<_>>().join(" OR "),
        Syntax::Not(inner) => format!("-{}", nested(inner)),
        Syntax::Item(item) => raw_value(item.op, &item.value),
    }
}
