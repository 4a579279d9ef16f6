//! Searching: rows of a scope, in pages or as a stream.

use arrow::record_batch::RecordBatch;
use datafusion::logical_expr::{LogicalPlanBuilder, col};
use flowglass_flow::{RowId, catalogue};
use flowglass_query::Query;

use super::aggregate::{Values, column_named, unknown_field};
use super::cursor::{self, Order};
use super::engine::{Cost, RowBatches, Run, cost_of};
use super::lower;
use super::measure::measured;
use super::newest::Start;
use super::reader::{Reader, planned, row_filter};
use crate::answer::{
    Instant, Limits, Measure, Meta, Nearest, NearestRow, Range, RowAnswer, Scope, SearchAnswer, SearchOptions,
};
use crate::error::{LakeError, Result};

/// Rows of a page where none are asked for.
const PAGE: usize = 100;
/// Longest time spent looking for the nearest match of a search that found nothing.
const NEAREST: std::time::Duration = std::time::Duration::from_secs(5);

/// Rows as they come.
pub struct SearchStream {
    /// What the answer says of itself; its cost is not known yet.
    pub meta: Meta,
    /// The columns asked for, in order.
    pub fields: Vec<String>,
    /// The rows, in order, columns as in [`SearchAnswer::rows`].
    pub batches: RowBatches,
}

impl Reader {
    /// Returns a page of the rows of a scope, newest first unless asked otherwise. Pages of one cursor chain hold at the
    /// lake version of the first.
    ///
    /// # Errors
    /// [`LakeError::BadRequest`] for an unknown field, a cursor of another question, and one whose version of the lake
    /// vacuum has removed.
    pub async fn search(&self, scope: &Scope, options: &SearchOptions) -> Result<SearchAnswer> {
        let limit = options.limit.unwrap_or(PAGE).min(options.limits.max_rows);
        let order = Order::new(&options.sort)?;
        let (run, after, upto) = self.resume(scope, options, &order).await?;
        let fields = fields(&options.fields)?;
        // One row more tells whether there is a next page.
        let fetch = limit.saturating_add(1);
        let plan = |flows| search_plan(flows, scope, &order, &fields, after.clone(), Some(fetch));
        let found = if order.is_newest_first() {
            let from = match (&options.cursor, upto) {
                (None, _) => Start::Newest,
                (Some(_), Some(upto)) => Start::Instant(upto),
                (Some(_), None) => Start::Timeless,
            };
            Box::pin(self.newest(&run, scope, from, fetch, plan)).await
        } else {
            let plan = planned(plan(Box::pin(self.flows_of(&run, scope)).await?))?;
            run.collect(plan).await
        };
        let found = found.map_err(|error| cursor::expired(error, options.cursor.as_ref()))?;
        let mut rows = head(found.batches, limit);
        let more = rows.1;
        let next = match rows.0.last() {
            Some(last) if more => Some(cursor::at_end(last, &order, scope, run.view.version())?),
            _ => None,
        };
        let keep = output_columns(&fields);
        for batch in &mut rows.0 {
            *batch = project(batch, &keep)?;
        }
        let mut meta = self.meta(&run, scope, &measured(Measure::AllRecords, scope, &run.view), found.cost);
        let nearest = if rows.0.is_empty() && options.cursor.is_none() {
            Box::pin(self.nearest(&run, scope, &mut meta)).await?
        } else {
            None
        };
        meta.elapsed_ms = run.elapsed_ms();
        Ok(SearchAnswer { meta, rows: rows.0, fields, next, nearest })
    }

