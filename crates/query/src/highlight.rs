//! Colours for a query, also for one that is still being typed.

use std::ops::Range;

use serde::Serialize;

use crate::syntax;

/// What a piece of query text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A field name.
    Field,
    /// The colon after it, a comparison, a comma of a list.
    Operator,
    /// The value of a field.
    Value,
    /// A bare word, address or number.
    Word,
    /// Quoted text.
    Phrase,
    /// `AND`, `OR`, `NOT`, `-`.
    Keyword,
    /// Parentheses and brackets.
    Bracket,
    /// What cannot be understood.
    Error,
}

/// Returns the pieces of a text, ascending and apart; white space belongs to none.
///
/// A piece that does not parse or resolve is [`Class::Error`]; what follows the first syntax error has no class.
/// Names are not known here, so that an address field with a name keeps its colour.
pub fn highlight(text: &str) -> Vec<(Range<usize>, Class)> {
    let mut classes = Vec::new();
    let error = match syntax::read(text, &mut classes) {
        Err(error) => Some(error),
        Ok(tree) => crate::resolve::check(&tree),
    };
    classes.sort_by_key(|(span, _)| (span.start, span.end));
    if let Some(error) = error.filter(|error| !error.span.is_empty()) {
        classes.retain(|(span, _)| span.end <= error.span.start || span.start >= error.span.end);
        let at = classes.partition_point(|(span, _)| span.start < error.span.start);
        classes.insert(at, (error.span, Class::Error));
    }
    classes
}
