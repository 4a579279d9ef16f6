//! Groups: several keys, several aggregates, and a comparison with an earlier range.

use std::collections::HashMap;

use datafusion::functions_aggregate::expr_fn::{approx_percentile_cont, avg, count_distinct, max, min};
use datafusion::logical_expr::{Expr, col, lit};
use flowglass_flow::catalogue;
use flowglass_query::Tree;

use super::aggregate::{Figure, Values, group, number_field};
use super::buckets::Buckets;
use super::engine::{Cost, Run};
use super::lower;
use super::measure::{Measured, default_measure, measured, sums_fit, total};
use super::reader::{Reader, planned};
use super::source::Source;
use super::tally::{Asked, Grouping, Question, Wanted};
use crate::answer::{
    Aggregate, Comparison, GroupAnswer, GroupKey, GroupOptions, GroupRow, Measure, OrderBy, Range, Scope,
    Value,
};
use crate::error::{LakeError, Result};

/// Groups where no number is asked for.
const GROUPS: usize = 100;
/// Groups of an earlier range that are looked through for a comparison.
const COMPARED: usize = 200_000;

/// Groups as they come from a plan.
struct Groups {
    rows: Vec<(Vec<Value>, Vec<Value>)>,
    cost: Cost,
}

impl Reader {
    /// Returns the groups of a scope with their aggregates.
    ///
    /// # Errors
    /// [`LakeError::BadRequest`] for an unknown field, an aggregate that the field does not have, or a comparison
    /// without a range.
    pub async fn group(&self, scope: &Scope, options: &GroupOptions) -> Result<GroupAnswer> {
        let run = self.start(options.limits).await?;
        let mut warnings = Vec::new();
        let has_time = options.keys.iter().any(|key| matches!(key, GroupKey::Time(_)));
        let scope = &if has_time { self.closed(&run, scope, &mut warnings) } else { scope.clone() };
        let fields: Vec<&str> = options
            .keys
            .iter()
            .filter_map(|key| match key {
                GroupKey::Field(name) => Some(name.as_str()),
                GroupKey::Time(_) => None,
            })
            .collect();
        let default = default_measure(scope, &fields);
        let aggregates = match options.aggregates.as_slice() {
            [] => vec![Aggregate::Measure(default)],
            some => some.to_vec(),
        };
        let first = aggregates.iter().find_map(|aggregate| match aggregate {
            Aggregate::Measure(measure) => Some(*measure),
            _ => None,
        });
        let named = measured(first.unwrap_or(Measure::Records), scope, &run.view);
        let limit = options.limit.unwrap_or(GROUPS).min(options.limits.max_rows);
        let mut found = self.groups(&run, scope, options, &aggregates, limit.saturating_add(1), &[]).await?;
        let truncated = found.rows.len() > limit;
        found.rows.truncate(limit);
        let (compared, previous) = match options.compare {
            None => (None, None),
            Some(comparison) => {
                let range = earlier(scope.range, comparison)?;
                let before = Scope { range, ..scope.clone() };
                let narrowing = narrowing(options, &found.rows)?;
                let previous = self.groups(&run, &before, options, &aggregates, COMPARED, &narrowing).await?;
                found.cost.rows += previous.cost.rows;
                (Some(range), Some(by_key(previous.rows, options, before.range, scope.range)))
            }
        };
        let rows = found.rows.into_iter().map(|(keys, values)| {
            let previous = previous.as_ref().map(|previous: &HashMap<String, Vec<Value>>| {
                previous.get(&key_of(&keys)).cloned().unwrap_or_else(|| vec![Value::Null; values.len()])
            });
            GroupRow { keys, values, previous }
        });
        let rows: Vec<GroupRow> = rows.collect();
        let mut meta = self.meta(&run, scope, &named, found.cost);
        meta.warnings.append(&mut warnings);
        let nearest =
            if rows.is_empty() { Box::pin(self.nearest(&run, scope, &mut meta)).await? } else { None };
        meta.elapsed_ms = run.elapsed_ms();
        Ok(GroupAnswer {
            meta,
            keys: options.keys.iter().map(key_name).collect(),
            aggregates: aggregates.iter().map(Aggregate::name).collect(),
            rows,
            truncated,
            compared,
            nearest,
        })
    }

