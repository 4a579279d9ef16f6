//! Reading the ledger row by row.

use flowglass_flow::{ObjectEntry, Outcome};

use crate::error::Result;
use crate::lake::{Lake, Snapshot};
use crate::{object_rows, parquet_file};

impl Lake {
    /// Reads the whole ledger, unfolded manifests included: one entry per known key. For a lake of many objects use
    /// SQL over `objects`; this holds everything in memory.
    ///
    /// # Errors
    /// If the store fails or a file is damaged.
    pub async fn ledger_entries(&self) -> Result<Vec<ObjectEntry>> {
        let snapshot = self.refresh().await?;
        let mut entries = Vec::new();
        for file in snapshot.objects.files.values() {
            for batch in parquet_file::read(self.objects().store(), &file.path, None).await? {
                let read = object_rows::from_batch(&batch, file.day, &file.path)?;
                entries.extend(read.into_iter().map(|(entry, ..)| entry));
            }
        }
        let (fresh, leaving, changes) = snapshot.unfolded_effect();
        entries.retain(|entry: &ObjectEntry| !leaving.contains(&entry.object_id));
        for entry in &mut entries {
            if let Some(outcome) = changes.outcomes.get(&entry.object_id) {
                entry.outcome = *outcome;
            }
            if changes.expire_before.is_some_and(|day| entry.facts.day < day) {
                entry.outcome = Outcome::Expired;
            }
        }
        entries.extend(fresh.into_iter().map(|(entry, ..)| entry));
        Ok(entries)
    }

    /// Returns the ledger entry of an object, if it is known.
    ///
    /// # Errors
    /// If the store fails or a file is damaged.
    pub async fn ledger_entry(
        &self,
        snapshot: &Snapshot,
        id: flowglass_flow::ObjectId,
    ) -> Result<Option<ObjectEntry>> {
        let (fresh, ..) = snapshot.unfolded_effect();
        if let Some((entry, ..)) = fresh.into_iter().find(|(entry, ..)| entry.object_id == id) {
            return Ok(Some(entry));
        }
        let name = id.to_string();
        for file in snapshot.objects.files.values() {
            for batch in parquet_file::read(self.objects().store(), &file.path, Some(&["object_id"])).await? {
                if crate::prepare::rows_of(&batch, &|id| id == name)?.num_rows() == 0 {
                    continue;
                }
                for batch in parquet_file::read(self.objects().store(), &file.path, None).await? {
                    let rows = crate::prepare::rows_of(&batch, &|id| id == name)?;
                    if let Some((entry, ..)) = object_rows::from_batch(&rows, file.day, &file.path)?.pop() {
                        return Ok(Some(entry));
                    }
                }
            }
        }
        Ok(None)
    }
}
