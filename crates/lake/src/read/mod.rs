//! Reading a lake: the typed query as a plan, the plan's rows as an answer with its coverage.
//!
//! A [`Reader`] gets a [`View`] of the newest version for every question, plans it over [`provider`]'s tables, and runs
//! it in one engine whose memory and time are bounded.

mod aggregate;
mod buckets;
mod connection;
mod count;
mod counts;
mod cursor;
mod engine;
mod functions;
mod group;
mod histogram;
mod lower;
mod measure;
mod narrow;
mod newest;
mod provider;
mod reader;
mod row_match;
mod search;
mod source;
mod sql;
mod stitch;
mod summary;
mod tail;
mod tally;
mod top;
mod view;

pub use engine::{ReaderOptions, RowBatches};
pub use provider::{flow_rows, object_rows};
pub use reader::Reader;
pub use search::SearchStream;
pub use view::{AddedFiles, TableView, View, Views};
