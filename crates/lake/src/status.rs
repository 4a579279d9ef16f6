//! What the last listing of a source found: not part of the truth, only told with answers.

use flowglass_flow::SourceName;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::error::{LakeError, Result};
use crate::files;
use crate::lake::Lake;
use crate::manifest::OWN_FOLDER;

/// State of a source, as its ingester last saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// The source.
    pub source: SourceName,
    /// Where it is, for people: a URL or path without secrets.
    pub location: String,
    /// When its listing was last read to the end, in microseconds since the epoch.
    pub last_listed: Option<i64>,
    /// Objects of that listing that were not read yet.
    pub pending_objects: u64,
    /// Windows of those, as far as their keys tell: (vNIC, record type, from, to); at most 1,000.
    #[serde(default)]
    pub pending: Vec<(String, String, i64, i64)>,
    /// Why ingestion is paused, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// When this was written.
    pub written_at: i64,
}

impl Lake {
    /// Writes the status of a source, over the last one.
    ///
    /// # Errors
    /// If the lake was removed, or the store fails.
    pub async fn put_status(&self, status: &SourceStatus) -> Result<()> {
        let path = path(&status.source);
        let body = serde_json::to_vec_pretty(status)
            .map_err(|error| LakeError::Damaged { path: path.to_string(), reason: error.to_string() })?;
        // Not into a lake that is gone: its folder would come back with nothing but this in it.
        self.refresh().await?;
        files::write(self.flows().store(), &path, body).await
    }

    /// Reads the status of every source that ever wrote into this lake.
    ///
    /// # Errors
    /// If the store fails. A status that cannot be parsed is left out.
    pub async fn statuses(&self) -> Result<Vec<SourceStatus>> {
        let folder = Path::from(format!("{OWN_FOLDER}/{FOLDER}"));
        let mut found = Vec::new();
        for path in files::list(self.flows().store(), &folder).await? {
            if let Some(body) = files::read_if_present(self.flows().store(), &path.location).await? {
                found.extend(serde_json::from_slice::<SourceStatus>(&body));
            }
        }
        found.sort_by(|a, b| a.source.cmp(&b.source));
        Ok(found)
    }
}

const FOLDER: &str = "sources";

fn path(source: &SourceName) -> Path {
    let name = blake3::hash(source.0.as_bytes()).to_hex();
    Path::from(format!("{OWN_FOLDER}/{FOLDER}/{}.json", &name[..16]))
}
