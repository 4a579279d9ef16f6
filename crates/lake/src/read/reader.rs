//! The reader: asks questions of a lake.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, col, lit};

use super::engine::{Cost, Engine, ReaderOptions, Run, query_error};
use super::lower;
use super::measure::{Measured, queries};
use super::narrow::Part;
use super::provider::{FilesTable, conform, flow_rows, object_rows};
use super::tally::Warm;
use super::view::{View, Views};
use crate::answer::{Limits, Meta, Scope};
use crate::coverage::{CoverageQuestion, CoverageReport};
use crate::delta::DataFile;
use crate::error::Result;
use crate::index::IndexCache;

/// Asks questions of a lake. Cheap to clone; every question is answered from the newest version.
///
/// All methods can be cancelled by dropping their future. They fail with [`crate::LakeError::BadRequest`] where the
/// question is wrong, and with [`crate::LakeError::LimitReached`] or [`crate::LakeError::TimedOut`] where it costs more than its limits allow.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) views: Arc<dyn Views>,
    engine: Arc<Engine>,
    pub(super) indexes: IndexCache,
    pub(super) warm: Warm,
    tables: Arc<parking_lot::Mutex<Option<Tables>>>,
}

/// The tables of a view, kept for the next question.
#[derive(Debug, Clone)]
struct Tables {
    view: Arc<View>,
    flows: Arc<FilesTable>,
}

impl Reader {
    /// Makes a reader.
    ///
    /// # Errors
    /// If the query engine cannot be started.
    pub fn new(views: Arc<dyn Views>, options: &ReaderOptions) -> Result<Self> {
        Ok(Self {
            views,
            engine: Arc::new(Engine::new(options)?),
            warm: Warm::new(options.column_cache_bytes),
            indexes: IndexCache::new(options.index_cache_bytes),
            tables: Arc::default(),
        })
    }

    /// The newest version of the lake.
    ///
    /// # Errors
    /// If the lake cannot be read.
    pub async fn version(&self) -> Result<u64> {
        Ok(self.views.latest().await?.version())
    }

    /// Memory that questions hold now, and may hold together, in bytes.
    pub fn memory(&self) -> (usize, usize) {
        self.engine.memory()
    }

    /// What part of the time a scope asks for is covered by objects.
    ///
    /// # Errors
    /// If the lake cannot be read.
    pub async fn coverage(&self, scope: &Scope) -> Result<CoverageReport> {
        let view = self.views.latest().await?;
        Ok(coverage(&view, scope))
    }

    /// The plan of a search for the newest hundred rows as text, for people who look into its speed.
    ///
    /// # Errors
    /// As for a search.
    pub async fn plan(&self, scope: &Scope) -> Result<String> {
        let run = self.start(Limits::default()).await?;
        let order = super::cursor::Order::new(&[])?;
        let flows = Box::pin(self.flows_of(&run, scope)).await?;
        let fields = ["time".to_owned()];
        let plan =
            planned(super::search::search_plan(flows, scope, &order, &fields, lower::truth(), Some(100)))?;
        let plan = run.plan(&plan).await?;
        Ok(datafusion::physical_plan::displayable(plan.as_ref()).indent(true).to_string())
    }

    pub(super) async fn start(&self, limits: Limits) -> Result<Run> {
        self.engine.run(self.views.latest().await?, limits)
    }

    pub(super) fn start_at(&self, view: Arc<View>, limits: Limits) -> Result<Run> {
        self.engine.run(view, limits)
    }

    /// The rows of a run's view.
    pub(super) fn flows(&self, run: &Run) -> Result<LogicalPlanBuilder, DataFusionError> {
        let source = provider_as_source(self.flows_table(run));
        LogicalPlanBuilder::scan("flows", source, None)
    }

    /// The rows of a run's view that a scope may ask for, and others beside them.
    pub(super) async fn flows_of(&self, run: &Run, scope: &Scope) -> Result<LogicalPlanBuilder> {
        let parts = Box::pin(self.parts(run, scope)).await?;
        self.flows_in(run, parts)
    }

    /// The rows of some parts of a run's view.
    pub(super) fn flows_in(&self, run: &Run, parts: Vec<Part>) -> Result<LogicalPlanBuilder> {
        let view = &run.view;
        let mut table = FilesTable::new(
            flow_rows(),
            Arc::clone(&view.store),
            view.flows.folder.clone(),
            parts.iter().map(|part| Arc::clone(&part.file)),
        );
        for part in parts {
            if let Some(groups) = part.groups {
                table.read_only(&part.file.path, groups);
            }
        }
        planned(LogicalPlanBuilder::scan("flows", provider_as_source(Arc::new(table)), None))
    }

