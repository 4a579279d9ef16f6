//! A lake: its tables, and what they hold now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flowglass_flow::schema;
use parking_lot::Mutex;

use crate::delta::{DataFile, TableLog, TableState};
use crate::error::{LakeError, Result};
use crate::manifest::{self, Manifest};
use crate::store::{Location, StoreOptions};

/// Folder of the flow rows.
pub(crate) const FLOWS: &str = "flows";
/// Folder of the ledger.
pub(crate) const OBJECTS: &str = "objects";

/// How a lake is opened or made.
#[derive(Debug, Clone)]
pub struct LakeOptions {
    /// How to reach its store.
    pub store: StoreOptions,
    /// Shards of a new lake: how many ingesters can commit without waiting for each other. Fixed at creation.
    pub shards: u32,
}

impl Default for LakeOptions {
    fn default() -> Self {
        Self { store: StoreOptions::default(), shards: 1 }
    }
}

/// What a lake holds at one moment. Cheap to clone and valid until vacuum removes its files.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The flow rows. Its version is the lake's version.
    pub flows: TableState,
    /// The ledger, as far as it is folded.
    pub objects: TableState,
    /// Manifests that are committed and not yet folded into `objects`, in order of shard and number.
    pub unfolded: Vec<Arc<Manifest>>,
}

/// A lake. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lake {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    location: Location,
    flows: TableLog,
    objects: TableLog,
    shards: u32,
    current: Mutex<(Arc<Snapshot>, Instant)>,
    /// One refresh at a time: a burst of readers waits for one look at the log.
    refreshing: tokio::sync::Mutex<()>,
}

impl Lake {
    /// Opens a lake.
    ///
    /// # Errors
    /// [`LakeError::NotFound`] if there is none; else if the store fails or the lake is too new.
    pub async fn open(address: &str, options: &LakeOptions) -> Result<Self> {
        let location = Location::resolve(address, &options.store)?;
        match Self::load(location.clone()).await? {
            Some(lake) => Ok(lake),
            None => Err(LakeError::NotFound { url: location.url.to_string() }),
        }
    }

    /// Opens a lake, or makes one where there is none.
    ///
    /// # Errors
    /// If the store fails, does not honour put-if-absent, or the lake is too new.
    pub async fn open_or_create(address: &str, options: &LakeOptions) -> Result<Self> {
        let location = Location::resolve(address, &options.store)?;
        if let Some(directory) = &location.directory {
            std::fs::create_dir_all(directory).map_err(|source| LakeError::Io {
                doing: "make",
                path: directory.clone(),
                source,
            })?;
        }
        if location.directory.is_none() {
            location.probe_put_if_absent().await?;
        }
        if let Some(lake) = Self::load(location.clone()).await? {
            return Ok(lake);
        }
        let properties = BTreeMap::from([
            ("flowglass.shards".to_owned(), options.shards.clamp(1, 256).to_string()),
            ("flowglass.schemaVersion".to_owned(), schema::SCHEMA_VERSION.to_string()),
            ("delta.logRetentionDuration".to_owned(), "interval 7 days".to_owned()),
        ]);
        // The ledger first: a table `flows` without its ledger must never be seen.
        TableLog::new(&location, OBJECTS).create(&schema::objects(), &properties).await?;
        TableLog::new(&location, FLOWS).create(&schema::flows(), &properties).await?;
        Self::load(location.clone()).await?.ok_or(LakeError::NotFound { url: location.url.to_string() })
    }

    async fn load(location: Location) -> Result<Option<Self>> {
        let flows = TableLog::new(&location, FLOWS);
        let objects = TableLog::new(&location, OBJECTS);
        // The ledger is loaded first: it then never runs ahead of the flows it tells of.
        let (Some(objects_state), Some(flows_state)) = (objects.load(None).await?, flows.load(None).await?)
        else {
            return Ok(None);
        };
        let incompatible = |reason: String| LakeError::Incompatible { url: location.url.to_string(), reason };
        let property = |name: &str| {
            let value = flows_state.properties.get(name).and_then(|value| value.parse::<u32>().ok());
            value.ok_or_else(|| incompatible(format!("it has no property {name}: Flowglass did not make it")))
        };
        let shards = property("flowglass.shards")?;
        let version = property("flowglass.schemaVersion")?;
        if version > schema::SCHEMA_VERSION {
            return Err(incompatible(format!(
                "its schema has version {version}, this program knows {}",
                schema::SCHEMA_VERSION
            )));
        }
        let snapshot = Snapshot { flows: flows_state, objects: objects_state, unfolded: Vec::new() };
        let snapshot = with_unfolded(snapshot, &[], &flows, shards).await?;
        Ok(Some(Self {
            inner: Arc::new(Inner {
                location,
                flows,
                objects,
                shards,
                current: Mutex::new((Arc::new(snapshot), Instant::now())),
                refreshing: tokio::sync::Mutex::new(()),
            }),
        }))
    }

    /// Where the lake lies.
    pub fn location(&self) -> &Location {
        &self.inner.location
    }

    /// Number of shards.
    pub fn shards(&self) -> u32 {
        self.inner.shards
    }

    /// The log of `flows`.
    pub fn flows(&self) -> &TableLog {
        &self.inner.flows
    }

    /// The log of `objects`.
    pub fn objects(&self) -> &TableLog {
        &self.inner.objects
    }

