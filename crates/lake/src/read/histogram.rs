//! Charts over time.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, cast, lit, when};
use flowglass_flow::{Kind, catalogue};

use super::aggregate::{Figure, Values, group};
use super::buckets::Buckets;

use super::counts::Key;
use super::engine::{Cost, Run};
use super::lower;
use super::measure::{Measured, default_measure, measured, queries};
use super::narrow::Part;
use super::reader::{Reader, planned};
use super::source::Source;
use super::summary::{ClassColumn, Dimension};
use super::tally::{Grouping, Question};
use super::top::{Top, compare};
use crate::answer::{BucketCount, HistogramAnswer, HistogramOptions, Instant, Range, Scope, Series, Value};
use crate::coverage::CoverageQuestion;
use crate::error::{LakeError, Result};
use crate::index::MINUTE;

/// Series of a split chart; the rest is summed up.
const SERIES: usize = 10;

impl Reader {
    /// Returns a chart over time. An open range is that of the windows the lake holds.
    ///
    /// # Errors
    /// [`crate::LakeError::BadRequest`] for an unknown field or time zone, or too many buckets.
    pub async fn histogram(&self, scope: &Scope, options: &HistogramOptions) -> Result<HistogramAnswer> {
        let run = self.start(options.limits).await?;
        let mut warnings = Vec::new();
        let scope = self.closed(&run, scope, &mut warnings);
        let split = options.split.as_deref();
        let splits: Vec<&str> = split.into_iter().collect();
        let measured =
            measured(options.measure.unwrap_or_else(|| default_measure(&scope, &splits)), &scope, &run.view);
        let (from, to) = (scope.range.from.unwrap_or(0), scope.range.to.unwrap_or(0));
        let buckets = Buckets::new(from, to, options.bucket, options.time_zone.as_deref())?;
        let (series, cost) = match split {
            None => Box::pin(self.plain(&run, &scope, &measured, &buckets)).await?,
            Some(name) => Box::pin(self.split(&run, &scope, &measured, &buckets, name)).await?,
        };
        let mut meta = self.meta(&run, &scope, &measured, cost);
        meta.warnings.append(&mut warnings);
        let nothing = series.iter().all(|series| series.total == 0);
        let nearest = if nothing { Box::pin(self.nearest(&run, &scope, &mut meta)).await? } else { None };
        meta.elapsed_ms = run.elapsed_ms();
        Ok(HistogramAnswer {
            meta,
            bucket_seconds: (buckets.width / flowglass_flow::time::SECOND).unsigned_abs(),
            split: options.split.clone(),
            series,
            nearest,
        })
    }

    /// A scope with both bounds: an open one is that of the windows held.
    pub(super) fn closed(&self, run: &Run, scope: &Scope, warnings: &mut Vec<String>) -> Scope {
        if scope.range.from.is_some() && scope.range.to.is_some() {
            return scope.clone();
        }
        let files = run.view.flows.state.files.values();
        let times = files.filter_map(|file| file.stats.integer_bounds("time"));
        let times = times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let held = run.view.coverage.held().or(times.map(|(from, to)| (from, to.saturating_add(1))));
        let (from, to) = held.unwrap_or((0, 0));
        let range = Range::new(
            scope.range.from.unwrap_or(from.min(scope.range.to.unwrap_or(from))),
            scope.range.to.unwrap_or(to.max(scope.range.from.unwrap_or(to))),
        );
        let outside = times.is_some_and(|(first, last)| {
            (scope.range.from.is_none() && first < from) || (scope.range.to.is_none() && last >= to)
        });
        if outside && held != times {
            warnings.push(format!(
                "rows with times outside {} to {} are not charted: give a range to see them",
                Instant(from),
                Instant(to)
            ));
        }
        Scope { range, ..scope.clone() }
    }

    async fn plain(
        &self,
        run: &Run,
        scope: &Scope,
        measured: &Measured,
        buckets: &Buckets,
    ) -> Result<(Vec<Series>, Cost)> {
        let parts = Box::pin(self.parts(run, scope)).await?;
        let (counts, cost) = match Box::pin(self.minutes(run, &parts, scope, measured, buckets, None)).await?
        {
            Some((counts, cost)) => (counts.into_values().next(), cost),
            None => {
                let (counts, cost) = self.bucket_counts(run, parts, scope, measured, buckets, None).await?;
                (counts.into_values().next(), cost)
            }
        };
        let fractions = fractions(run, scope, buckets);
        let counts = counts.unwrap_or_else(|| vec![0; buckets.len()]);
        Ok((vec![series(Value::Null, false, &counts, buckets, &fractions)], cost))
    }

