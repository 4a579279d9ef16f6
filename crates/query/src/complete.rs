//! What could be typed next.

use std::ops::Range;

use flowglass_flow::{catalogue, labels, services};
use serde::Serialize;

use crate::fields::{self, NumberKind, PSEUDO, Target};
use crate::predicate::Property;
use crate::print::text_value;
use crate::syntax::{MAX_TEXT, Op, field_length};
use crate::values;

/// What could stand at a place of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// Bytes of the text that an item replaces.
    pub span: Range<usize>,
    /// What is known without looking at any row, best first.
    pub items: Vec<Item>,
    /// Real values that the caller may add.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_of: Option<ValuesOf>,
}

/// One proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Text to insert, quoted where it must be.
    pub text: String,
    /// What it is.
    pub kind: ItemKind,
    /// A few words about it.
    pub detail: String,
}

/// What a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A column, with its colon.
    Field,
    /// A field that is no column, with its colon.
    Pseudo,
    /// `AND`, `OR`, `NOT`.
    Keyword,
    /// A comparison.
    Operator,
    /// A value.
    Value,
    /// The name of a service or protocol.
    Service,
}

/// The real values that would complete a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValuesOf {
    /// Columns whose values fit.
    pub columns: Vec<&'static str>,
    /// What was typed of the value.
    pub prefix: String,
    /// Names of hosts fit too.
    pub names: bool,
}

/// Where the cursor stands.
struct Place<'a> {
    /// The field whose value is being typed.
    field: Option<&'a str>,
    /// Start of what is replaced.
    start: usize,
    prefix: String,
    /// No operator may stand here: within quotes, a list, or after one.
    plain: bool,
}

/// Proposes how to go on at a byte position of a text, which need not parse.
pub fn complete(text: &str, cursor: usize) -> Completion {
    let mut cursor = cursor.min(text.len()).min(MAX_TEXT);
    while !text.is_char_boundary(cursor) {
        cursor -= 1;
    }
    let place = locate(&text[..cursor]);
    let rest = &text[cursor..];
    let end =
        cursor + rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | ',' | ']')).unwrap_or(rest.len());
    let span = place.start..end;
    match place.field.map(fields::find) {
        None => Completion { span, items: terms(&place.prefix), values_of: None },
        Some(None) => Completion { span, items: vec![], values_of: None },
        Some(Some(target)) => value(&target, &place, span),
    }
}

/// Walks over complete terms to the one that ends the text.
fn locate(text: &str) -> Place<'_> {
    let mut at = 0;
    // The field of every open parenthesis, none for a group.
    let mut open: Vec<Option<&str>> = Vec::new();
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        let rest = &text[at..];
        let mut field = open.last().copied().flatten();
        match rest.chars().next() {
            None => return Place { field, start: at, prefix: String::new(), plain: false },
            Some('(') => {
                open.push(field);
                at += 1;
                continue;
            }
            Some(')') => {
                open.pop();
                at += 1;
                continue;
            }
            Some('-') => {
                at += 1;
                continue;
            }
            Some(_) => {}
        }
        if field.is_none()
            && let Some(length) = field_length(rest)
            && !values::is_address_like(rest.split_whitespace().next().unwrap_or_default())
        {
            field = Some(&rest[..length]);
            at += length + 1;
            if text[at..].starts_with('(') {
                open.push(field);
                at += 1;
                continue;
            }
        }
        let operator = Op::ALL
            .iter()
            .find(|(symbol, _)| text[at..].starts_with(symbol))
            .map_or(0, |(symbol, _)| symbol.len());
        at += operator;
        let rest = &text[at..];
        let (length, found) = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => quoted(rest, quote),
            Some('[') if field.is_some() => list(rest),
            _ => word(rest),
        };
        if let Some((offset, prefix)) = found {
            let plain = operator > 0 || offset > 0 || rest.starts_with(['"', '\'', '[']);
            return Place { field, start: at + offset, prefix, plain };
        }
        at += length;
    }
}

/// Length of a piece; and where its open end begins and what was typed of it, if the text ends in it.
type Found = (usize, Option<(usize, String)>);

fn quoted(rest: &str, quote: char) -> Found {
    let mut typed = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => typed.extend(chars.next().map(|(_, c)| c)),
            c if c == quote => return (at + 1, None),
            c => typed.push(c),
        }
    }
    (rest.len(), Some((0, typed)))
}

fn list(rest: &str) -> Found {
    let mut at = 1;
    loop {
        let spaces = rest[at..].len() - rest[at..].trim_start().len();
        at += spaces;
        let item = &rest[at..];
        let length = match item.chars().next() {
            Some(quote @ ('"' | '\'')) => match quoted(item, quote) {
                (_, Some((_, typed))) => return (rest.len(), Some((at, typed))),
                (length, None) => length,
            },
            _ => match item.find([',', ']']) {
                Some(length) => length,
                None => return (rest.len(), Some((at, item.to_owned()))),
            },
        };
        at += length;
        match rest[at..].find([',', ']']) {
            Some(next) if rest[at + next..].starts_with(',') => at += next + 1,
            Some(next) => return (at + next + 1, None),
            None => return (rest.len(), Some((rest.len(), String::new()))),
        }
    }
}

