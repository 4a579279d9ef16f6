//! Watching sources: new objects within moments of the listing that shows them, the backlog behind them.

use std::sync::Arc;
use std::time::Duration;

use flowglass_lake::{Lake, LakeError, SourceStatus, Writer};
use futures::stream::PollNext;
use futures::{Stream, StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::counters::Counters;
use crate::error::IngestError;
use crate::fetch::{Item, Look};
use crate::pipeline::{self, PipelineOptions};
use crate::retry::Again;
use crate::run::{ListEnd, listing, pending_windows};
use crate::sieve::Sieve;
use crate::source::{Filter, HourFolder, Source};
use crate::streams::Streams;

/// How sources are watched.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// Time between looks at the current and neighbour hours of every stream.
    pub poll: Duration,
    /// Time between looks for new streams.
    pub discover: Duration,
    /// Time between full listings, which find what came late or out of place.
    pub relist: Duration,
    /// Which objects.
    pub filter: Filter,
    /// How they are read; objects wait at most a second to be committed together.
    pub pipeline: PipelineOptions,
    /// Time between upkeep of the lake: folding, compaction, checkpoints, retention. None leaves it to others.
    pub upkeep: Option<Duration>,
    /// Days to keep. Older ones expire.
    pub retention_days: Option<u32>,
    /// Where objects are asked for that are to be read again.
    pub again: Again,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(60),
            discover: Duration::from_secs(300),
            relist: Duration::from_secs(6 * 3600),
            filter: Filter::default(),
            pipeline: PipelineOptions { group: Duration::from_secs(1), ..PipelineOptions::default() },
            upkeep: Some(Duration::from_secs(60)),
            retention_days: None,
            again: Again::default(),
        }
    }
}

/// Watches sources until the token is cancelled; what was read by then is committed.
///
/// Listing errors do not end it: the next look tries again, and the source's status tells.
///
/// # Errors
/// If the lake cannot be written, or was removed: that is noticed within one poll.
pub async fn watch(
    writer: &mut Writer,
    sources: &[Arc<dyn Source>],
    options: &WatchOptions,
    counters: &Arc<Counters>,
    stop: &CancellationToken,
) -> Result<(), IngestError> {
    // Short queues: a look that runs ahead of the commits only holds listings in memory.
    let (new_sender, new) = mpsc::channel::<Item>(256);
    let (backlog_sender, backlog) = mpsc::channel::<Item>(256);
    let mut tasks = tokio::task::JoinSet::new();
    let looked: Arc<Notify> = Arc::default();
    let ending = Ending { lake: writer.lake().clone(), found: Arc::default(), stop: stop.clone() };
    for source in sources {
        let poller = Poller {
            source: Arc::clone(source),
            options: options.clone(),
            counters: Arc::clone(counters),
            ending: ending.clone(),
            looked: Arc::clone(&looked),
        };
        let look = poller.clone();
        tasks.spawn(look.look_at_recent(new_sender.clone(), stop.clone()));
        tasks.spawn(poller.relist(backlog_sender.clone(), stop.clone()));
    }
    tasks.spawn(options.again.clone().pass_on(sources.to_vec(), new_sender.clone(), stop.clone()));
    drop((new_sender, backlog_sender));
    if let Some(every) = options.upkeep {
        tasks.spawn(keep_up(ending.clone(), every, options.retention_days));
    }
    let items = newest_first(new, backlog).take_until(stop.clone().cancelled_owned());
    let mut pipeline_options = options.pipeline.clone();
    pipeline_options.expire_before = options.retention_days.map(first_kept_day);
    let sieve = Sieve::new(&options.filter, counters);
    let result = pipeline::run(writer, items, &pipeline_options, &sieve, counters, stop, &looked).await;
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    result?;
    let lake = writer.lake();
    if let Some(error) = ending.found.lock().take() {
        return Err(IngestError::lake("go on", lake)(error));
    }
    lake.fold().await.map_err(IngestError::lake("fold manifests", lake))?;
    Ok(())
}

/// Returns the first day that retention keeps, in days since the epoch.
pub fn first_kept_day(days: u32) -> i32 {
    let today = flowglass_flow::time::day_of(flowglass_flow::time::now());
    today.saturating_sub(i32::try_from(days).unwrap_or(i32::MAX).saturating_sub(1))
}

/// Merges the two queues: what is new always goes before the backlog.
fn newest_first(
    new: mpsc::Receiver<Item>,
    backlog: mpsc::Receiver<Item>,
) -> impl Stream<Item = Item> + Send + 'static {
    fn of(receiver: mpsc::Receiver<Item>) -> stream::BoxStream<'static, Item> {
        stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|item| (item, receiver)) })
            .boxed()
    }
    stream::select_with_strategy(of(new), of(backlog), |(): &mut ()| PollNext::Left)
}

/// Time between full listings that cost nothing, at least.
const FREE_RELIST: Duration = Duration::from_secs(60);

/// Streams listed at a time.
const LISTINGS: usize = 8;

/// The lake, and the end of the watch when it is gone. Only that ends it from beside the commits: what else fails there
/// is tried again.
#[derive(Clone)]
struct Ending {
    lake: Lake,
    found: Arc<Mutex<Option<LakeError>>>,
    stop: CancellationToken,
}

