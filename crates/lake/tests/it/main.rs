//! Tests of the lake against real tables in memory and in directories.

#![allow(clippy::unwrap_used, missing_docs)]

mod bucket;
mod compaction;
mod cursors;
mod maintenance;
mod protocol;
mod read;
mod release;
mod support;
mod views;
