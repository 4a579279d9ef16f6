//! Reading and writing the log of one Delta table.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake_core::kernel::{StructType, engine::arrow_conversion::TryIntoKernel as _};
use deltalake_core::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake_core::{DeltaTable, DeltaTableError};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde_json::json;
use url::Url;

use super::action::{self, Action, CommitNote};
use super::state::{DataFile, TableState, parse_day};
use super::stats::FileStats;
use crate::error::{LakeError, Result};
use crate::store::Location;

/// The log of a table: loads its state, follows it, and appends to it.
#[derive(Debug, Clone)]
pub struct TableLog {
    store: Arc<dyn ObjectStore>,
    delta: LogStoreRef,
    url: Url,
}

/// The store's tag of a log entry, where it gives one.
type EntryTag = Option<Arc<str>>;

/// What came of an attempt to commit.
#[derive(Debug)]
pub enum Attempt {
    /// The entry was written; this is the state after it.
    Committed(TableState),
    /// Another writer wrote that version first: look again.
    Behind,
}

impl TableLog {
    /// Names the table in a folder of the lake; nothing is read.
    pub fn new(location: &Location, folder: &str) -> Self {
        let store = location.below(folder);
        let url = location.folder_url(folder);
        let delta =
            default_logstore(Arc::clone(&store), Arc::clone(&location.root), &url, &StorageConfig::default());
        Self { store, delta, url }
    }

