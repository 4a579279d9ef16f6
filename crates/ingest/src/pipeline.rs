//! From listed objects to commits: filter by the ledger, fetch, decode, group, commit.
//!
//! Every stage is bounded, so memory does not grow with the backlog: bytes being fetched by a budget, chunks between the
//! stages by short queues, and what is grouped for a commit by rows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowglass_codec::Limits;
use flowglass_flow::{ObjectEntry, ObjectId, Outcome};
use flowglass_lake::{Batch, Known, Ledger, Writer, version_tag};
use futures::{Stream, StreamExt};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::counters::{Count, Counters, Failure};
use crate::decode::{self, Chunk, Read};
use crate::error::IngestError;
use crate::sieve::Sieve;
use crate::source::{Listed, Source, SourceError};

/// How an ingester works.
#[derive(Debug, Clone)]
pub struct PipelineOptions {
    /// Objects fetched at a time.
    pub fetches: usize,
    /// Decoding threads.
    pub decoders: usize,
    /// Rows of a commit at most.
    pub batch_rows: usize,
    /// Bytes of a commit's rows in memory at most; reached before `batch_rows` only where records carry unknown members.
    pub batch_bytes: usize,
    /// Objects of a commit at most.
    pub batch_objects: usize,
    /// How long a decoded object may wait for others before it is committed.
    pub group: Duration,
    /// Bytes of an object as stored, above which it is quarantined unread.
    pub max_object_bytes: u64,
    /// Bounds of decoding.
    pub limits: Limits,
    /// Objects of earlier days (days since the epoch) are not read: retention.
    pub expire_before: Option<i32>,
    /// Pause while the lake's disk has less free bytes than this. Only for a lake in a directory.
    pub min_free_bytes: u64,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            fetches: 16,
            decoders: cores,
            batch_rows: 200_000,
            batch_bytes: 192 << 20,
            batch_objects: batch_objects(),
            group: Duration::from_secs(10),
            max_object_bytes: 256 << 20,
            limits: Limits::default(),
            expire_before: None,
            min_free_bytes: 1 << 30,
        }
    }
}

/// Objects of a commit at most, unless told. In builds with debug assertions `FLOWGLASS_BATCH_OBJECTS` says another
/// number, so that tests with few objects make many commits.
fn batch_objects() -> usize {
    let told = if cfg!(debug_assertions) { std::env::var("FLOWGLASS_BATCH_OBJECTS").ok() } else { None };
    told.and_then(|text| text.parse().ok()).unwrap_or(5_000)
}

/// A listed object with its source.
#[derive(Clone)]
pub(crate) struct Item {
    pub source: Arc<dyn Source>,
    pub listed: Listed,
    /// Take it although the ledger knows it.
    pub again: bool,
}

/// Objects on their way through the pipeline, by source and key: each is in it at most once.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<(String, String)>>>);

impl InFlight {
    fn enter(&self, source: &str, key: &str) -> bool {
        self.0.lock().insert((source.to_owned(), key.to_owned()))
    }

    fn leave(&self, source: &str, key: &str) {
        self.0.lock().remove(&(source.to_owned(), key.to_owned()));
    }
}

/// Bytes that may be fetched and not yet decoded, in the semaphore's unit.
const FETCH_BUDGET: u64 = 64 << 20;
const FETCH_UNIT: u64 = 1 << 10;

