//! The search language: text to typed tree, its explanation, completion, highlighting and time ranges.
//!
//! The grammar is LogDNA's, extended with addresses, networks, ranges and names: `OR` binds tighter than `AND`,
//! a space is `AND`, `-` and `NOT` negate. [`parse`] resolves every term against the field catalogue, so that what
//! comes out is columns and typed comparisons ([`Predicate`]); whoever runs it needs no knowledge of the syntax.
//! [`Query::matches`] is the reference meaning.
//!
//! This crate knows nothing of DataFusion, storage or HTTP.

mod complete;
mod error;
mod evaluate;
mod explain;
mod extra;
mod fields;
mod highlight;
mod predicate;
mod print;
mod query;
mod ranges;
mod resolve;
mod syntax;
pub mod time;
mod tree;
mod values;
mod words;

pub use complete::{Completion, Item as CompletionItem, ItemKind, ValuesOf, complete};
pub use error::{Note, QueryError};
pub use extra::ExtraTest;
pub use highlight::{Class, highlight};
pub use predicate::{Match, Operand, Predicate, Property};
pub use query::{Query, Row, parse};
pub use ranges::{AddressRange, AddressSet, NumberRange, merge_numbers};
pub use resolve::Context;
pub use tree::{Term, Tree};
pub use words::{WORD_COLUMNS, word_in, word_pattern};