    async fn split(
        &self,
        run: &Run,
        scope: &Scope,
        measured: &Measured,
        buckets: &Buckets,
        name: &str,
    ) -> Result<(Vec<Series>, Cost)> {
        if catalogue::find(name).is_some_and(|field| field.kind == Kind::Time) {
            return Err(LakeError::BadRequest {
                reason: format!("a chart cannot be split by the instants of {name}"),
                hint: Some("split by another field; the buckets are the time".to_owned()),
            });
        }
        let parts = Box::pin(self.parts(run, scope)).await?;
        if let Some(column) = ClassColumn::named(name)
            && let Some((counts, cost)) =
                Box::pin(self.minutes(run, &parts, scope, measured, buckets, Some(column))).await?
        {
            return Ok((by_value(run, scope, buckets, counts), cost));
        }
        let (top, mut cost) = Box::pin(self.top_of(run, &parts, scope, name, SERIES, measured)).await?;
        let Top { values, distinct, .. } = top;
        let listed: Vec<Value> =
            values.iter().map(|top| top.value.clone()).filter(|value| *value != Value::Null).collect();
        let split = Some(Split { name, listed: Some(&listed) });
        let (counts, more) = self.bucket_counts(run, parts, scope, measured, buckets, split).await?;
        cost.rows += more.rows;
        let fractions = fractions(run, scope, buckets);
        let none = vec![0; buckets.len()];
        let mut all: Vec<Series> = values
            .iter()
            .map(|top| {
                let key = (top.value != Value::Null).then(|| top.value.to_string());
                let counts = counts.get(&(key, false)).unwrap_or(&none);
                series(top.value.clone(), false, counts, buckets, &fractions)
            })
            .collect();
        let listed_null = values.iter().any(|top| top.value == Value::Null);
        if distinct > values.len() as u64 {
            let mut rest = counts.get(&(None, true)).unwrap_or(&none).clone();
            if !listed_null {
                add_line(&mut rest, counts.get(&(None, false)).unwrap_or(&none));
            }
            all.push(series(Value::Null, true, &rest, buckets, &fractions));
        }
        Ok((all, cost))
    }

    /// Counts per bucket and value of a column that classes tell, from indexes as far as they go; none if they do not.
    async fn minutes(
        &self,
        run: &Run,
        parts: &[Part],
        scope: &Scope,
        measured: &Measured,
        buckets: &Buckets,
        split: Option<ClassColumn>,
    ) -> Result<Option<(ByValue, Cost)>> {
        if buckets.bounds.iter().any(|bound| bound % MINUTE != 0) {
            return Ok(None);
        }
        let dimension = Dimension::Minute(split, buckets);
        let Some(summary) = Box::pin(self.summary(run, parts, scope, measured, dimension)).await? else {
            return Ok(None);
        };
        let mut cost = Cost { rows: 0, files: summary.files };
        let text = |key: Key| match key {
            Key::Text(text) => Some(text.to_string()),
            _ => None,
        };
        let mut counts: ByValue =
            summary.lines.into_iter().map(|(key, counts)| (text(key), counts)).collect();
        if !summary.rest.is_empty() {
            let column = match split {
                None => None,
                Some(ClassColumn::Action) => Some("action"),
                Some(ClassColumn::Direction) => Some("direction"),
            };
            let split = column.map(|name| Split { name, listed: None });
            let (found, more) =
                self.bucket_counts(run, summary.rest, scope, measured, buckets, split).await?;
            for ((key, _), found) in found {
                add_line(counts.entry(key).or_insert_with(|| vec![0; buckets.len()]), &found);
            }
            cost += more;
        }
        Ok(Some((counts, cost)))
    }

    /// Counts per bucket, for every (split value, is another) pair.
    async fn bucket_counts(
        &self,
        run: &Run,
        parts: Vec<Part>,
        scope: &Scope,
        measured: &Measured,
        buckets: &Buckets,
        split: Option<Split<'_>>,
    ) -> Result<(SplitCounts, Cost)> {
        let mut counts = SplitCounts::new();
        let mut add = |key, bucket: usize, count: u64| {
            let line = counts.entry(key).or_insert_with(|| vec![0_u64; buckets.len()]);
            if let Some(sum) = line.get_mut(bucket) {
                *sum = sum.saturating_add(count);
            }
        };
        if let Some(asked) = measured.asked() {
            let mut keys = vec![Source::Bucket(buckets.clone())];
            keys.extend(split.map(|split| Source::named(split.name)).transpose()?);
            let listed = split.and_then(|split| split.listed);
            let grouping = Grouping { keys, listed: listed.map(<[Value]>::to_vec), figures: vec![asked] };
            let question = Question::of(scope, vec![grouping]);
            if let Some(tallied) = Box::pin(self.tally(run, &parts, &question)).await?
                && let [counted] = tallied.as_slice()
            {
                counted.for_each(|keys, count| {
                    let Value::Time(start) = keys[0] else { return };
                    let Ok(bucket) = buckets.bounds.binary_search(&start.0) else { return };
                    let key = match (keys.get(1), listed) {
                        (None | Some(Value::Null), _) => (None, false),
                        (Some(Value::Integer(place)), Some(listed)) => {
                            let value = usize::try_from(*place).ok().and_then(|place| listed.get(place));
                            (value.map(Value::to_string), value.is_none())
                        }
                        (Some(value), _) => (Some(value.to_string()), false),
                    };
                    add(key, bucket, count);
                });
                return Ok((counts, counted.cost));
            }
        }
        let mut keys = vec![buckets.key()];
        if let Some(split) = split {
            keys.extend(split.keys()?);
        }
        let plan = self
            .flows_in(run, parts)?
            .filter(lower::scope(scope))
            .and_then(|rows| group(rows, &keys, &[Figure::from(measured)])?.build());
        let found = run.collect(planned(plan)?).await?;
        for batch in &found.batches {
            let columns =
                (0..batch.num_columns()).map(|at| Values::column(batch, at)).collect::<Result<Vec<_>>>()?;
            let Some((count, keys)) = columns.split_last() else { continue };
            for row in 0..batch.num_rows() {
                let Value::Integer(bucket) = keys[0].value(row) else { continue };
                let value = keys.get(1).and_then(|key| key.text(row)).map(str::to_owned);
                let other = keys.get(2).is_some_and(|other| other.value(row) == Value::Boolean(true));
                let bucket = usize::try_from(bucket).unwrap_or(0);
                add((value, other), bucket, count.number(row));
            }
        }
        Ok((counts, found.cost))
    }
}

