//! Merging sorted data files of flow rows into one, a row group at a time.
//!
//! Every data file of `flows` is in the order of the layout, so a merge reads each of them once, in order, and holds one
//! batch of each: memory does not grow with the size of the result. A file in an older order is sorted first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, interleave_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use bytes::Bytes;
use flowglass_encode::FileEncoder;
use flowglass_flow::catalogue::Kind;
use flowglass_flow::{catalogue, schema};
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use crate::delta::{AddFile, ColumnStats, DataFile, FileStats, Value};
use crate::error::{LakeError, Result};
use crate::index::{self, IndexBuilder};
use crate::layout::{self, Key};
use crate::parquet_file::{self, Effort, Table};

/// Rows put out at a time.
const BATCH: usize = 8192;
/// Rows taken from a file at a time: some dozens of files are open at once, and each holds that many rows of all columns.
const TAKEN: usize = 2048;

/// Merges files of one day and writes the result to the store, its index first. A row group ends where an
/// hour begins once it has `row_group_rows`; `own` are the addresses known as vNICs' own, in order.
pub(super) async fn flows(
    store: &Arc<dyn ObjectStore>,
    day: i32,
    group: &[Arc<DataFile>],
    row_group_rows: usize,
    own: &Arc<[u128]>,
) -> Result<AddFile> {
    let mut bodies = Vec::new();
    for file in group {
        let body = crate::files::read_if_present(store, &Path::from(file.path.as_str())).await?;
        bodies.push(body.ok_or_else(|| LakeError::Damaged {
            path: file.path.clone(),
            reason: "the log names it, the store does not hold it".to_owned(),
        })?);
    }
    let stats = merged_stats(group);
    let expected = stats.rows;
    let own = Arc::clone(own);
    let merged = tokio::task::spawn_blocking(move || merge(bodies, row_group_rows, &own)).await;
    let (body, index, rows) = merged.map_err(|error| LakeError::Damaged {
        path: "a merged data file".to_owned(),
        reason: format!("its encoder stopped: {error}"),
    })??;
    if rows != expected {
        return Err(LakeError::Damaged {
            path: group[0].path.clone(),
            reason: format!("the files of its group hold {rows} rows, the log says {expected}"),
        });
    }
    let path = index::indexed_path(day);
    if let Some(name) = index::path_of(&path) {
        crate::files::put_large(store, &Path::from(name), index).await?;
    }
    let size = body.len() as u64;
    let location = Path::from(path.as_str());
    crate::files::put_large(store, &location, body).await?;
    Ok(AddFile { path, size, day, stats: stats.to_json(), modified: flowglass_flow::time::now() / 1000 })
}

type Batches = Box<dyn Iterator<Item = std::result::Result<RecordBatch, ArrowError>>>;

/// One file being read.
struct Input {
    batches: Batches,
    batch: RecordBatch,
    keys: Vec<Key>,
    at: usize,
}

