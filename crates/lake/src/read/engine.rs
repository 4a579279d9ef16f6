//! The query engine: one runtime with bounded memory, shared by all questions to a lake.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DataFusionError, resources_datafusion_err};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::{
    GreedyMemoryPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, TrackConsumersPool,
};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionConfig;
use futures::{Stream, StreamExt};
use object_store::ObjectStore;
use url::Url;

use super::functions;
use super::provider::STORE_URL;
use super::view::View;
use crate::answer::Limits;
use crate::error::{LakeError, Result};

/// What a reader may use.
#[derive(Debug, Clone)]
pub struct ReaderOptions {
    /// Memory that all questions together may hold for sorting and grouping, in bytes.
    pub memory_bytes: usize,
    /// Parallel parts of one question.
    pub threads: usize,
    /// Memory for the footers and indexes of data files, in bytes.
    pub metadata_cache_bytes: usize,
    /// Memory for columns that were counted, so that the next question of the same hours need not read them; 0 where
    /// only one is asked.
    pub column_cache_bytes: usize,
    /// Memory for what indexes of ours tell, decoded, in bytes.
    pub index_cache_bytes: usize,
    /// Disk that all questions together may spill to, in bytes.
    pub spill_bytes: u64,
}

impl Default for ReaderOptions {
    /// 1 GiB, a part per core, 128 MiB of footers, no columns, 64 MiB of indexes, 4 GiB of spill.
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            threads: std::thread::available_parallelism().map_or(2, NonZeroUsize::get),
            metadata_cache_bytes: 128 << 20,
            column_cache_bytes: 0,
            index_cache_bytes: 64 << 20,
            spill_bytes: 4 << 30,
        }
    }
}

/// The shared part of a reader.
#[derive(Debug)]
pub(crate) struct Engine {
    state: Arc<SessionState>,
    runtime: Arc<RuntimeEnv>,
}

impl Engine {
    pub(crate) fn new(options: &ReaderOptions) -> Result<Self> {
        let failed = |source| query_error("start the query engine", source);
        let consumers = NonZeroUsize::MIN.saturating_add(4);
        let pool = TrackConsumersPool::new(GreedyMemoryPool::new(options.memory_bytes), consumers);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .with_disk_manager_builder(DiskManagerBuilder::default())
            .with_max_temp_directory_size(options.spill_bytes)
            .with_metadata_cache_limit(options.metadata_cache_bytes)
            .with_object_store_registry(Arc::new(OneStore::default()))
            .build_arc()
            .map_err(failed)?;
        let mut config = SessionConfig::new()
            .with_target_partitions(options.threads.max(1))
            .with_information_schema(false);
        {
            let options = config.options_mut();
            options.execution.parquet.pushdown_filters = true;
            options.execution.parquet.reorder_filters = true;
            options.execution.parquet.bloom_filter_on_read = true;
            options.execution.parquet.enable_page_index = true;
            // The engine's two planners disagree on whether `IS NOT TRUE` can be null, which it cannot.
            options.execution.skip_physical_aggregate_schema_check = true;
            // Data files are compacted by day; only a lake's few newest files are worth splitting.
            options.optimizer.repartition_file_min_size = 1 << 20;
        }
        let mut state = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(&runtime))
            .with_default_features()
            .build();
        for function in functions::for_sql() {
            use datafusion::execution::FunctionRegistry;
            state.register_udf(function).map_err(failed)?;
        }
        Ok(Self { state: Arc::new(state), runtime })
    }

    /// Memory held now, and the bound on it.
    pub(crate) fn memory(&self) -> (usize, usize) {
        let pool = &self.runtime.memory_pool;
        let limit = match pool.memory_limit() {
            MemoryLimit::Finite(bytes) => bytes,
            _ => usize::MAX,
        };
        (pool.reserved(), limit)
    }

    /// Starts a question: its own memory bound within the shared pool, and its deadline.
    pub(crate) fn run(&self, view: Arc<View>, limits: Limits) -> Result<Run> {
        let pool = Bounded {
            inner: Arc::clone(&self.runtime.memory_pool),
            used: AtomicUsize::new(0),
            limit: limits.memory_bytes,
        };
        let runtime = RuntimeEnvBuilder::from_runtime_env(&self.runtime)
            .with_memory_pool(Arc::new(pool))
            .build_arc()
            .map_err(|source| query_error("start the query", source))?;
        let url = Url::parse(STORE_URL).expect("a constant URL is valid");
        runtime.register_object_store(&url, Arc::clone(&view.store));
        let started = Instant::now();
        Ok(Run {
            engine: Arc::clone(&self.state),
            runtime,
            state: OnceLock::new(),
            view,
            limits,
            started,
            deadline: started + limits.timeout,
        })
    }
}

