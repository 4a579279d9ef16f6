//! A term without a field: an address, a port, or a word.

use flowglass_flow::services;

use super::term::match_of;
use super::{Resolver, at};
use crate::error::QueryError;
use crate::fields::{self, NumberKind};
use crate::predicate::Predicate;
use crate::ranges::AddressSet;
use crate::syntax::{Item, Piece, Value};
use crate::tree::Tree;
use crate::values;

impl Resolver<'_> {
    pub(super) fn word(&mut self, item: &Item) -> Result<Tree, QueryError> {
        let piece = match &item.value {
            Value::Star => return Ok(Tree::Everything),
            Value::Single(piece) => piece,
            Value::List(_) | Value::Compound(_) => unreachable!("only fields have them"),
        };
        if item.op.is_order() {
            return Err(QueryError::new(item.span.clone(), "a comparison needs a field").hint(format!(
                "such as `target_port:{}` or `bytes:>10MB`",
                crate::print::raw_value(item.op, &item.value)
            )));
        }
        if piece.text.is_empty() {
            return Err(QueryError::new(item.span.clone(), "an empty phrase finds nothing")
                .hint("`*` stands for everything"));
        }
        let term = |predicate| Ok(Tree::term(predicate, item.span.clone()));
        // Quotes make it text.
        if !piece.quoted {
            if let Some(read) = values::addresses(&piece.text) {
                let (range, remark) = read.map_err(at(&piece.span))?;
                if let Some(remark) = remark {
                    self.note(&piece.span, remark, None);
                }
                return term(Predicate::Address {
                    operand: fields::either_ip(),
                    set: AddressSet::new([range]),
                });
            }
            if is_port_like(&piece.text) {
                match self.numbers(NumberKind::Port, "port", item.op, std::slice::from_ref(piece)) {
                    Ok(ranges) => return term(Predicate::Number { operand: fields::either_port(), ranges }),
                    Err(_) => {
                        let message = format!("{} is no port, so it is searched for as text", piece.text);
                        self.note(&piece.span, message, None);
                    }
                }
            }
        }
        let how = match_of(item.op);
        let word = Tree::term(Predicate::Word { how, text: piece.text.clone() }, item.span.clone());
        if piece.quoted {
            return Ok(word);
        }
        let named = self.word_named(how, &piece.text, &item.span)?;
        if named.is_empty() {
            self.word_note(piece);
        }
        Ok(Tree::or([word].into_iter().chain(named)))
    }

    /// Says what was probably meant by a word that means something elsewhere.
    fn word_note(&mut self, piece: &Piece) {
        let word = piece.text.as_str();
        let (what, hint) = if ["and", "or", "not"].contains(&word) {
            (
                "is a word here".to_owned(),
                format!("write {} in upper case to join terms", word.to_uppercase()),
            )
        } else if let Some(protocol) = services::protocol_number(word) {
            ("is searched for as text".to_owned(), format!("`protocol:{word}` for protocol {protocol}"))
        } else if let Some(port) = services::port_of(word) {
            ("is searched for as text".to_owned(), format!("`port:{word}` for port {port} on either side"))
        } else if fields::find(word).is_some_and(|target| target != fields::Target::Attribute) {
            (
                "is searched for as text".to_owned(),
                format!("`{word}:value` for the field, `{word}:*` for any value"),
            )
        } else {
            return;
        };
        self.note(&piece.span, format!("`{word}` {what}"), Some(hint));
    }
}

/// Digits, or a range of them.
fn is_port_like(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && text.ends_with(|c: char| c.is_ascii_digit() || c == '.')
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.bytes().any(|b| b.is_ascii_digit())
        && (!text.contains('.') || text.contains(".."))
}
