//! Committing batches of objects, each exactly once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::DataType;
use flowglass_flow::{ObjectEntry, ObjectId, SourceName};
use object_store::path::Path;
use parking_lot::{RwLock, RwLockReadGuard};

use crate::delta::{Action, AddFile, Attempt, CommitNote};
use crate::error::{LakeError, Result};
use crate::lake::{Lake, Snapshot};
use crate::ledger::{Known, Ledger, entry_tag};
use crate::manifest::{self, Manifest, ObjectAt, OutcomeChange};
use crate::parquet_file;
use crate::prepare::{Prepared, Preparer};
use crate::{failpoint, files, ledger_files, replace};

/// What an ingester wants to commit: objects of one shard, what became of each, and the rows of those that have any.
#[derive(Debug, Default)]
pub struct Batch {
    /// The shard, as [`flowglass_flow::object::shard_of`] gives it for each of the keys.
    pub shard: u32,
    /// The objects; each key at most once.
    pub objects: Vec<ObjectEntry>,
    /// Their rows by day, in the columns of `flows`; repeated text may be dictionary-encoded.
    pub rows: Vec<(i32, RecordBatch)>,
    /// Objects to take although the ledger knows this version of them: a retry.
    pub again: HashSet<ObjectId>,
}

/// What came of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Version of the lake that holds the batch.
    pub version: u64,
    /// Objects this call committed.
    pub objects: usize,
    /// Objects that another writer, or an earlier run, had committed already.
    pub known: usize,
    /// Rows this call committed.
    pub rows: u64,
    /// Which objects this call committed.
    pub fresh: HashSet<ObjectId>,
}

/// A writer of a lake: one per ingesting process.
#[derive(Debug)]
pub struct Writer {
    lake: Lake,
    id: String,
    ledger: Arc<RwLock<Ledger>>,
    /// Per shard, the number of the last manifest whose objects are in `ledger`.
    noted: HashMap<u32, i64>,
}

/// How long a look at the lake may be old when a manifest is put: far less than the days for which manifests are kept,
/// so that a number that looks free never belonged to a manifest that was folded and deleted.
const LOOK_HOLDS: Duration = Duration::from_secs(3600);

/// Attempts at one commit before giving up; each lost one means another writer got ahead.
const ATTEMPTS: u32 = 1000;

impl Writer {
    /// Opens a lake for writing: loads the ledger's index, and finishes what a crashed writer left behind.
    ///
    /// # Errors
    /// If the store fails or a file of the lake is damaged.
    pub async fn open(lake: &Lake) -> Result<Self> {
        let mut writer = Self {
            lake: lake.clone(),
            id: uuid::Uuid::new_v4().to_string(),
            ledger: Arc::default(),
            noted: HashMap::new(),
        };
        writer.reload().await?;
        for shard in 0..lake.shards() {
            writer.catch_up(shard).await?;
        }
        Ok(writer)
    }

    /// Opens a lake for changes that need no ledger: of outcomes and by day.
    pub(crate) async fn without_ledger(lake: &Lake) -> Result<Self> {
        let snapshot = lake.refresh().await?;
        let noted =
            (0..lake.shards()).map(|s| (s, snapshot.flows.transaction(&manifest::application(s)))).collect();
        Ok(Self { lake: lake.clone(), id: uuid::Uuid::new_v4().to_string(), ledger: Arc::default(), noted })
    }

