//! Reads what is counted: pieces of row groups, by as many workers as a question has threads.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{BooleanArray, BooleanBufferBuilder, RecordBatch};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, ParquetFileReaderFactory,
};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use flowglass_query::Property;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use object_store::path::Path;
use parking_lot::Mutex;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::file::metadata::PageIndexPolicy;
use tokio::task::JoinSet;

use super::columns::{Column, Columns, by_number};
use super::condition::{CLOSING, closing};
use super::pieces::{Input, Origin, Piece, Pieces, runs};
use super::queue::Queue;
use super::warm::{Extent, Warm};
use super::worker::Names;
use crate::answer::Range as Times;
use crate::error::{LakeError, Result};
use crate::read::engine::{Run, query_error};
use crate::read::narrow::Part;
use crate::read::provider::{FOOTER_HINT, located};
use crate::read::reader::Reader;
use crate::read::summary::is_inside;

/// Rows that are looked at together.
const BATCH: usize = 1 << 14;
/// Footers that are read at a time.
const FOOTERS: usize = 16;

/// What the workers of a question share.
struct Shared {
    factory: CachedParquetFileReaderFactory,
    metrics: ExecutionPlanMetricsSet,
    names: Names,
    range: Times,
    warm: Warm,
    queue: Mutex<Queue<Piece>>,
}

/// What is done with the rows of a question, by one of several workers.
pub(super) trait Work: Send + Sized + 'static {
    /// True if all workers look at what is newest first.
    const NEWEST_FIRST: bool;

    /// False if rows with no times but those from `oldest` to `newest` are of no use.
    fn wants(&self, oldest: i64, newest: i64) -> bool;

    /// Takes a batch of rows; `inside` says that their times are all inside the range.
    fn add(&mut self, batch: &Columns, from: &Piece, inside: bool);

    /// About how much memory it holds, in bytes.
    fn bytes(&self) -> usize;

    /// Takes over what another one has.
    fn absorb(&mut self, other: Self);
}

impl Reader {
    /// Lets workers, of whom there is at least one, go through the columns of some parts of the lake, newest row groups
    /// first. Returns what they have together, and the files.
    ///
    /// # Errors
    /// If the lake cannot be read, or a limit is reached.
    pub(super) async fn scan<W: Work>(
        &self,
        run: &Run,
        parts: &[Part],
        range: Times,
        names: Names,
        workers: impl Iterator<Item = W> + Send,
    ) -> Result<Option<(W, Vec<Arc<Input>>)>> {
        // Workers are ended with what waits for them, be it for a store that does not answer.
        let scanned = Box::pin(self.scan_all(run, parts, range, names, workers));
        tokio::time::timeout_at(run.deadline.into(), scanned).await.unwrap_or_else(|_| Err(run.late()))
    }

    async fn scan_all<W: Work>(
        &self,
        run: &Run,
        parts: &[Part],
        range: Times,
        names: Names,
        mut workers: impl Iterator<Item = W> + Send,
    ) -> Result<Option<(W, Vec<Arc<Input>>)>> {
        let cache = run.runtime.cache_manager.get_file_metadata_cache();
        let shared = Shared {
            factory: CachedParquetFileReaderFactory::new(Arc::clone(&run.view.store), cache),
            metrics: ExecutionPlanMetricsSet::new(),
            names,
            range,
            warm: self.warm.clone(),
            queue: Mutex::default(),
        };
        let folder = &run.view.flows.folder;
        let mut opened = Vec::with_capacity(parts.len());
        for (number, part) in parts.iter().enumerate() {
            opened.push(shared.open(folder, part, number).boxed());
        }
        let opened: Vec<Arc<Input>> = futures::stream::iter(opened).buffered(FOOTERS).try_collect().await?;
        let (warm, names) = (&shared.warm, &shared.names);
        let files: Vec<_> =
            opened.iter().zip(parts).map(|(input, part)| (input, part.groups.as_deref())).collect();
        let mut pieces = Pieces::of(warm, names, &files, W::NEWEST_FIRST);
        pieces.sort_by_key(|piece| Reverse(piece.input.times[piece.group].1));
        let threads = run.threads().clamp(1, pieces.len().max(1));
        let pieces = pieces.into_iter().map(|piece| ((piece.input.part, piece.group), piece));
        *shared.queue.lock() = Queue::new(pieces, W::NEWEST_FIRST);
        let (shared, mut tasks) = (Arc::new(shared), JoinSet::new());
        for worker in workers.by_ref().take(threads) {
            let memory = MemoryConsumer::new("counts").register(&run.runtime.memory_pool);
            tasks.spawn(work(Arc::clone(&shared), worker, memory));
        }
        let mut done: Option<(W, MemoryReservation)> = None;
        while let Some(joined) = tasks.join_next().await {
            // Only a runtime that shuts down cancels one.
            let (worker, held) = joined.unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(run.late()),
            })?;
            done = Some(match done {
                None => (worker, held),
                Some((mut sum, memory)) => {
                    sum.absorb(worker);
                    drop(held);
                    resize(&memory, sum.bytes())?;
                    (sum, memory)
                }
            });
        }
        Ok(done.map(|(sum, _)| (sum, opened)))
    }
}

