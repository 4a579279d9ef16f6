//! What a table holds at one version.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::action::{AddLine, Line, decode_path};
use super::stats::FileStats;
use crate::error::{LakeError, Result};

/// A data file of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFile {
    /// Path below the table.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Partition: days since the epoch.
    pub day: i32,
    /// When it was written, in milliseconds since the epoch.
    pub modified: i64,
    /// What is known of its columns, its number of rows included.
    pub stats: FileStats,
}

/// What a table holds at one version. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct TableState {
    /// Id of the table: another one is another table, whatever its address.
    pub table_id: Arc<str>,
    /// Version of the Delta log.
    pub version: u64,
    /// The store's tag of that version's entry, where it is known: the entry is never written again.
    pub entry_tag: Option<Arc<str>>,
    /// The active files, by path.
    pub files: Arc<BTreeMap<Arc<str>, Arc<DataFile>>>,
    /// Versions of application transactions.
    pub transactions: Arc<HashMap<String, i64>>,
    /// The table's properties.
    pub properties: Arc<BTreeMap<String, String>>,
}

impl TableState {
    /// Returns the version of an application transaction, 0 if it never committed.
    pub fn transaction(&self, app: &str) -> i64 {
        self.transactions.get(app).copied().unwrap_or(0)
    }

    /// Number of rows in the table.
    pub fn rows(&self) -> u64 {
        self.files.values().map(|file| file.stats.rows).sum()
    }

    /// Bytes of the active files.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.size).sum()
    }

    /// Returns the state after the commit of the next version, and the files whose rows it made new.
    ///
    /// # Errors
    /// If the entry is damaged or needs a newer protocol.
    pub(super) fn apply(
        &self,
        version: u64,
        entry: &[u8],
        table: &str,
    ) -> Result<(Self, Vec<Arc<DataFile>>)> {
        debug_assert_eq!(version, self.version + 1);
        let mut next = self.clone();
        next.version = version;
        next.entry_tag = None;
        let mut added = Vec::new();
        let path = || format!("{table}/_delta_log/{version:020}.json");
        for line in
            entry.split(|&byte| byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace))
        {
            let line: Line = serde_json::from_slice(line)
                .map_err(|error| LakeError::Damaged { path: path(), reason: error.to_string() })?;
            if let Some(remove) = line.remove {
                Arc::make_mut(&mut next.files).remove(decode_path(&remove.path).as_str());
            }
            if let Some(add) = line.add {
                let data_change = add.data_change;
                let file = Arc::new(data_file(add, table)?);
                if data_change {
                    added.push(Arc::clone(&file));
                }
                Arc::make_mut(&mut next.files).insert(file.path.as_str().into(), file);
            }
            if let Some(txn) = line.txn {
                Arc::make_mut(&mut next.transactions).insert(txn.app_id, txn.version);
            }
            if let Some(metadata) = line.metadata {
                next.properties = Arc::new(
                    metadata
                        .configuration
                        .into_iter()
                        .filter_map(|(key, value)| Some((key, value?)))
                        .collect(),
                );
            }
            if let Some(protocol) = line.protocol
                && (protocol.min_reader_version > 1 || protocol.min_writer_version > 2)
            {
                return Err(LakeError::Incompatible {
                    url: table.to_owned(),
                    reason: format!(
                        "it was raised to Delta protocol {}/{} by another program; Flowglass writes 1/2",
                        protocol.min_reader_version, protocol.min_writer_version
                    ),
                });
            }
        }
        Ok((next, added))
    }
}

/// Makes a data file of an Add action of the log.
fn data_file(add: AddLine, table: &str) -> Result<DataFile> {
    let path = decode_path(&add.path);
    if add.deletion_vector.is_some_and(|vector| !vector.is_null()) {
        return Err(LakeError::Incompatible {
            url: table.to_owned(),
            reason: format!("{path} has a deletion vector, which another program wrote"),
        });
    }
    let day = add.partition_values.get("day").cloned().flatten();
    Ok(DataFile {
        day: parse_day(day.as_deref(), &path)?,
        size: add.size,
        modified: add.modification_time,
        stats: add.stats.as_deref().map(FileStats::from_json).unwrap_or_default(),
        path,
    })
}

/// Parses the `day` partition value `YYYY-MM-DD`.
pub(super) fn parse_day(text: Option<&str>, path: &str) -> Result<i32> {
    let bad = || LakeError::Damaged {
        path: path.to_owned(),
        reason: "its day partition value is no date".to_owned(),
    };
    let text = text.ok_or_else(bad)?;
    let micros = flowglass_flow::time::parse(format!("{text}T00:00:00Z").as_bytes()).ok_or_else(bad)?;
    Ok(flowglass_flow::time::day_of(micros))
}
