//! What readers are given of a lake, kept up with its commits.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use flowglass_flow::{ObjectEntry, Outcome};
use object_store::path::Path;
use parking_lot::Mutex;

use crate::coverage::{CoverageIndex, ObjectSpan, Unread};
use crate::delta::TableState;
use crate::error::Result;
use crate::lake::{FLOWS, Lake, OBJECTS, Snapshot};
use crate::manifest::OWN_FOLDER;
use crate::read::{AddedFiles, TableView, View, Views};
use crate::{files, object_rows, parquet_file};

/// Readers see commits of others within this time; a look costs a few small requests.
const FRESH: Duration = Duration::from_millis(500);
/// The same where a look costs next to nothing: the lake lies in a directory.
const FRESH_DIRECTORY: Duration = Duration::from_millis(50);
/// What sources say of their last listing is read again after this time.
const STATUS_FRESH: Duration = Duration::from_secs(5);

/// The views of a lake. Looks at the log when asked, at most twice a second.
#[derive(Debug)]
pub struct LakeViews {
    lake: Lake,
    last: Mutex<Option<Made>>,
    /// One view is made at a time.
    making: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct Made {
    view: Arc<View>,
    /// Coverage of the folded ledger, and its version.
    folded: (u64, Arc<CoverageIndex>),
    statuses: Instant,
}

impl LakeViews {
    /// Makes the views of a lake; nothing is read yet.
    pub fn new(lake: Lake) -> Self {
        Self { lake, last: Mutex::new(None), making: tokio::sync::Mutex::new(()) }
    }

    async fn make(&self, snapshot: &Snapshot, last: Option<&Made>) -> Result<Made> {
        let folded = match last {
            Some(made) if made.folded.0 == snapshot.objects.version => made.folded.clone(),
            Some(made) => {
                let index = self.lake.coverage_since(&made.folded, &snapshot.objects).await?;
                (snapshot.objects.version, Arc::new(index))
            }
            None => (snapshot.objects.version, Arc::new(self.lake.load_coverage(&snapshot.objects).await?)),
        };
        let mut coverage = (*folded.1).clone();
        let (fresh, _, changes) = snapshot.unfolded_effect();
        for (entry, ..) in &fresh {
            add(&mut coverage, entry);
        }
        // Changes of folded objects need their facts: rare, and folded at once by those who make them.
        let _ = changes;
        let mut unread = Vec::new();
        for status in self.lake.statuses().await? {
            if let Some(at) = status.last_listed {
                coverage.listed(at);
            }
            unread.extend(status.pending.into_iter().map(|(vnic, record_type, from, to)| Unread {
                vnic_id: vnic.into(),
                record_type: record_type.into(),
                from,
                to,
            }));
        }
        let rows: Vec<_> = fresh.iter().map(|(entry, shard, number)| (entry, *shard, *number)).collect();
        let unfolded =
            if rows.is_empty() { Vec::new() } else { vec![object_rows::to_batch_with_day(&rows)?] };
        let location = self.lake.location();
        let view = View {
            store: Arc::clone(&location.root),
            flows: TableView { state: snapshot.flows.clone(), folder: location.folder(FLOWS) },
            objects: TableView { state: snapshot.objects.clone(), folder: location.folder(OBJECTS) },
            unfolded: Arc::new(unfolded),
            coverage: Arc::new(coverage),
            unread: Arc::new(unread),
        };
        Ok(Made { view: Arc::new(view), folded, statuses: Instant::now() })
    }
}

#[async_trait]
impl Views for LakeViews {
    async fn latest(&self) -> Result<Arc<View>> {
        let fresh = if self.lake.location().directory.is_some() { FRESH_DIRECTORY } else { FRESH };
        let snapshot = self.lake.fresh(fresh).await?;
        let current = |made: &Made| {
            made.view.flows.state.version == snapshot.flows.version
                && made.view.objects.state.version == snapshot.objects.version
                && made.statuses.elapsed() < STATUS_FRESH
        };
        let last = self.last.lock().clone();
        if let Some(made) = last.filter(|made| current(made)) {
            return Ok(made.view);
        }
        let _one = self.making.lock().await;
        let last = self.last.lock().clone();
        if let Some(made) = last.as_ref().filter(|made| current(made)) {
            return Ok(Arc::clone(&made.view));
        }
        let made = self.make(&snapshot, last.as_ref()).await?;
        let view = Arc::clone(&made.view);
        *self.last.lock() = Some(made);
        Ok(view)
    }