/// Lets a worker go through all it can get; returns it with its memory.
async fn work<W: Work>(
    shared: Arc<Shared>,
    mut worker: W,
    memory: MemoryReservation,
) -> Result<(W, MemoryReservation)> {
    let mut last = None;
    loop {
        let Some((place, piece)) = shared.queue.lock().next(last) else { return Ok((worker, memory)) };
        last = Some(place);
        let (input, group) = (&piece.input, piece.group);
        let (oldest, newest) = input.times[group];
        if !worker.wants(oldest, newest) {
            continue;
        }
        let runs: Vec<Range<usize>> = runs(&piece.rows).collect();
        let inside = input.inside[group];
        let mut batches = match &piece.from {
            Origin::Read => shared.batches(input, group, piece.rows.clone(), runs)?,
            Origin::Keep(extent) => {
                let columns = Arc::new(shared.kept(input, group, extent, &piece.rows).await?);
                sliced(extent, columns, runs).boxed()
            }
            Origin::Kept(extent, columns) => sliced(extent, Arc::clone(columns), runs).boxed(),
        };
        while let Some(batch) = batches.next().await {
            worker.add(&batch?, &piece, inside);
            resize(&memory, worker.bytes())?;
            // A question that nobody waits for any more ends here.
            tokio::task::yield_now().await;
        }
    }
}

/// Kept columns of runs of rows, some rows at a time.
fn sliced(
    extent: &Extent,
    columns: Arc<Vec<Column>>,
    runs: Vec<Range<usize>>,
) -> impl Stream<Item = Result<Columns>> + use<> {
    // Where the rows are in the columns.
    let stored = match extent {
        Extent::All => runs.clone(),
        Extent::Some(_) => std::iter::once(0..runs.iter().map(Range::len).sum()).collect(),
    };
    let starts = |run: Range<usize>| run.clone().step_by(BATCH).map(move |start| (start, run.end));
    let mut runs = VecDeque::from(runs);
    futures::stream::iter(stored.into_iter().flat_map(starts).map(move |(start, end)| {
        let rows = BATCH.min(end - start);
        let columns = columns.iter().map(|column| column.slice(start, rows)).collect();
        Ok(Columns { rows, runs: take(&mut runs, rows), columns })
    }))
}

/// Takes so many rows from the front of some runs.
fn take(runs: &mut VecDeque<Range<usize>>, mut rows: usize) -> Vec<Range<usize>> {
    let mut taken = Vec::new();
    while let (Some(run), true) = (runs.front_mut(), rows > 0) {
        let end = run.end.min(run.start + rows);
        taken.push(run.start..end);
        rows -= end - run.start;
        run.start = end;
        if run.start == run.end {
            runs.pop_front();
        }
    }
    taken
}

fn columns_of(batch: &RecordBatch, names: &[&'static str], path: &str) -> Result<Vec<Column>> {
    let column = |name: &&'static str| match (*name, batch.column_by_name(name)) {
        (CLOSING, _) => {
            let columns = columns_of(batch, Property::Closing.columns(), path)?;
            Ok(closing(&Columns { rows: batch.num_rows(), runs: Vec::new(), columns }))
        }
        (_, None) => Ok(Column::Missing),
        (name, Some(array)) => Column::new(name, array, &|| path.to_owned()),
    };
    names.iter().map(column).collect()
}

fn resize(memory: &MemoryReservation, bytes: usize) -> Result<()> {
    memory.try_resize(bytes).map_err(|source| query_error("count", source))
}

impl Shared {
    fn reader(&self, file: &PartitionedFile) -> Result<Box<dyn AsyncFileReader>> {
        let reader = self.factory.create_reader(0, file.clone(), Some(FOOTER_HINT), &self.metrics);
        Ok(reader.map_err(|source| query_error("open a data file", source))?)
    }