/// One question being answered.
pub(crate) struct Run {
    engine: Arc<SessionState>,
    pub(crate) runtime: Arc<RuntimeEnv>,
    state: OnceLock<SessionState>,
    pub(crate) view: Arc<View>,
    pub(crate) limits: Limits,
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
}

/// What a plan gave.
pub(crate) struct Collected {
    pub(crate) schema: SchemaRef,
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) cost: Cost,
}

/// What a plan cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) rows: u64,
    pub(crate) files: u64,
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.files += other.files;
    }
}

impl Run {
    /// What plans are made and run with. Made when it is first asked for: that takes longer than questions do that need
    /// no plan.
    pub(crate) fn state(&self) -> &SessionState {
        self.state.get_or_init(|| {
            SessionStateBuilder::new_from_existing((*self.engine).clone())
                .with_runtime_env(Arc::clone(&self.runtime))
                .build()
        })
    }

    /// The same run with another state.
    pub(crate) fn with_state(self, state: SessionState) -> Self {
        Self { state: state.into(), ..self }
    }

    /// Parallel parts of a question.
    pub(crate) fn threads(&self) -> usize {
        self.engine.config().target_partitions()
    }

    /// Milliseconds since the question was asked.
    pub(crate) fn elapsed_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1000.0
    }

    /// Plans a logical plan within the deadline.
    pub(crate) async fn plan(&self, plan: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let planned =
            tokio::time::timeout_at(self.deadline.into(), self.state().create_physical_plan(plan)).await;
        let planned =
            planned.map_err(|_| self.late())?.map_err(|source| query_error("plan the query", source))?;
        interruptible(planned)
    }

    /// Runs a plan and returns all its rows; the plan bounds them.
    pub(crate) async fn collect(&self, plan: LogicalPlan) -> Result<Collected> {
        let physical = self.plan(&plan).await?;
        let schema = physical.schema();
        let mut stream = self.stream(&physical)?;
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            batches.push(batch?);
        }
        Ok(Collected { schema, batches, cost: cost_of(&physical) })
    }

    /// Starts a physical plan.
    pub(crate) fn stream(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<RowBatches> {
        let inner = execute_stream(Arc::clone(plan), self.state().task_ctx())
            .map_err(|source| query_error("run the query", source))?;
        let late = Box::pin(tokio::time::sleep_until(self.deadline.into()));
        Ok(RowBatches { inner, late, timeout: self.limits.timeout, done: false })
    }

    /// The error for a question whose time is up.
    pub(crate) fn late(&self) -> LakeError {
        too_late(self.limits.timeout)
    }
}

/// Makes joins give way after every few batches they make: scans do so by themselves, but a join can make millions of
/// batches of one that it has read, and could be neither stopped nor timed out.
fn interruptible(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let wrap = |node: Arc<dyn ExecutionPlan>| {
        Ok(match node.name().ends_with("JoinExec") || node.name() == "UnnestExec" {
            true => Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>),
            false => Transformed::no(node),
        })
    };
    plan.transform_up(wrap).map(|plan| plan.data).map_err(|source| query_error("plan the query", source))
}