impl Input {
    /// Opens a file; none if it has no rows.
    fn open(body: Bytes) -> Result<Option<Self>> {
        let wrong =
            |source| LakeError::Parquet { doing: "merge", path: "a group of data files".to_owned(), source };
        let options = ArrowReaderOptions::new();
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(body.clone(), options).map_err(wrong)?;
        let (name, order) = layout::ORDER;
        let notes = builder.metadata().file_metadata().key_value_metadata();
        let in_order = notes
            .is_some_and(|notes| notes.iter().any(|n| n.key == name && n.value.as_deref() == Some(order)));
        // Only columns that the file has can be asked for as dictionaries; later columns are added as nulls.
        let present: Vec<_> = builder.schema().fields().iter().map(|field| dictionary(field)).collect();
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(present)));
        let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(body, options).map_err(wrong)?;
        let reader = reader.with_batch_size(TAKEN).build().map_err(wrong)?;
        let batches: Batches = if in_order { Box::new(reader) } else { Box::new(sorted(reader)?) };
        let mut input =
            Self { batches, batch: RecordBatch::new_empty(merged_schema()), keys: Vec::new(), at: 0 };
        Ok(input.advance()?.then_some(input))
    }

    /// Reads the next batch; false at the end.
    fn advance(&mut self) -> Result<bool> {
        for batch in self.batches.by_ref() {
            let read = batch.map_err(|source| LakeError::Arrow { doing: "read rows to merge", source })?;
            if read.num_rows() > 0 {
                self.batch = conform(&read)?;
                self.keys = layout::keys(&self.batch)?;
                self.at = 0;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Reads and sorts all rows of a file.
fn sorted(
    reader: impl Iterator<Item = std::result::Result<RecordBatch, ArrowError>>,
) -> Result<impl Iterator<Item = std::result::Result<RecordBatch, ArrowError>>> {
    let failed = |source| LakeError::Arrow { doing: "sort the rows of an older file", source };
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
    let batches = batches.iter().map(conform).collect::<Result<Vec<_>>>()?;
    let rows = layout::sort(concat_batches(&merged_schema(), &batches).map_err(failed)?)?;
    let starts = (0..rows.num_rows()).step_by(TAKEN);
    Ok(starts.map(move |start| Ok(rows.slice(start, TAKEN.min(rows.num_rows() - start)))))
}

/// Returns the merged file, its index and its rows.
fn merge(bodies: Vec<Bytes>, row_group_rows: usize, own: &[u128]) -> Result<(Vec<u8>, Vec<u8>, u64)> {
    let wrong = |source| LakeError::Parquet { doing: "merge", path: "a merged data file".to_owned(), source };
    let opened = bodies.into_iter().map(Input::open).collect::<Result<Vec<_>>>()?;
    let mut inputs: Vec<Input> = opened.into_iter().flatten().collect();
    let properties = parquet_file::properties(Table::Flows, Effort::Kept);
    let writer = FileEncoder::new(&schema::flow_file(), properties).map_err(wrong)?;
    let mut out = Output { writer, index: IndexBuilder::new(parquet_file::PAGE_ROWS, own) };
    let mut heap: BinaryHeap<_> =
        inputs.iter().enumerate().map(|(i, input)| Reverse((input.keys[0], i))).collect();
    let mut picked: Vec<(usize, usize)> = Vec::with_capacity(BATCH);
    let (mut rows, mut group_rows) = (0, 0);
    let mut hour = None;
    while let Some(Reverse((key, i))) = heap.pop() {
        let next_hour = hour.is_some_and(|hour| hour != key.hour);
        if next_hour && group_rows >= row_group_rows || group_rows == parquet_file::ROW_GROUP_ROWS {
            out.put(&inputs, &mut picked)?;
            out.writer.end_row_group().map_err(wrong)?;
            out.index.end_group()?;
            group_rows = 0;
        }
        hour = Some(key.hour);
        picked.push((i, inputs[i].at));
        (rows, group_rows) = (rows + 1, group_rows + 1);
        inputs[i].at += 1;
        let exhausted = inputs[i].at == inputs[i].keys.len();
        // The picked rows point into the current batches: put them out before one of those is replaced.
        if exhausted || picked.len() == BATCH {
            out.put(&inputs, &mut picked)?;
        }
        if !exhausted || inputs[i].advance()? {
            heap.push(Reverse((inputs[i].keys[inputs[i].at], i)));
        }
    }
    out.put(&inputs, &mut picked)?;
    Ok((out.writer.finish().map_err(wrong)?.0, out.index.finish()?, rows))
}

/// The file being written.
struct Output {
    writer: FileEncoder,
    index: IndexBuilder,
}

impl Output {
    fn put(&mut self, inputs: &[Input], picked: &mut Vec<(usize, usize)>) -> Result<()> {
        if picked.is_empty() {
            return Ok(());
        }
        let batches: Vec<&RecordBatch> = inputs.iter().map(|input| &input.batch).collect();
        let rows = interleave_record_batch(&batches, picked)
            .map_err(|source| LakeError::Arrow { doing: "merge rows", source })?;
        picked.clear();
        self.index.push(&rows)?;
        self.writer.push(rows).map_err(|source| LakeError::Parquet {
            doing: "encode",
            path: "a merged data file".to_owned(),
            source,
        })
    }
}

/// The columns of flow rows while they are merged: text that repeats stays in dictionaries.
fn merged_schema() -> SchemaRef {
    Arc::new(Schema::new(
        schema::flow_file().fields().iter().map(|field| dictionary(field)).collect::<Vec<_>>(),
    ))
}

fn dictionary(field: &Field) -> Field {
    let repeats = catalogue::find(field.name()).is_some_and(|f| matches!(f.kind, Kind::Text | Kind::Crn));
    let data_type = match field.data_type() {
        DataType::Utf8 if repeats => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
        }
        other => other.clone(),
    };
    Field::new(field.name(), data_type, true)
}

fn conform(batch: &RecordBatch) -> Result<RecordBatch> {
    parquet_file::conform(batch, &merged_schema())
}

/// Returns the statistics of a file that holds the rows of all of a group.
fn merged_stats(group: &[Arc<DataFile>]) -> FileStats {
    let mut merged = FileStats { rows: group.iter().map(|file| file.stats.rows).sum(), columns: Vec::new() };
    for first in &group[0].stats.columns {
        let all: Option<Vec<&ColumnStats>> =
            group.iter().map(|file| file.stats.column(&first.column)).collect();
        // A bound that one file lacks because all its values are null does not unbound the others.
        let Some(all) = all else { continue };
        let known = |bound: fn(&ColumnStats) -> Option<&Value>| {
            let per_file = group.iter().zip(&all).map(|(file, column)| match bound(column) {
                Some(value) => Some(Some(value.clone())),
                None if column.nulls == Some(file.stats.rows) => Some(None),
                None => None,
            });
            per_file
                .collect::<Option<Vec<_>>>()
                .map(|values| values.into_iter().flatten().collect::<Vec<_>>())
        };
        let least = |values: Vec<Value>| values.into_iter().reduce(|a, b| if b < a { b } else { a });
        let most = |values: Vec<Value>| values.into_iter().reduce(|a, b| if b > a { b } else { a });
        merged.columns.push(ColumnStats {
            column: first.column.clone(),
            min: known(|c| c.min.as_ref()).and_then(least),
            max: known(|c| c.max.as_ref()).and_then(most),
            nulls: all.iter().map(|column| column.nulls).sum(),
        });
    }
    merged
}
