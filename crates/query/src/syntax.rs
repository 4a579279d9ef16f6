//! Text to syntax tree: the grammar, before any field is looked up.
//!
//! ```text
//! query   := orchain ( ("AND" | space) orchain )*      a space means AND, and AND binds loosest
//! orchain := unary ( "OR" unary )*                     OR binds tighter
//! unary   := "-" unary | "NOT" unary | primary
//! primary := "(" query ")" | field ":" value | op? (word | phrase)
//! value   := "*" | op? (word | phrase | list) | "(" query of values ")"
//! list    := "[" item ("," item)* "]"
//! ```

mod item;
mod value;

use std::ops::Range;

use crate::error::QueryError;
use crate::highlight::Class;
pub(crate) use item::{Item, Op, Piece, Syntax, Value};

/// Longest query text that is read.
pub(crate) const MAX_TEXT: usize = 64 * 1024;
/// Deepest nesting of parentheses and negations.
const MAX_DEPTH: usize = 64;
/// Most terms and list items of one query.
const MAX_ITEMS: usize = 10_000;

/// Reads a text. The classes of its pieces are pushed to `classes` up to where it stops.
pub(crate) fn read(text: &str, classes: &mut Vec<(Range<usize>, Class)>) -> Result<Syntax, QueryError> {
    if text.len() > MAX_TEXT {
        return Err(QueryError::new(
            0..0,
            format!("the query is {} bytes long, more than {MAX_TEXT}", text.len()),
        )
        .hint("narrow it, or save long lists of addresses as names"));
    }
    let mut reader = Reader { text, at: 0, depth: 0, items: 0, classes };
    let tree = reader.query(false)?;
    match reader.peek() {
        None => Ok(tree),
        Some(_) => {
            Err(QueryError::new(reader.at..reader.at + 1, "this closing parenthesis has no opening one")
                .hint("remove it, or quote it to search for it"))
        }
    }
}

/// Length of the field name a term begins with, if it begins with one and a colon: `target_ip` of `target_ip:1.2.3.4`.
pub(crate) fn field_length(term: &str) -> Option<usize> {
    let bytes = term.as_bytes();
    if !bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_') {
        return None;
    }
    let length = bytes
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b'@')))
        .unwrap_or(bytes.len());
    (bytes.get(length) == Some(&b':')).then_some(length)
}

struct Reader<'a, 'c> {
    text: &'a str,
    at: usize,
    depth: usize,
    items: usize,
    classes: &'c mut Vec<(Range<usize>, Class)>,
}