    async fn open(&self, folder: &Path, part: &Part, number: usize) -> Result<Arc<Input>> {
        let file = located(folder, &part.file);
        let failed = |source| LakeError::Parquet { doing: "open", path: part.file.path.to_string(), source };
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let footer = self.reader(&file)?.get_metadata(Some(&options)).await.map_err(failed)?;
        let known = ArrowReaderMetadata::try_new(Arc::clone(&footer), options.clone()).map_err(failed)?;
        let options = options.with_schema(by_number(known.schema()));
        let metadata = ArrowReaderMetadata::try_new(footer, options).map_err(failed)?;
        let groups = 0..metadata.metadata().num_row_groups();
        let times = |group: usize| Some(part.index.as_ref()?.directory.groups.get(group)?.times);
        let inside = |group| times(group).is_some_and(|times| is_inside(&self.range, times));
        // A row without a time may be wanted with any.
        let all = (i64::MIN, i64::MAX);
        let stats = &part.file.stats;
        let of_file = match stats.column("time").and_then(|time| time.nulls) {
            Some(0) => stats.integer_bounds("time").unwrap_or(all),
            _ => all,
        };
        let bounds = |group| times(group).map_or(of_file, |times| times.unwrap_or(all));
        let path = part.file.path.as_str().into();
        let (inside, times) = (groups.clone().map(inside).collect(), groups.map(bounds).collect());
        Ok(Arc::new(Input { part: number, path, file, metadata, inside, times }))
    }

    /// The columns of some rows of a row group, to be read.
    fn batches(
        &self,
        input: &Arc<Input>,
        group: usize,
        rows: RowSelection,
        runs: Vec<Range<usize>>,
    ) -> Result<BoxStream<'static, Result<Columns>>> {
        let names = self.names.of(input.inside[group]).to_vec();
        let (path, mut runs) = (Arc::clone(&input.path), VecDeque::from(runs));
        let batches = self.read(input, group, Some(rows), &names, BATCH)?;
        let mut columns = move |batch: RecordBatch| {
            let rows = batch.num_rows();
            let columns = columns_of(&batch, &names, &path)?;
            Ok(Columns { rows, runs: take(&mut runs, rows), columns })
        };
        Ok(batches.map(move |batch| batch.and_then(&mut columns)).boxed())
    }

    /// Columns of some rows of a row group, batch by batch.
    fn read(
        &self,
        input: &Input,
        group: usize,
        rows: Option<RowSelection>,
        names: &[&str],
        batch: usize,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let path = Arc::clone(&input.path);
        let failed =
            move |source| LakeError::Parquet { doing: "count the rows of", path: path.to_string(), source };
        let schema = input.metadata.parquet_schema();
        let wanted = |name: &str| {
            names.contains(&name) || (names.contains(&CLOSING) && Property::Closing.columns().contains(&name))
        };
        let columns = (0..schema.num_columns()).filter(|at| wanted(schema.column(*at).name()));
        let columns = ProjectionMask::leaves(schema, columns);
        let reader = self.reader(&input.file)?;
        let mut builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, input.metadata.clone())
            .with_projection(columns)
            .with_row_groups(vec![group])
            .with_batch_size(batch);
        if let Some(rows) = rows {
            builder = builder.with_row_selection(rows);
        }
        Ok(builder.build().map_err(&failed)?.map_err(failed).boxed())
    }

    /// Which records of a row group, or of some rows of it, are closing ones.
    async fn closing(&self, input: &Input, group: usize, rows: Option<RowSelection>) -> Result<Column> {
        let mut flags = BooleanBufferBuilder::new(BATCH);
        let mut batches = self.read(input, group, rows, &[CLOSING], BATCH)?;
        while let Some(batch) = batches.next().await.transpose()? {
            if let Column::Flag(some) = columns_of(&batch, &[CLOSING], &input.path)?.remove(0) {
                flags.append_buffer(some.values());
            }
        }
        Ok(Column::Flag(BooleanArray::new(flags.finish(), None)))
    }

    /// The columns of a row group, or of some rows of it, which are kept.
    async fn kept(
        &self,
        input: &Input,
        group: usize,
        extent: &Extent,
        rows: &RowSelection,
    ) -> Result<Vec<Column>> {
        let rows = match extent {
            Extent::All => None,
            Extent::Some(_) => Some(rows),
        };
        let count = rows.map_or_else(|| input.rows(group), RowSelection::row_count).max(1);
        let names = self.names.of(input.inside[group]);
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            // One at a time: whole row groups are large before they are narrowed.
            let make = async {
                if *name == CLOSING {
                    return self.closing(input, group, rows.cloned()).await;
                }
                let mut batches = self.read(input, group, rows.cloned(), &[*name], count)?;
                match batches.next().await.transpose()? {
                    Some(batch) => Ok(columns_of(&batch, &[*name], &input.path)?.remove(0).narrowed()),
                    None => Ok(Column::Missing),
                }
            };
            let place = (Arc::clone(&input.path), group, extent.clone(), *name);
            columns.push(
                self.warm.0.get_or_make(&place, |column| column.bytes() + size_of::<Column>(), make).await?,
            );
        }
        Ok(columns)
    }
}
