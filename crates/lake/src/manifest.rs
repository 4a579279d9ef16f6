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

/// Format of the manifests this program writes; a higher one is refused. From 2 on, an object's id is left out where it
/// follows from the rest, and its content hash is [`SAME`] where it is the version.
const FORMAT: u32 = 2;

/// Stands for a content hash that is the object's version.
const SAME: &str = "=";

/// Ids are noise, and what is left compresses almost as well as at level 9, in a tenth of the time.
const ZSTD_LEVEL: i32 = 1;

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
        let mut manifest: Self = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if manifest.format > FORMAT {
            return Err(LakeError::Incompatible {
                url: path.to_string(),
                reason: format!("it has manifest format {}, this program knows {FORMAT}", manifest.format),
            });
        }
        manifest.objects.iter_mut().for_each(complete);
        Ok(Some(manifest))
    }

    /// Writes the manifest unless its number is taken. Returns whether this call took it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn put(&self, store: &Arc<dyn ObjectStore>) -> Result<bool> {
        let path = path(self.shard, self.number);
        let damaged = |reason: String| LakeError::Damaged { path: path.to_string(), reason };
        let mut written = self.clone();
        written.objects.iter_mut().for_each(shorten);
        let text = serde_json::to_vec(&written).map_err(|error| damaged(error.to_string()))?;
        let body = zstd::bulk::compress(&text, ZSTD_LEVEL).map_err(|error| damaged(error.to_string()))?;
        files::write_if_absent(store, &path, body).await
    }
}

/// Takes out of an entry what follows from the rest.
fn shorten(entry: &mut ObjectEntry) {
    if entry.object_id == ObjectId::of(&entry.source, &entry.key, &entry.etag) {
        entry.object_id = ObjectId::default();
    }
    if entry.content_hash.as_ref() == Some(&entry.etag) {
        entry.content_hash = Some(SAME.to_owned());
    }
}

/// Puts back what [`shorten`] took out.
fn complete(entry: &mut ObjectEntry) {
    if entry.object_id.is_none() {
        entry.object_id = ObjectId::of(&entry.source, &entry.key, &entry.etag);
    }
    if entry.content_hash.as_deref() == Some(SAME) {
        entry.content_hash = Some(entry.etag.clone());
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

#[cfg(test)]
mod tests {
    use flowglass_flow::{ObjectFacts, SourceName};

    use super::*;

    #[tokio::test]
    async fn what_follows_from_the_rest_is_not_written_and_read_all_the_same() {
        let entry = |key: &str, etag: &str, hash: Option<&str>| ObjectEntry {
            object_id: ObjectId::of(&SourceName("s".to_owned()), key, etag),
            source: SourceName("s".to_owned()),
            key: key.to_owned(),
            etag: etag.to_owned(),
            size: 1,
            last_modified: None,
            recorded_at: 2,
            outcome: Outcome::Done,
            reason: None,
            replaces: None,
            content_hash: hash.map(str::to_owned),
            facts: ObjectFacts::default(),
        };
        let mut manifest = Manifest::new(0, 1, "w");
        manifest.objects =
            vec![entry("a", "h", Some("h")), entry("b", "e", Some("h")), entry("c", "e", None)];
        // Not made of source, key and version: kept as it is.
        manifest.objects[1].object_id = ObjectId([7; 16]);
        let store: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
        assert!(manifest.put(&store).await.expect("room"));
        let body = files::read_if_present(&store, &path(0, 1)).await.expect("a store").expect("a manifest");
        let text = String::from_utf8(zstd::decode_all(body.as_ref()).expect("zstd")).expect("text");
        assert_eq!(text.matches("\"object_id\"").count(), 1, "{text}");
        assert_eq!(text.matches("\"content_hash\":\"=\"").count(), 1, "{text}");
        assert_eq!(Manifest::read(&store, 0, 1).await.expect("a manifest"), Some(manifest));
    }
}
