//! The lake: an open Delta table of flow rows, the ledger of the objects they came from, and the answers to questions
//! about them.
//!
//! This crate knows neither HTTP nor providers.

pub mod answer;
mod by_day;
mod cache;
pub mod coverage;
pub mod delta;
mod durable;
mod entries;
mod error;
mod failpoint;
mod files;
mod fold;
mod index;
mod lake;
mod layout;
mod ledger;
mod ledger_files;
pub mod maintain;
mod manifest;
mod object_rows;
mod parquet_file;
mod prepare;
pub mod read;
mod replace;
mod status;
mod store;
mod varint;
mod views;
mod writer;

pub use by_day::{ByDay, as_stored};
pub use error::{LakeError, Result};
pub use fold::FoldReport;
pub use lake::{Lake, LakeOptions, Snapshot};
pub use ledger::{Known, Ledger, Segment, version_tag};
pub use manifest::{Manifest, ObjectAt, OutcomeChange};
#[doc(hidden)]
pub use parquet_file::encode_flows;
pub use prepare::{Prepared, Preparer};
pub use status::SourceStatus;
pub use store::{Location, StoreOptions};
pub use views::LakeViews;
pub use writer::{Batch, Committed, Writer};