    async fn groups(
        &self,
        run: &Run,
        scope: &Scope,
        options: &GroupOptions,
        aggregates: &[Aggregate],
        limit: usize,
        narrowing: &[Tree],
    ) -> Result<Groups> {
        let mut keys = Vec::with_capacity(options.keys.len());
        for key in &options.keys {
            keys.push(match key {
                GroupKey::Field(name) => Source::named(name)?,
                GroupKey::Time(bucket) => {
                    let (from, to) = (scope.range.from.unwrap_or(0), scope.range.to.unwrap_or(0));
                    Source::Bucket(Buckets::new(from, to, *bucket, options.time_zone.as_deref())?)
                }
            });
        }
        let figures =
            aggregates.iter().map(|aggregate| figure(aggregate, scope, run)).collect::<Result<Vec<_>>>()?;
        let order = match options.order {
            OrderBy::FirstAggregate => Some((0, true)),
            OrderBy::Aggregate { index, descending } if index < figures.len() => Some((index, descending)),
            OrderBy::Aggregate { index, .. } => {
                return Err(LakeError::BadRequest {
                    reason: format!("there is no aggregate number {index} to sort by"),
                    hint: Some("count the aggregates from 0".to_owned()),
                });
            }
            OrderBy::Keys => None,
        };
        let parts = Box::pin(self.parts(run, scope)).await?;
        if let Some(asked) = figures.iter().map(Counted::asked).collect::<Option<Vec<_>>>() {
            let mut question = Question::of(scope, vec![Grouping::by(keys.clone(), asked)]);
            question.filter = Tree::and([question.filter].into_iter().chain(narrowing.iter().cloned()));
            if let Some(tallied) = Box::pin(self.tally(run, &parts, &question)).await?
                && let [counted] = tallied.as_slice()
            {
                return Ok(Groups { rows: counted.first(order, limit), cost: counted.cost });
            }
        }
        let exprs = keys.iter().map(Source::expr).collect::<Result<Vec<_>>>()?;
        let figures: Vec<Figure> = figures.into_iter().map(Counted::planned).collect();
        let by_value = order.map(|(at, descending)| col(format!("v{at}")).sort(!descending, false));
        let by_key = (0..keys.len()).map(|at| col(format!("k{at}")).sort(true, false));
        let sort: Vec<_> = by_value.into_iter().chain(by_key).collect();
        let narrowing = narrowing.iter().map(lower::tree);
        let condition = lower::all(std::iter::once(lower::scope(scope)).chain(narrowing));
        let plan = self
            .flows_in(run, parts)?
            .filter(condition)
            .and_then(|rows| group(rows, &exprs, &figures)?.sort_with_limit(sort, Some(limit))?.build());
        let found = run.collect(planned(plan)?).await?;
        let mut rows: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
        for batch in &found.batches {
            let columns =
                (0..batch.num_columns()).map(|at| Values::column(batch, at)).collect::<Result<Vec<_>>>()?;
            let (read, values) = columns.split_at(keys.len());
            for row in 0..batch.num_rows() {
                let key = |(column, source): (&Values, &Source)| match (column.value(row), source) {
                    (Value::Integer(at), Source::Bucket(buckets)) => buckets.start(at),
                    (value, _) => value,
                };
                let keys = read.iter().zip(&keys).map(key).collect();
                rows.push((keys, values.iter().map(|column| column.value(row)).collect()));
            }
        }
        // Without keys there is one group even of no rows; it says nothing.
        if keys.is_empty() && found.cost.rows == 0 && rows.iter().all(|(_, values)| is_nothing(values)) {
            rows.clear();
        }
        Ok(Groups { rows, cost: found.cost })
    }
}

fn is_nothing(values: &[Value]) -> bool {
    values.iter().all(|value| matches!(value, Value::Null | Value::Integer(0)))
}

/// An aggregate of the rows that satisfy a filter: as a plan has it, and as our own scan has it if that does it.
struct Counted {
    filter: Tree,
    parts: Vec<Expr>,
    zero: bool,
    wanted: Option<Wanted>,
}

impl Counted {
    fn asked(&self) -> Option<Asked> {
        Some(Asked { filter: self.filter.clone(), of: self.wanted.clone()? })
    }

    fn planned(self) -> Figure {
        Figure { filter: lower::tree(&self.filter), parts: self.parts, zero: self.zero }
    }
}

