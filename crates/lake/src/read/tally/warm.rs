//! Columns that were counted before, kept for the next question: people ask one thing after another of the same hours.

use std::sync::Arc;
use std::time::Duration;

use super::columns::Column;
use crate::cache::Cache;

/// About as long as the requests of one look at the same hours take together.
const IN_USE: Duration = Duration::from_secs(3);

/// Decoded columns of row groups.
#[derive(Debug, Clone)]
pub(in crate::read) struct Warm(pub(super) Arc<Cache<Place, Column>>);

/// A column of rows of a row group of a data file, by the file's path.
pub(super) type Place = (Arc<str>, usize, Extent, &'static str);

/// Rows of a row group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Extent {
    All,
    /// By how many are skipped and taken in turn: what an index says of a host is the same in each question about it.
    Some(Arc<[usize]>),
}

impl Warm {
    /// Keeps columns of up to so many bytes.
    pub(in crate::read) fn new(limit: usize) -> Self {
        Self(Arc::new(Cache::new(limit, IN_USE)))
    }
}