    /// The table's address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The store below the table's folder.
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// Writes version 0 if there is no table yet. Returns whether this call made it.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn create(&self, schema: &SchemaRef, properties: &BTreeMap<String, String>) -> Result<bool> {
        let kernel: StructType = schema
            .as_ref()
            .try_into_kernel()
            .map_err(|source| LakeError::Arrow { doing: "make the table's schema", source })?;
        let schema_string = serde_json::to_string(&kernel)
            .map_err(|error| LakeError::Damaged { path: self.url.to_string(), reason: error.to_string() })?;
        // Protocol 1/2 is the oldest: every reader of Delta tables understands it.
        let actions = [
            Action::Raw(json!({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})),
            Action::Raw(json!({"metaData": {
                "id": uuid::Uuid::new_v4().to_string(),
                "format": {"provider": "parquet", "options": {}},
                "schemaString": schema_string,
                "partitionColumns": [flowglass_flow::schema::PARTITION],
                "configuration": properties,
                "createdTime": flowglass_flow::time::now() / 1000,
            }})),
        ];
        let note = CommitNote { operation: "CREATE TABLE", ..CommitNote::default() };
        Ok(self.put_entry(0, action::encode(&actions, &note)).await?.is_some())
    }

    /// Loads the newest state, or that of one version; none if there is no table.
    ///
    /// # Errors
    /// If the store fails or the log is damaged or too new.
    pub async fn load(&self, version: Option<u64>) -> Result<Option<TableState>> {
        let table = match self.look(version).await {
            Ok(table) => table,
            Err(DeltaTableError::NotATable(_) | DeltaTableError::InvalidTableLocation(_)) => return Ok(None),
            // The kernel has its own word for an empty log; ask the store rather than guess from its text.
            Err(_) if !self.has_log().await? => return Ok(None),
            // Another process may have made the table since the look: look again.
            Err(_) => self.look(version).await.map_err(self.failed("load"))?,
        };
        let snapshot = table.snapshot().map_err(self.failed("load"))?;
        let mut files = BTreeMap::new();
        for view in snapshot.log_data().iter() {
            let path = view.path().into_owned();
            let day = view.partition_values_map().get("day").cloned().flatten();
            let file = DataFile {
                day: parse_day(day.as_deref(), &path)?,
                size: u64::try_from(view.size()).unwrap_or(0),
                modified: view.modification_time(),
                stats: view.stats().as_deref().map(FileStats::from_json).unwrap_or_default(),
                path,
            };
            files.insert(Arc::from(file.path.as_str()), Arc::new(file));
        }
        let properties: BTreeMap<String, String> =
            snapshot.metadata().configuration().iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut transactions = HashMap::new();
        for app in applications(&properties) {
            if let Some(version) =
                snapshot.transaction_version(self.delta.as_ref(), &app).await.map_err(self.failed("load"))?
            {
                transactions.insert(app, version);
            }
        }
        let version = snapshot.version();
        Ok(Some(TableState {
            table_id: snapshot.metadata().id().into(),
            version,
            entry_tag: self.entry_tag(version).await?.flatten(),
            files: Arc::new(files),
            transactions: Arc::new(transactions),
            properties: Arc::new(properties),
        }))
    }

    /// Makes sure that the table is still the one a state is of: that nobody removed its log, or put another table in
    /// its place. Returns the newest state where the state's own entry is no longer as it was although the table is
    /// the same: a log cleaned up, or a table put back from a copy. None is the usual case, at one small request.
    ///
    /// # Errors
    /// [`LakeError::Gone`] if it is not; else if the store fails.
    pub async fn make_sure(&self, state: &TableState) -> Result<Option<TableState>> {
        let found = self.entry_tag(state.version).await?;
        let same =
            found.is_some_and(|tag| tag.is_none() || state.entry_tag.is_none() || tag == state.entry_tag);
        if same {
            return Ok(None);
        }
        let gone = |reason| Err(LakeError::Gone { url: self.url.to_string(), reason });
        match self.load(None).await? {
            None => gone("its log was removed"),
            Some(found) if found.table_id != state.table_id => gone("another one was made in its place"),
            Some(found) if found.version < state.version => gone("an older copy was put in its place"),
            Some(found) => Ok(Some(found)),
        }
    }

    /// Follows the log from a state to its end. Returns the newest state and, per version on the way, the files whose
    /// rows that version made new.
    ///
    /// # Errors
    /// If the store fails or an entry is damaged.
    pub async fn follow(&self, state: &TableState) -> Result<(TableState, Vec<(u64, Vec<Arc<DataFile>>)>)> {
        let mut state = state.clone();
        let mut news = Vec::new();
        while let Some((entry, tag)) = self.entry(state.version + 1).await? {
            let (next, added) = state.apply(state.version + 1, &entry, self.url.as_str())?;
            news.push((next.version, added));
            state = TableState { entry_tag: tag, ..next };
        }
        Ok((state, news))
    }

    /// Tries once to append a commit right after a state.
    ///
    /// # Errors
    /// If the store fails. When the outcome of the write is unknown (a time-out), the entry is read back: it is ours
    /// or another's, never both.
    pub async fn try_commit(
        &self,
        state: &TableState,
        actions: &[Action],
        note: &CommitNote,
    ) -> Result<Attempt> {
        let entry = action::encode(actions, note);
        let version = state.version + 1;
        let tag = match self.put_entry(version, entry.clone()).await {
            Ok(Some(tag)) => Some(tag),
            // A retried put can find its own first try: the store then says "exists" although the entry is ours.
            Ok(None) => self.entry(version).await?.filter(|(found, _)| *found == entry).map(|(_, tag)| tag),
            Err(error) => match self.entry(version).await {
                Ok(Some((found, tag))) => (found == entry).then_some(tag),
                _ => return Err(error),
            },
        };
        let Some(entry_tag) = tag else { return Ok(Attempt::Behind) };
        let next = state.apply(version, &entry, self.url.as_str())?.0;
        Ok(Attempt::Committed(TableState { entry_tag, ..next }))
    }

    /// Writes a checkpoint of the newest version and drops log entries past their retention.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn checkpoint(&self) -> Result<()> {
        let mut table = DeltaTable::new(Arc::clone(&self.delta));
        table.load().await.map_err(self.failed("checkpoint"))?;
        deltalake_core::checkpoints::create_checkpoint(&table, None)
            .await
            .map_err(self.failed("checkpoint"))?;
        deltalake_core::checkpoints::cleanup_metadata(&table, None)
            .await
            .map_err(self.failed("clean the log of"))?;
        Ok(())
    }

    /// Puts an entry if there is none of that version. Returns its tag, as far as the store tells; none if there is.
    async fn put_entry(&self, version: u64, entry: Vec<u8>) -> Result<Option<EntryTag>> {
        let path = entry_path(version);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&path, entry.into(), options).await {
            Ok(put) => Ok(Some(put.e_tag.map(Arc::from))),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(None),
            Err(source) => Err(LakeError::Store { doing: "write", path: self.whole(&path), source }),
        }
    }

    /// Reads an entry with its tag.
    async fn entry(&self, version: u64) -> Result<Option<(bytes::Bytes, EntryTag)>> {
        let path = entry_path(version);
        let failed = |source| LakeError::Store { doing: "read", path: self.whole(&path), source };
        match self.store.get(&path).await {
            Ok(found) => {
                let tag = found.meta.e_tag.as_deref().map(Arc::from);
                Ok(Some((found.bytes().await.map_err(failed)?, tag)))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(failed(source)),
        }
    }

    /// Asks for the tag of an entry; none if there is no such entry.
    async fn entry_tag(&self, version: u64) -> Result<Option<EntryTag>> {
        let path = entry_path(version);
        match self.store.head(&path).await {
            Ok(found) => Ok(Some(found.e_tag.map(Arc::from))),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(LakeError::Store { doing: "look at", path: self.whole(&path), source }),
        }
    }

    /// A path below the table, for people.
    fn whole(&self, path: &Path) -> String {
        format!("{}{path}", self.url)
    }

    async fn has_log(&self) -> Result<bool> {
        use futures::StreamExt;
        let mut listing = self.store.list(Some(&Path::from("_delta_log")));
        match listing.next().await {
            None => Ok(false),
            Some(Ok(_)) => Ok(true),
            Some(Err(object_store::Error::NotFound { .. })) => Ok(false),
            Some(Err(source)) => Err(LakeError::Store { doing: "list", path: self.url.to_string(), source }),
        }
    }

    async fn look(&self, version: Option<u64>) -> Result<DeltaTable, DeltaTableError> {
        let mut table = DeltaTable::new(Arc::clone(&self.delta));
        match version {
            None => table.load().await?,
            Some(version) => table.load_version(version).await?,
        }
        Ok(table)
    }

    fn failed(&self, doing: &'static str) -> impl Fn(DeltaTableError) -> LakeError + '_ {
        move |source| LakeError::Delta { doing, url: self.url.to_string(), source: Box::new(source) }
    }
}

/// The application transactions a table can have: one per shard.
fn applications(properties: &BTreeMap<String, String>) -> Vec<String> {
    let shards = properties.get("flowglass.shards").and_then(|n| n.parse().ok()).unwrap_or(0_u32);
    (0..shards).map(crate::manifest::application).collect()
}

fn entry_path(version: u64) -> Path {
    Path::from(format!("_delta_log/{version:020}.json"))
}