fn too_late(timeout: Duration) -> LakeError {
    LakeError::TimedOut { after: timeout }
}

/// Record batches as they come, until the deadline. Dropping it cancels the query.
pub struct RowBatches {
    inner: SendableRecordBatchStream,
    late: Pin<Box<tokio::time::Sleep>>,
    timeout: Duration,
    done: bool,
}

impl RowBatches {
    /// Schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }
}

impl Stream for RowBatches {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        use std::future::Future;
        if self.done {
            return Poll::Ready(None);
        }
        if Instant::now() >= self.late.deadline().into_std() {
            self.done = true;
            return Poll::Ready(Some(Err(too_late(self.timeout))));
        }
        if let Poll::Ready(next) = self.inner.poll_next_unpin(context) {
            return Poll::Ready(
                next.map(|batch| batch.map_err(|source| query_error("run the query", source))),
            );
        }
        if self.late.as_mut().poll(context).is_ready() {
            self.done = true;
            return Poll::Ready(Some(Err(too_late(self.timeout))));
        }
        Poll::Pending
    }
}

/// Sums up what the scans of an executed plan did.
pub(crate) fn cost_of(plan: &Arc<dyn ExecutionPlan>) -> Cost {
    let mut cost = Cost::default();
    if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
        if let Some(config) = scan.data_source().downcast_ref::<FileScanConfig>() {
            let mut files: Vec<_> =
                config.file_groups.iter().flat_map(|group| group.iter()).map(|file| file.path()).collect();
            files.sort_unstable();
            files.dedup();
            cost.files += files.len() as u64;
        }
        cost.rows += plan.metrics().and_then(|metrics| metrics.output_rows()).unwrap_or(0) as u64;
    }
    for child in plan.children() {
        cost += cost_of(child);
    }
    cost
}

/// Sorts an engine error into ours.
pub(crate) fn query_error(doing: &'static str, source: DataFusionError) -> LakeError {
    match source.find_root() {
        DataFusionError::ResourcesExhausted(reason) => LakeError::LimitReached {
            reason: format!("the query needs more memory than it may use: {}", first_line(reason)),
        },
        _ => LakeError::Query { doing, source: Box::new(source) },
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

/// The one store a query can reach.
#[derive(Debug, Default)]
struct OneStore(parking_lot::RwLock<Option<Arc<dyn ObjectStore>>>);

impl ObjectStoreRegistry for OneStore {
    fn register_store(&self, _: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.0.write().replace(store)
    }

    fn get_store(&self, url: &Url) -> datafusion::common::Result<Arc<dyn ObjectStore>> {
        let known = self.0.read().clone().filter(|_| url.as_str() == STORE_URL);
        known.ok_or_else(|| {
            DataFusionError::Execution(format!("{url} cannot be read: only the lake's tables can"))
        })
    }
}

/// A part of a shared memory pool with a bound of its own.
#[derive(Debug)]
struct Bounded {
    inner: Arc<dyn MemoryPool>,
    used: AtomicUsize,
    limit: usize,
}

impl std::fmt::Display for Bounded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "bounded({})", self.limit)
    }
}

impl MemoryPool for Bounded {
    fn name(&self) -> &str {
        "bounded"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.inner.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.inner.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.used.fetch_add(additional, Ordering::Relaxed);
        self.inner.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.used.fetch_sub(shrink, Ordering::Relaxed);
        self.inner.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> datafusion::common::Result<()> {
        let within = |used: usize| used.checked_add(additional).filter(|total| *total <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).map_err(|used| {
            resources_datafusion_err!("{used} of {} bytes are used, {additional} more are needed", self.limit)
        })?;
        let grown = self.inner.try_grow(reservation, additional);
        if grown.is_err() {
            self.used.fetch_sub(additional, Ordering::Relaxed);
        }
        grown
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}
