//! What can go wrong with a lake, and what to do about it.

use std::path::PathBuf;

/// Errors of a lake. Each says what was being done, on what; [`LakeError::hint`] says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The URL names no store that can be reached.
    #[error("{url:?} is no lake address: {reason}")]
    BadUrl {
        /// The address as given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no way to reach the lake's store.
    #[error(transparent)]
    Access {
        /// What is missing or wrong, and what to do.
        source: flowglass_access::AccessError,
    },
    /// There is no lake at the address.
    #[error("there is no lake at {url}")]
    NotFound {
        /// The lake's address.
        url: String,
    },
    /// The lake was removed, or another was put in its place, while it was in use.
    #[error("the lake's table at {url} is gone: {reason} while it was in use; nothing more is written to it")]
    Gone {
        /// The table's address.
        url: String,
        /// What happened to it.
        reason: &'static str,
    },
    /// The lake was written by a newer Flowglass, or is no lake of ours.
    #[error("the table at {url} cannot be used: {reason}")]
    Incompatible {
        /// The table's address.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// The store does not keep its promise of put-if-absent, so two writers could both win.
    #[error("the store at {url} lets a second writer overwrite: {reason}")]
    UnsafeStore {
        /// The lake's address.
        url: String,
        /// What the probe saw.
        reason: String,
    },
    /// The store failed.
    #[error("cannot {doing} {path}")]
    Store {
        /// What was attempted, such as `read`.
        doing: &'static str,
        /// The file.
        path: String,
        /// The store's answer.
        #[source]
        source: object_store::Error,
    },
    /// A local path failed.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The path.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A file of the lake does not hold what it should.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A Parquet file could not be written or read.
    #[error("cannot {doing} Parquet file {path}")]
    Parquet {
        /// What was attempted.
        doing: &'static str,
        /// The file.
        path: String,
        /// The library's answer.
        #[source]
        source: parquet::errors::ParquetError,
    },
    /// Columns could not be put together.
    #[error("cannot {doing}")]
    Arrow {
        /// What was attempted.
        doing: &'static str,
        /// The library's answer.
        #[source]
        source: arrow::error::ArrowError,
    },
    /// The Delta log could not be read.
    #[error("cannot {doing} the Delta table at {url}")]
    Delta {
        /// What was attempted.
        doing: &'static str,
        /// The table.
        url: String,
        /// The library's answer.
        #[source]
        source: Box<deltalake_core::DeltaTableError>,
    },
    /// A query failed.
    #[error("cannot {doing}")]
    Query {
        /// What was attempted.
        doing: &'static str,
        /// The engine's answer.
        #[source]
        source: Box<datafusion::error::DataFusionError>,
    },
    /// The request cannot be answered as put: the caller's mistake.
    #[error("{reason}")]
    BadRequest {
        /// What is wrong with it.
        reason: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// A bound of the request was reached.
    #[error("stopped: {reason}")]
    LimitReached {
        /// Which bound, and its value.
        reason: String,
    },
    /// The time a question may take was up.
    #[error("stopped: the query took longer than {} s; narrow its time range, or raise the limit", after.as_secs_f64())]
    TimedOut {
        /// The bound.
        after: std::time::Duration,
    },
    /// The lake moved on too often while a commit was tried.
    #[error("gave up {doing} at {url} after {attempts} attempts: other writers kept winning")]
    Contention {
        /// What was attempted.
        doing: &'static str,
        /// The table.
        url: String,
        /// How often.
        attempts: u32,
    },
}

impl LakeError {
    /// What to do next, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::BadUrl { .. } => {
                Some("give a directory, file:///path, or s3://bucket/prefix".to_owned())
            }
            Self::NotFound { .. } => {
                Some("make one with `flowglass ingest SOURCE --lake URL`, or try `flowglass demo`".to_owned())
            }
            Self::Gone { .. } => Some(
                "put it back from a copy, or start again: that makes a new lake, and reads the objects the bucket still holds"
                    .to_owned(),
            ),
            Self::Incompatible { .. } => Some("use a newer Flowglass, or another address".to_owned()),
            Self::UnsafeStore { .. } => Some(
                "use a store that honours If-None-Match on PUT (AWS S3, IBM COS, MinIO, Ceph), or a directory".to_owned(),
            ),
            Self::Contention { .. } => Some("make the lake with more shards, or run fewer ingesters".to_owned()),
            Self::BadRequest { hint, .. } => hint.clone(),
            _ => None,
        }
    }
}

/// Result of a lake operation.
pub type Result<T, E = LakeError> = std::result::Result<T, E>;
