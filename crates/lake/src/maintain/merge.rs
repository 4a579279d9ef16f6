//! Merging sorted data files of flow rows into files cut by time, a page at a time.
//!
//! Every data file of `flows` is in the order of the layout, so a merge reads each of them once, in order. It holds a page
//! of each column of each file it reads, the pages of the row group it fills, encoded, and the file it writes: memory
//! does not grow with what is merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use flowglass_encode::{FileEncoder, Run, Source};
use flowglass_flow::schema;
use object_store::ObjectStore;
use object_store::path::Path;
use parquet::errors::ParquetError;
use tokio::runtime::Handle;

use super::gently::gently;
use super::input::{Body, Input};
use super::plan::Merge;
use crate::delta::AddFile;
use crate::error::{LakeError, Result};
use crate::files;
use crate::index::{self, IndexBuilder};
use crate::layout::Key;
use crate::parquet_file::{self, Effort, Table};

/// Runs of rows put out at a time.
const RUNS: usize = 4096;

/// How rows are put into files.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Rows from which a file ends where the next hour begins. One hour's rows are put into files of up to twice as many.
    pub(super) file_rows: u64,
    /// Rows from which a row group ends where the next hour begins.
    pub(super) group_rows: usize,
    /// Addresses known as vNICs' own, in order.
    pub(super) own: Arc<[u128]>,
}

/// Merges files of one day and writes the results to the store, each after its index; returns what the log is to say of
/// them. Nothing is left behind if that fails.
pub(super) async fn flows(
    store: &Arc<dyn ObjectStore>,
    merge: &Merge,
    shape: &Shape,
) -> Result<Vec<AddFile>> {
    let mut bodies = Vec::with_capacity(merge.files.len());
    for file in &merge.files {
        bodies.push(Body::open(store, file).await?);
    }
    let writing = Writing { store: Arc::clone(store), runtime: Handle::current(), written: Vec::new() };
    let (plan, shape) = (merge.clone(), shape.clone());
    let merged = gently(move || {
        let mut writing = writing;
        let merged = merge_into(&plan, bodies, &shape, &mut writing);
        (merged, writing.written)
    });
    let (merged, written) = merged.await.map_err(|error| LakeError::Damaged {
        path: "a merged data file".to_owned(),
        reason: format!("its encoder stopped: {error}"),
    })?;
    if let Err(error) = merged {
        discard(store, written).await?;
        return Err(error);
    }
    Ok(written)
}

/// Deletes files that no log entry names, with their indexes.
pub(super) async fn discard(store: &Arc<dyn ObjectStore>, written: Vec<AddFile>) -> Result<()> {
    for file in written {
        if let Some(index) = index::path_of(&file.path) {
            files::delete(store, &Path::from(index)).await?;
        }
        files::delete(store, &Path::from(file.path)).await?;
    }
    Ok(())
}

/// Where finished files go.
struct Writing {
    store: Arc<dyn ObjectStore>,
    runtime: Handle,
    written: Vec<AddFile>,
}

impl Writing {
    fn put(&mut self, day: i32, output: Output) -> Result<()> {
        let (rows, index) = (output.rows, output.index.finish()?);
        let (body, bounds) = output.file.finish().map_err(wrong)?;
        let path = index::indexed_path(day);
        let size = body.len() as u64;
        self.runtime.block_on(async {
            if let Some(name) = index::path_of(&path) {
                files::put_large(&self.store, &Path::from(name), index).await?;
            }
            files::put_large(&self.store, &Path::from(path.as_str()), body).await
        })?;
        let stats = parquet_file::flow_stats(rows, &bounds).to_json();
        self.written.push(AddFile { path, size, day, stats, modified: flowglass_flow::time::now() / 1000 });
        Ok(())
    }
}

