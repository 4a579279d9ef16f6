//! Reads what is counted: pieces of row groups, by as many workers as a question has threads.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, ParquetFileReaderFactory, RowGroupAccess,
};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use object_store::path::Path;
use parking_lot::Mutex;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelector};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::file::metadata::PageIndexPolicy;
use tokio::task::{JoinError, JoinSet};

use super::columns::{Column, Columns, by_number};
use super::warm::Warm;
use super::worker::{Names, Worker};
use super::{Question, Tallied};
use crate::answer::Range as Times;
use crate::error::{LakeError, Result};
use crate::read::engine::{Run, query_error};
use crate::read::narrow::Part;
use crate::read::provider::{FOOTER_HINT, located};
use crate::read::reader::Reader;
use crate::read::summary::is_inside;

/// Rows that are looked at together.
const BATCH: usize = 1 << 14;
/// Rows that a worker takes at a time: few enough for all to end together, whole pages.
const PIECE: usize = 1 << 18;
/// A row group is kept whole where a question reads one row in so many or more of it.
const WORTH_KEEPING: usize = 4;
/// Footers that are read at a time.
const FOOTERS: usize = 16;

/// A data file with its footer.
struct Input {
    path: Arc<str>,
    file: PartitionedFile,
    metadata: ArrowReaderMetadata,
    /// For each row group whether all its rows are inside the range.
    inside: Vec<bool>,
}

/// Some rows of a row group.
enum Piece {
    /// To be read, and forgotten.
    Read { input: Arc<Input>, group: usize, rows: Option<RowSelection> },
    /// Of a row group that is read whole and kept.
    Keep { input: Arc<Input>, group: usize, rows: RowSelection },
    /// Of columns that are kept.
    Kept { columns: Arc<Vec<Column>>, rows: Range<usize>, inside: bool },
}

/// What the workers of a question share.
struct Shared {
    factory: CachedParquetFileReaderFactory,
    metrics: ExecutionPlanMetricsSet,
    names: Names,
    range: Times,
    warm: Warm,
    question: u64,
    pieces: Mutex<VecDeque<Piece>>,
    deadline: Instant,
}

impl Reader {
    /// Counts what some parts of the lake hold, in the order of the question's groupings. None if the question asks for
    /// what this scan does not do: days, bounds of texts.
    ///
    /// # Errors
    /// If the lake cannot be read, or a limit is reached.
    pub(in crate::read) async fn tally(
        &self,
        run: &Run,
        parts: &[Part],
        question: &Question,
    ) -> Result<Option<Vec<Tallied>>> {
        let Some((worker, names)) = question.worker() else { return Ok(None) };
        let cache = run.state.runtime_env().cache_manager.get_file_metadata_cache();
        let (number, room) = self.warm.ask();
        let shared = Shared {
            factory: CachedParquetFileReaderFactory::new(Arc::clone(&run.view.store), cache),
            metrics: ExecutionPlanMetricsSet::new(),
            names,
            range: question.range,
            warm: self.warm.clone(),
            question: number,
            pieces: Mutex::default(),
            deadline: run.deadline,
        };
        let folder = &run.view.flows.folder;
        let mut opened = Vec::with_capacity(parts.len());
        for part in parts {
            opened.push(shared.open(folder, part).boxed());
        }
        let opened: Vec<Arc<Input>> = futures::stream::iter(opened).buffered(FOOTERS).try_collect().await?;
        let mut pieces = Pieces { shared: &shared, room, pieces: VecDeque::new() };
        for (input, part) in opened.iter().zip(parts) {
            pieces.add(input, part.groups.as_deref());
        }
        let pieces = pieces.pieces;
        let workers = run.state.config().target_partitions().clamp(1, pieces.len().max(1));
        *shared.pieces.lock() = pieces;
        let (shared, mut tasks) = (Arc::new(shared), JoinSet::new());
        let others = std::iter::repeat_with(|| question.worker()).take(workers - 1).flatten();
        for worker in others.map(|(worker, _)| worker).chain([worker]) {
            let memory = MemoryConsumer::new("counts").register(&run.state.runtime_env().memory_pool);
            tasks.spawn(work(Arc::clone(&shared), worker, memory));
        }
        let mut counted: Option<(Worker, MemoryReservation)> = None;
        // Each stops by itself when its time is up.
        while let Some(joined) = tasks.join_next().await {
            let Some((worker, held)) = joined.unwrap_or_else(resume)? else { return Err(run.late()) };
            counted = Some(match counted {
                None => (worker, held),
                Some((mut sum, memory)) => {
                    sum.absorb(worker);
                    drop(held);
                    resize(&memory, sum.bytes())?;
                    (sum, memory)
                }
            });
        }
        Ok(counted.map(|(sum, _)| sum.finish(parts.len() as u64)))
    }
}

