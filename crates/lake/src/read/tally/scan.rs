//! Reads what is counted: pieces of row groups, by as many workers as a question has threads.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, ParquetFileReaderFactory, RowGroupAccess,
};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use parking_lot::Mutex;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection, RowSelector};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::file::metadata::PageIndexPolicy;
use tokio::task::{JoinError, JoinSet};

use super::columns::{Columns, by_number};
use super::worker::Worker;
use super::{Question, Tallied};
use crate::error::{LakeError, Result};
use crate::read::engine::{Run, query_error};
use crate::read::narrow::Part;
use crate::read::provider::{FOOTER_HINT, located};
use crate::read::reader::Reader;

/// Rows that are looked at together.
const BATCH: usize = 1 << 14;
/// Rows that a worker takes at a time: few enough for all to end together, whole pages.
const PIECE: usize = 1 << 18;

/// Footers that are read at a time.
const FOOTERS: usize = 16;

/// A data file with its footer.
struct Input {
    file: PartitionedFile,
    metadata: ArrowReaderMetadata,
    columns: ProjectionMask,
}

/// Some rows of a row group.
struct Piece {
    input: Arc<Input>,
    group: usize,
    rows: Option<RowSelection>,
}

/// What the workers of a question share.
struct Shared {
    factory: CachedParquetFileReaderFactory,
    metrics: ExecutionPlanMetricsSet,
    names: Vec<&'static str>,
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
        let shared = Shared {
            factory: CachedParquetFileReaderFactory::new(Arc::clone(&run.view.store), cache),
            metrics: ExecutionPlanMetricsSet::new(),
            names,
            pieces: Mutex::default(),
            deadline: run.deadline,
        };
        let folder = &run.view.flows.folder;
        let opened = futures::stream::iter(parts.iter().cloned().map(|part| shared.open(folder, part)));
        let opened: Vec<Vec<Piece>> = opened.buffered(FOOTERS).try_collect().await?;
        let pieces: VecDeque<Piece> = opened.into_iter().flatten().collect();
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
        let path = || piece.input.file.path().to_string();
        let failed = |source| LakeError::Parquet { doing: "count the rows of", path: path(), source };
        let reader = shared.reader(&piece.input.file)?;
        let mut builder =
            ParquetRecordBatchStreamBuilder::new_with_metadata(reader, piece.input.metadata.clone())
                .with_projection(piece.input.columns.clone())
                .with_row_groups(vec![piece.group])
                .with_batch_size(BATCH);
        if let Some(rows) = piece.rows.clone() {
            builder = builder.with_row_selection(rows);
        }
        let mut batches = builder.build().map_err(failed)?;
        while let Some(batch) = batches.next().await {
            if Instant::now() >= shared.deadline {
                return Ok(None);
            }
            worker.add(&Columns::of(&batch.map_err(failed)?, &shared.names, &path)?);
            resize(&memory, worker.bytes())?;
            // A question that nobody waits for any more ends here.
            tokio::task::yield_now().await;
        }
    }
}

fn resize(memory: &MemoryReservation, bytes: usize) -> Result<()> {
    memory.try_resize(bytes).map_err(|source| query_error("count", source))
}

impl Shared {
    fn reader(&self, file: &PartitionedFile) -> Result<Box<dyn AsyncFileReader>> {
        let reader = self.factory.create_reader(0, file.clone(), Some(FOOTER_HINT), &self.metrics);
        Ok(reader.map_err(|source| query_error("open a data file", source))?)
    }

    async fn open(&self, folder: &Path, part: Part) -> Result<Vec<Piece>> {
        let file = located(folder, &part.file);
        let failed = |source| LakeError::Parquet { doing: "open", path: part.file.path.to_string(), source };
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let footer = self.reader(&file)?.get_metadata(Some(&options)).await.map_err(failed)?;
        let known = ArrowReaderMetadata::try_new(Arc::clone(&footer), options.clone()).map_err(failed)?;
        let options = options.with_schema(by_number(known.schema()));
        let metadata = ArrowReaderMetadata::try_new(footer, options).map_err(failed)?;
        let schema = metadata.parquet_schema();
        let columns = (0..schema.num_columns())
            .filter(|at| self.names.contains(&schema.column(*at).name()))
            .collect::<Vec<_>>();
        let columns = ProjectionMask::leaves(schema, columns);
        Ok(pieces_of(&Arc::new(Input { file, metadata, columns }), part.groups.as_deref()))
    }
}

/// What is to be read of a file, in pieces.
fn pieces_of(input: &Arc<Input>, access: Option<&[RowGroupAccess]>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (group, known) in input.metadata.metadata().row_groups().iter().enumerate() {
        let total = usize::try_from(known.num_rows()).unwrap_or(0);
        let mut rest = match access.and_then(|access| access.get(group)) {
            Some(RowGroupAccess::Skip) => continue,
            Some(RowGroupAccess::Selection(rows)) => rows.clone(),
            Some(RowGroupAccess::Scan) | None if total <= PIECE => {
                pieces.push(Piece { input: Arc::clone(input), group, rows: None });
                continue;
            }
            Some(RowGroupAccess::Scan) | None => vec![RowSelector::select(total)].into(),
        };
        for start in (0..total).step_by(PIECE) {
            let here = rest.split_off(PIECE.min(total - start));
            if here.selects_any() {
                let before = (start > 0).then(|| RowSelector::skip(start));
                let rows = before.into_iter().chain(here.iter().copied()).collect();
                pieces.push(Piece { input: Arc::clone(input), group, rows: Some(rows) });
            }
        }
    }
    pieces
}
