//! From listed objects to their bytes: those that the ledger does not know, many at a time, in bounded memory.

use std::collections::HashSet;
use std::sync::Arc;

use flowglass_lake::{Known, Ledger, version_tag};
use futures::{Stream, StreamExt, stream};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, Semaphore, mpsc};

use crate::counters::{Count, Counters, Failure};
use crate::decode::Read;
use crate::pipeline::PipelineOptions;
use crate::sieve::Sieve;
use crate::source::{Fetched, Listed, Source, SourceError};

/// A listed object with its source.
#[derive(Clone)]
pub(crate) struct Item {
    pub source: Arc<dyn Source>,
    pub listed: Listed,
    /// Take it although the ledger knows it.
    pub again: bool,
    /// The look that found it; none where nobody waits for it in particular.
    pub look: Option<Arc<Look>>,
}

/// One look at what is new. Whatever it found holds it until its rows wait to be committed: when nobody holds it any more,
/// nothing more is to come that would be worth waiting for.
pub(crate) struct Look(Arc<Notify>);

impl Look {
    /// Begins one whose end is told there.
    pub(crate) fn new(ended: &Arc<Notify>) -> Arc<Self> {
        Arc::new(Self(Arc::clone(ended)))
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Objects on their way through the pipeline, by source and key: each is in it at most once.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<(String, String)>>>);

impl InFlight {
    fn enter(&self, source: &str, key: &str) -> bool {
        self.0.lock().insert((source.to_owned(), key.to_owned()))
    }

    pub(crate) fn leave(&self, source: &str, key: &str) {
        self.0.lock().remove(&(source.to_owned(), key.to_owned()));
    }
}

/// Bytes that may be fetched and not yet decoded, in the semaphore's unit.
const FETCH_BUDGET: u64 = 64 << 20;
const FETCH_UNIT: u64 = 1 << 10;

/// Objects that are read with one call, and their bytes, unless one alone has more.
const AT_ONCE: usize = 16;
const AT_ONCE_BYTES: u64 = 1 << 20;

/// Reads what is wanted of some items, and sends it on until nobody takes it.
pub(crate) async fn fetch_all(
    items: impl Stream<Item = Item> + Send,
    ledger: Arc<RwLock<Ledger>>,
    in_flight: InFlight,
    options: PipelineOptions,
    sieve: Sieve,
    counters: Arc<Counters>,
    output: mpsc::Sender<Vec<Read>>,
) {
    let budget = Arc::new(Semaphore::new(usize::try_from(FETCH_BUDGET / FETCH_UNIT).unwrap_or(usize::MAX)));
    let wanted = items.filter(|item| {
        let wanted = wants(item, &ledger, &in_flight, &options, &sieve, &counters);
        async move { wanted }
    });
    // What is listed already goes together; nothing waits for more to come.
    let together = wanted.ready_chunks(AT_ONCE).flat_map(|items| stream::iter(together(items)));
    let fetches = together.map(|items| {
        let (budget, counters, in_flight) = (Arc::clone(&budget), Arc::clone(&counters), in_flight.clone());
        let most = options.max_object_bytes;
        async move {
            let units: Vec<usize> = items.iter().map(units).collect();
            let all = units.iter().sum::<usize>().min(units_of(FETCH_BUDGET));
            let Ok(mut room) = budget.acquire_many_owned(u32::try_from(all).unwrap_or(u32::MAX)).await else {
                return Vec::new();
            };
            let source = Arc::clone(&items[0].source);
            let listed: Vec<Listed> = items.iter().map(|item| item.listed.clone()).collect();
            let bodies = source.get_all(&listed, most).await;
            let read = items.into_iter().zip(bodies).zip(units).filter_map(|((item, body), units)| {
                let body = outcome(&item, body, &counters, &in_flight)?;
                let room = room.split(units)?;
                let Item { source, listed, again, look } = item;
                Some(Read { source, listed, body, again, look, room })
            });
            read.collect()
        }
    });
    let mut fetched = Box::pin(fetches.buffer_unordered(options.fetches.max(1)));
    while let Some(read) = fetched.next().await {
        if !read.is_empty() && output.send(read).await.is_err() {
            return;
        }
    }
}

/// What was read, or why its bytes will never do; none if it stays pending.
fn outcome(
    item: &Item,
    body: Result<Fetched, SourceError>,
    counters: &Counters,
    in_flight: &InFlight,
) -> Option<Result<Fetched, String>> {
    match body {
        Ok(fetched) => {
            counters.add(Count::Fetched, 1);
            counters.add(Count::FetchedBytes, fetched.bytes.len() as u64);
            counters.read(&item.source.name().0, &item.listed.key);
            Some(Ok(fetched))
        }
        Err(error @ SourceError::TooLarge { .. }) => Some(Err(error.to_string())),
        Err(error) => {
            tracing::warn!(key = item.listed.key, %error, "an object could not be read and stays pending");
            in_flight.leave(&item.source.name().0, &item.listed.key);
            counters.fail(Failure {
                source: item.source.name().0.clone(),
                key: item.listed.key.clone(),
                reason: error.to_string(),
            });
            None
        }
    }
}

fn units_of(bytes: u64) -> usize {
    usize::try_from(bytes / FETCH_UNIT).unwrap_or(usize::MAX)
}

/// Room that an object takes of the budget: all of it, if it is larger.
fn units(item: &Item) -> usize {
    units_of(item.listed.size.min(FETCH_BUDGET - FETCH_UNIT)) + 1
}

/// Divides items into those that are read with one call.
fn together(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut parts: Vec<(Vec<Item>, u64)> = Vec::new();
    for item in items {
        let size = item.listed.size;
        match parts.last_mut() {
            Some((part, bytes))
                if part.len() < item.source.at_once()
                    && bytes.saturating_add(size) <= AT_ONCE_BYTES
                    && Arc::ptr_eq(&part[0].source, &item.source) =>
            {
                part.push(item);
                *bytes += size;
            }
            _ => parts.push((vec![item], size)),
        }
    }
    parts.into_iter().map(|(part, _)| part).collect()
}

/// Decides whether a listed object is to be read, and counts it.
fn wants(
    item: &Item,
    ledger: &RwLock<Ledger>,
    in_flight: &InFlight,
    options: &PipelineOptions,
    sieve: &Sieve,
    counters: &Counters,
) -> bool {
    let listed = &item.listed;
    counters.add(Count::Listed, 1);
    let old = options.expire_before.is_some_and(|before| {
        // The folder is of the hour the window ended in, or the next: a day later at most.
        flowglass_codec::parse_key(&listed.key).and_then(|key| key.day).is_some_and(|day| day < before)
    });
    if old {
        counters.add(Count::Expired, 1);
        return false;
    }
    let tag = version_tag(listed.etag.as_deref(), listed.size, listed.last_modified);
    let source = item.source.name();
    if !item.again && ledger.read().check(source, &listed.key, &tag) == Known::Same {
        counters.add(Count::Known, 1);
        return false;
    }
    if !item.again && sieve.has_refused(&*item.source, &listed.key, &tag) {
        return false;
    }
    in_flight.enter(&source.0, &listed.key)
}
