//! The greatest values of fields.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use arrow::record_batch::RecordBatch;
use datafusion::logical_expr::LogicalPlan;
use futures::StreamExt;

use super::aggregate::{Figure, Values, group};
use super::counts::{Counts, Key};
use super::engine::{Cost, Run, cost_of};
use super::lower;
use super::measure::{Measured, default_measure, measured};
use super::narrow::Part;
use super::reader::{Reader, planned};
use super::source::Source;
use super::summary::{Dimension, Summary};
use super::tally::Tallied;
use crate::answer::{Facet, FacetsAnswer, Limits, Measure, Scope, TopAnswer, TopValue, Value};
use crate::error::Result;

/// The greatest values of a field, and how much there is in all.
#[derive(Default)]
pub(super) struct Top {
    pub(super) values: Vec<TopValue>,
    pub(super) total: u64,
    pub(super) distinct: u64,
}

impl Reader {
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
        let parts = Box::pin(self.parts(&run, scope)).await?;
        let n = n.min(limits.max_rows);
        let (top, cost) = Box::pin(self.top_of(&run, &parts, scope, name, n, &measured)).await?;
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
        let parts = Box::pin(self.parts(&run, scope)).await?;
        let n = n.min(limits.max_rows);
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let (tops, cost) = Box::pin(self.tops(&run, &parts, scope, &fields, n, &measured)).await?;
        let facet = |(name, Top { values, total, distinct }): (&str, Top)| Facet {
            field: name.to_owned(),
            values,
            total,
            distinct,
        };
        let facets = fields.into_iter().zip(tops).map(facet).collect();
        Ok(FacetsAnswer { meta: self.meta(&run, scope, &measured, cost), facets })
    }

    /// The greatest values of a field among the rows of a scope in some parts of the lake.
    ///
    /// # Errors
    /// As for [`Reader::top`].
    pub(super) async fn top_of(
        &self,
        run: &Run,
        parts: &[Part],
        scope: &Scope,
        name: &str,
        n: usize,
        measured: &Measured,
    ) -> Result<(Top, Cost)> {
        let (mut tops, cost) = Box::pin(self.tops(run, parts, scope, &[name], n, measured)).await?;
        Ok((tops.pop().unwrap_or_default(), cost))
    }

    /// The greatest values of some fields, in their order.
    async fn tops(
        &self,
        run: &Run,
        parts: &[Part],
        scope: &Scope,
        fields: &[&str],
        n: usize,
        measured: &Measured,
    ) -> Result<(Vec<Top>, Cost)> {
        let sources = fields.iter().map(|name| Source::named(name)).collect::<Result<Vec<_>>>()?;
        let mut tops: Vec<Top> = fields.iter().map(|_| Top::default()).collect();
        let mut cost = Cost::default();
        // The same files tell of several fields.
        let mut spent = |more: Cost| {
            cost.rows += more.rows;
            cost.files = cost.files.max(more.files);
        };
        // What indexes do not tell is counted in one go.
        let mut untold = Vec::new();
        for (place, (name, source)) in fields.iter().zip(&sources).enumerate() {
            let told = match Dimension::of_field(name) {
                Some(dimension) => {
                    let told = Box::pin(self.told(run, parts, scope, measured, dimension, source)).await?;
                    told.map(|(counts, cost)| (greatest_of(&counts, n), cost))
                }
                None => None,
            };
            match told {
                Some((top, more)) => {
                    tops[place] = top;
                    spent(more);
                }
                None => untold.push(place),
            }
        }
        if untold.is_empty() {
            return Ok((tops, cost));
        }
        let keys = untold.iter().map(|place| vec![sources[*place].clone()]).collect();
        if let Some(counted) = self.counted(run, parts, scope, measured, keys).await? {
            counted.first().into_iter().for_each(|first| spent(first.cost));
            for (place, counted) in untold.into_iter().zip(counted) {
                tops[place] = top_of_counted(&counted, n);
            }
            return Ok((tops, cost));
        }
        // One of the fields, or the measure, is not for our own scan.
        for place in untold {
            let source = &sources[place];
            let alone = vec![vec![source.clone()]];
            let (top, more) = match self.counted(run, parts, scope, measured, alone).await? {
                Some(counted) if counted.len() == 1 => (top_of_counted(&counted[0], n), counted[0].cost),
                _ => greatest(run, self.plan_of(run, parts, scope, measured, source)?, n).await?,
            };
            tops[place] = top;
            spent(more);
        }
        Ok((tops, cost))
    }

    /// Counts by value of a field whose values indexes tell, the rest of the parts counted; none if they tell nothing.
    async fn told(
        &self,
        run: &Run,
        parts: &[Part],
        scope: &Scope,
        measured: &Measured,
        dimension: Dimension<'_>,
        source: &Source,
    ) -> Result<Option<(Counts, Cost)>> {
        let summary = Box::pin(self.summary(run, parts, scope, measured, dimension)).await?;
        let Some(Summary { mut counts, rest, files, .. }) = summary else { return Ok(None) };
        let mut cost = Cost { rows: 0, files };
        if !rest.is_empty() {
            let alone = vec![vec![source.clone()]];
            match self.counted(run, &rest, scope, measured, alone).await? {
                Some(counted) => {
                    for counted in counted {
                        counted.for_each(|keys, count| counts.add(&Key::of(&keys[0], dimension), count));
                        cost += counted.cost;
                    }
                }
                None => {
                    let plan = self.plan_of(run, &rest, scope, measured, source)?;
                    cost += add_rows(run, plan, dimension, &mut counts).await?;
                }
            }
        }
        Ok(Some((counts, cost)))
    }

    /// A plan of the (value, count) rows of a field.
    fn plan_of(
        &self,
        run: &Run,
        parts: &[Part],
        scope: &Scope,
        measured: &Measured,
        source: &Source,
    ) -> Result<LogicalPlan> {
        let rows = self.flows_in(run, parts.to_vec())?.filter(lower::scope(scope));
        let key = source.expr()?;
        planned(rows.and_then(|rows| group(rows, &[key], &[Figure::from(measured)])?.build()))
    }
}

/// Adds the (value, count) rows of a plan to what indexes told.
async fn add_rows(run: &Run, plan: LogicalPlan, dimension: Dimension<'_>, told: &mut Counts) -> Result<Cost> {
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
pub(super) async fn greatest(run: &Run, plan: LogicalPlan, n: usize) -> Result<(Top, Cost)> {
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
