//! Upkeep of a lake: merging small files, retention, checkpoints, and removing what nothing names any more.
//!
//! Everything here may run beside writers and readers; one process at a time should do it, and two only waste work.

mod compact;
mod gently;
mod input;
mod ledger;
mod merge;
mod pages;
mod plan;
mod vacuum;

use flowglass_flow::Outcome;
use serde::Serialize;

pub use compact::{CompactOptions, CompactReport};
pub use vacuum::{VacuumOptions, VacuumReport};

use crate::delta::{TableLog, Value};
use crate::error::Result;
use crate::lake::Lake;
use crate::ledger_files;
use crate::writer::Writer;

/// What regular upkeep did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpkeepReport {
    /// Manifests folded into the ledger.
    pub folded: usize,
    /// Files merged into fewer.
    pub compacted: CompactReport,
    /// Checkpoints written.
    pub checkpoints: usize,
}

/// Versions of a table after which a checkpoint is due: opening a lake then reads at most as many log entries.
const CHECKPOINT_EVERY: u64 = 100;
/// Unfolded manifests after which folding is due: opening a lake reads each of them.
const FOLD_EVERY: usize = 64;

impl Lake {
    /// Does what is due of folding, compaction, checkpoints and merging the ledger's index. To be called now and then by whoever ingests.
    ///
    /// # Errors
    /// If the store fails. What was done until then is done.
    pub async fn upkeep(&self) -> Result<UpkeepReport> {
        let mut report = UpkeepReport::default();
        if self.refresh().await?.unfolded.len() >= FOLD_EVERY {
            report.folded = self.fold().await?.manifests;
        }
        report.compacted = self.compact(&CompactOptions::due()).await?;
        report.checkpoints = self.checkpoint_if_due().await?;
        ledger_files::tidy(self, &self.snapshot().objects).await?;
        Ok(report)
    }

    /// Writes a checkpoint of each table whose last one is old. Returns how many were written.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn checkpoint_if_due(&self) -> Result<usize> {
        let snapshot = self.refresh().await?;
        let mut written = 0;
        for (log, version) in
            [(self.flows(), snapshot.flows.version), (self.objects(), snapshot.objects.version)]
        {
            if version >= last_checkpoint(log).await? + CHECKPOINT_EVERY {
                log.checkpoint().await?;
                written += 1;
            }
        }
        Ok(written)
    }

    /// Expires everything captured before a day (days since the epoch): its rows leave `flows`, its objects become
    /// `expired` in the ledger and are not read again. Whole days only, since an object lies in one partition.
    /// Returns whether there was anything to expire.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn expire_before(&self, day: i32) -> Result<bool> {
        let snapshot = self.refresh().await?;
        let expired = Value::Text(Outcome::Expired.as_str().into());
        let rows = snapshot.flows.files.values().any(|file| file.day < day);
        let ledger = snapshot.objects.files.values().filter(|file| file.day < day).any(|file| {
            file.stats
                .column("outcome")
                .is_none_or(|c| c.min.as_ref() != Some(&expired) || c.max.as_ref() != Some(&expired))
        });
        let (fresh, ..) = snapshot.unfolded_effect();
        let unfolded =
            fresh.iter().any(|(entry, ..)| entry.facts.day < day && entry.outcome != Outcome::Expired);
        if !(rows || ledger || unfolded) {
            return Ok(false);
        }
        Writer::without_ledger(self).await?.change(0, Vec::new(), Some(day)).await?;
        self.fold().await?;
        Ok(true)
    }
}

async fn last_checkpoint(log: &TableLog) -> Result<u64> {
    #[derive(serde::Deserialize)]
    struct Hint {
        version: u64,
    }
    let hint = crate::files::read_if_present(log.store(), &"_delta_log/_last_checkpoint".into()).await?;
    Ok(hint.and_then(|hint| serde_json::from_slice::<Hint>(&hint).ok()).map_or(0, |hint| hint.version))
}