    async fn at(&self, version: u64) -> Result<Arc<View>> {
        let latest = self.latest().await?;
        if latest.version() == version {
            return Ok(latest);
        }
        let snapshot = self.lake.at(version).await?;
        let flows = TableView { state: snapshot.flows.clone(), ..latest.flows.clone() };
        Ok(Arc::new(View { flows, ..(*latest).clone() }))
    }

    async fn added(&self, after: u64, upto: u64) -> Result<Vec<AddedFiles>> {
        let added = self.lake.added(after, upto).await?;
        Ok(added.into_iter().map(|(version, files)| AddedFiles { version, files }).collect())
    }
}

impl Lake {
    /// Loads the coverage of the folded ledger: the newest saved one, and what was folded since.
    pub(crate) async fn load_coverage(&self, objects: &TableState) -> Result<CoverageIndex> {
        let mut saved = self.saved_coverage().await?;
        saved.retain(|version| *version <= objects.version);
        if let Some(version) = saved.into_iter().max() {
            let body = files::read_if_present(self.objects().store(), &path(version)).await?;
            if let Some(index) = body.and_then(|body| CoverageIndex::from_bytes(&body)) {
                return self.coverage_since(&(version, Arc::new(index)), objects).await;
            }
        }
        let mut index = CoverageIndex::default();
        for file in objects.files.values() {
            self.add_file(&mut index, &file.path, file.day).await?;
        }
        Ok(index)
    }

    /// Returns coverage after what the ledger's versions since another one added.
    async fn coverage_since(
        &self,
        known: &(u64, Arc<CoverageIndex>),
        objects: &TableState,
    ) -> Result<CoverageIndex> {
        let mut index = (*known.1).clone();
        let state = TableState { version: known.0, ..TableState::default() };
        let (_, news) = self.objects().follow(&state).await?;
        for (_, added) in news.into_iter().filter(|(version, _)| *version <= objects.version) {
            for file in added {
                self.add_file(&mut index, &file.path, file.day).await?;
            }
        }
        Ok(index)
    }

    /// Saves the coverage of the folded ledger beside it, and removes older ones.
    pub(crate) async fn save_coverage(&self, objects: &TableState) -> Result<()> {
        let saved = self.saved_coverage().await?;
        let index = self.load_coverage(objects).await?;
        files::write(self.objects().store(), &path(objects.version), index.to_bytes()).await?;
        // The one before stays: a reader may have listed it and not read it yet.
        let newest = saved.iter().copied().max();
        for version in saved.into_iter().filter(|version| Some(*version) != newest) {
            files::delete(self.objects().store(), &path(version)).await?;
        }
        Ok(())
    }

    async fn saved_coverage(&self) -> Result<Vec<u64>> {
        let found =
            files::list(self.objects().store(), &Path::from(format!("{OWN_FOLDER}/coverage"))).await?;
        let version = |path: &Path| path.filename()?.strip_suffix(".bin")?.parse().ok();
        Ok(found.iter().filter_map(|meta| version(&meta.location)).collect())
    }

    async fn add_file(&self, index: &mut CoverageIndex, path: &str, day: i32) -> Result<()> {
        for batch in parquet_file::read(self.objects().store(), path, None).await? {
            for (entry, ..) in object_rows::from_batch(&batch, day, path)? {
                add(index, &entry);
            }
        }
        Ok(())
    }
}

fn add(index: &mut CoverageIndex, entry: &ObjectEntry) {
    let own: Vec<IpAddr> = entry.facts.own_addresses.iter().filter_map(|text| text.parse().ok()).collect();
    let outcome: Outcome = entry.outcome;
    index.add(&ObjectSpan { object_id: entry.object_id, outcome, facts: &entry.facts, own_addresses: &own });
}

fn path(version: u64) -> Path {
    Path::from(format!("{OWN_FOLDER}/coverage/{version:020}.bin"))
}