fn figure(aggregate: &Aggregate, scope: &Scope, run: &Run) -> Result<Counted> {
    let of = |measure: Measure| -> Measured { measured(measure, scope, &run.view) };
    let records = || of(Measure::Records).filter;
    // Byte and packet counters count once what both ends report, as the volume measures do.
    let counted = |name: &str| match name {
        _ if name.contains("bytes_") || name.contains("packets_") => of(Measure::Bytes).filter,
        _ => Tree::Everything,
    };
    let one = |filter: Tree, part: Expr, wanted: Option<Wanted>| Counted {
        filter,
        parts: vec![part],
        zero: false,
        wanted,
    };
    let bound = |name: &str, wanted: fn(&'static str) -> Wanted| {
        catalogue::find(name).map(|field| wanted(field.name))
    };
    Ok(match aggregate {
        Aggregate::Measure(measure) => {
            let measured = of(*measure);
            let wanted = measured.amount.wanted();
            Counted { filter: measured.filter, parts: measured.amount.parts(), zero: true, wanted }
        }
        Aggregate::Sum(name) => {
            let name = number_field(name)?;
            let wide = !sums_fit(&run.view, &[name]);
            let filter = Tree::and([records(), counted(name)]);
            Counted { zero: true, ..one(filter, total(name, wide), Some(Wanted::Sum(vec![name]))) }
        }
        Aggregate::Avg(name) => {
            let name = number_field(name)?;
            one(Tree::and([records(), counted(name)]), avg(col(name)), Some(Wanted::Mean(name)))
        }
        Aggregate::Percentile(name, p) => {
            let name = number_field(name)?;
            if !(0.0..=100.0).contains(p) {
                return Err(LakeError::BadRequest {
                    reason: format!("{p} is no percentile"),
                    hint: Some("use a number from 0 to 100".to_owned()),
                });
            }
            let value = datafusion::logical_expr::cast(col(name), arrow::datatypes::DataType::Float64);
            one(records(), approx_percentile_cont(value.sort(true, false), lit(p / 100.0), None), None)
        }
        Aggregate::Distinct(name) => {
            let source = Source::named(name)?;
            let distinct = count_distinct(source.expr()?);
            Counted { zero: true, ..one(records(), distinct, Some(Wanted::Distinct(source))) }
        }
        Aggregate::Min(name) => one(records(), min(Source::named(name)?.expr()?), bound(name, Wanted::Least)),
        Aggregate::Max(name) => {
            one(records(), max(Source::named(name)?.expr()?), bound(name, Wanted::Greatest))
        }
    })
}

fn key_name(key: &GroupKey) -> String {
    match key {
        GroupKey::Field(name) => name.clone(),
        GroupKey::Time(_) => "time".to_owned(),
    }
}

fn earlier(range: Range, comparison: Comparison) -> Result<Range> {
    let (Some(from), Some(to)) = (range.from, range.to) else {
        return Err(LakeError::BadRequest {
            reason: "a comparison needs a range with both bounds".to_owned(),
            hint: Some("give a start and an end".to_owned()),
        });
    };
    let back = match comparison {
        Comparison::PreviousPeriod => to.saturating_sub(from),
        Comparison::Earlier(by) => i64::try_from(by.as_micros()).unwrap_or(i64::MAX),
    };
    Ok(Range::new(from.saturating_sub(back), to.saturating_sub(back)))
}

/// Conditions that leave only rows which can be in one of the groups: for each key its values.
fn narrowing(options: &GroupOptions, rows: &[(Vec<Value>, Vec<Value>)]) -> Result<Vec<Tree>> {
    let mut conditions = Vec::new();
    for (at, key) in options.keys.iter().enumerate() {
        let GroupKey::Field(name) = key else { continue };
        let values = rows.iter().map(|(keys, _)| &keys[at]);
        conditions.extend(Source::named(name)?.one_of(values));
    }
    Ok(conditions)
}

/// Groups by key; time keys are moved to the compared range, so that a bucket meets its counterpart.
fn by_key(
    rows: Vec<(Vec<Value>, Vec<Value>)>,
    options: &GroupOptions,
    before: Range,
    now: Range,
) -> HashMap<String, Vec<Value>> {
    let shift = now.from.unwrap_or(0).saturating_sub(before.from.unwrap_or(0));
    let moved = |(mut keys, values): (Vec<Value>, Vec<Value>)| {
        for (value, key) in keys.iter_mut().zip(&options.keys) {
            if let (Value::Time(instant), GroupKey::Time(_)) = (&mut *value, key) {
                instant.0 = instant.0.saturating_add(shift);
            }
        }
        (key_of(&keys), values)
    };
    rows.into_iter().map(moved).collect()
}

fn key_of(keys: &[Value]) -> String {
    // Debug tells a null from an empty text and a number from its digits.
    format!("{keys:?}")
}
