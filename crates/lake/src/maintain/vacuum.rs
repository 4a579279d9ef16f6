//! Vacuum: removing files that nothing names any more.

use std::collections::HashSet;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use serde::Serialize;

use crate::delta::{TableLog, removed_paths};
use crate::error::Result;
use crate::files;
use crate::index;
use crate::lake::{Lake, Snapshot};
use crate::manifest::{self, Manifest, OWN_FOLDER};

/// What to remove.
#[derive(Debug, Clone)]
pub struct VacuumOptions {
    /// Keep what was written or taken out of the table within this time: readers may still hold it, and a writer may
    /// not have committed it yet.
    pub older_than: Duration,
    /// Only tell.
    pub dry_run: bool,
}

impl Default for VacuumOptions {
    fn default() -> Self {
        Self { older_than: Duration::from_secs(24 * 3600), dry_run: false }
    }
}

/// Time below which vacuum does not go: a writer may take that long between a file and its commit.
const LEAST_AGE: Duration = Duration::from_secs(2 * 3600);

/// Manifests are kept this long after they are folded; see the writer's look.
const MANIFESTS_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a vacuum removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct VacuumReport {
    /// Data files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Folded manifests.
    pub manifests: usize,
}

impl Lake {
    /// Removes data files that no snapshot younger than the given age names, and old folded manifests. An age under two
    /// hours counts as two hours.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn vacuum(&self, options: &VacuumOptions) -> Result<VacuumReport> {
        self.vacuum_older_than(options.older_than.max(LEAST_AGE), options.dry_run).await
    }

    /// [`Lake::vacuum`] without the least age, for tests and for lakes that nobody else uses.
    #[doc(hidden)]
    pub async fn vacuum_older_than(&self, older_than: Duration, dry_run: bool) -> Result<VacuumReport> {
        let mut report = VacuumReport::default();
        let now = flowglass_flow::time::now();
        let cutoff = now - i64::try_from(older_than.as_micros()).unwrap_or(i64::MAX);
        // Listed before the snapshot is taken: a file that is committed in between is then active, not unknown.
        let flows = data_files(self.flows()).await?;
        let objects = data_files(self.objects()).await?;
        let indexes = files::list(self.flows().store(), &Path::from(format!("{OWN_FOLDER}/index"))).await?;
        let snapshot = self.refresh().await?;
        let pending = self.pending_files(&snapshot).await?;
        for (log, listed, state) in
            [(self.flows(), flows, &snapshot.flows), (self.objects(), objects, &snapshot.objects)]
        {
            let lately = lately_removed(log, cutoff).await?;
            for (path, size, modified) in listed {
                let name = path.as_ref();
                if state.files.contains_key(name)
                    || modified > cutoff
                    || lately.contains(name)
                    || pending.contains(name)
                {
                    continue;
                }
                report.files += 1;
                report.bytes += size;
                if !dry_run {
                    files::delete(log.store(), &path).await?;
                }
            }
        }
        let lately = lately_removed(self.flows(), cutoff).await?;
        let in_use = snapshot.flows.files.keys().map(AsRef::as_ref).chain(lately.iter().map(String::as_str));
        let in_use: HashSet<String> = in_use.filter_map(index::path_of).collect();
        for meta in indexes {
            if in_use.contains(meta.location.as_ref()) || meta.last_modified.timestamp_micros() > cutoff {
                continue;
            }
            report.bytes += meta.size;
            if !dry_run {
                files::delete(self.flows().store(), &meta.location).await?;
            }
        }
        let folded_before = now - i64::try_from(MANIFESTS_FOR.as_micros()).unwrap_or(i64::MAX);
        for shard in 0..self.shards() {
            let folded = snapshot.objects.transaction(&manifest::application(shard));
            let folder = Path::from(format!("{OWN_FOLDER}/manifests/{shard:03}"));
            for meta in files::list(self.flows().store(), &folder).await? {
                let number =
                    meta.location.filename().and_then(|name| name.split('.').next()?.parse::<i64>().ok());
                let old = meta.last_modified.timestamp_micros() < folded_before;
                if old && number.is_some_and(|number| number <= folded) {
                    report.manifests += 1;
                    if !dry_run {
                        files::delete(self.flows().store(), &meta.location).await?;
                    }
                }
            }
        }
        Ok(report)
    }

    /// Files that a manifest names whose commit is still to come.
    async fn pending_files(&self, snapshot: &Snapshot) -> Result<HashSet<String>> {
        let mut pending = HashSet::new();
        for shard in 0..self.shards() {
            let next = snapshot.flows.transaction(&manifest::application(shard)) + 1;
            if let Some(manifest) = Manifest::read(self.flows().store(), shard, next).await? {
                pending.extend(manifest.files.into_iter().map(|file| file.path));
            }
        }
        Ok(pending)
    }
}

async fn data_files(log: &TableLog) -> Result<Vec<(Path, u64, i64)>> {
    let listed = files::list(log.store(), &Path::default()).await?;
    let data = listed.into_iter().filter(|meta| meta.location.as_ref().starts_with("day="));
    Ok(data.map(|meta| (meta.location, meta.size, meta.last_modified.timestamp_micros())).collect())
}

/// Paths that log entries younger than a time took out of the table: a reader may still be at them.
async fn lately_removed(log: &TableLog, cutoff: i64) -> Result<HashSet<String>> {
    let entries = files::list(log.store(), &Path::from("_delta_log")).await?;
    let young = entries.into_iter().filter(|meta| {
        meta.location.as_ref().ends_with(".json") && meta.last_modified.timestamp_micros() > cutoff
    });
    let read = futures::stream::iter(young.map(|meta| async move {
        let body = files::read_if_present(log.store(), &meta.location).await?;
        Ok::<_, crate::error::LakeError>(body.map(|body| removed_paths(&body)).unwrap_or_default())
    }));
    let paths: Vec<Vec<String>> = read.buffer_unordered(16).try_collect().await?;
    Ok(paths.into_iter().flatten().collect())
}