    /// What the lake held when it was last looked at; nothing is read.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.inner.current.lock().0)
    }

    /// Looks at the lake unless that was done within `age`, and returns what it holds.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn fresh(&self, age: Duration) -> Result<Arc<Snapshot>> {
        let recent = || {
            let current = self.inner.current.lock();
            (current.1.elapsed() < age).then(|| Arc::clone(&current.0))
        };
        if let Some(snapshot) = recent() {
            return Ok(snapshot);
        }
        let _one = self.inner.refreshing.lock().await;
        match recent() {
            Some(snapshot) => Ok(snapshot),
            None => self.look().await,
        }
    }

    /// Looks at the lake and returns what it holds now.
    ///
    /// # Errors
    /// [`LakeError::Gone`] if the lake was removed since it was opened; else if the store fails.
    pub async fn refresh(&self) -> Result<Arc<Snapshot>> {
        let _one = self.inner.refreshing.lock().await;
        self.look().await
    }

    async fn look(&self) -> Result<Arc<Snapshot>> {
        // Log entries are kept for days; a state older than that must be loaded anew, not followed.
        const FOLLOW_FOR: Duration = Duration::from_secs(24 * 3600);
        let (last, seen) = {
            let current = self.inner.current.lock();
            (Arc::clone(&current.0), current.1)
        };
        let started = Instant::now();
        let gone = || LakeError::Gone {
            url: self.inner.location.url.to_string(),
            reason: "one of its tables was removed",
        };
        let (objects, flows) = if seen.elapsed() < FOLLOW_FOR {
            let objects = self.inner.objects.follow(&last.objects).await;
            // Side by side: a lake removed under us looks, to who only follows its log, like one that stands still.
            let (sure, flows) =
                futures::join!(self.inner.flows.make_sure(&last.flows), self.inner.flows.follow(&last.flows));
            match sure? {
                None => (objects?.0, flows?.0),
                Some(flows) => (self.inner.objects.load(None).await?.ok_or_else(gone)?, flows),
            }
        } else {
            let objects = self.inner.objects.load(None).await?.ok_or_else(gone)?;
            let flows = self.inner.flows.load(None).await?.ok_or_else(gone)?;
            if flows.table_id != last.flows.table_id {
                return Err(gone());
            }
            (objects, flows)
        };
        let snapshot = if flows.version == last.flows.version && objects.version == last.objects.version {
            last
        } else {
            let next = Snapshot { flows, objects, unfolded: Vec::new() };
            Arc::new(with_unfolded(next, &last.unfolded, &self.inner.flows, self.inner.shards).await?)
        };
        *self.inner.current.lock() = (Arc::clone(&snapshot), started);
        Ok(snapshot)
    }

    /// Takes over the state after a commit of this process, so that its own readers see it at once.
    pub(crate) fn advance(&self, flows: TableState, manifest: Manifest) {
        let mut current = self.inner.current.lock();
        // Where others committed in between, the next look finds both.
        if current.0.flows.version + 1 == flows.version {
            let mut next = Snapshot { flows, ..(*current.0).clone() };
            next.unfolded.push(Arc::new(manifest));
            next.unfolded.sort_by_key(|manifest| (manifest.shard, manifest.number));
            current.0 = Arc::new(next);
        }
    }

    /// Returns what the lake held at an earlier version of `flows`; the ledger is today's.
    ///
    /// # Errors
    /// If that version's log is gone, or the store fails.
    pub async fn at(&self, version: u64) -> Result<Arc<Snapshot>> {
        let current = self.snapshot();
        if current.flows.version == version {
            return Ok(current);
        }
        let flows = self.inner.flows.load(Some(version)).await?;
        let flows = flows.ok_or_else(|| LakeError::NotFound { url: self.inner.location.url.to_string() })?;
        Ok(Arc::new(Snapshot { flows, ..(*current).clone() }))
    }

    /// Returns, per version after `after` up to `upto`, the files whose rows that version made new.
    ///
    /// # Errors
    /// If the log no longer reaches back that far, or the store fails.
    pub async fn added(&self, after: u64, upto: u64) -> Result<Vec<(u64, Vec<Arc<DataFile>>)>> {
        let news = self.inner.flows.follow(&TableState { version: after, ..TableState::default() }).await?.1;
        Ok(news.into_iter().filter(|(version, _)| *version <= upto).collect())
    }
}

/// Completes a snapshot with the manifests between its ledger and its flows.
async fn with_unfolded(
    mut snapshot: Snapshot,
    known: &[Arc<Manifest>],
    flows: &TableLog,
    shards: u32,
) -> Result<Snapshot> {
    for shard in 0..shards {
        let app = manifest::application(shard);
        let folded = snapshot.objects.transaction(&app);
        for number in folded + 1..=snapshot.flows.transaction(&app) {
            if let Some(found) = known.iter().find(|m| m.shard == shard && m.number == number) {
                snapshot.unfolded.push(Arc::clone(found));
                continue;
            }
            let found = Manifest::read(flows.store(), shard, number).await?;
            let found = found.ok_or_else(|| LakeError::Damaged {
                path: manifest::path(shard, number).to_string(),
                reason: "the table says it was committed, and it is not there".to_owned(),
            })?;
            snapshot.unfolded.push(Arc::new(found));
        }
    }
    Ok(snapshot)
}
