//! The newest rows of a scope: the newest row groups are read first, and older ones only while rows are missing.

use std::cmp::Reverse;

use datafusion::common::DataFusionError;
use datafusion::datasource::physical_plan::parquet::RowGroupAccess;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use super::aggregate::column_named;
use super::engine::{Collected, Cost, Run};
use super::narrow::Part;
use super::reader::{Reader, planned};
use crate::answer::Scope;
use crate::error::Result;

/// Rows that the first look is to cover.
const FIRST_LOOK: u64 = 1 << 19;
/// How much further each next look goes: what was read before is read again, so looks grow fast.
const FURTHER: u64 = 8;

/// A piece of a part that is read or not: one row group, or the whole file where row groups are not known.
struct Piece {
    part: usize,
    group: Option<usize>,
    /// Its greatest time; rows of a piece without one may be of any time.
    newest: i64,
    rows: u64,
}

impl Reader {
    /// Returns the first `fetch` rows of a plan that sorts by time, newest first, and holds the column `time`. `upto` is an
    /// instant after which no row is wanted.
    ///
    /// # Errors
    /// If the lake cannot be read, or a limit is reached.
    pub(super) async fn newest(
        &self,
        run: &Run,
        scope: &Scope,
        upto: Option<i64>,
        fetch: usize,
        plan: impl Fn(LogicalPlanBuilder) -> std::result::Result<LogicalPlan, DataFusionError>,
    ) -> Result<Collected> {
        let mut scope = scope.clone();
        if let Some(upto) = upto {
            let end = upto.saturating_add(1);
            scope.range.to = Some(scope.range.to.map_or(end, |to| to.min(end)));
        }
        let parts = Box::pin(self.parts(run, &scope)).await?;
        let mut pieces = pieces(&parts);
        pieces.sort_by_key(|piece| Reverse(piece.newest));
        let mut wanted = FIRST_LOOK;
        let mut cost = Cost::default();
        loop {
            let mut rows = 0;
            let covered = pieces.partition_point(|piece| {
                let more = rows < wanted;
                rows += piece.rows;
                more
            });
            // The last few are not worth a look of their own.
            let covered = if covered * 4 >= pieces.len() * 3 { pieces.len() } else { covered };
            let mut found =
                run.collect(planned(plan(self.flows_in(run, chosen(&parts, &pieces[..covered]))?))?).await?;
            cost += found.cost;
            found.cost = cost;
            let settled = match pieces.get(covered) {
                None => true,
                Some(next) => oldest_of(&found, fetch)?.is_some_and(|oldest| oldest > next.newest),
            };
            if settled {
                return Ok(found);
            }
            wanted = wanted.saturating_mul(FURTHER);
        }
    }
}

/// The time of the last row, if there are as many as asked for.
fn oldest_of(found: &Collected, fetch: usize) -> Result<Option<i64>> {
    let rows: usize = found.batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
    match found.batches.iter().rfind(|batch| batch.num_rows() > 0) {
        Some(last) if rows >= fetch => Ok(column_named(last, "time")?.instant(last.num_rows() - 1)),
        _ => Ok(None),
    }
}

fn pieces(parts: &[Part]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match (&part.index, &part.groups) {
            (Some(index), Some(access)) => {
                for (number, (group, access)) in index.directory.groups.iter().zip(access).enumerate() {
                    let rows = match access {
                        RowGroupAccess::Skip => continue,
                        RowGroupAccess::Scan => group.rows,
                        RowGroupAccess::Selection(rows) => rows.row_count() as u64,
                    };
                    let newest = group.times.map_or(i64::MAX, |(_, newest)| newest);
                    pieces.push(Piece { part: at, group: Some(number), newest, rows });
                }
            }
            _ => {
                let newest = part.file.stats.integer_bounds("time").map_or(i64::MAX, |(_, newest)| newest);
                pieces.push(Piece { part: at, group: None, newest, rows: part.file.stats.rows });
            }
        }
    }
    pieces
}

/// The parts that some pieces make up.
fn chosen(parts: &[Part], pieces: &[Piece]) -> Vec<Part> {
    let mut chosen: Vec<Option<Part>> = vec![None; parts.len()];
    for piece in pieces {
        let part = &parts[piece.part];
        let taken = chosen[piece.part].get_or_insert_with(|| {
            let nothing = part.groups.as_ref().map(|groups| vec![RowGroupAccess::Skip; groups.len()]);
            Part { groups: nothing, ..part.clone() }
        });
        if let (Some(number), Some(taken), Some(all)) = (piece.group, &mut taken.groups, &part.groups) {
            taken[number] = all[number].clone();
        }
    }
    chosen.into_iter().flatten().collect()
}
