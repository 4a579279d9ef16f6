//! Folding manifests into the ledger while others are committed.

use std::time::Instant;

use flowglass_lake::{FoldReport, Lake, LakeError};
use tokio_util::task::AbortOnDropHandle;

use crate::error::IngestError;

/// Folding beside the commits: it takes many times as long as one.
pub(crate) struct Folding {
    lake: Lake,
    task: Option<AbortOnDropHandle<Result<FoldReport, LakeError>>>,
}

impl Folding {
    /// Nothing is folded yet.
    pub(crate) fn of(lake: &Lake) -> Self {
        Self { lake: lake.clone(), task: None }
    }

    /// Begins where it is due, and waits for it where it falls behind.
    pub(crate) async fn go_on(&mut self) -> Result<(), IngestError> {
        if self.task.as_ref().is_some_and(AbortOnDropHandle::is_finished) {
            self.end().await?;
        }
        if self.task.is_some() && self.is_due(2) {
            self.end().await?;
        }
        if self.task.is_none() && self.is_due(1) {
            let lake = self.lake.clone();
            self.task = Some(AbortOnDropHandle::new(tokio::spawn(async move {
                let begun = Instant::now();
                let report = lake.fold().await?;
                tracing::debug!(objects = report.objects, took = ?begun.elapsed(), "manifests were folded");
                Ok(report)
            })));
        }
        Ok(())
    }

    /// Returns whether there is so many times what is to be folded together.
    fn is_due(&self, times: usize) -> bool {
        let unfolded = &self.lake.snapshot().unfolded;
        let objects: usize = unfolded.iter().map(|manifest| manifest.objects.len()).sum();
        unfolded.len() >= FOLD_AT * times || objects >= FOLD_OBJECTS * times
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self) -> Result<(), IngestError> {
        let Some(task) = self.task.take() else { return Ok(()) };
        let folded = task.await.map_err(|error| IngestError::Worker {
            what: "the folding of manifests",
            reason: error.to_string(),
        })?;
        folded.map_err(IngestError::lake("fold manifests", &self.lake))?;
        Ok(())
    }
}

/// Unfolded manifests at which they are folded: each costs a reader that opens the lake one request.
const FOLD_AT: usize = 64;
/// Objects of unfolded manifests at which they are folded: each takes some 3 kB of memory until then. Twice as many are
/// waited for.
const FOLD_OBJECTS: usize = 10_000;
