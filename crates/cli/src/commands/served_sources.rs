//! The sources that a serving process reads, as its API tells of them.

use std::collections::HashSet;

use async_trait::async_trait;
use flowglass_flow::{ObjectId, SourceName};
use flowglass_ingest::Again;
use flowglass_lake::{Lake, LakeError, SourceStatus};
use flowglass_server::{Sources, SourcesError};

/// The sources of this process.
#[derive(Debug)]
pub(super) struct ServedSources {
    pub(super) lake: Lake,
    pub(super) names: HashSet<SourceName>,
    pub(super) again: Again,
}

fn failed(doing: &'static str) -> impl FnOnce(LakeError) -> SourcesError {
    move |error| SourcesError { doing, source: Box::new(error) }
}

#[async_trait]
impl Sources for ServedSources {
    async fn status(&self) -> Result<Vec<SourceStatus>, SourcesError> {
        self.lake.statuses().await.map_err(failed("tell their state"))
    }

    async fn retry(&self, objects: &[ObjectId]) -> Result<Vec<ObjectId>, SourcesError> {
        let snapshot = self.lake.refresh().await.map_err(failed("look objects up"))?;
        let mut accepted = Vec::new();
        for &id in objects {
            let entry = self.lake.ledger_entry(&snapshot, id).await.map_err(failed("look objects up"))?;
            let Some(entry) = entry.filter(|entry| self.names.contains(&entry.source)) else { continue };
            if self.again.ask([(entry.source, entry.key)]) == 1 {
                accepted.push(id);
            }
        }
        Ok(accepted)
    }
}
