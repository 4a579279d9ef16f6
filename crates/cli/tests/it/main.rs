//! Tests of the real binary: what it prints, where, and how it exits.

#![allow(clippy::unwrap_used, missing_docs)]

mod again;
mod answers;
mod help;
mod lake;
mod licences;
mod memory;
mod reading;
mod search;
mod serving;
mod settings;
mod support;
mod usage;
mod watching;
