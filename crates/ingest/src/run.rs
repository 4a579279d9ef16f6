//! Ingesting once: everything a source holds that the lake does not.

use std::sync::Arc;
use std::time::Instant;

use flowglass_lake::{Known, SourceStatus, Writer, version_tag};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};
use serde::Serialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::counters::{Count, Counters, Failure, Progress};
use crate::error::IngestError;
use crate::fetch::{Item, Look};
use crate::pipeline::{self, PipelineOptions};
use crate::sieve::Sieve;
use crate::source::{Filter, ListItem, Source, SourceError};

/// What an ingestion did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IngestReport {
    /// Objects listed.
    pub objects: u64,
    /// Of those, committed by this run.
    pub new: u64,
    /// Their records.
    pub records: u64,
    /// Of the new ones, those without records.
    pub empty: u64,
    /// Of the new ones, those with records that could not be read.
    pub partial: u64,
    /// Of the new ones, those that could not be read at all.
    pub quarantined: u64,
    /// Time it took.
    pub seconds: f64,
    /// Objects that could not be read for now; running again tries them again.
    pub pending: u64,
    /// Objects older than retention.
    pub expired: u64,
    /// Objects left out by the filter after a look at what they say of themselves: their keys do not tell.
    pub filtered: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Whether it was stopped before the end.
    pub stopped: bool,
    /// The first of the pending ones, with reasons.
    pub failures: Vec<Failure>,
}

impl IngestReport {
    pub(crate) fn new(progress: &Progress, failures: Vec<Failure>, started: Instant, stopped: bool) -> Self {
        Self {
            objects: progress.listed,
            new: progress.committed,
            records: progress.records,
            empty: progress.empty,
            partial: progress.partial,
            quarantined: progress.quarantined,
            seconds: started.elapsed().as_secs_f64(),
            pending: progress.failed,
            expired: progress.expired,
            filtered: progress.filtered,
            bytes: progress.fetched_bytes,
            stopped,
            failures,
        }
    }
}

/// Commits all objects of some sources that a filter admits and the lake does not hold yet, newest first, and folds the
/// manifests. Cancelling the token ends it early: what was read by then is committed.
///
/// # Errors
/// If a source cannot be listed or the lake cannot be written. Single objects that cannot be read are in the report.
pub async fn ingest(
    writer: &mut Writer,
    sources: &[Arc<dyn Source>],
    filter: &Filter,
    options: &PipelineOptions,
    counters: &Arc<Counters>,
    stop: &CancellationToken,
) -> Result<IngestReport, IngestError> {
    let started = Instant::now();
    let listed_at = flowglass_flow::time::now();
    let ended: ListEnd = ListEnd::default();
    let listings: Vec<_> =
        sources.iter().map(|source| listing(source, source.list(filter), counters, &ended, None)).collect();
    let items = stream::iter(listings).flatten().take_until(stop.clone().cancelled_owned());
    let sieve = Sieve::new(filter, counters);
    pipeline::run(writer, items, options, &sieve, counters, stop, &Notify::new()).await?;
    ended.check()?;
    let stopped = stop.is_cancelled();
    let lake = writer.lake().clone();
    lake.fold().await.map_err(IngestError::lake("fold manifests", &lake))?;
    for source in sources {
        let failures = counters.pending(&source.name().0);
        let status = SourceStatus {
            source: source.name().clone(),
            location: source.place(),
            // Only a listing read to its end says what there is; one with a filter says it of a part.
            last_listed: (!stopped && *filter == Filter::default()).then_some(listed_at),
            pending_objects: failures.len() as u64,
            pending: pending_windows(&failures),
            paused: None,
            written_at: flowglass_flow::time::now(),
        };
        lake.put_status(&status).await.map_err(IngestError::lake("note the listing", &lake))?;
    }
    Ok(IngestReport::new(&counters.progress(), counters.failures(), started, stopped))
}

/// Counts what a listing holds and how much of it is to be read, for a progress bar's end. Does not touch the lake.
///
/// # Errors
/// If the source cannot be listed.
pub async fn count(
    writer_ledger: &parking_lot::RwLock<flowglass_lake::Ledger>,
    source: &Arc<dyn Source>,
    filter: &Filter,
) -> Result<(u64, u64), SourceError> {
    let mut listing = source.list(filter);
    let (mut objects, mut new) = (0, 0);
    while let Some(item) = listing.next().await {
        if let ListItem::Object(listed) = item? {
            objects += 1;
            let tag = version_tag(listed.etag.as_deref(), listed.size, listed.last_modified);
            new += u64::from(writer_ledger.read().check(source.name(), &listed.key, &tag) != Known::Same);
        }
    }
    Ok((objects, new))
}

/// The windows of objects that are listed and not read, as far as their keys tell; the first 1,000.
pub(crate) fn pending_windows(failures: &[Failure]) -> Vec<(String, String, i64, i64)> {
    const HOUR: i64 = 3600 * flowglass_flow::time::SECOND;
    let windows = failures.iter().filter_map(|failure| {
        let key = flowglass_codec::parse_key(&failure.key)?;
        let start = i64::from(key.day?) * flowglass_flow::time::DAY + i64::from(key.hour?) * HOUR;
        Some((key.vnic_id?, key.record_type.unwrap_or_default(), start, start + HOUR))
    });
    let windows: std::collections::BTreeSet<_> = windows.collect();
    windows.into_iter().take(1000).collect()
}

/// How the listings behind a pipeline ended.
#[derive(Clone, Default)]
pub(crate) struct ListEnd(Arc<parking_lot::Mutex<Option<(String, SourceError)>>>);

impl ListEnd {
    pub(crate) fn check(&self) -> Result<(), IngestError> {
        match self.0.lock().take() {
            None => Ok(()),
            Some((name, source)) => Err(IngestError::Source { name, source }),
        }
    }
}

/// Turns a listing into items; an error ends it and is kept for the end.
pub(crate) fn listing(
    source: &Arc<dyn Source>,
    listed: BoxStream<'static, Result<ListItem, SourceError>>,
    counters: &Arc<Counters>,
    ended: &ListEnd,
    look: Option<Arc<Look>>,
) -> BoxStream<'static, Item> {
    let (source, counters, ended) = (Arc::clone(source), Arc::clone(counters), ended.clone());
    let items = listed.filter_map(move |item| {
        let item = match item {
            Ok(ListItem::Object(listed)) => {
                Some(Item { source: Arc::clone(&source), listed, again: false, look: look.clone() })
            }
            Ok(ListItem::Skipped(skipped)) => {
                if skipped.reason.is_warning() {
                    counters.add(Count::Skipped, 1);
                    tracing::warn!(name = skipped.name, reason = %skipped.reason, "an entry was passed over");
                }
                None
            }
            Err(error) => {
                let mut end = ended.0.lock();
                end.get_or_insert((source.place(), error));
                None
            }
        };
        futures::future::ready(item)
    });
    items.boxed()
}