fn word(rest: &str) -> Found {
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            c if c.is_whitespace() => return (at, None),
            '(' => depth += 1,
            ')' if depth == 0 => return (at, None),
            ')' => depth -= 1,
            _ => {}
        }
    }
    (rest.len(), Some((0, rest.to_owned())))
}

/// Fields and keywords; those that start with what was typed go first, those with such a part follow.
fn terms(prefix: &str) -> Vec<Item> {
    let typed = prefix.to_ascii_lowercase();
    let mut first = Vec::new();
    let mut second = Vec::new();
    let all = catalogue::FIELDS.iter().map(|field| (field.name, field.doc, ItemKind::Field));
    let pseudo = PSEUDO.iter().map(|pseudo| (pseudo.name, pseudo.doc, ItemKind::Pseudo));
    for (name, doc, kind) in pseudo.chain(all) {
        let item = || Item { text: format!("{name}:"), kind, detail: doc.to_owned() };
        if name.starts_with(&typed) {
            first.push(item());
        } else if typed.len() >= 2 && name.split('_').any(|part| part.starts_with(&typed)) {
            second.push(item());
        }
    }
    first.extend(second);
    for (word, doc) in [
        ("OR", "either; binds tighter than AND"),
        ("AND", "both; a space says the same"),
        ("NOT", "not the next term"),
    ] {
        if !prefix.is_empty() && word.starts_with(prefix) {
            first.push(Item { text: format!("{word} "), kind: ItemKind::Keyword, detail: doc.to_owned() });
        }
    }
    first
}

fn value(target: &Target, place: &Place<'_>, span: Range<usize>) -> Completion {
    let typed = place.prefix.to_ascii_lowercase();
    let starts = |text: &str| text.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(&typed));
    let item = |text: &str, kind, detail: String| Item { text: text_value(text), kind, detail };
    let mut items = Vec::new();
    let mut values_of = None;
    let real =
        |columns: Vec<&'static str>, names| Some(ValuesOf { columns, prefix: place.prefix.clone(), names });
    let mut operators: &[(&str, &str)] = &[];
    match target {
        Target::Text(field) if !field.values.is_empty() => {
            let fitting = field.values.iter().filter(|value| starts(value));
            items.extend(fitting.map(|value| item(value, ItemKind::Value, String::new())));
        }
        Target::Text(field) | Target::Crn(field) => {
            values_of = real(vec![field.name], field.name.ends_with("_id"));
            operators = TEXT_OPERATORS;
        }
        Target::Address(operand) => {
            let columns = operand.columns().into_iter().filter(|column| *column != "direction").collect();
            values_of = real(columns, true);
            operators = PRESENT;
            if !typed.is_empty() {
                let labels = labels::NETWORKS.iter().map(|(label, networks)| (*label, networks.join(", ")));
                let labels = labels.chain([("public", "every address without another label".to_owned())]);
                let fitting = labels.filter(|(label, _)| starts(label));
                items.extend(fitting.map(|(label, networks)| item(label, ItemKind::Value, networks)));
            }
        }
        Target::Number(operand, kind) => {
            operators = ORDER_OPERATORS;
            match kind {
                NumberKind::Port => {
                    let columns =
                        operand.columns().into_iter().filter(|column| *column != "direction").collect();
                    values_of = real(columns, false);
                    let is_name = typed.starts_with(|c: char| c.is_ascii_alphabetic());
                    let services = services::services().filter(|(name, _)| is_name && starts(name));
                    items.extend(
                        services.map(|(name, port)| item(name, ItemKind::Service, format!("port {port}"))),
                    );
                }
                NumberKind::Protocol => {
                    let held = [("tcp", services::TCP), ("udp", services::UDP)];
                    let fitting = held.into_iter().filter(|(name, _)| starts(name));
                    items.extend(
                        fitting.map(|(name, number)| {
                            item(name, ItemKind::Service, format!("protocol {number}"))
                        }),
                    );
                }
                NumberKind::Bytes | NumberKind::Plain => {}
            }
        }
        Target::Time(_) | Target::Day(_) => operators = ORDER_OPERATORS,
        Target::Boolean(_) => {
            let fitting = ["true", "false"].into_iter().filter(|word| starts(word));
            items.extend(fitting.map(|word| item(word, ItemKind::Value, String::new())));
        }
        Target::Is => {
            let fitting = Property::ALL.into_iter().filter(|property| starts(property.as_str()));
            items.extend(
                fitting.map(|property| item(property.as_str(), ItemKind::Value, property.doc().to_owned())),
            );
        }
        Target::Sides if starts("both") => {
            items.push(item("both", ItemKind::Value, "count both reports".to_owned()))
        }
        Target::Sides | Target::Extra(_) | Target::Attribute => {}
    }
    if place.prefix.is_empty() && !place.plain {
        items.extend(operators.iter().map(|(symbol, doc)| Item {
            text: (*symbol).to_owned(),
            kind: ItemKind::Operator,
            detail: (*doc).to_owned(),
        }));
    }
    Completion { span, items, values_of }
}

const PRESENT: &[(&str, &str)] = &[("*", "any value")];
const TEXT_OPERATORS: &[(&str, &str)] = &[
    ("=", "starts with, in this case"),
    ("==", "whole value"),
    ("===", "whole value, in this case"),
    ("*", "any value"),
];
const ORDER_OPERATORS: &[(&str, &str)] =
    &[(">", "above"), (">=", "from"), ("<", "below"), ("<=", "up to"), ("*", "any value")];
