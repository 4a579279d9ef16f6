//! The Delta protocol, as much of it as one writer program needs.
//!
//! Checkpoints are read and written by the deltalake library. Commits are read and written here, because the
//! exactly-once protocol needs each attempt to be made against a state that is known to be the latest
//! (`docs/decisions/0002-commits.md`): a commit is one put-if-absent of the next log entry.

mod action;
mod log;
mod state;
mod stats;

pub(crate) use action::removed_paths;
pub use action::{Action, AddFile, CommitNote};
pub use log::{Attempt, TableLog};
pub use state::{DataFile, TableState};
pub use stats::{ColumnStats, FileStats, Value};