/// What a chart is split by: a field, of which only some values are told apart where they are listed.
#[derive(Clone, Copy)]
struct Split<'s> {
    name: &'s str,
    listed: Option<&'s [Value]>,
}

impl Split<'_> {
    /// The keys of a plan: the value, and whether it is another than those listed.
    fn keys(self) -> Result<Vec<Expr>> {
        let field = Source::named(self.name)?.expr()?;
        let Some(listed) = self.listed else { return Ok(vec![field]) };
        // The key's printed form: any type can be compared and given back so.
        let text = cast(field, DataType::Utf8View);
        let in_list =
            text.clone().in_list(listed.iter().map(|value| lit(value.to_string())).collect(), false);
        let key = planned(when(in_list.clone(), text.clone()).end())?;
        let other = lower::all([text.is_not_null(), Expr::IsNotTrue(Box::new(in_list))]);
        Ok(vec![key, other])
    }
}

/// Counts per bucket, by (split value, is another).
type SplitCounts = BTreeMap<(Option<String>, bool), Vec<u64>>;

/// Counts per bucket, by the value of a column.
type ByValue = BTreeMap<Option<String>, Vec<u64>>;

/// Adds counts per bucket to others.
fn add_line(sums: &mut [u64], more: &[u64]) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.saturating_add(*more));
}

/// The series of a split by a column of few values, the greatest first.
fn by_value(run: &Run, scope: &Scope, buckets: &Buckets, counts: ByValue) -> Vec<Series> {
    let fractions = fractions(run, scope, buckets);
    let mut all: Vec<Series> = counts
        .into_iter()
        .map(|(key, counts)| {
            series(key.map_or(Value::Null, Value::Text), false, &counts, buckets, &fractions)
        })
        .filter(|series| series.total > 0)
        .collect();
    all.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| compare(&a.key, &b.key)));
    if all.len() > SERIES {
        let rest = all.split_off(SERIES);
        let mut sums = vec![0; buckets.len()];
        for series in rest {
            add_line(&mut sums, &series.buckets.iter().map(|bucket| bucket.value).collect::<Vec<_>>());
        }
        all.push(series(Value::Null, true, &sums, buckets, &fractions));
    }
    all
}

fn fractions(run: &Run, scope: &Scope, buckets: &Buckets) -> Vec<Option<f64>> {
    let vnics = run.view.coverage.asked(queries(scope));
    let question = CoverageQuestion {
        range: scope.range,
        vnics: vnics.as_ref(),
        now: flowglass_flow::time::now(),
        unread: &run.view.unread,
    };
    // The first and last bucket may reach beyond the range: only its part inside is asked about.
    let mut bounds = buckets.bounds.to_vec();
    let last = bounds.len() - 1;
    bounds[0] = bounds[0].max(scope.range.from.unwrap_or(i64::MIN)).min(bounds[1]);
    bounds[last] = bounds[last].min(scope.range.to.unwrap_or(i64::MAX)).max(bounds[last - 1]);
    run.view.coverage.fractions(&question, &bounds)
}

fn series(key: Value, other: bool, counts: &[u64], buckets: &Buckets, fractions: &[Option<f64>]) -> Series {
    let total = counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    let bucket = |((start, value), coverage): ((&i64, &u64), &Option<f64>)| BucketCount {
        start: Instant(*start),
        value: *value,
        coverage: *coverage,
    };
    let buckets = buckets.bounds.iter().zip(counts).zip(fractions).map(bucket).collect();
    Series { key, other, total, buckets }
}