/// A worker that counted all it could get, with its memory; none if its time was up.
type Work = Result<Option<(Worker, MemoryReservation)>>;

fn resume(error: JoinError) -> Work {
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // Only a runtime that shuts down cancels it.
        Err(_) => Ok(None),
    }
}

async fn work(shared: Arc<Shared>, mut worker: Worker, memory: MemoryReservation) -> Work {
    loop {
        let Some(piece) = shared.pieces.lock().pop_front() else { return Ok(Some((worker, memory))) };
        let (mut batches, inside) = match piece {
            Piece::Read { input, group, rows } => {
                let inside = input.inside[group];
                let (names, path) = (shared.names.of(inside).to_vec(), Arc::clone(&input.path));
                let batches = shared.read(&input, group, rows, &names, BATCH)?;
                let columns = move |batch: RecordBatch| columns_of(&batch, &names, &path);
                (batches.map(move |batch| batch.and_then(&columns)).boxed(), inside)
            }
            Piece::Keep { input, group, rows } => {
                let columns = Arc::new(shared.kept(&input, group).await?);
                let runs = runs(&rows).map(move |rows| sliced(Arc::clone(&columns), rows));
                (futures::stream::iter(runs.collect::<Vec<_>>()).flatten().boxed(), input.inside[group])
            }
            Piece::Kept { columns, rows, inside } => (sliced(columns, rows).boxed(), inside),
        };
        while let Some(batch) = batches.next().await {
            if Instant::now() >= shared.deadline {
                return Ok(None);
            }
            worker.add(&batch?, inside);
            resize(&memory, worker.bytes())?;
            // A question that nobody waits for any more ends here.
            tokio::task::yield_now().await;
        }
    }
}

/// Kept columns, some rows at a time.
fn sliced(columns: Arc<Vec<Column>>, rows: Range<usize>) -> impl Stream<Item = Result<Columns>> {
    let end = rows.end;
    futures::stream::iter(rows.step_by(BATCH).map(move |start| {
        let rows = BATCH.min(end - start);
        Ok(Columns { rows, columns: columns.iter().map(|column| column.slice(start, rows)).collect() })
    }))
}

fn columns_of(batch: &RecordBatch, names: &[&'static str], path: &str) -> Result<Columns> {
    let columns = names.iter().map(|name| match batch.column_by_name(name) {
        None => Ok(Column::Missing),
        Some(array) => Column::new(name, array.as_ref(), &|| path.to_owned()),
    });
    Ok(Columns { rows: batch.num_rows(), columns: columns.collect::<Result<_>>()? })
}

fn resize(memory: &MemoryReservation, bytes: usize) -> Result<()> {
    memory.try_resize(bytes).map_err(|source| query_error("count", source))
}

impl Shared {
    fn reader(&self, file: &PartitionedFile) -> Result<Box<dyn AsyncFileReader>> {
        let reader = self.factory.create_reader(0, file.clone(), Some(FOOTER_HINT), &self.metrics);
        Ok(reader.map_err(|source| query_error("open a data file", source))?)
    }

    async fn open(&self, folder: &Path, part: &Part) -> Result<Arc<Input>> {
        let file = located(folder, &part.file);
        let failed = |source| LakeError::Parquet { doing: "open", path: part.file.path.to_string(), source };
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let footer = self.reader(&file)?.get_metadata(Some(&options)).await.map_err(failed)?;
        let known = ArrowReaderMetadata::try_new(Arc::clone(&footer), options.clone()).map_err(failed)?;
        let options = options.with_schema(by_number(known.schema()));
        let metadata = ArrowReaderMetadata::try_new(footer, options).map_err(failed)?;
        let groups = metadata.metadata().num_row_groups();
        let times = |group: usize| Some(part.index.as_ref()?.directory.groups.get(group)?.times);
        let inside = |group| times(group).is_some_and(|times| is_inside(&self.range, times));
        let inside = (0..groups).map(inside).collect();
        Ok(Arc::new(Input { path: part.file.path.as_str().into(), file, metadata, inside }))
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
        let columns = (0..schema.num_columns()).filter(|at| names.contains(&schema.column(*at).name()));
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

    /// The columns of a row group, which are kept.
    async fn kept(&self, input: &Input, group: usize) -> Result<Vec<Column>> {
        let names = self.names.of(input.inside[group]);
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            // One at a time: whole row groups are large before they are narrowed.
            let make = async {
                let mut batches = self.read(input, group, None, &[*name], input.rows(group).max(1))?;
                match batches.next().await.transpose()? {
                    Some(batch) => {
                        Ok(columns_of(&batch, &[*name], &input.path)?.columns.remove(0).narrowed())
                    }
                    None => Ok(Column::Missing),
                }
            };
            let place = (Arc::clone(&input.path), group, *name);
            columns.push(self.warm.get_or_make(self.question, &place, make).await?);
        }
        Ok(columns)
    }
}

impl Input {
    fn rows(&self, group: usize) -> usize {
        usize::try_from(self.metadata.metadata().row_group(group).num_rows()).unwrap_or(0)
    }
}

/// What is to be read, in pieces.
struct Pieces<'s> {
    shared: &'s Shared,
    /// Bytes of columns that may be kept beside those that are.
    room: usize,
    pieces: VecDeque<Piece>,
}

