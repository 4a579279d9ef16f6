//! From listed objects to commits: filter by the ledger, fetch, decode, group, commit.
//!
//! Every stage is bounded, so memory does not grow with the backlog: bytes being fetched by a budget, chunks between the
//! stages by short queues, and what is grouped for a commit by rows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowglass_codec::Limits;
use flowglass_flow::{ObjectEntry, ObjectId, Outcome};
use flowglass_lake::{Batch, Lake, Prepared, Preparer, Writer};
use futures::Stream;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::counters::{Count, Counters};
use crate::decode::{self, Chunk, Read};
use crate::error::IngestError;
use crate::fetch::{InFlight, Item, fetch_all};
use crate::folding::Folding;
use crate::sieve::Sieve;

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
            batch_rows: 1 << 17,
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

/// Passes items through to commits until they end. What was decoded by then is committed before this returns, unless it
/// is told to stop while it waits for room on the disk. `looked` tells that all that a look found is decoded: then it is
/// committed without waiting for more.
pub(crate) async fn run(
    writer: &mut Writer,
    items: impl Stream<Item = Item> + Send + 'static,
    options: &PipelineOptions,
    sieve: &Sieve,
    counters: &Arc<Counters>,
    stop: &CancellationToken,
    looked: &Notify,
) -> Result<(), IngestError> {
    let shards = writer.lake().shards();
    let in_flight = InFlight::default();
    // Each is of many small objects, or of a large one.
    let (read_sender, read_receiver) = mpsc::channel::<Vec<Read>>(options.decoders.max(1));
    let (chunk_sender, chunks) = mpsc::channel::<Chunk>(2);
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
        let (input, output) = (Arc::clone(&input), chunk_sender.clone());
        let bounds = decode::Bounds { limits: options.limits, objects: options.batch_objects };
        let (sieve, in_flight) = (sieve.clone(), in_flight.clone());
        workers.spawn_blocking(move || {
            // What is left out is out of the pipeline, and may come by again.
            let admits = |read: &Read| {
                let admitted =
                    read.again || sieve.admits(&*read.source, &read.listed, &read.body, bounds.limits);
                if !admitted {
                    in_flight.leave(&read.source.name().0, &read.listed.key);
                }
                admitted
            };
            decode::work(&input, &output, shards, bounds, admits);
        });
    }
    drop(chunk_sender);

    let (ready_sender, ready) = mpsc::channel::<JoinHandle<Result<Ready, IngestError>>>(MOST_BATCHES);
    let grouping = group(chunks, writer.preparer(), options, counters, stop, looked, ready_sender);
    let committing = commit(writer, ready, counters, &in_flight);
    // The first error ends both, and with them the workers and the fetchers: nobody takes what they send any more.
    if let Err(error) = futures::future::try_join(grouping, committing).await {
        fetching.abort();
        return Err(error);
    }
    while let Some(worker) = workers.join_next().await {
        worker
            .map_err(|error| IngestError::Worker { what: "a decoding thread", reason: error.to_string() })?;
    }
    fetching.await.map_err(|error| IngestError::Worker { what: "the fetcher", reason: error.to_string() })
}

/// Groups chunks into batches, and has those written while others are decoded and committed.
async fn group(
    mut chunks: mpsc::Receiver<Chunk>,
    preparer: Preparer,
    options: &PipelineOptions,
    counters: &Arc<Counters>,
    stop: &CancellationToken,
    looked: &Notify,
    output: mpsc::Sender<JoinHandle<Result<Ready, IngestError>>>,
) -> Result<(), IngestError> {
    // Each batch that is written keeps its rows in memory. One for each decoder: whoever waits for the other leaves a core to it.
    let writing = Arc::new(Semaphore::new(options.decoders.clamp(1, MOST_BATCHES)));
    let mut groups: HashMap<u32, Group> = HashMap::new();
    // When the last commit was begun that was not full.
    let mut begun: HashMap<u32, Instant> = HashMap::new();
    loop {
        let due = groups.values().map(|group| group.due).min();
        let wait = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        let (full, ended): (Vec<u32>, bool) = tokio::select! {
            chunk = chunks.recv() => match chunk {
                Some(chunk) => {
                    let shard = chunk.shard;
                    let group = groups.entry(shard).or_insert_with(|| Group::new(shard, options.group));
                    group.take(chunk);
                    let full = group.rows >= options.batch_rows
                        || group.bytes >= options.batch_bytes
                        || group.batch.objects.len() >= options.batch_objects;
                    if full { (vec![shard], false) } else { continue }
                }
                None => (groups.keys().copied().collect(), true),
            },
            () = looked.notified() => {
                for (shard, group) in groups.iter_mut().filter(|(_, group)| group.is_looked_for) {
                    // Many sources that are looked at, or very short polls, are not to make very many small commits.
                    let rested = begun.get(shard).map(|begun| *begun + options.group / SHARE_OF_GROUP);
                    group.due = group.due.min(rested.unwrap_or(group.since));
                }
                continue;
            }
            () = wait => {
                let now = Instant::now();
                let due = groups.iter().filter(|(_, group)| group.due <= now);
                (due.map(|(shard, _)| *shard).collect(), false)
            }
        };
        for shard in full {
            let Some(group) = groups.remove(&shard) else { continue };
            if group.due <= Instant::now() {
                begun.insert(shard, Instant::now());
            }
            let Ok(room) = Arc::clone(&writing).acquire_owned().await else { return Ok(()) };
            let (preparer, options) = (preparer.clone(), options.clone());
            let (counters, stop) = (Arc::clone(counters), stop.clone());
            let prepared = tokio::spawn(async move {
                let (waited, rows, begun) = (group.since.elapsed(), group.rows, Instant::now());
                let ready = prepare(&preparer, group.batch, &options, &counters, &stop).await;
                tracing::debug!(rows, ?waited, took = ?begun.elapsed(), "rows were written");
                drop(room);
                ready
            });
            // Nobody takes it: the committer failed, and says why.
            if output.send(prepared).await.is_err() {
                return Ok(());
            }
        }
        if ended {
            return Ok(());
        }
    }
}

