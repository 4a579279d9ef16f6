//! The filter on what only an object itself can say: objects whose keys do not tell what is asked for.

use std::collections::HashMap;
use std::sync::Arc;

use flowglass_codec::{BatchDecoder, Limits};
use flowglass_flow::ObjectId;
use parking_lot::Mutex;

use crate::counters::{Count, Counters};
use crate::decode::facts_of_key;
use crate::source::{Fetched, Filter, Listed, Source};

/// Holds a filter against what objects say of themselves. Clones share what is remembered.
///
/// An object it refuses leaves no trace in the lake: another run, with another filter or none, takes it.
#[derive(Debug, Clone)]
pub(crate) struct Sieve(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    filter: Filter,
    counters: Arc<Counters>,
    /// Versions that were refused, by source and key, so that not every listing has them read again.
    refused: Mutex<HashMap<(String, String), String>>,
}

/// Refused objects that are remembered; others are read again with each listing.
const REMEMBERED: usize = 100_000;

impl Sieve {
    pub(crate) fn new(filter: &Filter, counters: &Arc<Counters>) -> Self {
        Self(Arc::new(Inner {
            filter: filter.clone(),
            counters: Arc::clone(counters),
            refused: Mutex::default(),
        }))
    }

    /// Returns true if this version of an object is known to be refused, and counts it.
    pub(crate) fn has_refused(&self, source: &dyn Source, key: &str, tag: &str) -> bool {
        let refused = self.0.refused.lock();
        if refused.is_empty() {
            return false;
        }
        let known = refused.get(&(source.name().0.clone(), key.to_owned())).is_some_and(|known| known == tag);
        if known {
            self.0.counters.add(Count::Filtered, 1);
        }
        known
    }

    /// Returns true if an object that was read is asked for. One that is not is counted and remembered.
    ///
    /// Only where the key leaves it open is the object decoded for this, into nothing: a filter together with keys
    /// outside the provider's layout is rare.
    pub(crate) fn admits(
        &self,
        source: &dyn Source,
        listed: &Listed,
        body: &Result<Fetched, String>,
        limits: Limits,
    ) -> bool {
        if self.0.filter.is_settled_by(&listed.key) {
            return true;
        }
        let decoded = body.as_ref().ok().and_then(|fetched| {
            let id = ObjectId::of(source.name(), &listed.key, &fetched.version);
            BatchDecoder::new(limits).push(id, &listed.key, &fetched.bytes).ok()
        });
        // One that cannot be read says nothing of itself; its key may say a part.
        if self.0.filter.admits_facts(&decoded.unwrap_or_else(|| facts_of_key(listed))) {
            return true;
        }
        self.0.counters.add(Count::Filtered, 1);
        let mut refused = self.0.refused.lock();
        let name = (source.name().0.clone(), listed.key.clone());
        if refused.len() < REMEMBERED || refused.contains_key(&name) {
            let tag = flowglass_lake::version_tag(listed.etag.as_deref(), listed.size, listed.last_modified);
            refused.insert(name, tag);
        }
        false
    }
}