impl Pieces<'_> {
    /// Adds what is to be read of a file.
    fn add(&mut self, input: &Arc<Input>, access: Option<&[RowGroupAccess]>) {
        for group in 0..input.metadata.metadata().num_row_groups() {
            let all = input.rows(group);
            let access = access.and_then(|access| access.get(group)).unwrap_or(&RowGroupAccess::Scan);
            let wanted = match access {
                RowGroupAccess::Skip => continue,
                RowGroupAccess::Scan => vec![RowSelector::select(all)].into(),
                RowGroupAccess::Selection(rows) => rows.clone(),
            };
            if let Some(columns) = self.kept(input, group) {
                self.add_kept(&Arc::new(columns), &wanted, input.inside[group]);
            } else if wanted.row_count() >= all / WORTH_KEEPING && self.takes(input, group) {
                self.pieces.push_back(Piece::Keep { input: Arc::clone(input), group, rows: wanted });
            } else {
                self.add_read(input, group, wanted);
            }
        }
    }

    /// The columns of a row group, if all of them are kept.
    fn kept(&self, input: &Input, group: usize) -> Option<Vec<Column>> {
        let Shared { warm, question, names, .. } = self.shared;
        let column = |name: &&'static str| warm.get(*question, &(Arc::clone(&input.path), group, *name));
        names.of(input.inside[group]).iter().map(column).collect()
    }

    /// Takes room for the columns of a row group, if there is enough.
    fn takes(&mut self, input: &Input, group: usize) -> bool {
        // Texts and small numbers take two bytes a row, others four.
        let bytes = input.rows(group) * 3 * self.shared.names.of(input.inside[group]).len();
        let takes = bytes > 0 && bytes <= self.room;
        if takes {
            self.room -= bytes;
        }
        takes
    }

    fn add_kept(&mut self, columns: &Arc<Vec<Column>>, wanted: &RowSelection, inside: bool) {
        for run in runs(wanted) {
            for start in run.clone().step_by(PIECE) {
                let rows = start..run.end.min(start + PIECE);
                self.pieces.push_back(Piece::Kept { columns: Arc::clone(columns), rows, inside });
            }
        }
    }

    fn add_read(&mut self, input: &Arc<Input>, group: usize, mut wanted: RowSelection) {
        let all = input.rows(group);
        for start in (0..all).step_by(PIECE) {
            let here = wanted.split_off(PIECE.min(all - start));
            if here.selects_any() {
                let before = (start > 0).then(|| RowSelector::skip(start));
                let rows = (all > PIECE || here.row_count() < all)
                    .then(|| before.into_iter().chain(here.iter().copied()).collect());
                self.pieces.push_back(Piece::Read { input: Arc::clone(input), group, rows });
            }
        }
    }
}

/// The runs of rows of a selection.
fn runs(rows: &RowSelection) -> impl Iterator<Item = Range<usize>> {
    let starts = rows.iter().scan(0, |at, some| {
        let start = *at;
        *at += some.row_count;
        Some((!some.skip).then(|| start..start + some.row_count))
    });
    starts.flatten()
}
