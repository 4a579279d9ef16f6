//! The API as a caller meets it: a real server on a loopback port, over a small lake of our own making.

#![allow(clippy::unwrap_used, missing_docs)]

mod document;
mod guards;
mod ledger;
mod limits;
mod questions;
mod restricted;
mod sql;
mod support;
mod tail;
mod tls;
