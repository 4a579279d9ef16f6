//! The sources that a serving process reads, as its API tells of them.

use std::sync::Arc;

use async_trait::async_trait;
use flowglass_codec::record_text;
use flowglass_flow::{ObjectEntry, ObjectId, RowId, SourceName};
use flowglass_ingest::Again;
use flowglass_ingest::source::Source;
use flowglass_lake::{Lake, LakeError, SourceStatus};
use flowglass_server::{Sources, SourcesError, Written};

/// The sources of this process.
pub(super) struct ServedSources {
    pub(super) lake: Lake,
    pub(super) sources: Vec<Arc<dyn Source>>,
    pub(super) again: Again,
}

/// Most bytes of an object that are read to show one record of it.
const MAX_BYTES: u64 = 256 << 20;

impl std::fmt::Debug for ServedSources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.sources.iter().map(|source| source.name()).collect();
        f.debug_struct("ServedSources").field("lake", &self.lake).field("sources", &names).finish()
    }
}

impl ServedSources {
    fn source(&self, name: &SourceName) -> Option<&Arc<dyn Source>> {
        self.sources.iter().find(|source| source.name() == name)
    }

    /// Reads a record from its object, or says why that is not possible.
    async fn written(&self, origin: &ObjectEntry, index: u32) -> Result<String, String> {
        let source = self
            .source(&origin.source)
            .ok_or_else(|| format!("this server does not read the source {}", origin.source))?;
        let listed = source.find(&origin.key).await.map_err(|error| error.to_string())?;
        let listed = listed.ok_or_else(|| "its object is gone from the source".to_owned())?;
        let fetched = source.get(&listed, MAX_BYTES).await.map_err(|error| error.to_string())?;
        let same =
            fetched.version == origin.etag || Some(&fetched.content_hash) == origin.content_hash.as_ref();
        if !same {
            return Err("its object was written over since it was read".to_owned());
        }
        // Inflating and parsing may take a while: not on a thread that answers others.
        let limits = flowglass_codec::Limits::default();
        let read = tokio::task::spawn_blocking(move || record_text(&fetched.bytes, index, &limits)).await;
        read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
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
            let Some(entry) = entry.filter(|entry| self.source(&entry.source).is_some()) else { continue };
            if self.again.ask([(entry.source, entry.key)]) == 1 {
                accepted.push(id);
            }
        }
        Ok(accepted)
    }

    async fn record(&self, row: RowId) -> Result<Written, SourcesError> {
        let snapshot = self.lake.refresh().await.map_err(failed("look an object up"))?;
        let origin =
            self.lake.ledger_entry(&snapshot, row.object).await.map_err(failed("look an object up"))?;
        let Some(origin) = origin else {
            return Ok(Written::Unavailable { reason: "the ledger does not know its object".to_owned() });
        };
        Ok(match self.written(&origin, row.index).await {
            Ok(text) => Written::Text(text),
            Err(reason) => Written::Unavailable { reason },
        })
    }
}