    /// Returns the rows of a scope as they come, without bound unless `limit` says so; `limits.max_rows` does not apply.
    /// Sorting what does not fit in memory spills to disk.
    ///
    /// # Errors
    /// As for [`Reader::search`].
    pub async fn search_stream(&self, scope: &Scope, options: &SearchOptions) -> Result<SearchStream> {
        let order = Order::new(&options.sort)?;
        let (run, after, _) = self.resume(scope, options, &order).await?;
        let fields = fields(&options.fields)?;
        let flows = Box::pin(self.flows_of(&run, scope)).await?;
        let plan = planned(search_plan(flows, scope, &order, &fields, after, options.limit))?;
        let keep = output_columns(&fields);
        let plan = planned(
            LogicalPlanBuilder::from(plan).project(keep.iter().map(col)).and_then(LogicalPlanBuilder::build),
        )?;
        let physical = run.plan(&plan).await?;
        let batches = run.stream(&physical)?;
        let meta =
            self.meta(&run, scope, &measured(Measure::AllRecords, scope, &run.view), cost_of(&physical));
        Ok(SearchStream { meta, fields, batches })
    }

    /// Returns one row with all its columns; none if the lake does not hold it or the filter hides it.
    ///
    /// # Errors
    /// If the lake cannot be read.
    pub async fn row(&self, row: RowId, filter: Option<&Query>) -> Result<Option<RowAnswer>> {
        let run = self.start(Limits::default()).await?;
        Ok(self
            .find_row(&run, row, filter)
            .await?
            .map(|row| RowAnswer { row, lake_version: run.view.version() }))
    }

    pub(super) async fn find_row(
        &self,
        run: &Run,
        row: RowId,
        filter: Option<&Query>,
    ) -> Result<Option<RecordBatch>> {
        let condition = lower::all([row_filter(row), filter.map_or_else(lower::truth, lower::query)]);
        let plan = self.flows(run).and_then(|flows| flows.filter(condition)?.limit(0, Some(1))?.build());
        let found = run.collect(planned(plan)?).await?;
        Ok(found.batches.into_iter().find(|batch| batch.num_rows() > 0))
    }

    async fn resume(
        &self,
        scope: &Scope,
        options: &SearchOptions,
        order: &Order,
    ) -> Result<(Run, datafusion::logical_expr::Expr, Option<i64>)> {
        let Some(cursor) = &options.cursor else {
            return Ok((self.start(options.limits).await?, lower::truth(), None));
        };
        let cursor::Resumed { version, after, upto } = cursor::resume(cursor, order, scope)?;
        let latest = self.views.latest().await?;
        let view = if latest.version() == version {
            latest
        } else {
            let view = self.views.at(version).await;
            view.map_err(|error| cursor::expired(error, Some(cursor)))?
        };
        Ok((self.start_at(view, options.limits)?, after, upto))
    }

    /// Looks for the nearest matches outside the range. A search that takes too long is given up, and says so.
    pub(super) async fn nearest(&self, run: &Run, scope: &Scope, meta: &mut Meta) -> Result<Option<Nearest>> {
        if scope.range.from.is_none() && scope.range.to.is_none() {
            return Ok(None);
        }
        let look = async {
            let mut nearest = Nearest::default();
            if let Some(from) = scope.range.from {
                nearest.before =
                    self.first(run, scope, col("time").lt(lower::time_literal(from)), true, meta).await?;
            }
            if let Some(to) = scope.range.to {
                nearest.after =
                    self.first(run, scope, col("time").gt_eq(lower::time_literal(to)), false, meta).await?;
            }
            Ok::<_, LakeError>(nearest)
        };
        match tokio::time::timeout(NEAREST, look).await {
            Ok(Ok(nearest)) => Ok(Some(nearest)),
            Ok(Err(LakeError::LimitReached { .. } | LakeError::TimedOut { .. })) | Err(_) => {
                meta.warnings.push("the nearest match outside the range was not found in time".to_owned());
                Ok(Some(Nearest::default()))
            }
            Ok(Err(error)) => Err(error),
        }
    }

