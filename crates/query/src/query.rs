//! A parsed query and what can be asked of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::error::Note;
use crate::predicate::Predicate;
use crate::tree::Tree;

/// A query that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The text it came from.
    pub text: String,
    /// What it asks; [`Tree::Everything`] for an empty text.
    pub tree: Tree,
    /// What is worth telling the user.
    pub warnings: Vec<Note>,
}

/// One row, for [`Query::matches`]. Columns are those of the catalogue; none = missing.
pub trait Row {
    /// Value of a Text, Address, Crn or Json column.
    fn text(&self, column: &str) -> Option<Cow<'_, str>>;
    /// Value of an Integer, Port, Protocol, Time (microseconds) or Day (days since the epoch) column.
    fn integer(&self, column: &str) -> Option<i64>;
    /// Value of a Boolean column.
    fn boolean(&self, column: &str) -> Option<bool>;
    /// Value of an Address column.
    fn address(&self, column: &str) -> Option<IpAddr> {
        self.text(column).and_then(|text| flowglass_flow::address::parse(&text))
    }
}

impl Query {
    /// The query that every row satisfies.
    pub fn everything() -> Self {
        Self { text: String::new(), tree: Tree::Everything, warnings: vec![] }
    }

    /// True if it asks to count both reports of a flow between two covered vNICs (`sides:both`).
    pub fn wants_both_sides(&self) -> bool {
        let mut both = false;
        self.tree.for_each_term(&mut |term| both |= term.predicate == Predicate::BothSides);
        both
    }

    /// The columns its predicates read.
    pub fn columns(&self) -> BTreeSet<&'static str> {
        let mut columns = BTreeSet::new();
        self.tree.for_each_term(&mut |term| columns.extend(term.predicate.columns()));
        columns
    }
}
