//! The lake day by day: ledger entries and rows, in memory that does not grow with the lake.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use flowglass_flow::{ObjectEntry, ObjectId, Outcome, schema};
use object_store::path::Path;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::error::{LakeError, Result};
use crate::fold::UnfoldedChanges;
use crate::lake::{Lake, Snapshot};
use crate::{files, object_rows, parquet_file};

/// A snapshot of the lake, to be gone through day by day.
pub struct ByDay {
    lake: Lake,
    snapshot: Arc<Snapshot>,
    fresh: BTreeMap<i32, Vec<ObjectEntry>>,
    leaving: HashSet<ObjectId>,
    changes: UnfoldedChanges,
}

/// Returns a batch of decoded rows in exactly the columns and types in which [`ByDay::rows`] gives those of the lake.
///
/// # Errors
/// If a column cannot be cast, which would be a defect.
pub fn as_stored(rows: &RecordBatch) -> Result<RecordBatch> {
    parquet_file::conform(rows, &schema::flow_file())
}

impl Lake {
    /// Prepares to go through a snapshot day by day.
    pub fn by_day(&self, snapshot: &Arc<Snapshot>) -> ByDay {
        let (entries, leaving, changes) = snapshot.unfolded_effect();
        let mut fresh: BTreeMap<i32, Vec<ObjectEntry>> = BTreeMap::new();
        for (entry, ..) in entries {
            fresh.entry(entry.facts.day).or_default().push(entry);
        }
        ByDay { lake: self.clone(), snapshot: Arc::clone(snapshot), fresh, leaving, changes }
    }
}

impl ByDay {
    /// Returns the days of which there are objects or rows, newest first; days since the epoch.
    pub fn days(&self) -> Vec<i32> {
        let objects = self.snapshot.objects.files.values().map(|file| file.day);
        let flows = self.snapshot.flows.files.values().map(|file| file.day);
        let days: BTreeSet<i32> = objects.chain(flows).chain(self.fresh.keys().copied()).collect();
        days.into_iter().rev().collect()
    }

    /// Reads the ledger entries of a day, unfolded ones included.
    ///
    /// # Errors
    /// If the store fails or a file is damaged.
    pub async fn entries(&self, day: i32) -> Result<Vec<ObjectEntry>> {
        let mut entries = Vec::new();
        for file in self.snapshot.objects.files.values().filter(|file| file.day == day) {
            for batch in parquet_file::read(self.lake.objects().store(), &file.path, None).await? {
                let read = object_rows::from_batch(&batch, file.day, &file.path)?;
                entries.extend(read.into_iter().map(|(entry, ..)| entry));
            }
        }
        entries.retain(|entry: &ObjectEntry| !self.leaving.contains(&entry.object_id));
        for entry in &mut entries {
            if let Some(outcome) = self.changes.outcomes.get(&entry.object_id) {
                entry.outcome = *outcome;
            }
            if self.changes.expire_before.is_some_and(|first| entry.facts.day < first) {
                entry.outcome = Outcome::Expired;
            }
        }
        entries.extend(self.fresh.get(&day).into_iter().flatten().cloned());
        Ok(entries)
    }

    /// Reads all rows of a day, some thousand at a time, in no order. `visit` is called with the state and each batch, in
    /// the columns of [`schema::flow_file`], on a thread where it may compute; the state is returned at the end.
    ///
    /// # Errors
    /// If the store fails or a file is damaged.
    pub async fn rows<S: Send + 'static>(
        &self,
        day: i32,
        mut state: S,
        visit: fn(&mut S, &RecordBatch),
    ) -> Result<S> {
        for file in self.snapshot.flows.files.values().filter(|file| file.day == day) {
            let location = Path::from(file.path.as_str());
            let body = files::read_if_present(self.lake.flows().store(), &location).await?;
            let body = body.ok_or_else(|| LakeError::Damaged {
                path: file.path.clone(),
                reason: "the log names it, the store does not hold it".to_owned(),
            })?;
            let path = file.path.clone();
            let read = tokio::task::spawn_blocking(move || {
                let wrong = |source| LakeError::Parquet { doing: "read", path: path.clone(), source };
                let builder = ParquetRecordBatchReaderBuilder::try_new(body).map_err(wrong)?;
                for batch in builder.with_batch_size(8_192).build().map_err(wrong)? {
                    let failed = |source| LakeError::Arrow { doing: "read rows of a data file", source };
                    visit(&mut state, &as_stored(&batch.map_err(failed)?)?);
                }
                Ok(state)
            });
            state = match read.await {
                Ok(read) => read?,
                Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
            };
        }
        Ok(state)
    }
}
