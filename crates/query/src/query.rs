//! A parsed query and what can be asked of it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::error::{Note, QueryError};
use crate::predicate::Predicate;
use crate::resolve::{self, Context};
use crate::syntax;
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

/// Reads a query. The empty text is everything.
///
/// # Errors
/// If the text is longer than 64 KiB, has more than 10,000 terms or 64 levels, does not follow the grammar, or a term
/// cannot mean anything: no such field, a value that its field cannot have, a name nobody gave.
///
/// ```
/// use flowglass_query::{Context, parse};
///
/// let query = parse("target_ip:10.240.0.4 action:rejected", &Context::default())?;
/// assert_eq!(query.explain(), "AND\n  target_ip is 10.240.0.4\n  action starts with \"rejected\"\n");
/// # Ok::<(), flowglass_query::QueryError>(())
/// ```
pub fn parse(text: &str, context: &Context<'_>) -> Result<Query, QueryError> {
    let syntax = syntax::read(text, &mut Vec::new())?;
    let (tree, warnings) = resolve::resolve(&syntax, context)?;
    Ok(Query { text: text.to_owned(), tree, warnings })
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