    async fn first(
        &self,
        run: &Run,
        scope: &Scope,
        side: datafusion::logical_expr::Expr,
        newest: bool,
        meta: &mut Meta,
    ) -> Result<Option<NearestRow>> {
        let range = match newest {
            true => Range { from: None, to: scope.range.from },
            false => Range { from: scope.range.to, to: None },
        };
        let beyond = Scope { range, ..scope.clone() };
        let plan = |flows: LogicalPlanBuilder| {
            flows
                .filter(lower::all([side.clone(), lower::unbounded(scope)]))?
                .project(["time", "object_id", "record_index"].map(col))?
                .sort_with_limit([col("time").sort(!newest, false)], Some(1))?
                .build()
        };
        let found = match newest {
            true => Box::pin(self.newest(run, &beyond, Start::Newest, 1, plan)).await?,
            false => run.collect(planned(plan(Box::pin(self.flows_of(run, &beyond)).await?))?).await?,
        };
        count_cost(meta, found.cost);
        let Some(batch) = found.batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
        let time = column_named(batch, "time")?.instant(0);
        Ok(row_id(batch, 0)?.zip(time).map(|(id, time)| NearestRow { time: Instant(time), id }))
    }
}

/// Plans the rows of a scope in an order.
pub(super) fn search_plan(
    flows: LogicalPlanBuilder,
    scope: &Scope,
    order: &Order,
    fields: &[String],
    after: datafusion::logical_expr::Expr,
    fetch: Option<usize>,
) -> std::result::Result<datafusion::logical_expr::LogicalPlan, datafusion::common::DataFusionError> {
    let mut columns = output_columns(fields);
    for field in order.fields() {
        if !columns.iter().any(|column| column == field) {
            columns.push(field.to_owned());
        }
    }
    flows
        .filter(lower::all([lower::scope(scope), after]))?
        .project(columns.iter().map(col))?
        .sort_with_limit(order.sort(), fetch)?
        .build()
}

pub(super) fn count_cost(meta: &mut Meta, cost: Cost) {
    meta.rows_read += cost.rows;
}

/// The permanent id of a row.
pub(super) fn row_id(batch: &RecordBatch, row: usize) -> Result<Option<RowId>> {
    Ok(row_id_in(&column_named(batch, "object_id")?, &column_named(batch, "record_index")?, row))
}

pub(super) fn row_id_in(objects: &Values, indexes: &Values, row: usize) -> Option<RowId> {
    let object = objects.text(row)?.parse().ok()?;
    Some(RowId { object, index: u32::try_from(indexes.number(row)).ok()? })
}

fn fields(asked: &[String]) -> Result<Vec<String>> {
    if asked.is_empty() {
        return Ok(catalogue::FIELDS.iter().map(|field| field.name.to_owned()).collect());
    }
    let mut fields: Vec<String> = Vec::new();
    for name in asked.iter().filter(|name| name.as_str() != "id") {
        let field = catalogue::find(name).ok_or_else(|| unknown_field(name))?;
        if !fields.iter().any(|known| known == field.name) {
            fields.push(field.name.to_owned());
        }
    }
    Ok(fields)
}

/// The asked columns, then the two that make the row's id.
fn output_columns(fields: &[String]) -> Vec<String> {
    let mut columns = fields.to_vec();
    for name in ["object_id", "record_index"] {
        if !columns.iter().any(|column| column == name) {
            columns.push(name.to_owned());
        }
    }
    columns
}

fn project(batch: &RecordBatch, columns: &[String]) -> Result<RecordBatch> {
    let schema = batch.schema();
    let indices: Vec<usize> = columns.iter().filter_map(|name| schema.index_of(name).ok()).collect();
    batch
        .project(&indices)
        .map_err(|source| LakeError::Arrow { doing: "choose the columns of an answer", source })
}

/// The first rows of some batches, and whether there were more.
pub(super) fn head(batches: Vec<RecordBatch>, limit: usize) -> (Vec<RecordBatch>, bool) {
    let mut left = limit;
    let mut kept = Vec::new();
    let mut more = false;
    for batch in batches {
        let rows = batch.num_rows().min(left);
        more |= rows < batch.num_rows();
        left -= rows;
        if rows > 0 {
            kept.push(batch.slice(0, rows));
        }
    }
    (kept, more)
}