/// Passes items through to commits until they end. What was decoded by then is committed before this returns, unless it
/// is told to stop while it waits for room on the disk.
pub(crate) async fn run(
    writer: &mut Writer,
    items: impl Stream<Item = Item> + Send + 'static,
    options: &PipelineOptions,
    sieve: &Sieve,
    counters: &Arc<Counters>,
    stop: &CancellationToken,
) -> Result<(), IngestError> {
    let shards = writer.lake().shards();
    let in_flight = InFlight::default();
    let (read_sender, read_receiver) = mpsc::channel::<Read>(options.fetches.max(1) * 2);
    let (chunk_sender, mut chunks) = mpsc::channel::<Chunk>(2);
    let fetching = tokio::spawn(fetch_all(
        items,
        writer.shared_ledger(),
        in_flight.clone(),
        options.clone(),
        sieve.clone(),
        Arc::clone(counters),
        read_sender,
    ));
    let input = Arc::new(tokio::sync::Mutex::new(read_receiver));
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..options.decoders.max(1) {
        let (input, output, limits) = (Arc::clone(&input), chunk_sender.clone(), options.limits);
        let (sieve, in_flight) = (sieve.clone(), in_flight.clone());
        workers.spawn_blocking(move || {
            // What is left out is out of the pipeline, and may come by again.
            let admits = |read: &Read| {
                let admitted = read.again || sieve.admits(&*read.source, &read.listed, &read.body, limits);
                if !admitted {
                    in_flight.leave(&read.source.name().0, &read.listed.key);
                }
                admitted
            };
            decode::work(&input, &output, shards, limits, admits);
        });
    }
    drop(chunk_sender);

    let mut groups: HashMap<u32, Group> = HashMap::new();
    let result = loop {
        let due = groups.values().map(|group| group.since + options.group).min();
        let wait = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        let full = tokio::select! {
            chunk = chunks.recv() => match chunk {
                Some(chunk) => {
                    let shard = chunk.shard;
                    let group = groups.entry(shard).or_insert_with(|| Group::new(shard));
                    group.take(chunk);
                    let full = group.rows >= options.batch_rows
                        || group.bytes >= options.batch_bytes
                        || group.batch.objects.len() >= options.batch_objects;
                    if full { vec![shard] } else { continue }
                }
                None => break Ok(()),
            },
            () = wait => {
                let now = Instant::now();
                groups.iter().filter(|(_, group)| group.since + options.group <= now).map(|(shard, _)| *shard).collect()
            }
        };
        if let Err(error) = commit(writer, &mut groups, &full, options, counters, &in_flight, stop).await {
            break Err(error);
        }
    };
    if let Err(error) = result {
        // Nobody takes chunks any more: the workers and the fetchers end by themselves.
        drop(chunks);
        fetching.abort();
        return Err(error);
    }
    let rest: Vec<u32> = groups.keys().copied().collect();
    commit(writer, &mut groups, &rest, options, counters, &in_flight, stop).await?;
    while let Some(worker) = workers.join_next().await {
        worker
            .map_err(|error| IngestError::Worker { what: "a decoding thread", reason: error.to_string() })?;
    }
    fetching.await.map_err(|error| IngestError::Worker { what: "the fetcher", reason: error.to_string() })
}

/// Decoded objects of one shard that wait to be committed together.
struct Group {
    batch: Batch,
    rows: usize,
    bytes: usize,
    since: Instant,
}

impl Group {
    fn new(shard: u32) -> Self {
        Self { batch: Batch { shard, ..Batch::default() }, rows: 0, bytes: 0, since: Instant::now() }
    }

    fn take(&mut self, chunk: Chunk) {
        self.rows += chunk.row_count();
        self.bytes += chunk.byte_count();
        self.batch.objects.extend(chunk.objects);
        self.batch.rows.extend(chunk.rows.into_iter().map(|rows| (rows.day, rows.batch)));
        self.batch.again.extend(chunk.again);
    }
}

async fn commit(
    writer: &mut Writer,
    groups: &mut HashMap<u32, Group>,
    shards: &[u32],
    options: &PipelineOptions,
    counters: &Arc<Counters>,
    in_flight: &InFlight,
    stop: &CancellationToken,
) -> Result<(), IngestError> {
    let lake = writer.lake().clone();
    for shard in shards {
        let Some(group) = groups.remove(shard) else { continue };
        if !wait_for_room(writer, options.min_free_bytes, counters, stop).await {
            // Not committed, so not known: the next run reads it again.
            continue;
        }
        let entries: Vec<(ObjectId, String, String, Outcome)> = group
            .batch
            .objects
            .iter()
            .map(|entry: &ObjectEntry| {
                (entry.object_id, entry.source.0.clone(), entry.key.clone(), entry.outcome)
            })
            .collect();
        let done = writer.commit(group.batch).await.map_err(IngestError::lake("commit", &lake))?;
        counters.add(Count::Commits, 1);
        counters.add(Count::Committed, done.objects as u64);
        counters.add(Count::Known, done.known as u64);
        counters.add(Count::Records, done.rows);
        for (id, source, key, outcome) in entries {
            in_flight.leave(&source, &key);
            if done.fresh.contains(&id) {
                match outcome {
                    Outcome::Empty => counters.add(Count::Empty, 1),
                    Outcome::Partial => counters.add(Count::Partial, 1),
                    Outcome::Quarantined => counters.add(Count::Quarantined, 1),
                    Outcome::Done | Outcome::Expired | Outcome::Gone => {}
                }
            }
        }
        let snapshot = writer.lake().snapshot();
        let objects: usize = snapshot.unfolded.iter().map(|manifest| manifest.objects.len()).sum();
        if snapshot.unfolded.len() >= FOLD_AT || objects >= FOLD_OBJECTS {
            lake.fold().await.map_err(IngestError::lake("fold manifests", &lake))?;
        }
    }
    Ok(())
}

