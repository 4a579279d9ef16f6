//! Counting: one number, the greatest values of a field, values for completion.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use arrow::record_batch::RecordBatch;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use flowglass_query::{Match, Query};
use futures::StreamExt;

use super::aggregate::{Figure, Values, field, group};
use super::counts::{Counts, Key};
use super::engine::{Cost, Run, cost_of};
use super::lower;
use super::measure::{Measured, default_measure, measured};
use super::narrow::Part;
use super::reader::{Reader, files_table, planned};
use super::summary::{self, Dimension};
use super::tally::{Grouping, Question, Source, Tallied};
use crate::answer::{
    CountAnswer, Facet, FacetsAnswer, Limits, Measure, Range, Scope, TopAnswer, TopValue, Value, ValueCount,
    ValuesAnswer,
};
use crate::error::Result;

/// Rows that completion of values looks at, newest files first.
const COMPLETION_ROWS: u64 = 4_000_000;

/// The greatest values of a field, and how much there is in all.
pub(super) struct Top {
    pub(super) values: Vec<TopValue>,
    pub(super) total: u64,
    pub(super) distinct: u64,
}

impl Reader {
    /// Counts a scope. Without a measure, all records: what `search` would return.
    ///
    /// # Errors
    /// If the lake cannot be read, or a limit is reached.
    pub async fn count(
        &self,
        scope: &Scope,
        measure: Option<Measure>,
        limits: Limits,
    ) -> Result<CountAnswer> {
        let run = self.start(limits).await?;
        let measured = measured(measure.unwrap_or(Measure::AllRecords), scope, &run.view);
        let (count, cost) = Box::pin(self.total(&run, scope, &measured)).await?;
        let mut meta = self.meta(&run, scope, &measured, cost);
        let nearest = if count == 0 { Box::pin(self.nearest(&run, scope, &mut meta)).await? } else { None };
        meta.elapsed_ms = run.elapsed_ms();
        Ok(CountAnswer { meta, count, nearest })
    }

    /// Returns the `n` greatest values of a field (or of `local_ip`, `peer_ip`) with the sum and number of all.
    ///
    /// # Errors
    /// [`crate::LakeError::BadRequest`] for an unknown field.
    pub async fn top(
        &self,
        scope: &Scope,
        name: &str,
        n: usize,
        measure: Option<Measure>,
        limits: Limits,
    ) -> Result<TopAnswer> {
        let run = self.start(limits).await?;
        let measured = measured(measure.unwrap_or_else(|| default_measure(scope, &[name])), scope, &run.view);
        let (top, cost) = Box::pin(self.top_of(&run, scope, name, n.min(limits.max_rows), &measured)).await?;
        let mut meta = self.meta(&run, scope, &measured, cost);
        let nearest =
            if top.distinct == 0 { Box::pin(self.nearest(&run, scope, &mut meta)).await? } else { None };
        meta.elapsed_ms = run.elapsed_ms();
        let Top { values, total, distinct } = top;
        Ok(TopAnswer { meta, field: name.to_owned(), values, total, distinct, nearest })
    }

    /// Returns the `n` greatest values of each of several fields.
    ///
    /// # Errors
    /// As for [`Reader::top`].
    pub async fn facets(
        &self,
        scope: &Scope,
        fields: &[String],
        n: usize,
        measure: Option<Measure>,
        limits: Limits,
    ) -> Result<FacetsAnswer> {
        let run = self.start(limits).await?;
        let measured = measured(measure.unwrap_or_else(|| default_measure(scope, &[])), scope, &run.view);
        let n = n.min(limits.max_rows);
        let mut facets = Vec::with_capacity(fields.len());
        let mut cost = Cost::default();
        let together = Box::pin(self.tops(&run, scope, fields, n, &measured)).await?;
        for (name, told) in fields.iter().zip(together) {
            let (top, part) = match told {
                Some(told) => told,
                None => Box::pin(self.top_of(&run, scope, name, n, &measured)).await?,
            };
            cost.rows = cost.rows.max(part.rows);
            cost.files = cost.files.max(part.files);
            let Top { values, total, distinct } = top;
            facets.push(Facet { field: name.clone(), values, total, distinct });
        }
        Ok(FacetsAnswer { meta: self.meta(&run, scope, &measured, cost), facets })
    }

