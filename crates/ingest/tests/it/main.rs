//! Sources as their readers see them, against a real server and real directories.

#![allow(clippy::unwrap_used, missing_docs)]

mod bucket;
mod check;
mod faults;
mod fixtures;
mod ingest;
mod login;
mod looks;
mod moto;
mod order;
mod tree;
mod verify;