/// Unfolded manifests at which the committer folds: each costs a reader that opens the lake one request.
const FOLD_AT: usize = 64;
/// Objects of unfolded manifests at which the committer folds: each takes some 3 kB of memory until then.
const FOLD_OBJECTS: usize = 10_000;

/// Waits while the lake's disk is nearly full; false if it is time to stop before there is room: a half-written file helps nobody, and queries need room to spill.
async fn wait_for_room(writer: &Writer, least: u64, counters: &Counters, stop: &CancellationToken) -> bool {
    let Some(directory) = writer.lake().location().directory.clone() else { return true };
    loop {
        let Some(free) = free_bytes(&directory) else { return true };
        if free >= least {
            counters.pause(None);
            return true;
        }
        let reason = format!(
            "{} has {} MB free, under the {} MB that are kept (min_free_bytes); ingestion goes on when there is room",
            directory.display(),
            free / 1_000_000,
            least / 1_000_000
        );
        tracing::warn!(%reason, "paused");
        counters.pause(Some(reason));
        tokio::select! {
            () = stop.cancelled() => return false,
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
        }
    }
}

/// Returns the free bytes of the disk a directory lies on, if the system tells.
pub fn free_bytes(directory: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(directory).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

async fn fetch_all(
    items: impl Stream<Item = Item> + Send,
    ledger: Arc<RwLock<Ledger>>,
    in_flight: InFlight,
    options: PipelineOptions,
    sieve: Sieve,
    counters: Arc<Counters>,
    output: mpsc::Sender<Read>,
) {
    let budget = Arc::new(Semaphore::new(usize::try_from(FETCH_BUDGET / FETCH_UNIT).unwrap_or(usize::MAX)));
    let wanted = items.filter(|item| {
        let wanted = wants(item, &ledger, &in_flight, &options, &sieve, &counters);
        async move { wanted }
    });
    let fetches = wanted.map(|item| {
        let (budget, counters, in_flight) = (Arc::clone(&budget), Arc::clone(&counters), in_flight.clone());
        let most = options.max_object_bytes;
        async move {
            let units = (item.listed.size / FETCH_UNIT + 1).min(FETCH_BUDGET / FETCH_UNIT);
            let units = u32::try_from(units).unwrap_or(u32::MAX);
            let Ok(room) = budget.acquire_many_owned(units).await else { return None };
            let body = match item.source.get(&item.listed, most).await {
                Ok(fetched) => {
                    counters.add(Count::Fetched, 1);
                    counters.add(Count::FetchedBytes, fetched.bytes.len() as u64);
                    counters.read(&item.source.name().0, &item.listed.key);
                    Ok(fetched)
                }
                Err(error @ SourceError::TooLarge { .. }) => Err(error.to_string()),
                Err(error) => {
                    tracing::warn!(key = item.listed.key, %error, "an object could not be read and stays pending");
                    in_flight.leave(&item.source.name().0, &item.listed.key);
                    counters.fail(Failure {
                        source: item.source.name().0.clone(),
                        key: item.listed.key,
                        reason: error.to_string(),
                    });
                    return None;
                }
            };
            Some(Read { source: item.source, listed: item.listed, body, again: item.again, room })
        }
    });
    let mut fetched = Box::pin(fetches.buffer_unordered(options.fetches.max(1)));
    while let Some(read) = fetched.next().await {
        if let Some(read) = read
            && output.send(read).await.is_err()
        {
            return;
        }
    }
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
