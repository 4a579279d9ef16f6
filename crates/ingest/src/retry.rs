//! Reading objects again although the ledger knows them: those in quarantine, once the cause is gone.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use flowglass_flow::SourceName;
use flowglass_lake::Writer;
use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::counters::{Counters, Failure};
use crate::error::IngestError;
use crate::fetch::Item;
use crate::pipeline::{self, PipelineOptions};
use crate::run::IngestReport;
use crate::sieve::Sieve;
use crate::source::{Filter, Source};

/// Reads objects of some sources again and commits what comes of them, over what the lake holds of each. Objects that
/// are of none of these sources, or no longer there, are in the report as pending, with the reason.
///
/// # Errors
/// If the lake cannot be written.
pub async fn retry(
    writer: &mut Writer,
    sources: &[Arc<dyn Source>],
    objects: Vec<(SourceName, String)>,
    options: &PipelineOptions,
    counters: &Arc<Counters>,
    stop: &CancellationToken,
) -> Result<IngestReport, IngestError> {
    let started = Instant::now();
    let (sources, failed) = (sources.to_vec(), Arc::clone(counters));
    let items = stream::iter(objects).filter_map(move |(source, key)| {
        let (sources, failed) = (sources.clone(), Arc::clone(&failed));
        async move {
            let found = look_up(&sources, &source, &key).await;
            found.map_err(|reason| failed.fail(Failure { source: source.0, key, reason })).ok()
        }
    });
    let items = items.take_until(stop.clone().cancelled_owned());
    let sieve = Sieve::new(&Filter::default(), counters);
    pipeline::run(writer, items, options, &sieve, counters, stop, &Notify::new()).await?;
    let lake = writer.lake().clone();
    lake.fold().await.map_err(IngestError::lake("fold manifests", &lake))?;
    Ok(IngestReport::new(&counters.progress(), counters.failures(), started, stop.is_cancelled()))
}

/// Requests to read objects again, for whoever watches their sources. Clones share one queue.
#[derive(Debug, Clone, Default)]
pub struct Again(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue {
    objects: Mutex<VecDeque<(SourceName, String)>>,
    more: Notify,
}

/// Objects that may wait to be read again.
const WAITING: usize = 100_000;

impl Again {
    /// Asks for objects to be read again. Returns how many of them will be: the first ones, as far as there is room.
    pub fn ask(&self, objects: impl IntoIterator<Item = (SourceName, String)>) -> usize {
        let mut waiting = self.0.objects.lock();
        let before = waiting.len();
        waiting.extend(objects.into_iter().take(WAITING.saturating_sub(before)));
        let taken = waiting.len() - before;
        drop(waiting);
        self.0.more.notify_one();
        taken
    }

    async fn next(&self) -> (SourceName, String) {
        loop {
            let more = self.0.more.notified();
            if let Some(next) = self.0.objects.lock().pop_front() {
                return next;
            }
            more.await;
        }
    }

    /// Passes what is asked for on to a pipeline, until it is time to stop or nobody takes it.
    pub(crate) async fn pass_on(
        self,
        sources: Vec<Arc<dyn Source>>,
        output: mpsc::Sender<Item>,
        stop: CancellationToken,
    ) {
        loop {
            let (source, key) = tokio::select! {
                () = stop.cancelled() => return,
                next = self.next() => next,
            };
            match look_up(&sources, &source, &key).await {
                Ok(item) => {
                    if output.send(item).await.is_err() {
                        return;
                    }
                }
                Err(reason) => tracing::warn!(%source, key, reason, "an object cannot be read again"),
            }
        }
    }
}

/// Finds an object in its source, or says why it cannot be read.
async fn look_up(sources: &[Arc<dyn Source>], name: &SourceName, key: &str) -> Result<Item, String> {
    let source = sources.iter().find(|source| source.name() == name);
    let source = source.ok_or_else(|| format!("its source {name} is not among those that are read"))?;
    match source.find(key).await {
        Ok(Some(listed)) => Ok(Item { source: Arc::clone(source), listed, again: true, look: None }),
        Ok(None) => Err("it is no longer in its source".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
