//! The parsed tree for people and programs: which reading applied.

use flowglass_flow::{services, time as flow_time};
use serde_json::{Value, json};

use crate::extra::ExtraTest;
use crate::predicate::{Match, Operand, Predicate};
use crate::print::operand_name;
use crate::query::Query;
use crate::ranges::{AddressSet, NumberRange};
use crate::tree::Tree;

impl Query {
    /// Draws the parsed tree, one term a line, children indented by two spaces, with a line feed at the end.
    pub fn explain(&self) -> String {
        let mut out = String::new();
        draw(&self.tree, 0, &mut out);
        out
    }

    /// Returns the parsed tree as JSON: `{"op": "and"|"or", "terms": […]}`, `{"op": "not", "term": …}`,
    /// `{"op": "everything"}`, or `{"op": "term", "text", "source", "span": [start, end], "columns": […]}`.
    pub fn explain_json(&self) -> Value {
        to_json(&self.tree, &self.text)
    }
}

fn draw(tree: &Tree, depth: usize, out: &mut String) {
    let mut line = |text: &str| {
        out.push_str(&"  ".repeat(depth));
        out.push_str(text);
        out.push('\n');
    };
    match tree {
        Tree::Everything => line("everything"),
        Tree::Term(term) => line(&describe(&term.predicate)),
        Tree::And(children) => {
            line("AND");
            children.iter().for_each(|child| draw(child, depth + 1, out));
        }
        Tree::Or(children) => {
            line("OR");
            children.iter().for_each(|child| draw(child, depth + 1, out));
        }
        Tree::Not(inner) => match &**inner {
            Tree::Term(term) => line(&format!("NOT {}", describe(&term.predicate))),
            Tree::Everything => line("nothing"),
            group => {
                line("NOT");
                draw(group, depth + 1, out);
            }
        },
    }
}

fn to_json(tree: &Tree, text: &str) -> Value {
    let all = |children: &[Tree]| children.iter().map(|child| to_json(child, text)).collect::<Vec<_>>();
    match tree {
        Tree::Everything => json!({"op": "everything"}),
        Tree::And(children) => json!({"op": "and", "terms": all(children)}),
        Tree::Or(children) => json!({"op": "or", "terms": all(children)}),
        Tree::Not(inner) => json!({"op": "not", "term": to_json(inner, text)}),
        Tree::Term(term) => json!({
            "op": "term",
            "text": describe(&term.predicate),
            "source": text.get(term.span.clone()),
            "span": [term.span.start, term.span.end],
            "columns": term.predicate.columns(),
        }),
    }
}

fn describe(predicate: &Predicate) -> String {
    match predicate {
        Predicate::Text { column, how, values } => format!("{column} {}", compared(*how, values)),
        Predicate::Crn { column, how, values } => {
            format!("{column} {}, or its last segment is that", compared(*how, values))
        }
        Predicate::Address { operand, set } => format!("{} {}", place(*operand), in_addresses(set)),
        Predicate::Number { operand, ranges } => {
            let name = |number| name_of(*operand, number);
            format!("{} {}", place(*operand), in_ranges(ranges, &name))
        }
        Predicate::Time { column, ranges } => {
            let texts = ranges.iter().map(|range| match (range.low, range.high) {
                (Some(low), Some(high)) => format!(
                    "from {} to {}",
                    flow_time::format(low),
                    flow_time::format(high.saturating_add(1))
                ),
                (Some(low), None) => format!("from {}", flow_time::format(low)),
                (None, Some(high)) => format!("before {}", flow_time::format(high.saturating_add(1))),
                (None, None) => "is present".to_owned(),
            });
            format!("{column} {}", texts.collect::<Vec<_>>().join(" or "))
        }
        Predicate::Day { column, ranges } => {
            let day = |day: i64| flow_time::format_day(i32::try_from(day).unwrap_or(i32::MAX));
            format!("{column} {}", in_ranges(ranges, &day))
        }
        Predicate::Boolean { column, value } => format!("{column} is {value}"),
        Predicate::Exists(operand) => format!("{} is present", place(*operand)),
        Predicate::Word { how, text } => match how {
            Match::Prefix => format!("any text has a word that starts with {text:?}"),
            Match::PrefixCase => format!("any text has a word that starts with {text:?} in this case"),
            Match::Whole => format!("any text has the word {text:?}"),
            Match::WholeCase => format!("any text has the word {text:?} in this case"),
        },
        Predicate::Extra { path, test } => {
            let path = path.join(".");
            match test {
                ExtraTest::Exists => format!("extra member {path} is present"),
                ExtraTest::Text { how, values } => format!("extra member {path} {}", compared(*how, values)),
                ExtraTest::Number { ranges } => {
                    format!("extra member {path} {}", in_ranges(ranges, &|n| n.to_string()))
                }
            }
        }
        Predicate::Is(property) => format!("is {} ({})", property.as_str(), property.doc()),
        Predicate::BothSides => "count both sides' records".to_owned(),
        Predicate::Never { attribute, value } => {
            format!("false: flows have no {attribute} ({attribute}:{value})")
        }
    }
}