impl<'a> Reader<'a, '_> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn push(&mut self, span: Range<usize>, class: Class) {
        self.classes.push((span, class));
    }

    /// True at the end of the text, at white space, or at a closing parenthesis.
    fn at_boundary(&self) -> bool {
        self.peek().is_none_or(|c| c.is_whitespace() || c == ')')
    }

    /// Takes a keyword if it stands here alone.
    fn keyword(&mut self, word: &'static str) -> Option<Range<usize>> {
        let after = self.rest().strip_prefix(word)?;
        if !after.chars().next().is_none_or(|c| c.is_whitespace() || c == '(' || c == ')') {
            return None;
        }
        let span = self.at..self.at + word.len();
        self.at = span.end;
        self.push(span.clone(), Class::Keyword);
        Some(span)
    }

    fn deeper(&mut self, span: Range<usize>) -> Result<(), QueryError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(QueryError::new(
                span,
                format!("more than {MAX_DEPTH} levels of parentheses and negations"),
            ));
        }
        Ok(())
    }

    fn count(&mut self, span: &Range<usize>) -> Result<(), QueryError> {
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(QueryError::new(span.clone(), format!("more than {MAX_ITEMS} terms and list items"))
                .hint("a network in CIDR notation or a range stands for many addresses"));
        }
        Ok(())
    }

    /// Terms up to the end or a closing parenthesis, which is left. `values`: inside `field:( … )`.
    fn query(&mut self, values: bool) -> Result<Syntax, QueryError> {
        let mut all = Vec::new();
        let mut joined: Option<Range<usize>> = None;
        loop {
            self.skip_space();
            if self.peek().is_none_or(|c| c == ')') {
                break;
            }
            if let Some(span) = self.keyword("AND") {
                if all.is_empty() || joined.is_some() {
                    return Err(no_operand(span, "AND", "left"));
                }
                joined = Some(span);
                continue;
            }
            if let Some(span) = self.keyword("OR") {
                return Err(no_operand(span, "OR", "left"));
            }
            all.push(self.or_chain(values)?);
            joined = None;
        }
        match joined {
            Some(span) => Err(no_operand(span, "AND", "right")),
            None if all.is_empty() => Ok(Syntax::Everything),
            None if all.len() == 1 => Ok(all.remove(0)),
            None => Ok(Syntax::And(all)),
        }
    }

    fn or_chain(&mut self, values: bool) -> Result<Syntax, QueryError> {
        let mut any = vec![self.unary(values)?];
        loop {
            self.skip_space();
            let Some(span) = self.keyword("OR") else { break };
            self.skip_space();
            if self.peek().is_none_or(|c| c == ')') {
                return Err(no_operand(span, "OR", "right"));
            }
            for other in ["OR", "AND"] {
                if let Some(next) = self.keyword(other) {
                    return Err(no_operand(next, other, "left"));
                }
            }
            any.push(self.unary(values)?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Syntax::Or(any) })
    }

    fn unary(&mut self, values: bool) -> Result<Syntax, QueryError> {
        let start = self.at;
        if let Some(span) = self.keyword("NOT") {
            self.skip_space();
            if self.peek().is_none_or(|c| c == ')') {
                return Err(no_operand(span, "NOT", "right"));
            }
            for other in ["OR", "AND"] {
                if let Some(next) = self.keyword(other) {
                    return Err(no_operand(next, other, "left"));
                }
            }
            return self.negated(span, values);
        }
        // A hyphen before a space is a word of its own, as a stray one between two words means nothing else.
        if self.rest().starts_with('-')
            && !self.rest()[1..].chars().next().is_none_or(|c| c.is_whitespace() || c == ')')
        {
            self.at += 1;
            self.push(start..self.at, Class::Keyword);
            return self.negated(start..start + 1, values);
        }
        if self.rest().starts_with('(') {
            return self.group(values);
        }
        self.term(values)
    }

    fn negated(&mut self, span: Range<usize>, values: bool) -> Result<Syntax, QueryError> {
        self.deeper(span)?;
        let inner = self.unary(values)?;
        self.depth -= 1;
        Ok(Syntax::Not(Box::new(inner)))
    }

    fn group(&mut self, values: bool) -> Result<Syntax, QueryError> {
        let open = self.at..self.at + 1;
        self.deeper(open.clone())?;
        self.at += 1;
        self.push(open.clone(), Class::Bracket);
        let inner = self.query(values)?;
        if self.peek().is_none() {
            return Err(QueryError::new(open, "this parenthesis is not closed").hint("add `)`"));
        }
        self.push(self.at..self.at + 1, Class::Bracket);
        self.at += 1;
        self.depth -= 1;
        Ok(inner)
    }

    fn term(&mut self, values: bool) -> Result<Syntax, QueryError> {
        let start = self.at;
        let mut field = None;
        if !values {
            // Addresses may begin with a letter, and a CRN is a value wherever it stands.
            let word = &self.rest()[..self.word_length()];
            let is_value = crate::values::is_address_like(word) || word.starts_with("crn:v");
            if let Some(length) = field_length(self.rest()).filter(|_| !is_value) {
                let span = start..start + length;
                field = Some(Piece {
                    text: self.text[span.clone()].to_owned(),
                    quoted: false,
                    span: span.clone(),
                });
                self.push(span, Class::Field);
                self.at = start + length + 1;
                self.push(start + length..self.at, Class::Operator);
            }
        }
        let has_field = field.is_some();
        let (op, value) = self.value(has_field, values)?;
        let span = start..self.at;
        self.count(&span)?;
        Ok(Syntax::Item(Item { span, field, op, value }))
    }
}

fn no_operand(span: Range<usize>, word: &str, side: &str) -> QueryError {
    QueryError::new(span, format!("{word} has no term on its {side}"))
        .hint(format!("write it in lower case or in quotes to search for the word: \"{word}\""))
}