fn merge_into(merge: &Merge, bodies: Vec<Body>, shape: &Shape, writing: &mut Writing) -> Result<()> {
    let expected: u64 = merge.files.iter().map(|file| file.stats.rows).sum();
    let mut inputs = Vec::with_capacity(bodies.len());
    for (body, file) in bodies.into_iter().zip(&merge.files) {
        inputs.extend(Input::open(body, file)?);
    }
    let mut sources: Vec<Source> = inputs.iter().map(|_| Source::default()).collect();
    let mut heap: BinaryHeap<Reverse<(Key, usize)>> = BinaryHeap::with_capacity(inputs.len());
    for (i, input) in inputs.iter_mut().enumerate() {
        if input.advance(&mut sources[i])? {
            heap.push(Reverse((input.keys[0], i)));
        }
    }
    let mut output = Output::new(shape)?;
    let (mut rows, mut hour) = (0, None);
    while let Some(Reverse((key, i))) = heap.pop() {
        let last = hour.replace(key.hour).unwrap_or(key.hour);
        let next_hour = last != key.hour;
        let passed = |cut: &i64| last < *cut && *cut <= key.hour;
        let full = output.group_rows == parquet_file::ROW_GROUP_ROWS;
        // What is left should be worth a file of its own.
        let worth = expected.saturating_sub(rows) >= shape.file_rows / 2;
        let end = if next_hour {
            output.rows >= shape.file_rows
        } else {
            full && output.rows >= 2 * shape.file_rows
        };
        if merge.cuts.iter().any(passed) || end && worth {
            output.put(&mut sources)?;
            let done = std::mem::replace(&mut output, Output::new(shape)?);
            writing.put(merge.day, done.ended()?)?;
        } else if full || next_hour && output.group_rows >= shape.group_rows {
            output.put(&mut sources)?;
            output.end_group()?;
        }
        // All rows of this file up to the next one's, of the same hour, as far as the row group takes them.
        let input = &mut inputs[i];
        let start = input.at;
        let most = input.keys.len().min(start + parquet_file::ROW_GROUP_ROWS - output.group_rows);
        let next = heap.peek().map(|Reverse(next)| next);
        let comes_first = |key: &Key| next.is_none_or(|next| (key, &i) < (&next.0, &next.1));
        let more = &input.keys[start + 1..most];
        let run = 1 + more.iter().take_while(|next| next.hour == key.hour && comes_first(next)).count();
        input.at += run;
        rows += run as u64;
        output.take(Run { source: i, start, rows: run });
        let exhausted = input.at == input.keys.len();
        // Runs point into the current batches: put them out before one of those is replaced.
        if exhausted || output.runs.len() == RUNS {
            output.put(&mut sources)?;
        }
        if !exhausted || input.advance(&mut sources[i])? {
            heap.push(Reverse((input.keys[input.at], i)));
        }
    }
    if rows != expected {
        return Err(LakeError::Damaged {
            path: merge.files[0].path.clone(),
            reason: format!("the files merged with it hold {rows} rows, the log says {expected}"),
        });
    }
    output.put(&mut sources)?;
    if output.rows > 0 { writing.put(merge.day, output.ended()?) } else { Ok(()) }
}

/// A file being written.
struct Output {
    file: FileEncoder,
    index: IndexBuilder,
    rows: u64,
    group_rows: usize,
    /// Rows that are counted, and not yet put into the file.
    runs: Vec<Run>,
}

impl Output {
    fn new(shape: &Shape) -> Result<Self> {
        let properties = parquet_file::properties(Table::Flows, Effort::Kept);
        Ok(Self {
            file: FileEncoder::new(&schema::flow_file(), properties).map_err(wrong)?,
            index: IndexBuilder::new(parquet_file::PAGE_ROWS, &shape.own),
            rows: 0,
            group_rows: 0,
            runs: Vec::with_capacity(RUNS),
        })
    }

    fn take(&mut self, run: Run) {
        self.rows += run.rows as u64;
        self.group_rows += run.rows;
        self.runs.push(run);
    }

    /// Puts the rows that were taken into the file.
    fn put(&mut self, sources: &mut [Source]) -> Result<()> {
        let mut runs = std::mem::take(&mut self.runs);
        let (mut begin, mut room) = (0, self.file.room());
        for at in 0..runs.len() {
            while runs[at].rows >= room {
                let left = Run { start: runs[at].start + room, rows: runs[at].rows - room, ..runs[at] };
                runs[at].rows = room;
                self.file.append(sources, &runs[begin..=at]).map_err(wrong)?;
                self.index.push(&self.file)?;
                self.file.end_page().map_err(wrong)?;
                runs[at] = left;
                (begin, room) = (at, self.file.room());
            }
            room -= runs[at].rows;
        }
        self.file.append(sources, &runs[begin..]).map_err(wrong)?;
        runs.clear();
        self.runs = runs;
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        self.index.push(&self.file)?;
        self.file.end_row_group().map_err(wrong)?;
        self.index.end_group()?;
        self.group_rows = 0;
        Ok(())
    }

    fn ended(mut self) -> Result<Self> {
        self.end_group()?;
        Ok(self)
    }
}

fn wrong(source: ParquetError) -> LakeError {
    LakeError::Parquet { doing: "merge", path: "a merged data file".to_owned(), source }
}