fn place(operand: Operand) -> &'static str {
    match operand {
        Operand::Either("initiator_ip", _) => "initiator_ip or target_ip",
        Operand::Either("initiator_port", _) => "initiator_port or target_port",
        Operand::Sum("bytes_from_initiator", _) => "bytes of both directions",
        Operand::Sum("packets_from_initiator", _) => "packets of both directions",
        other => operand_name(other),
    }
}

fn compared(how: Match, values: &[String]) -> String {
    const SHOWN: usize = 20;
    let words = match how {
        Match::Prefix => ("starts with", ""),
        Match::PrefixCase => ("starts with", " in this case"),
        Match::Whole => ("is", " in any case"),
        Match::WholeCase => ("is", ""),
    };
    let mut list: Vec<String> = values.iter().take(SHOWN).map(|value| format!("{value:?}")).collect();
    if values.len() > SHOWN {
        list.push(format!("{} more", values.len() - SHOWN));
    }
    format!("{} {}{}", words.0, list.join(" or "), words.1)
}

fn in_addresses(set: &AddressSet) -> String {
    const SHOWN: usize = 20;
    let ranges = set.ranges();
    let mut list: Vec<String> = ranges.iter().take(SHOWN).map(ToString::to_string).collect();
    if ranges.len() > SHOWN {
        list.push(format!("{} more", ranges.len() - SHOWN));
    }
    let single = ranges.iter().all(|range| range.first == range.last);
    format!("{} {}", if single { "is" } else { "in" }, list.join(" or "))
}

fn in_ranges(ranges: &[NumberRange], name: &dyn Fn(i64) -> String) -> String {
    let texts: Vec<String> = ranges
        .iter()
        .map(|range| match (range.low, range.high) {
            (Some(low), Some(high)) if low == high => format!("is {}", name(low)),
            (Some(low), Some(high)) => {
                format!("from {low} through {high}", low = name(low), high = name(high))
            }
            (Some(low), None) => format!(">= {}", name(low)),
            (None, Some(high)) => format!("<= {}", name(high)),
            (None, None) => "is present".to_owned(),
        })
        .collect();
    if texts.is_empty() { "is no number".to_owned() } else { texts.join(" or ") }
}

/// A number with the name of its service or protocol.
fn name_of(operand: Operand, number: i64) -> String {
    let name = match operand.columns().last().copied() {
        Some("initiator_port" | "target_port") => u16::try_from(number).ok().and_then(|port| {
            services::service_name(port, services::TCP).or(services::service_name(port, services::UDP))
        }),
        Some("transport_protocol") => u8::try_from(number).ok().and_then(services::protocol_name),
        _ => None,
    };
    match name {
        Some(name) => format!("{number} ({name})"),
        None => number.to_string(),
    }
}
