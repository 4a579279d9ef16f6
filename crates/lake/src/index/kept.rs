//! Decoded parts of indexes, kept in memory for the next question.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::Cache;

/// Longer than one looks at an answer before asking the next question of the same history.
const IN_USE: Duration = Duration::from_secs(60);

/// Parts of indexes within a bound of memory.
#[derive(Debug)]
pub(super) struct Kept(Cache<(Arc<str>, Kind), Arc<dyn Any + Send + Sync>>);

/// Which part of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Minutes,
    Services,
    Vnics,
    Initiators,
    Targets,
}

impl Kept {
    /// Keeps at most so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self(Cache::new(limit, IN_USE))
    }

    /// A part of the index of a name, if it is kept. A kind is always of the same type.
    pub(super) fn get<T: Send + Sync + 'static>(&self, name: &Arc<str>, kind: Kind) -> Option<Arc<T>> {
        self.0.get(&(Arc::clone(name), kind))?.downcast().ok()
    }

    /// Keeps a part if there is room for its bytes.
    pub(super) fn put<T: Send + Sync + 'static>(
        &self,
        name: &Arc<str>,
        kind: Kind,
        decoded: &Arc<T>,
        bytes: usize,
    ) {
        self.0.put((Arc::clone(name), kind), Arc::clone(decoded) as _, bytes);
    }
}