impl Ending {
    /// Tells of an error; one that cannot pass ends the watch.
    fn tell(&self, error: LakeError, what: &'static str) {
        if matches!(error, LakeError::Gone { .. }) {
            self.found.lock().get_or_insert(error);
            self.stop.cancel();
        } else {
            tracing::warn!(error = %chain(&error), "{what}");
        }
    }
}

/// One source being looked at.
#[derive(Clone)]
struct Poller {
    source: Arc<dyn Source>,
    options: WatchOptions,
    counters: Arc<Counters>,
    ending: Ending,
    looked: Arc<Notify>,
}

impl Poller {
    /// Looks at the current and neighbour hours of every stream, again and again.
    async fn look_at_recent(self, output: mpsc::Sender<Item>, stop: CancellationToken) {
        let mut streams = Streams::default();
        let mut discovered: Option<Instant> = None;
        loop {
            let started = Instant::now();
            // A source without streams may get its first one at any moment.
            if streams.is_empty() || discovered.is_none_or(|at| at.elapsed() >= self.options.discover) {
                match self.source.streams(&self.options.filter).await {
                    Ok(found) => {
                        streams.found(found);
                        discovered = Some(started);
                    }
                    Err(error) => {
                        tracing::warn!(source = self.source.place(), %error, "streams could not be listed")
                    }
                }
            }
            let hours = HourFolder::around(flowglass_flow::time::now());
            // Side by side: one after another, the streams of many vNICs would outlast the poll interval.
            let ended = ListEnd::default();
            let look = Look::new(&self.looked);
            let (source, counters) = (Arc::clone(&self.source), Arc::clone(&self.counters));
            let (end, part) = (ended.clone(), Arc::clone(&look));
            let items = stream::iter(streams.look(&self.source, &hours))
                .flat_map_unordered(LISTINGS, move |listed| {
                    listing(&source, listed, &counters, &end, Some(Arc::clone(&part)))
                });
            if !pass_on(items.boxed(), &output, &stop).await {
                return;
            }
            drop(look);
            tracing::debug!(streams = streams.len(), took = ?started.elapsed(), "looked at what is new");
            if let Err(error) = ended.check() {
                tracing::warn!(error = %chain(&error), "a stream could not be listed");
            }
            // Without new objects nothing else would look at the lake.
            if let Err(error) = self.ending.lake.fresh(self.options.poll / 2).await {
                self.ending.tell(error, "the lake could not be looked at; it is tried again");
            }
            if !rest(self.options.poll.saturating_sub(started.elapsed()), &stop).await {
                return;
            }
        }
    }

    /// Lists the whole source, again and again. A source without streams is listed at every poll.
    async fn relist(self, output: mpsc::Sender<Item>, stop: CancellationToken) {
        loop {
            let started = Instant::now();
            let listed_at = flowglass_flow::time::now();
            let ended = ListEnd::default();
            let listed = self.source.list(&self.options.filter);
            let items = listing(&self.source, listed, &self.counters, &ended, None);
            if !pass_on(items, &output, &stop).await {
                return;
            }
            let failed = ended.check();
            if let Err(error) = &failed {
                tracing::warn!(source = self.source.place(), error = %chain(error), "the source could not be listed");
            }
            self.note(failed.is_ok().then_some(listed_at)).await;
            let has_streams =
                self.source.streams(&self.options.filter).await.is_ok_and(|streams| !streams.is_empty());
            let every = match (has_streams, self.source.listings_cost()) {
                (true, true) => self.options.relist,
                // Free, but not quick where there are many files.
                (true, false) => self.options.relist.min(self.options.poll.max(FREE_RELIST)),
                (false, _) => self.options.poll,
            };
            if !rest(every.saturating_sub(started.elapsed()), &stop).await {
                return;
            }
        }
    }

    async fn note(&self, listed_at: Option<i64>) {
        let Some(last_listed) = listed_at else { return };
        let failures = self.counters.pending(&self.source.name().0);
        let status = SourceStatus {
            source: self.source.name().clone(),
            location: self.source.place(),
            last_listed: Some(last_listed),
            pending_objects: failures.len() as u64,
            pending: pending_windows(&failures),
            paused: self.counters.progress().paused,
            written_at: flowglass_flow::time::now(),
        };
        if let Err(error) = self.ending.lake.put_status(&status).await {
            self.ending.tell(error, "the listing could not be noted");
        }
    }
}

/// Sends items on; false if nobody takes them or it is time to stop.
async fn pass_on(
    mut items: stream::BoxStream<'static, Item>,
    output: &mpsc::Sender<Item>,
    stop: &CancellationToken,
) -> bool {
    loop {
        tokio::select! {
            () = stop.cancelled() => return false,
            item = items.next() => match item {
                None => return true,
                Some(item) => if output.send(item).await.is_err() { return false },
            }
        }
    }
}

async fn rest(time: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = tokio::time::sleep(time) => true,
    }
}

async fn keep_up(ending: Ending, every: Duration, retention_days: Option<u32>) {
    while rest(every, &ending.stop).await {
        if let Err(error) = ending.lake.upkeep().await {
            ending.tell(error, "upkeep of the lake failed; it is tried again");
        }
        if let Some(days) = retention_days
            && let Err(error) = ending.lake.expire_before(first_kept_day(days)).await
        {
            ending.tell(error, "retention failed; it is tried again");
        }
    }
}

/// Writes an error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
