//! Counting: one number, and values for completion.

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;
use flowglass_query::{Match, Query};

use super::aggregate::{Figure, Values, group};
use super::engine::{Cost, Run};
use super::lower;
use super::measure::{Measured, measured};
use super::narrow::Part;
use super::reader::{Reader, files_table, planned};
use super::source::Source;
use super::summary::Dimension;
use super::tally::{Grouping, Question, Tallied};
use super::top::greatest;
use crate::answer::{CountAnswer, Limits, Measure, Range, Scope, ValueCount, ValuesAnswer};
use crate::error::Result;

/// Rows that completion of values looks at, newest files first.
const COMPLETION_ROWS: u64 = 4_000_000;

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
        let key = Source::named(name)?.expr()?;
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
        let parts = Box::pin(self.parts(run, scope)).await?;
        let summary = Box::pin(self.summary(run, &parts, scope, measured, Dimension::Whole)).await?;
        let (told, files, parts) = match summary {
            Some(summary) => (summary.counts.total().0, summary.files, summary.rest),
            None => (0, 0, parts),
        };
        let mut cost = Cost { rows: 0, files };
        if parts.is_empty() {
            return Ok((told, cost));
        }
        if let Some(counted) = self.counted(run, &parts, scope, measured, vec![vec![]]).await? {
            counted.iter().for_each(|counted| cost += counted.cost);
            let counted = counted.iter().map(|counted| counted.total().0);
            return Ok((counted.fold(told, u64::saturating_add), cost));
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

    /// A measure of some parts by some lists of keys, as our own scan counts it; none if it does not.
    pub(super) async fn counted(
        &self,
        run: &Run,
        parts: &[Part],
        scope: &Scope,
        measured: &Measured,
        keys: Vec<Vec<Source>>,
    ) -> Result<Option<Vec<Tallied>>> {
        let Some(asked) = measured.asked() else { return Ok(None) };
        let groupings = keys.into_iter().map(|keys| Grouping::by(keys, vec![asked.clone()]));
        let question = Question::of(scope, groupings.collect());
        Box::pin(self.tally(run, parts, &question)).await
    }
}
