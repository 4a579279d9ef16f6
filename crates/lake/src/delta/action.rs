//! Actions of the Delta log that Flowglass writes and reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A data file that a commit adds. Paths are relative to the table, without leading slash, not percent-encoded here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddFile {
    /// Path below the table.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Partition: days since the epoch.
    pub day: i32,
    /// Statistics, as the JSON text of the log.
    pub stats: String,
    /// When it was written, in milliseconds since the epoch.
    pub modified: i64,
}

/// One action of a commit.
#[derive(Debug, Clone)]
pub enum Action {
    /// Adds a file. The flag says whether its rows are new to the table (no for compaction).
    Add(AddFile, bool),
    /// Removes a file by path and day.
    Remove {
        /// Path below the table.
        path: String,
        /// Partition.
        day: i32,
        /// Bytes.
        size: u64,
        /// Whether rows leave the table (no for compaction).
        data_change: bool,
    },
    /// Sets the version of an application transaction.
    Transaction {
        /// Application.
        app: String,
        /// Version.
        version: i64,
    },
    /// A whole action as JSON, such as `metaData`.
    Raw(Json),
}

/// What a commit says of itself in the log's `commitInfo`.
#[derive(Debug, Clone, Default)]
pub struct CommitNote {
    /// Delta operation, such as `WRITE` or `OPTIMIZE`.
    pub operation: &'static str,
    /// Further members, all text.
    pub details: BTreeMap<&'static str, String>,
}

/// Writes the log entry of a commit: one JSON object a line.
pub(super) fn encode(actions: &[Action], note: &CommitNote) -> Vec<u8> {
    let now = flowglass_flow::time::now() / 1000;
    let mut lines = vec![serde_json::json!({"commitInfo": {
        "timestamp": now,
        "operation": note.operation,
        "operationParameters": note.details,
        "engineInfo": concat!("flowglass/", env!("CARGO_PKG_VERSION")),
    }})];
    for action in actions {
        lines.push(match action {
            Action::Add(file, data_change) => serde_json::json!({"add": {
                "path": encode_path(&file.path),
                "partitionValues": {"day": flowglass_flow::time::format_day(file.day)},
                "size": file.size,
                "modificationTime": file.modified,
                "dataChange": data_change,
                "stats": file.stats,
            }}),
            Action::Remove { path, day, size, data_change } => serde_json::json!({"remove": {
                "path": encode_path(path),
                "deletionTimestamp": now,
                "dataChange": data_change,
                "extendedFileMetadata": true,
                "partitionValues": {"day": flowglass_flow::time::format_day(*day)},
                "size": size,
            }}),
            Action::Transaction { app, version } => {
                serde_json::json!({"txn": {"appId": app, "version": version, "lastUpdated": now}})
            }
            Action::Raw(json) => json.clone(),
        });
    }
    let mut text = Vec::new();
    for line in lines {
        text.extend_from_slice(line.to_string().as_bytes());
        text.push(b'\n');
    }
    text
}

/// One line of a log entry, as far as Flowglass reads it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    pub add: Option<AddLine>,
    pub remove: Option<RemoveLine>,
    pub txn: Option<TxnLine>,
    #[serde(rename = "metaData")]
    pub metadata: Option<MetadataLine>,
    pub protocol: Option<ProtocolLine>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddLine {
    pub path: String,
    #[serde(default)]
    pub partition_values: BTreeMap<String, Option<String>>,
    pub size: u64,
    #[serde(default)]
    pub modification_time: i64,
    #[serde(default = "yes")]
    pub data_change: bool,
    pub stats: Option<String>,
    pub deletion_vector: Option<Json>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RemoveLine {
    pub path: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TxnLine {
    pub app_id: String,
    pub version: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct MetadataLine {
    #[serde(default)]
    pub configuration: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProtocolLine {
    pub min_reader_version: i32,
    pub min_writer_version: i32,
}

fn yes() -> bool {
    true
}

/// Paths in the log are percent-encoded URIs; ours use only characters that stand for themselves, `=` included.
fn encode_path(path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEEP: AsciiSet =
        NON_ALPHANUMERIC.remove(b'/').remove(b'=').remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(path, &KEEP).to_string()
}

pub(super) fn decode_path(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// Returns the paths that a log entry removes; lines that cannot be read remove nothing.
pub(crate) fn removed_paths(entry: &[u8]) -> Vec<String> {
    let lines =
        entry.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice::<Line>(line).ok());
    lines.filter_map(|line| line.remove.map(|remove| decode_path(&remove.path))).collect()
}
