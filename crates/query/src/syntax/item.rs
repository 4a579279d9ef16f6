//! The syntax tree.

use std::ops::Range;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Syntax {
    Everything,
    And(Vec<Syntax>),
    Or(Vec<Syntax>),
    Not(Box<Syntax>),
    Item(Item),
}

/// One term as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) span: Range<usize>,
    pub(crate) field: Option<Piece>,
    pub(crate) op: Op,
    pub(crate) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// `*`.
    Star,
    Single(Piece),
    List(Vec<Piece>),
    /// Conditions on the field: items within have no field of their own.
    Compound(Box<Syntax>),
}

/// A word, a phrase without its quotes, or a list item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) quoted: bool,
    pub(crate) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    None,
    Equal,
    Whole,
    WholeCase,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Op {
    /// Longer operators first.
    pub(crate) const ALL: [(&'static str, Self); 7] = [
        ("===", Self::WholeCase),
        ("==", Self::Whole),
        ("=", Self::Equal),
        ("<=", Self::LessEqual),
        (">=", Self::GreaterEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    pub(crate) fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual)
    }
}