    /// The lake.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    /// What is known of objects, up to the last look at the lake.
    pub fn ledger(&self) -> RwLockReadGuard<'_, Ledger> {
        self.ledger.read()
    }

    /// The ledger's index, for whoever lists while this writer commits. It follows the writer.
    pub fn shared_ledger(&self) -> Arc<RwLock<Ledger>> {
        Arc::clone(&self.ledger)
    }

    /// Learns what other writers committed, and finishes what they left behind.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn refresh(&mut self) -> Result<()> {
        for shard in 0..self.lake.shards() {
            self.catch_up(shard).await?;
        }
        Ok(())
    }

    /// Prepares batches for this writer, also while it commits others.
    pub fn preparer(&self) -> Preparer {
        Preparer { lake: self.lake.clone(), ledger: Arc::clone(&self.ledger) }
    }

    /// Commits a batch: afterwards each of its objects is in the lake exactly once, by this call or an earlier one.
    ///
    /// # Errors
    /// If the store fails. The batch may then be tried again, by anyone: what was committed is not repeated.
    pub async fn commit(&mut self, batch: Batch) -> Result<Committed> {
        let prepared = self.preparer().prepare(batch).await?;
        self.commit_prepared(prepared).await
    }

    /// Commits a prepared batch, as [`Writer::commit`].
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub async fn commit_prepared(&mut self, mut batch: Prepared) -> Result<Committed> {
        for _ in 0..ATTEMPTS {
            let looked = Instant::now();
            let (snapshot, next) = self.catch_up(batch.shard).await?;
            let (fresh, replaced) = self.sift(&snapshot, &batch).await?;
            if fresh.len() < batch.objects.len() {
                batch.known += batch.objects.len() - fresh.len();
                // Written again with the same content: the version that was listed is known from now on, else each
                // listing would have the object read again.
                let same = batch.objects.iter().filter(|entry| !fresh.contains(&entry.object_id));
                same.for_each(|entry| self.ledger.write().note(entry));
                self.preparer().keep(&mut batch, &fresh).await?;
            }
            if batch.objects.is_empty() {
                let (version, known) = (snapshot.flows.version, batch.known);
                return Ok(Committed { version, known, ..Committed::default() });
            }
            failpoint::hit("after-file");
            if looked.elapsed() > LOOK_HOLDS {
                continue;
            }
            let mut manifest = Manifest::new(batch.shard, next, &self.id);
            manifest.objects.clone_from(&batch.objects);
            for entry in &mut manifest.objects {
                entry.replaces = replaced.get(&entry.object_id).map(|at| at.object_id);
            }
            manifest.files.clone_from(&batch.files);
            manifest.replaced = replaced.into_values().collect();
            if !manifest.put(self.lake.flows().store()).await? {
                continue;
            }
            failpoint::hit("after-manifest");
            let version = self.finish(&manifest).await?;
            failpoint::hit("after-commit");
            self.note(&manifest);
            let (objects, known, rows) = (manifest.objects.len(), batch.known, batch.rows);
            return Ok(Committed { version, objects, known, rows, fresh });
        }
        Err(LakeError::Contention {
            doing: "committing a batch",
            url: self.lake.location().url.to_string(),
            attempts: ATTEMPTS,
        })
    }

    /// Commits changes of outcome, or an expiry by day, through the same protocol as rows.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub async fn change(
        &mut self,
        shard: u32,
        changed: Vec<OutcomeChange>,
        expire_before: Option<i32>,
    ) -> Result<u64> {
        for _ in 0..ATTEMPTS {
            let (_, next) = self.catch_up(shard).await?;
            let mut manifest = Manifest::new(shard, next, &self.id);
            manifest.changed.clone_from(&changed);
            manifest.expire_before = expire_before;
            if manifest.put(self.lake.flows().store()).await? {
                let version = self.finish(&manifest).await?;
                self.note(&manifest);
                return Ok(version);
            }
        }
        Err(LakeError::Contention {
            doing: "committing a change",
            url: self.lake.location().url.to_string(),
            attempts: ATTEMPTS,
        })
    }

    /// Commits every manifest of a shard that was put and not committed, notes what is new, and returns the state with
    /// the number the next manifest is to have.
    async fn catch_up(&mut self, shard: u32) -> Result<(Arc<Snapshot>, i64)> {
        loop {
            let snapshot = self.lake.refresh().await?;
            self.note_committed(&snapshot).await?;
            let next = snapshot.flows.transaction(&manifest::application(shard)) + 1;
            match Manifest::read(self.lake.flows().store(), shard, next).await? {
                None => return Ok((snapshot, next)),
                Some(left_behind) => {
                    self.finish(&left_behind).await?;
                }
            }
        }
    }

    async fn note_committed(&mut self, snapshot: &Snapshot) -> Result<()> {
        for shard in 0..self.lake.shards() {
            let upto = snapshot.flows.transaction(&manifest::application(shard));
            let from = self.noted.get(&shard).copied().unwrap_or(0) + 1;
            for number in from..=upto {
                let unfolded = snapshot.unfolded.iter().find(|m| m.shard == shard && m.number == number);
                let read = match unfolded {
                    Some(manifest) => Some(Arc::clone(manifest)),
                    None => Manifest::read(self.lake.flows().store(), shard, number).await?.map(Arc::new),
                };
                match read {
                    Some(manifest) => self.note(&manifest),
                    // Folded and deleted since: this writer slept for days.
                    None => return self.reload().await,
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, manifest: &Manifest) {
        let mut ledger = self.ledger.write();
        manifest.objects.iter().for_each(|entry| ledger.note(entry));
        drop(ledger);
        self.noted.insert(manifest.shard, manifest.number);
    }

    async fn reload(&mut self) -> Result<()> {
        let snapshot = self.lake.refresh().await?;
        *self.ledger.write() = Ledger::new(ledger_files::load(&self.lake, &snapshot.objects).await?);
        for shard in 0..self.lake.shards() {
            self.noted.insert(shard, snapshot.objects.transaction(&manifest::application(shard)));
        }
        for manifest in &snapshot.unfolded {
            self.note(manifest);
        }
        Ok(())
    }

    /// Commits a manifest exactly as it stands, unless that was done. Returns a version that holds it.
    async fn finish(&self, manifest: &Manifest) -> Result<u64> {
        let app = manifest::application(manifest.shard);
        for _ in 0..ATTEMPTS {
            let snapshot = self.lake.refresh().await?;
            if snapshot.flows.transaction(&app) >= manifest.number {
                return Ok(snapshot.flows.version);
            }
            let mut actions: Vec<Action> =
                manifest.files.iter().map(|file| Action::Add(file.clone(), true)).collect();
            // Which files hold the rows that leave depends on the state the commit is made on.
            let rewritten = replace::without_objects(&self.lake, &snapshot.flows, &manifest.replaced).await?;
            let leaving = |action: &Action| match action {
                Action::Add(file, _) => Some(file.clone()),
                _ => None,
            };
            let fresh: Vec<AddFile> = rewritten.iter().filter_map(leaving).collect();
            actions.extend(rewritten);
            if let Some(day) = manifest.expire_before {
                actions.extend(replace::before_day(&snapshot.flows, day));
            }
            actions.push(Action::Transaction { app: app.clone(), version: manifest.number });
            let note = CommitNote {
                operation: "WRITE",
                details: BTreeMap::from([
                    ("mode", "Append".to_owned()),
                    ("manifest", manifest.number.to_string()),
                ]),
            };
            match self.lake.flows().try_commit(&snapshot.flows, &actions, &note).await? {
                Attempt::Committed(state) => {
                    let version = state.version;
                    self.lake.advance(state, manifest.clone());
                    return Ok(version);
                }
                Attempt::Behind => self.discard(fresh).await?,
            }
        }
        Err(LakeError::Contention {
            doing: "finishing a manifest",
            url: self.lake.location().url.to_string(),
            attempts: ATTEMPTS,
        })
    }

    /// Returns the objects of a batch that are still to be committed, and for each that replaces another, which.
    async fn sift(
        &self,
        snapshot: &Snapshot,
        batch: &Prepared,
    ) -> Result<(HashSet<ObjectId>, HashMap<ObjectId, ObjectAt>)> {
        let mut fresh = HashSet::new();
        let mut replaced = HashMap::new();
        for entry in &batch.objects {
            let again = batch.again.contains(&entry.object_id);
            let known = self.ledger.read().check(&entry.source, &entry.key, &entry_tag(entry));
            match known {
                Known::New => {
                    fresh.insert(entry.object_id);
                }
                Known::Same if !again => {}
                Known::Same | Known::Changed => {
                    match find(&self.lake, snapshot, &entry.source, &entry.key, entry.facts.day).await? {
                        // Written again with the same content: the rows stand as they are.
                        Some(at) if at.object_id == entry.object_id && !again => {}
                        Some(at) => {
                            fresh.insert(entry.object_id);
                            replaced.insert(entry.object_id, at);
                        }
                        None => {
                            fresh.insert(entry.object_id);
                        }
                    }
                }
            }
        }
        Ok((fresh, replaced))
    }

    /// Deletes files that no log entry names and none will.
    async fn discard(&self, written: Vec<AddFile>) -> Result<()> {
        for file in written {
            files::delete(self.lake.flows().store(), &Path::from(file.path)).await?;
        }
        Ok(())
    }
}

/// Finds the ledger row of a key: its object and partition.
///
/// # Errors
/// If the store fails or a file is damaged.
pub(crate) async fn find(
    lake: &Lake,
    snapshot: &Snapshot,
    source: &SourceName,
    key: &str,
    likely_day: i32,
) -> Result<Option<ObjectAt>> {
    for manifest in snapshot.unfolded.iter().rev() {
        if let Some(entry) = manifest.objects.iter().find(|entry| entry.source == *source && entry.key == key)
        {
            return Ok(Some(ObjectAt {
                object_id: entry.object_id,
                day: entry.facts.day,
                rows: entry.facts.records,
            }));
        }
    }
    let mut candidates: Vec<_> = snapshot.objects.files.values().collect();
    candidates.sort_by_key(|file| (file.day != likely_day, std::cmp::Reverse(file.day)));
    for file in candidates {
        if let Some(crate::delta::ColumnStats {
            min: Some(crate::delta::Value::Text(min)),
            max: Some(crate::delta::Value::Text(max)),
            ..
        }) = file.stats.column("key")
            && (key < min.as_ref() || key > max.as_ref())
        {
            continue;
        }
        let columns = ["object_id", "source", "key", "records"];
        for batch in parquet_file::read(lake.objects().store(), &file.path, Some(&columns)).await? {
            let text = |name: &str| -> Result<_> {
                let column = batch.column_by_name(name).ok_or_else(|| LakeError::Damaged {
                    path: file.path.clone(),
                    reason: format!("it has no column {name}"),
                })?;
                arrow::compute::cast(column, &DataType::Utf8)
                    .map_err(|source| LakeError::Arrow { doing: "read the ledger", source })
            };
            let (ids, sources, keys) = (text("object_id")?, text("source")?, text("key")?);
            let (ids, sources, keys) =
                (ids.as_string::<i32>(), sources.as_string::<i32>(), keys.as_string::<i32>());
            if let Some(row) =
                (0..batch.num_rows()).find(|&r| keys.value(r) == key && sources.value(r) == source.0)
            {
                let object_id = ids.value(row).parse().map_err(|error: flowglass_flow::id::BadId| {
                    LakeError::Damaged { path: file.path.clone(), reason: error.to_string() }
                })?;
                let rows = batch.column_by_name("records").map_or(0, |column| {
                    column.as_primitive::<arrow::datatypes::Int64Type>().value(row).unsigned_abs()
                });
                return Ok(Some(ObjectAt { object_id, day: file.day, rows }));
            }
        }
    }
    Ok(None)
}