/// A look's end is followed by a commit, full or not, unless the last one that was not full was begun within this share of
/// the time that objects may wait.
const SHARE_OF_GROUP: u32 = 4;

/// Batches that are written at a time, and that wait written, at most.
const MOST_BATCHES: usize = 4;

/// An object of a batch, as the pipeline and the counters know it.
struct Member {
    id: ObjectId,
    source: String,
    key: String,
    outcome: Outcome,
}

/// A batch to be committed; nothing to commit if it was told to stop before there was room for it.
struct Ready {
    prepared: Option<Prepared>,
    members: Vec<Member>,
}

async fn prepare(
    preparer: &Preparer,
    batch: Batch,
    options: &PipelineOptions,
    counters: &Counters,
    stop: &CancellationToken,
) -> Result<Ready, IngestError> {
    let member = |entry: &ObjectEntry| Member {
        id: entry.object_id,
        source: entry.source.0.clone(),
        key: entry.key.clone(),
        outcome: entry.outcome,
    };
    let members = batch.objects.iter().map(member).collect();
    let lake = preparer.lake();
    if !wait_for_room(lake, options.min_free_bytes, counters, stop).await {
        // Not committed, so not known: the next run reads it again.
        return Ok(Ready { prepared: None, members });
    }
    let prepared = preparer.prepare(batch).await.map_err(IngestError::lake("write rows", lake))?;
    Ok(Ready { prepared: Some(prepared), members })
}

/// Decoded objects of one shard that wait to be committed together.
struct Group {
    batch: Batch,
    rows: usize,
    bytes: usize,
    since: Instant,
    /// When it is to be committed, full or not.
    due: Instant,
    /// Some of it was found by a look at what is new.
    is_looked_for: bool,
}

impl Group {
    fn new(shard: u32, wait: Duration) -> Self {
        let since = Instant::now();
        let batch = Batch { shard, ..Batch::default() };
        Self { batch, rows: 0, bytes: 0, since, due: since + wait, is_looked_for: false }
    }

    fn take(&mut self, chunk: Chunk) {
        self.rows += chunk.row_count();
        self.bytes += chunk.byte_count();
        self.batch.objects.extend(chunk.objects);
        self.batch.rows.extend(chunk.rows.into_iter().map(|rows| (rows.day, rows.batch)));
        self.batch.again.extend(chunk.again);
        self.is_looked_for |= !chunk.looks.is_empty();
    }
}

/// Commits batches in the order in which they were begun.
async fn commit(
    writer: &mut Writer,
    mut ready: mpsc::Receiver<JoinHandle<Result<Ready, IngestError>>>,
    counters: &Arc<Counters>,
    in_flight: &InFlight,
) -> Result<(), IngestError> {
    let lake = writer.lake().clone();
    let mut folding = Folding::of(&lake);
    while let Some(prepared) = ready.recv().await {
        let stopped = |error: tokio::task::JoinError| IngestError::Worker {
            what: "a writer of rows",
            reason: error.to_string(),
        };
        let Ready { prepared, members } = prepared.await.map_err(stopped)??;
        let Some(prepared) = prepared else { continue };
        let begun = Instant::now();
        let done = writer.commit_prepared(prepared).await.map_err(IngestError::lake("commit", &lake))?;
        tracing::debug!(version = done.version, rows = done.rows, took = ?begun.elapsed(), "committed");
        counters.add(Count::Commits, 1);
        counters.add(Count::Committed, done.objects as u64);
        counters.add(Count::Known, done.known as u64);
        counters.add(Count::Records, done.rows);
        for member in members {
            in_flight.leave(&member.source, &member.key);
            if done.fresh.contains(&member.id) {
                match member.outcome {
                    Outcome::Empty => counters.add(Count::Empty, 1),
                    Outcome::Partial => counters.add(Count::Partial, 1),
                    Outcome::Quarantined => counters.add(Count::Quarantined, 1),
                    Outcome::Done | Outcome::Expired | Outcome::Gone => {}
                }
            }
        }
        folding.go_on().await?;
    }
    folding.end().await
}

/// Waits while the lake's disk is nearly full; false if it is time to stop before there is room: a half-written file helps nobody, and queries need room to spill.
async fn wait_for_room(lake: &Lake, least: u64, counters: &Counters, stop: &CancellationToken) -> bool {
    let Some(directory) = lake.location().directory.clone() else { return true };
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
