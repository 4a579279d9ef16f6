//! What the server knows of ingestion: whoever runs it may plug it in.

use async_trait::async_trait;
use flowglass_flow::{ObjectId, RowId};
use flowglass_lake::SourceStatus;

/// The sources of a lake, as the process that reads them knows them.
#[async_trait]
pub trait Sources: std::fmt::Debug + Send + Sync {
    /// Returns the state of every source.
    async fn status(&self) -> Result<Vec<SourceStatus>, SourcesError>;

    /// Asks for objects to be read again, whatever became of them before. Returns those that will be; the others are
    /// of sources this process does not read.
    async fn retry(&self, objects: &[ObjectId]) -> Result<Vec<ObjectId>, SourcesError>;

    /// Reads a record from its object again.
    async fn record(&self, row: RowId) -> Result<Written, SourcesError>;
}

/// A record as the provider wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// Its JSON text, byte for byte.
    Text(String),
    /// It cannot be read now.
    Unavailable {
        /// Why, for the caller.
        reason: String,
    },
}

/// Why sources do not answer.
#[derive(Debug, thiserror::Error)]
#[error("the sources cannot be asked to {doing}")]
pub struct SourcesError {
    /// What was attempted.
    pub doing: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
