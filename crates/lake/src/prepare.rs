//! Writing the rows of a batch, before it is known which number it gets.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Int32Type};
use flowglass_flow::{ObjectEntry, ObjectId};
use object_store::path::Path;
use parking_lot::RwLock;

use crate::delta::AddFile;
use crate::error::{LakeError, Result};
use crate::lake::Lake;
use crate::ledger::{Known, Ledger, entry_tag};
use crate::parquet_file::{self, Table};
use crate::writer::Batch;
use crate::{coverage, files};

/// Prepares batches for a [`Writer`](crate::Writer), any number at a time, beside its commits.
#[derive(Debug, Clone)]
pub struct Preparer {
    pub(crate) lake: Lake,
    pub(crate) ledger: Arc<RwLock<Ledger>>,
}

/// A batch whose rows are written, to files that nothing names yet.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) shard: u32,
    pub(crate) objects: Vec<ObjectEntry>,
    pub(crate) again: HashSet<ObjectId>,
    pub(crate) files: Vec<AddFile>,
    pub(crate) rows: u64,
    /// Objects of the batch that were found to be known already.
    pub(crate) known: usize,
}

impl Preparer {
    /// The lake.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// Writes a batch's rows, without those of objects that the ledger knows by now. What is prepared and never committed
    /// leaves files behind that vacuum removes.
    ///
    /// # Errors
    /// If the rows are not those of a flow table, or the store fails.
    pub async fn prepare(&self, batch: Batch) -> Result<Prepared> {
        let ledger = Arc::clone(&self.ledger);
        let work = tokio::task::spawn_blocking(move || {
            let mut batch = batch;
            let objects = batch.objects.len();
            drop_known(&mut batch, &ledger)?;
            note_own_addresses(&mut batch)?;
            Ok::<_, LakeError>((objects - batch.objects.len(), batch))
        });
        let (known, batch) = work.await.map_err(|error| LakeError::Damaged {
            path: "a batch of rows".to_owned(),
            reason: format!("its reader stopped: {error}"),
        })??;
        let Batch { shard, objects, rows, again } = batch;
        let mut prepared = Prepared { shard, objects, again, files: Vec::new(), rows: 0, known };
        let mut days: BTreeMap<i32, Vec<RecordBatch>> = BTreeMap::new();
        for (day, rows) in rows.into_iter().filter(|(_, rows)| rows.num_rows() > 0) {
            prepared.rows += rows.num_rows() as u64;
            days.entry(day).or_default().push(rows);
        }
        // Nothing is written where the lake was removed, or another one stands in its place.
        self.lake.refresh().await?;
        for (day, rows) in days {
            let file = parquet_file::write(self.lake.flows().store(), Table::Flows, day, &rows).await?;
            prepared.files.push(file);
        }
        Ok(prepared)
    }

    /// Leaves only some objects, and their rows, in a prepared batch. Seldom needed, so that the rows themselves are not
    /// kept for it: they are read back.
    pub(crate) async fn keep(&self, batch: &mut Prepared, keep: &HashSet<ObjectId>) -> Result<()> {
        let store = self.lake.flows().store();
        batch.objects.retain(|entry| keep.contains(&entry.object_id));
        let names: HashSet<String> = keep.iter().map(ObjectId::to_string).collect();
        batch.rows = 0;
        for file in std::mem::take(&mut batch.files) {
            if !names.is_empty() {
                let rows = parquet_file::read(store, &file.path, None).await?;
                let rows = rows
                    .iter()
                    .map(|rows| rows_of(rows, &|id| names.contains(id)))
                    .collect::<Result<Vec<_>>>()?;
                let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
                if count > 0 {
                    batch.rows += count as u64;
                    batch.files.push(parquet_file::write(store, Table::Flows, file.day, &rows).await?);
                }
            }
            files::delete(store, &Path::from(file.path)).await?;
        }
        Ok(())
    }
}

fn drop_known(batch: &mut Batch, ledger: &RwLock<Ledger>) -> Result<()> {
    let ledger = ledger.read();
    let known = |entry: &ObjectEntry| {
        !batch.again.contains(&entry.object_id)
            && ledger.check(&entry.source, &entry.key, &entry_tag(entry)) == Known::Same
    };
    let known: HashSet<String> =
        batch.objects.iter().filter(|entry| known(entry)).map(|entry| entry.object_id.to_string()).collect();
    drop(ledger);
    if known.is_empty() {
        return Ok(());
    }
    batch.objects.retain(|entry| !known.contains(&entry.object_id.to_string()));
    for (_, rows) in &mut batch.rows {
        *rows = rows_of(rows, &|id| !known.contains(id))?;
    }
    Ok(())
}

/// Returns the rows whose object id passes a test.
pub(crate) fn rows_of(rows: &RecordBatch, keep: &dyn Fn(&str) -> bool) -> Result<RecordBatch> {
    let failed = |source| LakeError::Arrow { doing: "pick the rows of objects", source };
    let ids = arrow::compute::cast(object_ids(rows)?, &DataType::Utf8).map_err(failed)?;
    let mask: BooleanArray = ids.as_string::<i32>().iter().map(|id| Some(id.is_some_and(keep))).collect();
    filter_record_batch(rows, &mask).map_err(failed)
}

fn object_ids(rows: &RecordBatch) -> Result<&arrow::array::ArrayRef> {
    rows.column_by_name("object_id").ok_or_else(|| LakeError::Damaged {
        path: "a batch of rows".to_owned(),
        reason: "it has no column object_id".to_owned(),
    })
}

/// Notes with each object which addresses its rows show as its vNIC's own.
fn note_own_addresses(batch: &mut Batch) -> Result<()> {
    let mut entries: HashMap<String, &mut ObjectEntry> =
        batch.objects.iter_mut().map(|entry| (entry.object_id.to_string(), entry)).collect();
    let words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    for (_, rows) in &batch.rows {
        let ids = arrow::compute::cast(object_ids(rows)?, &words)
            .map_err(|source| LakeError::Arrow { doing: "read the object ids of a batch", source })?;
        let ids = ids.as_dictionary::<Int32Type>();
        let names = ids.values().as_string::<i32>();
        // Rows of one object stand together.
        let mut start = 0;
        for run in ids.keys().values().chunk_by(|a, b| a == b) {
            let part = rows.slice(start, run.len());
            let name = ids.is_valid(start).then(|| names.value(run[0].unsigned_abs() as usize));
            start += run.len();
            let Some(entry) = name.and_then(|name| entries.get_mut(name)) else { continue };
            let own = coverage::own_addresses(&part);
            let known: HashSet<&String> = entry.facts.own_addresses.iter().collect();
            let fresh: Vec<String> =
                own.iter().map(ToString::to_string).filter(|a| !known.contains(a)).collect();
            entry.facts.own_addresses.extend(fresh);
        }
    }
    Ok(())
}
