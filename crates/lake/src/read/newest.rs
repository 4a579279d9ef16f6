//! The newest rows of a scope: which they are is found by their times and the query's columns alone, then they are read.

use datafusion::common::DataFusionError;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use super::engine::{Collected, Run};
use super::reader::{Reader, planned};
use crate::answer::Scope;
use crate::error::Result;

/// Where a question for the newest rows begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    /// With the newest row.
    Newest,
    /// With some of the rows of an instant; no row after it is wanted.
    Instant(i64),
    /// With some of the rows that have no time.
    Timeless,
}

impl Reader {
    /// Returns the first `fetch` rows of a plan that sorts by time, newest first, and may leave out rows at `from`.
    ///
    /// # Errors
    /// If the lake cannot be read, or a limit is reached.
    pub(super) async fn newest(
        &self,
        run: &Run,
        scope: &Scope,
        from: Start,
        fetch: usize,
        plan: impl Fn(LogicalPlanBuilder) -> std::result::Result<LogicalPlan, DataFusionError>,
    ) -> Result<Collected> {
        let upto = match from {
            Start::Instant(upto) => Some(upto),
            Start::Newest | Start::Timeless => None,
        };
        let parts = Box::pin(self.parts(run, scope)).await?;
        let newest = match from {
            Start::Timeless => None,
            _ => Box::pin(self.newest_of(run, &parts, scope, upto, fetch)).await?,
        };
        let (parts, cost) = match newest {
            Some((parts, cost)) => (parts, Some(cost)),
            None => (parts, None),
        };
        let found = run.collect(planned(plan(self.flows_in(run, parts)?))?).await?;
        Ok(Collected { cost: cost.unwrap_or(found.cost), ..found })
    }
}
