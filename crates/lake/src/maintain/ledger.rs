//! Merging data files of the ledger.
//!
//! Rows stay in columns: as entries they would take several times as much memory.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::TimestampMicrosecondType;
use flowglass_encode::FileEncoder;
use flowglass_flow::schema;
use object_store::ObjectStore;
use object_store::path::Path;

use crate::delta::{AddFile, DataFile};
use crate::error::{LakeError, Result};
use crate::files;
use crate::parquet_file::{self, Effort, Table};

/// Rows put in order and encoded at a time, as a row group.
const TAKEN: usize = 1 << 14;

/// Merges files of one day, in the order in which a fold writes them, into one; returns what the log is to say of it.
pub(super) async fn objects(store: &Arc<dyn ObjectStore>, group: &[Arc<DataFile>]) -> Result<AddFile> {
    let mut read = Vec::new();
    for file in group {
        for batch in parquet_file::read(store, &file.path, None).await? {
            read.push(parquet_file::conform(&batch, &schema::object_file())?);
        }
    }
    let rows = read.iter().map(RecordBatch::num_rows).sum::<usize>() as u64;
    let expected: u64 = group.iter().map(|file| file.stats.rows).sum();
    if rows != expected {
        return Err(LakeError::Damaged {
            path: group[0].path.clone(),
            reason: format!("the files merged with it hold {rows} rows, the log says {expected}"),
        });
    }
    let encoded = tokio::task::spawn_blocking(move || encode(&read)).await;
    let (body, bounds) = encoded.map_err(|error| LakeError::Damaged {
        path: "a merged file of the ledger".to_owned(),
        reason: format!("its encoder stopped: {error}"),
    })??;
    let (day, path) = (group[0].day, parquet_file::new_path(group[0].day));
    let size = body.len() as u64;
    files::put_large(store, &Path::from(path.as_str()), body).await?;
    let stats = parquet_file::object_stats(rows, &bounds).to_json();
    Ok(AddFile { path, size, day, stats, modified: flowglass_flow::time::now() / 1000 })
}

fn encode(batches: &[RecordBatch]) -> Result<(Vec<u8>, Vec<flowglass_encode::Bounds>)> {
    let wrong =
        |source| LakeError::Parquet { doing: "merge", path: "files of the ledger".to_owned(), source };
    let order = order(batches)?;
    let properties = parquet_file::properties(Table::Objects, Effort::Kept);
    let mut encoder = FileEncoder::new(&schema::object_file(), properties).map_err(wrong)?;
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    for part in order.chunks(TAKEN) {
        let rows = interleave_record_batch(&batches, part)
            .map_err(|source| LakeError::Arrow { doing: "put ledger rows in order", source })?;
        encoder.write(&[rows]).map_err(wrong)?;
    }
    encoder.finish().map_err(wrong)
}

/// Returns the rows, by batch and place in it, in the order of vNIC, record type, time and key.
fn order(batches: &[RecordBatch]) -> Result<Vec<(usize, usize)>> {
    let mut sorted = Vec::with_capacity(batches.len());
    for batch in batches {
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| LakeError::Damaged {
                path: "a file of the ledger".to_owned(),
                reason: format!("it has no column {name}"),
            })
        };
        let text = |name: &str| Ok::<_, LakeError>(column(name)?.as_string::<i32>());
        let starts = column("capture_start_time")?.as_primitive::<TimestampMicrosecondType>();
        sorted.push((text("vnic_id")?, text("record_type")?, starts, text("key")?));
    }
    let key = |(batch, row): &(usize, usize)| {
        let ((vnics, record_types, starts, keys), row) = (sorted[*batch], *row);
        let start = starts.is_valid(row).then(|| starts.value(row));
        (text(vnics, row), text(record_types, row), start, text(keys, row))
    };
    let rows = |(at, batch): (usize, &RecordBatch)| (0..batch.num_rows()).map(move |row| (at, row));
    let mut order: Vec<(usize, usize)> = batches.iter().enumerate().flat_map(rows).collect();
    order.sort_by(|a, b| key(a).cmp(&key(b)));
    Ok(order)
}

fn text(texts: &StringArray, row: usize) -> Option<&str> {
    texts.is_valid(row).then(|| texts.value(row))
}