    pub(super) fn flows_table(&self, run: &Run) -> Arc<FilesTable> {
        let mut known = self.tables.lock();
        if let Some(tables) = known.as_ref().filter(|tables| Arc::ptr_eq(&tables.view, &run.view)) {
            return Arc::clone(&tables.flows);
        }
        let flows = files_table(&run.view, run.view.flows.state.files.values().cloned());
        // A cursor's old view must not push out the newest.
        if known.as_ref().is_none_or(|tables| tables.view.version() <= run.view.version()) {
            *known = Some(Tables { view: Arc::clone(&run.view), flows: Arc::clone(&flows) });
        }
        flows
    }

    /// The ledger of a run's view: folded rows but those that a manifest stands for, and the manifests'.
    pub(super) fn objects(&self, run: &Run) -> Result<LogicalPlanBuilder, DataFusionError> {
        let view = &run.view;
        let files = view.objects.state.files.values().cloned();
        let table =
            FilesTable::new(object_rows(), Arc::clone(&view.store), view.objects.folder.clone(), files);
        let folded = LogicalPlanBuilder::scan("objects", provider_as_source(Arc::new(table)), None)?;
        if view.unfolded.iter().all(|batch| batch.num_rows() == 0) {
            return Ok(folded);
        }
        let unfolded: Vec<RecordBatch> =
            view.unfolded.iter().map(|batch| conform(batch, &object_rows())).collect::<Result<_, _>>()?;
        let ids: BTreeSet<String> = unfolded.iter().flat_map(object_ids).collect();
        let known = col("object_id").in_list(ids.into_iter().map(lit).collect(), true);
        let memory = MemTable::try_new(object_rows(), vec![unfolded])?;
        let unfolded =
            LogicalPlanBuilder::scan("objects", provider_as_source(Arc::new(memory)), None)?.build()?;
        folded.filter(known)?.union(unfolded)
    }

    /// Says of an answer what every answer says.
    pub(super) fn meta(&self, run: &Run, scope: &Scope, measured: &Measured, cost: Cost) -> Meta {
        let coverage = coverage(&run.view, scope);
        let warnings = warnings(scope, &coverage);
        Meta {
            lake_version: run.view.version(),
            measure: measured.used.clone(),
            range: scope.range,
            coverage,
            elapsed_ms: run.elapsed_ms(),
            rows_read: cost.rows,
            files_read: cost.files,
            files_total: run.view.flows.state.files.len() as u64,
            warnings,
        }
    }
}

/// A table of some files of `flows`.
pub(super) fn files_table(view: &View, files: impl IntoIterator<Item = Arc<DataFile>>) -> Arc<FilesTable> {
    Arc::new(FilesTable::new(flow_rows(), Arc::clone(&view.store), view.flows.folder.clone(), files))
}

/// The question of coverage that a scope asks.
pub(super) fn coverage(view: &View, scope: &Scope) -> CoverageReport {
    let vnics = view.coverage.asked(queries(scope));
    view.coverage.report(&CoverageQuestion {
        range: scope.range,
        vnics: vnics.as_ref(),
        now: flowglass_flow::time::now(),
        unread: &view.unread,
    })
}

fn object_ids(batch: &RecordBatch) -> Vec<String> {
    let Ok(ids) = super::aggregate::column_named(batch, "object_id") else { return Vec::new() };
    (0..batch.num_rows()).filter_map(|row| ids.text(row).map(str::to_owned)).collect()
}

/// What people should know of an answer to a scope.
fn warnings(scope: &Scope, coverage: &CoverageReport) -> Vec<String> {
    let mut warnings: Vec<String> =
        queries(scope).flat_map(|query| &query.warnings).map(ToString::to_string).collect();
    if coverage.lossy_windows > 0 {
        warnings.push(format!(
            "{} s of windows are marked `skip data`: the provider lost some of their records, so counts are lower bounds",
            coverage.lossy_seconds
        ));
    }
    warnings
}

/// A plan error as ours.
pub(super) fn planned<T>(result: Result<T, DataFusionError>) -> Result<T> {
    result.map_err(|source| query_error("plan the query", source))
}

/// The filter of one row.
pub(super) fn row_filter(row: flowglass_flow::RowId) -> Expr {
    col("object_id").eq(lit(row.object.to_string())).and(col("record_index").eq(lit(i64::from(row.index))))
}
