//! The search language: text to typed tree, its explanation, completion, highlighting and time ranges.
//!
//! The grammar is LogDNA's, extended with addresses, networks, ranges and names: `OR` binds tighter than `AND`,
//! a space is `AND`, `-` and `NOT` negate. [`parse`] resolves every term against the field catalogue, so that what
//! comes out is columns and typed comparisons ([`Predicate`]); whoever runs it needs no knowledge of the syntax.
//! [`Query::matches`] is the reference meaning.
//!
//! This crate knows nothing of DataFusion, storage or HTTP.

mod error;
mod extra;
mod predicate;
mod query;
mod tree;

pub use error::{Note, QueryError};
pub use extra::ExtraTest;
pub use predicate::{
    AddressRange, AddressSet, Match, NumberRange, Operand, Predicate, Property, WORD_COLUMNS, merge_numbers, word_in,
    word_pattern,
};
pub use query::{Query, Row};
pub use tree::{Term, Tree};
