//! What `ingest`, `watch`, `serve` and `demo` share: reading sources into a lake, with progress, until stopped.

use std::sync::Arc;
use std::time::Duration;

use flowglass_ingest::source::{Filter, Source};
use flowglass_ingest::{Counters, PipelineOptions, WatchOptions, count, watch};
use flowglass_lake::{Lake, Writer};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::memory;
use crate::output::number;
use crate::output::progress::{Amount, Progress};
use crate::settings::{KEEP_DAYS, Lasting, POLL};

/// Listings more often than this would only cost.
const SHORTEST_POLL: Duration = Duration::from_millis(100);

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// A token that Ctrl-C and the end of the terminal cancel. The second Ctrl-C ends the process at once: what is committed
/// stays, the rest is read again next time.
pub(super) fn stop_on_signal(context: &Context) -> CancellationToken {
    let stop = CancellationToken::new();
    let cancelled = stop.clone();
    let quiet = context.quiet;
    tokio::spawn(async move {
        terminated().await;
        if !quiet {
            crate::output::say(
                "stopping; what was read is committed first, Ctrl-C again does not wait for it",
            );
        }
        cancelled.cancel();
        terminated().await;
        std::process::exit(1);
    });
    stop
}

/// Waits for Ctrl-C or a request to end.
async fn terminated() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut request) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = request.recv() => {}
            }
            return;
        }
    }
    // Without a way to be told there is nothing to wait for but the end.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// How objects are read.
pub(super) fn pipeline(context: &Context) -> PipelineOptions {
    PipelineOptions { decoders: context.threads, ..PipelineOptions::default() }
}

/// Days to keep, if not for ever.
pub(super) fn keep_days(context: &Context, flag: Option<&str>) -> Result<Option<u32>> {
    let days: Option<u32> = context.settings.get(&KEEP_DAYS, flag)?;
    match days {
        Some(0) => Err(Failure::usage("0 days to keep would keep nothing").hint("1 keeps today")),
        days => Ok(days),
    }
}

/// How sources are watched.
pub(super) fn watch_options(
    context: &Context,
    poll: Option<&str>,
    retention: Option<&str>,
    filter: Filter,
) -> Result<WatchOptions> {
    let retention_days = keep_days(context, retention)?;
    let Lasting(poll) = context.settings.get_or_default(&POLL, poll)?;
    let defaults = WatchOptions::default();
    let pipeline = PipelineOptions { decoders: context.threads, ..defaults.pipeline };
    Ok(WatchOptions { poll: poll.max(SHORTEST_POLL), filter, pipeline, retention_days, ..defaults })
}

/// Shows what an ingester counts until the work is done, and returns its result.
pub(super) async fn with_progress<T>(
    context: &Context,
    doing: &'static str,
    counters: &Counters,
    work: impl Future<Output = T>,
) -> T {
    let mut progress = Progress::new(doing, context.quiet, context.verbose > 0);
    let mut work = std::pin::pin!(work);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = tokio::time::sleep(LOOK) => progress.show(&amount(counters)),
        }
    };
    progress.finish();
    result
}

fn amount(counters: &Counters) -> Amount {
    let now = counters.progress();
    let mut notes = Vec::new();
    if now.known > 0 {
        notes.push(format!("{} known", number::grouped(now.known)));
    }
    if now.filtered > 0 {
        notes.push(format!("{} left out", number::grouped(now.filtered)));
    }
    if now.quarantined > 0 {
        notes.push(format!("{} unreadable", number::grouped(now.quarantined)));
    }
    if let Some(reason) = now.paused {
        notes.push(format!("paused: {reason}"));
    }
    Amount {
        objects: now.committed + now.known + now.expired + now.filtered + now.failed,
        of: (now.total > 0).then_some(now.total),
        records: now.records,
        bytes: now.fetched_bytes,
        note: (!notes.is_empty()).then(|| notes.join(", ")),
    }
}

/// Counts the objects there are, beside the work, so that a progress bar has an end. A source that cannot be listed is
/// told of by the work itself.
pub(super) fn count_beside(
    sources: &[Arc<dyn Source>],
    filter: &Filter,
    writer: &Writer,
    counters: &Arc<Counters>,
) {
    let (sources, filter, counters) = (sources.to_vec(), filter.clone(), Arc::clone(counters));
    let ledger = parking_lot::RwLock::new(writer.ledger().clone());
    tokio::spawn(async move {
        let mut total = 0;
        for source in &sources {
            match count(&ledger, source, &filter).await {
                Ok((objects, _)) => total += objects,
                Err(_) => return,
            }
        }
        counters.set_total(total);
    });
}

/// Sources being watched in a task of their own.
pub(super) struct Watching {
    task: tokio::task::JoinHandle<Result<(), flowglass_ingest::IngestError>>,
}

impl Watching {
    /// Begins.
    pub(super) async fn start(
        lake: &Lake,
        sources: Vec<Arc<dyn Source>>,
        options: WatchOptions,
        counters: Arc<Counters>,
        stop: CancellationToken,
    ) -> Result<Self> {
        memory::keep_giving_back();
        let mut writer = Writer::open(lake).await?;
        let task = tokio::spawn(async move {
            let result = watch(&mut writer, &sources, &options, &counters, &stop).await;
            // Whoever works beside it stops with it.
            stop.cancel();
            result
        });
        Ok(Self { task })
    }

    /// Waits for the end.
    pub(super) async fn ended(self) -> Result<()> {
        match self.task.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(Failure::error(format!("reading the sources stopped: {error}"))),
        }
    }
}
