//! What stands behind a field's colon, or as a term of its own: operators, words, phrases, lists.

use super::Reader;
use super::item::{Op, Piece, Syntax, Value};
use crate::error::QueryError;
use crate::highlight::Class;

impl Reader<'_, '_> {
    /// Operator and value, after a colon or as a term of its own.
    pub(super) fn value(&mut self, has_field: bool, values: bool) -> Result<(Op, Value), QueryError> {
        let start = self.at;
        if has_field && self.rest().starts_with('(') {
            let open = self.at;
            let inner = self.group(true)?;
            if inner == Syntax::Everything {
                return Err(QueryError::new(open..self.at, "no condition between the parentheses")
                    .hint("such as `target_port:(>=400 <500)` or `action:(accepted OR rejected)`"));
            }
            return Ok((Op::None, Value::Compound(Box::new(inner))));
        }
        if self.rest().starts_with('*')
            && self.text[self.at + 1..].chars().next().is_none_or(|c| c.is_whitespace() || c == ')')
        {
            self.at += 1;
            self.push(start..self.at, Class::Value);
            return Ok((Op::None, Value::Star));
        }
        let mut op = Op::None;
        for (symbol, found) in Op::ALL {
            if self.rest().starts_with(symbol) {
                self.at += symbol.len();
                op = found;
                break;
            }
        }
        if op != Op::None {
            // `f:(>100 AND <= 503)`: a space after an order operator is tolerated.
            let before = self.at;
            if op.is_order() {
                self.skip_space();
            }
            if self.at_boundary() {
                if !has_field && !values {
                    // `=` alone is a word of its own.
                    let span = start..before;
                    self.at = before;
                    self.push(span.clone(), Class::Word);
                    let text = self.text[span.clone()].to_owned();
                    return Ok((Op::None, Value::Single(Piece { text, quoted: false, span })));
                }
                return Err(QueryError::new(start..before, "no value after the operator")
                    .hint("write the value directly after it; quote a value with spaces"));
            }
            self.push(start..before, Class::Operator);
        }
        if self.at_boundary() {
            return Err(QueryError::new(start.saturating_sub(1)..start, "no value after the colon")
                .hint("write the value directly after the colon, `*` for any value, or quote the word to search for a colon"));
        }
        if (has_field || values) && self.rest().starts_with('[') {
            return Ok((op, Value::List(self.list()?)));
        }
        if self.rest().starts_with(['"', '\'']) {
            return Ok((op, Value::Single(self.phrase()?)));
        }
        let length = self.word_length();
        let span = self.at..self.at + length;
        self.at = span.end;
        self.push(span.clone(), if has_field || values { Class::Value } else { Class::Word });
        Ok((op, Value::Single(Piece { text: self.text[span.clone()].to_owned(), quoted: false, span })))
    }

    /// Length of the word here: up to white space or a closing parenthesis that it did not open. Brackets, quotes
    /// and colons inside are literal.
    pub(super) fn word_length(&self) -> usize {
        let mut open = 0_usize;
        for (at, c) in self.rest().char_indices() {
            match c {
                c if c.is_whitespace() => return at,
                '(' => open += 1,
                ')' if open == 0 => return at,
                ')' => open -= 1,
                _ => {}
            }
        }
        self.rest().len()
    }

    fn phrase(&mut self) -> Result<Piece, QueryError> {
        let start = self.at;
        let quote = self.peek().expect("called at a quote");
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                // A backslash takes the next character literally.
                '\\' => match chars.next() {
                    Some((_, escaped)) => text.push(escaped),
                    None => break,
                },
                c if c == quote => {
                    self.at = start + at + 1;
                    self.push(start..self.at, Class::Phrase);
                    return Ok(Piece { text, quoted: true, span: start..self.at });
                }
                c => text.push(c),
            }
        }
        self.push(start..self.text.len(), Class::Phrase);
        Err(QueryError::new(start..self.text.len(), "this quote is not closed")
            .hint(format!("add `{quote}` at its end")))
    }

    fn list(&mut self) -> Result<Vec<Piece>, QueryError> {
        let open = self.at;
        self.push(open..open + 1, Class::Bracket);
        self.at += 1;
        let mut items = Vec::new();
        loop {
            let before = self.at;
            self.skip_space();
            let piece = if self.rest().starts_with(['"', '\'']) {
                let piece = self.phrase()?;
                self.skip_space();
                piece
            } else {
                self.at = before;
                let length = self.rest().find([',', ']']).unwrap_or(self.rest().len());
                let span = self.at..self.at + length;
                self.at = span.end;
                self.push(span.clone(), Class::Value);
                Piece { text: self.text[span.clone()].to_owned(), quoted: false, span }
            };
            self.count(&piece.span)?;
            items.push(piece);
            match self.peek() {
                Some(',') => {
                    self.push(self.at..self.at + 1, Class::Operator);
                    self.at += 1;
                }
                Some(']') => {
                    self.push(self.at..self.at + 1, Class::Bracket);
                    self.at += 1;
                    break;
                }
                Some(c) => {
                    return Err(QueryError::new(
                        self.at..self.at + c.len_utf8(),
                        "a comma or `]` belongs after a quoted list item",
                    ));
                }
                None => {
                    return Err(QueryError::new(open..open + 1, "this list is not closed").hint("add `]`"));
                }
            }
        }
        if !self.at_boundary() {
            return Err(QueryError::new(open..self.at, "a space belongs after this list"));
        }
        Ok(items)
    }
}
