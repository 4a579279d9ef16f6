//! What is wrong with a query, and what is worth saying of one that is right.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

/// Why a query cannot be understood: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueryError {
    /// Bytes of the query text it is about.
    pub span: Range<usize>,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Something worth knowing of a query that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Bytes of the query text it is about.
    pub span: Range<usize>,
    /// What: one sentence without a full stop.
    pub message: String,
    /// What could be written instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl QueryError {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Draws the query with a caret line under the span, the message and the hint.
    pub fn render(&self, text: &str) -> String {
        render(text, &self.span, &self.message, self.hint.as_deref())
    }
}

impl Note {
    /// Draws the query with a caret line under the span, the message and the hint.
    pub fn render(&self, text: &str) -> String {
        render(text, &self.span, &self.message, self.hint.as_deref())
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_line(f, &self.message, self.hint.as_deref())
    }
}

impl std::error::Error for QueryError {}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_line(f, &self.message, self.hint.as_deref())
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, message: &str, hint: Option<&str>) -> fmt::Result {
    f.write_str(message)?;
    match hint {
        Some(hint) => write!(f, " ({hint})"),
        None => Ok(()),
    }
}

fn render(text: &str, span: &Range<usize>, message: &str, hint: Option<&str>) -> String {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let (start, end) = (floor(span.start), floor(span.end));
    // The line the span starts in, control characters as spaces so that the carets stand where they should.
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let show = |part: &str| part.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    // Of a long line, only the neighbourhood.
    let mut from = start.saturating_sub(60).max(line_start);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let to = floor((end.max(start) + 40).min(line_end)).max(start);
    let before = show(&text[from..start]);
    let carets = text[start..end.min(to).max(start)].chars().count().max(1);
    let mut out = format!(
        "  {}\n  {}{} {message}",
        show(&text[from..to]),
        " ".repeat(before.chars().count()),
        "^".repeat(carets)
    );
    if let Some(hint) = hint {
        out.push_str("\nhint: ");
        out.push_str(hint);
    }
    out
}
