//! Sources as their readers see them, against a real server and real directories.

mod bucket;
mod check;
mod faults;
mod fixtures;
mod ingest;
mod login;
mod moto;
mod order;
mod tree;
mod verify;