    /// Returns values of a field that start with a text, most frequent first, from the newest rows of the lake. For
    /// fields that are not text, the values' printed form is compared.
    ///
    /// # Errors
    /// [`crate::LakeError::BadRequest`] for an unknown field.
    pub async fn values(
        &self,
        name: &str,
        prefix: &str,
        n: usize,
        filter: Option<&Query>,
        limits: Limits,
    ) -> Result<ValuesAnswer> {
        let run = self.start(limits).await?;
        let key = field(name)?;
        let table = self.flows_table(&run);
        let mut rows = 0;
        let newest: Vec<_> = table
            .files()
            .iter()
            .take_while(|file| {
                let wanted = rows < COMPLETION_ROWS;
                rows += file.stats.rows;
                wanted
            })
            .cloned()
            .collect();
        let times = newest.iter().filter_map(|file| file.stats.integer_bounds("time"));
        let times = times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let range = times.map_or_else(Range::default, |(from, to)| Range::new(from, to.saturating_add(1)));
        let text = datafusion::logical_expr::cast(key.clone(), arrow::datatypes::DataType::Utf8View);
        let starts = lower::text_is(Match::Prefix, text, prefix);
        let condition = lower::all([
            key.clone().is_not_null(),
            if prefix.is_empty() { lower::truth() } else { starts },
            filter.map_or_else(lower::truth, lower::query),
        ]);
        let source = provider_as_source(files_table(&run.view, newest));
        let everything = Scope::new(Query::everything(), Range::default());
        let figure = Figure::from(&measured(Measure::AllRecords, &everything, &run.view));
        let plan = LogicalPlanBuilder::scan("flows", source, None)
            .and_then(|flows| group(flows.filter(condition)?, &[key], &[figure])?.build());
        let (top, _) = greatest(&run, planned(plan)?, n.min(limits.max_rows)).await?;
        let values =
            top.values.into_iter().map(|top| ValueCount { value: top.value, count: top.count }).collect();
        Ok(ValuesAnswer { field: name.to_owned(), values, range })
    }

    /// The measure of a scope.
    pub(super) async fn total(&self, run: &Run, scope: &Scope, measured: &Measured) -> Result<(u64, Cost)> {
        let (told, files, parts) =
            match Box::pin(self.summary(run, scope, measured, Dimension::Whole)).await? {
                Some(summary) => (summary.counts.total().0, summary.files, summary.rest),
                None => (0, 0, Box::pin(self.parts(run, scope)).await?),
            };
        let mut cost = Cost { rows: 0, files };
        if parts.is_empty() {
            return Ok((told, cost));
        }
        if let Some(counted) = self.counted(run, &parts, scope, measured, vec![]).await? {
            cost += counted.cost;
            return Ok((told.saturating_add(counted.total().0), cost));
        }
        let plan = self
            .flows_in(run, parts)?
            .filter(lower::scope(scope))
            .and_then(|rows| group(rows, &[], &[Figure::from(measured)])?.build());
        let found = run.collect(planned(plan)?).await?;
        cost += found.cost;
        let mut count = told;
        for batch in &found.batches {
            let values = Values::column(batch, 0)?;
            count = (0..batch.num_rows()).fold(count, |sum, row| sum.saturating_add(values.number(row)));
        }
        Ok((count, cost))
    }

    /// A measure of some parts by keys, as our own scan counts it; none if it does not.
    async fn counted(
        &self,
        run: &Run,
        parts: &[Part],
        scope: &Scope,
        measured: &Measured,
        keys: Vec<Source>,
    ) -> Result<Option<Tallied>> {
        let Some(asked) = measured.asked() else { return Ok(None) };
        let question = Question::of(scope, vec![Grouping { keys, figures: vec![asked] }]);
        Ok(Box::pin(self.tally(run, parts, &question)).await?.and_then(|mut tallied| tallied.pop()))
    }

    /// The greatest values of those fields that indexes do not tell and our own scan counts, all in one go.
    async fn tops(
        &self,
        run: &Run,
        scope: &Scope,
        fields: &[String],
        n: usize,
        measured: &Measured,
    ) -> Result<Vec<Option<(Top, Cost)>>> {
        let mut tops: Vec<Option<(Top, Cost)>> = fields.iter().map(|_| None).collect();
        let Some(asked) = measured.asked() else { return Ok(tops) };
        let decided = summary::is_decided(scope, measured);
        let mut places = Vec::new();
        let mut groupings = Vec::new();
        for (place, name) in fields.iter().enumerate() {
            if name != "day" && !(decided && Dimension::of_field(name).is_some()) {
                places.push(place);
                groupings.push(Grouping { keys: vec![Source::named(name)?], figures: vec![asked.clone()] });
            }
        }
        if groupings.is_empty() {
            return Ok(tops);
        }
        let parts = Box::pin(self.parts(run, scope)).await?;
        if let Some(tallied) = Box::pin(self.tally(run, &parts, &Question::of(scope, groupings))).await? {
            for (place, counted) in places.into_iter().zip(tallied) {
                tops[place] = Some((top_of_counted(&counted, n), counted.cost));
            }
        }
        Ok(tops)
    }

