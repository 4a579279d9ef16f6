//! Tests of the real binary: what it prints, where, and how it exits.

mod help;
mod licences;
mod settings;
mod support;
mod usage;
