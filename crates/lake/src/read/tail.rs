//! New rows in commit order, and what the lake holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{LogicalPlanBuilder, col, lit};
use flowglass_query::Query;

use super::aggregate::{Figure, Values, group};
use super::cursor::Order;
use super::lower;
use super::reader::{Reader, files_table, planned};
use crate::answer::{AddedRows, Instant, LakeStats, Limits, OutcomeCount};
use crate::delta::DataFile;
use crate::error::Result;

impl Reader {
    /// Returns the rows that the commits after version `after`, up to and with `upto`, added: commit by commit, oldest
    /// row first within one. Compaction adds none. Of more than `limit` rows the newest commits' are returned and the
    /// others counted.
    ///
    /// # Errors
    /// If the lake cannot be read, or the versions' files are gone.
    pub async fn added(
        &self,
        after: u64,
        upto: u64,
        filter: Option<&Query>,
        limit: usize,
    ) -> Result<AddedRows> {
        let run = self.start(Limits::default()).await?;
        let commits = self.views.added(after, upto).await?;
        let condition = filter.map_or_else(lower::truth, lower::query);
        let mut groups = Vec::new();
        let (mut kept, mut skipped) = (0_usize, 0_u64);
        for commit in commits.into_iter().rev().filter(|commit| !commit.files.is_empty()) {
            let scan = |files: Vec<Arc<DataFile>>| {
                LogicalPlanBuilder::scan("flows", provider_as_source(files_table(&run.view, files)), None)
                    .and_then(|flows| flows.filter(condition.clone()))
            };
            if kept >= limit {
                let figure = Figure { filter: lower::truth(), parts: vec![count(lit(1_i64))], zero: true };
                let plan = planned(scan(commit.files).and_then(|rows| group(rows, &[], &[figure])?.build()))?;
                for batch in &run.collect(plan).await?.batches {
                    let counts = Values::column(batch, 0)?;
                    skipped += (0..batch.num_rows()).map(|row| counts.number(row)).sum::<u64>();
                }
                continue;
            }
            let mut sort = Order::new(&[])?.sort();
            sort[0] = col("time").sort(true, false);
            let plan = planned(scan(commit.files).and_then(|rows| rows.sort(sort)?.build()))?;
            let found = run.collect(plan).await?;
            let rows: usize = found.batches.iter().map(|batch| batch.num_rows()).sum();
            let room = limit - kept;
            let drop = rows.saturating_sub(room);
            skipped += drop as u64;
            kept += rows - drop;
            groups.push(tail(found.batches, drop));
        }
        groups.reverse();
        Ok(AddedRows { rows: groups.into_iter().flatten().collect(), version: upto, skipped })
    }

    /// Returns what the lake holds.
    ///
    /// # Errors
    /// If the lake cannot be read.
    pub async fn stats(&self) -> Result<LakeStats> {
        let run = self.start(Limits::default()).await?;
        let state = &run.view.flows.state;
        let figure = Figure { filter: lower::truth(), parts: vec![count(lit(1_i64))], zero: true };
        let plan =
            self.objects(&run).and_then(|objects| group(objects, &[col("outcome")], &[figure])?.build());
        let found = run.collect(planned(plan)?).await?;
        let mut objects = Vec::new();
        for batch in &found.batches {
            let (outcomes, counts) = (Values::column(batch, 0)?, Values::column(batch, 1)?);
            objects.extend((0..batch.num_rows()).map(|row| OutcomeCount {
                outcome: outcomes.text(row).unwrap_or("unknown").to_owned(),
                objects: counts.number(row),
            }));
        }
        objects.sort_by(|a, b| b.objects.cmp(&a.objects).then_with(|| a.outcome.cmp(&b.outcome)));
        let mut days: BTreeMap<i32, u64> = BTreeMap::new();
        let mut times: Option<(i64, i64)> = None;
        for file in state.files.values() {
            *days.entry(file.day).or_default() += 1;
            if let Some((min, max)) = file.stats.integer_bounds("time") {
                times = Some(times.map_or((min, max), |known| (known.0.min(min), known.1.max(max))));
            }
        }
        let (rows, bytes) = (state.rows(), state.bytes());
        Ok(LakeStats {
            lake_version: state.version,
            rows,
            files: state.files.len() as u64,
            bytes,
            bytes_per_record: if rows == 0 { 0.0 } else { bytes as f64 / rows as f64 },
            days: days.len() as u64,
            most_files_in_a_day: days.values().copied().max().unwrap_or(0),
            oldest: times.map(|times| Instant(times.0)),
            newest: times.map(|times| Instant(times.1)),
            objects,
            vnics: run.view.coverage.vnic_count() as u64,
            last_listed: run.view.coverage.last_listed().map(Instant),
        })
    }
}

/// All but the first rows of some batches.
fn tail(
    batches: Vec<arrow::record_batch::RecordBatch>,
    drop: usize,
) -> Vec<arrow::record_batch::RecordBatch> {
    let mut left = drop;
    let mut kept = Vec::new();
    for batch in batches {
        let skip = left.min(batch.num_rows());
        left -= skip;
        if skip < batch.num_rows() {
            kept.push(batch.slice(skip, batch.num_rows() - skip));
        }
    }
    kept
}