    pub(super) async fn top_of(
        &self,
        run: &Run,
        scope: &Scope,
        name: &str,
        n: usize,
        measured: &Measured,
    ) -> Result<(Top, Cost)> {
        let source = Source::named(name)?;
        let summary = match Dimension::of_field(name) {
            Some(dimension) => {
                Box::pin(self.summary(run, scope, measured, dimension)).await?.map(|found| (dimension, found))
            }
            None => None,
        };
        let plan = |parts: Vec<Part>| {
            let rows = self.flows_in(run, parts)?.filter(lower::scope(scope));
            let key = field(name)?;
            planned(rows.and_then(|rows| group(rows, &[key], &[Figure::from(measured)])?.build()))
        };
        let Some((dimension, mut summary)) = summary else {
            let parts = Box::pin(self.parts(run, scope)).await?;
            return match self.counted(run, &parts, scope, measured, vec![source]).await? {
                Some(counted) => Ok((top_of_counted(&counted, n), counted.cost)),
                None => greatest(run, plan(parts)?, n).await,
            };
        };
        let mut cost = Cost { rows: 0, files: summary.files };
        let rest = std::mem::take(&mut summary.rest);
        if !rest.is_empty() {
            match self.counted(run, &rest, scope, measured, vec![source]).await? {
                Some(counted) => {
                    counted.for_each(|keys, count| summary.counts.add(&Key::of(&keys[0], dimension), count));
                    cost += counted.cost;
                }
                None => cost += add_rows(run, plan(rest)?, dimension, &mut summary.counts).await?,
            }
        }
        Ok((greatest_of(&summary.counts, n), cost))
    }
}

/// Adds the (value, count) rows of a plan to what indexes told.
async fn add_rows(
    run: &Run,
    plan: datafusion::logical_expr::LogicalPlan,
    dimension: Dimension<'_>,
    told: &mut Counts,
) -> Result<Cost> {
    let physical = run.plan(&plan).await?;
    let mut stream = run.stream(&physical)?;
    while let Some(batch) = stream.next().await {
        let batch: RecordBatch = batch?;
        let (values, counts) = (Values::column(&batch, 0)?, Values::column(&batch, 1)?);
        for row in 0..batch.num_rows() {
            let count = counts.number(row);
            if count > 0 {
                told.add(&Key::of(&values.value(row), dimension), count);
            }
        }
    }
    Ok(cost_of(&physical))
}

/// The greatest of what our own scan counted.
fn top_of_counted(counted: &Tallied, n: usize) -> Top {
    let (total, distinct) = counted.total();
    let values = counted
        .greatest(n)
        .into_iter()
        .filter_map(|(mut keys, count)| keys.pop().map(|value| TopValue { value, count }));
    Top { values: values.collect(), total, distinct }
}

/// The greatest counts that indexes tell; ties by value.
fn greatest_of(counts: &Counts, n: usize) -> Top {
    let (total, distinct) = counts.total();
    let ranked = counts.greatest(n).into_iter().map(|(value, count)| Ranked { count, value });
    let mut ranked: Vec<Ranked> = ranked.collect();
    ranked.sort_by(|a, b| b.cmp(a));
    ranked.truncate(n);
    let values =
        ranked.into_iter().map(|ranked| TopValue { value: ranked.value, count: ranked.count }).collect();
    Top { values, total, distinct }
}

/// Runs a plan of (value, count) rows and keeps the greatest counts; ties by value. Groups that count 0 are none.
async fn greatest(run: &Run, plan: datafusion::logical_expr::LogicalPlan, n: usize) -> Result<(Top, Cost)> {
    let physical = run.plan(&plan).await?;
    let mut stream = run.stream(&physical)?;
    let mut heap: BinaryHeap<Reverse<Ranked>> = BinaryHeap::new();
    let (mut total, mut distinct) = (0_u64, 0_u64);
    while let Some(batch) = stream.next().await {
        let batch: RecordBatch = batch?;
        let (values, counts) = (Values::column(&batch, 0)?, Values::column(&batch, 1)?);
        for row in 0..batch.num_rows() {
            let count = counts.number(row);
            if count == 0 {
                continue;
            }
            total = total.saturating_add(count);
            distinct += 1;
            if heap.len() == n && heap.peek().is_none_or(|Reverse(least)| count < least.count) {
                continue;
            }
            heap.push(Reverse(Ranked { count, value: values.value(row) }));
            if heap.len() > n {
                heap.pop();
            }
        }
    }
    let mut ranked: Vec<Ranked> = heap.into_iter().map(|Reverse(ranked)| ranked).collect();
    ranked.sort_by(|a, b| b.cmp(a));
    let values =
        ranked.into_iter().map(|ranked| TopValue { value: ranked.value, count: ranked.count }).collect();
    Ok((Top { values, total, distinct }, cost_of(&physical)))
}

/// A value with its count; greater is earlier in a list.
#[derive(Debug, PartialEq)]
struct Ranked {
    count: u64,
    value: Value,
}

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.count.cmp(&other.count).then_with(|| compare(&other.value, &self.value))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Orders values of one column.
pub(super) fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)
}
