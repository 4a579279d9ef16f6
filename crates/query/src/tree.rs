//! The typed tree.

use std::ops::Range;

use crate::predicate::Predicate;

/// A query as a tree. `And` and `Or` have at least two children, none of which is of the same kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// Every row.
    Everything,
    /// Rows that satisfy all.
    And(Vec<Tree>),
    /// Rows that satisfy one or more.
    Or(Vec<Tree>),
    /// Rows that do not satisfy it; a missing value does not satisfy a term, so its negation is true.
    Not(Box<Tree>),
    /// One term.
    Term(Term),
}

/// A predicate and where it was typed. Terms are equal if their predicates are.
#[derive(Debug, Clone)]
pub struct Term {
    /// Bytes of the query text it came from.
    pub span: Range<usize>,
    /// What it asks.
    pub predicate: Predicate,
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.predicate == other.predicate
    }
}

impl Eq for Term {}

impl Tree {
    /// A term.
    pub fn term(predicate: Predicate, span: Range<usize>) -> Self {
        Self::Term(Term { span, predicate })
    }

    /// All of some trees. Nested conjunctions are joined, `Everything` is dropped.
    pub fn and(trees: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for tree in trees {
            match tree {
                Self::And(children) => all.extend(children),
                Self::Everything => {}
                other => all.push(other),
            }
        }
        match all.len() {
            0 => Self::Everything,
            1 => all.remove(0),
            _ => Self::And(all),
        }
    }

    /// Any of some trees. Nested disjunctions are joined; with `Everything` among them it is everything.
    ///
    /// An empty list gives `NOT *`: nothing.
    pub fn or(trees: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Vec::new();
        for tree in trees {
            match tree {
                Self::Or(children) => any.extend(children),
                Self::Everything => return Self::Everything,
                other => any.push(other),
            }
        }
        match any.len() {
            0 => Self::Not(Box::new(Self::Everything)),
            1 => any.remove(0),
            _ => Self::Or(any),
        }
    }

    /// The negation of a tree; a double negation is the tree itself.
    #[expect(
        clippy::should_implement_trait,
        reason = "a constructor beside `and` and `or`, which takes the tree it negates"
    )]
    pub fn not(tree: Self) -> Self {
        match tree {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Calls a function on every term, in the order they were typed.
    pub fn for_each_term<'a>(&'a self, visit: &mut impl FnMut(&'a Term)) {
        match self {
            Self::Everything => {}
            Self::And(children) | Self::Or(children) => {
                children.iter().for_each(|child| child.for_each_term(visit))
            }
            Self::Not(inner) => inner.for_each_term(visit),
            Self::Term(term) => visit(term),
        }
    }
}
