//! Manifests: what a batch means to commit, written before it is committed.
//!
//! A manifest is immutable and put-if-absent under its shard and number. Whoever finds manifest *n* while the shard
//! stands below *n* commits it exactly as it stands before making *n* + 1 (DESIGN, "The way of the data"): so a crash
//! between manifest and commit neither loses nor repeats a batch.

use std::sync::Arc;

use flowglass_flow::{ObjectEntry, ObjectId, Outcome};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};

use crate::delta::AddFile;
use crate::error::{LakeError, Result};
use crate::files;

/// Folder of our files beside the data of `flows`; its leading underscore keeps every vacuum away.
pub(crate) const OWN_FOLDER: &str = "_flowglass";

/// Format of the manifests this program writes; a higher one is refused.
const FORMAT: u32 = 1;

/// What a batch means to commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of this file.
    pub format: u32,
    /// The shard.
    pub shard: u32,
    /// Number in the shard, from 1: the version of the shard's application transaction.
    pub number: i64,
    /// Who made it: tells two writers' manifests apart.
    pub writer: String,
    /// When, in microseconds since the epoch.
    pub created_at: i64,
    /// The objects of the batch and what became of each.
    pub objects: Vec<ObjectEntry>,
    /// The data files with their rows.
    pub files: Vec<AddFile>,
    /// Objects whose rows and ledger rows leave with this commit: older versions, and earlier outcomes on a retry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<ObjectAt>,
    /// Objects already in the ledger that only change their outcome.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<OutcomeChange>,
    /// Retention: rows of days before this one leave, and their objects become expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_before: Option<i32>,
}

/// An object and the partition it lies in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectAt {
    /// The object.
    pub object_id: ObjectId,
    /// Its partition: days since the epoch.
    pub day: i32,
    /// Rows it has in `flows`; none need be looked for where it is 0.
    #[serde(default)]
    pub rows: u64,
}

/// A new outcome of a known object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeChange {
    /// The object and its partition.
    #[serde(flatten)]
    pub object: ObjectAt,
    /// What became of it.
    pub outcome: Outcome,
}

impl Manifest {
    /// Makes an empty manifest.
    pub fn new(shard: u32, number: i64, writer: &str) -> Self {
        Self {
            format: FORMAT,
            shard,
            number,
            writer: writer.to_owned(),
            created_at: flowglass_flow::time::now(),
            objects: Vec::new(),
            files: Vec::new(),
            replaced: Vec::new(),
            changed: Vec::new(),
            expire_before: None,
        }
    }

    /// Reads a manifest; none if there is none of that number.
    ///
    /// # Errors
    /// If the store fails, or the file is damaged or of a newer format.
    pub async fn read(store: &Arc<dyn ObjectStore>, shard: u32, number: i64) -> Result<Option<Self>> {
        let path = path(shard, number);
        let Some(body) = files::read_if_present(store, &path).await? else { return Ok(None) };
        let damaged = |reason: String| LakeError::Damaged { path: path.to_string(), reason };
        let text = zstd::decode_all(body.as_ref()).map_err(|error| damaged(error.to_string()))?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if manifest.format > FORMAT {
            return Err(LakeError::Incompatible {
                url: path.to_string(),
                reason: format!("it has manifest format {}, this program knows {FORMAT}", manifest.format),
            });
        }
        Ok(Some(manifest))
    }

    /// Writes the manifest unless its number is taken. Returns whether this call took it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn put(&self, store: &Arc<dyn ObjectStore>) -> Result<bool> {
        let path = path(self.shard, self.number);
        let damaged = |reason: String| LakeError::Damaged { path: path.to_string(), reason };
        let text = serde_json::to_vec(self).map_err(|error| damaged(error.to_string()))?;
        let body = zstd::encode_all(text.as_slice(), 9).map_err(|error| damaged(error.to_string()))?;
        files::write_if_absent(store, &path, body).await
    }
}

/// Name of a shard's application transaction in the Delta log.
pub(crate) fn application(shard: u32) -> String {
    format!("flowglass-shard-{shard:03}")
}

/// Path of a manifest below the table `flows`.
pub(crate) fn path(shard: u32, number: i64) -> Path {
    Path::from(format!("{OWN_FOLDER}/manifests/{shard:03}/{number:020}.json.zst"))
}
