//! The server as its clients see it.

mod client;
mod conditions;
mod faults;
mod listing;
mod objects;
