//! Compaction: many small files of a day become few large ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use object_store::path::Path;
use serde::Serialize;

use super::merge;
use crate::delta::{Action, Attempt, CommitNote, DataFile, TableLog, TableState};
use crate::error::Result;
use crate::files;
use crate::index;
use crate::lake::{Lake, Snapshot};
use crate::parquet_file::{self, Table};
use crate::{object_rows, parquet_file::Table::Objects};

/// What to compact.
#[derive(Debug, Clone)]
pub struct CompactOptions {
    /// Rows a merged file may have.
    pub target_rows: u64,
    /// Merge a day's files of similar size only when there are this many of them.
    pub at_least: usize,
    /// Merge across sizes: every file below the target.
    pub all_sizes: bool,
    /// Rows from which a row group ends where the next hour begins.
    pub row_group_rows: usize,
}

impl CompactOptions {
    /// What regular upkeep merges: files of similar size, eight at a time, so that a row is rewritten a few times at
    /// most on its way into a full file.
    pub fn due() -> Self {
        Self { target_rows: TARGET_ROWS, at_least: 8, all_sizes: false, row_group_rows: ROW_GROUP_ROWS }
    }

    /// What a user asks for: everything that can be merged.
    pub fn full() -> Self {
        Self { target_rows: TARGET_ROWS, at_least: 2, all_sizes: true, row_group_rows: ROW_GROUP_ROWS }
    }
}

/// Enough to compress well, and few hours even where little happens.
const ROW_GROUP_ROWS: usize = 1 << 17;

/// About 100 MB: large enough to be read in long runs, small enough to be rewritten in seconds.
const TARGET_ROWS: u64 = 4_000_000;

/// Ledger rows are wide; a group of them is merged in memory.
const TARGET_OBJECTS: u64 = 100_000;

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CompactReport {
    /// Files removed.
    pub removed: usize,
    /// Files written in their place.
    pub added: usize,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of the removed files.
    pub bytes_before: u64,
    /// Bytes of the files written.
    pub bytes_after: u64,
}

impl Lake {
    /// Merges small files, day by day, in both tables. Rows and their ids stay as they are.
    ///
    /// # Errors
    /// If the store fails or a file is damaged. What was merged until then stays merged.
    pub async fn compact(&self, options: &CompactOptions) -> Result<CompactReport> {
        let mut report = CompactReport::default();
        let snapshot = self.refresh().await?;
        // One file alone gains nothing but an index, which is made where everything is asked for.
        let unindexed = |file: &DataFile| options.all_sizes && index::path_of(&file.path).is_none();
        let due = groups(&snapshot.flows, options, unindexed);
        let own: Arc<[u128]> = if due.is_empty() { [].into() } else { self.own_addresses(&snapshot).await? };
        for group in due {
            let merging = Merging {
                table: Table::Flows,
                log: self.flows(),
                row_group_rows: options.row_group_rows,
                own: &own,
            };
            self.merge(&merging, &group, &mut report).await?;
        }
        let options = CompactOptions { target_rows: TARGET_OBJECTS, ..options.clone() };
        for group in groups(&snapshot.objects, &options, |_| false) {
            let merging =
                Merging { table: Table::Objects, log: self.objects(), row_group_rows: 0, own: &own };
            self.merge(&merging, &group, &mut report).await?;
        }
        if report.removed > 0 {
            self.refresh().await?;
        }
        Ok(report)
    }

    /// The addresses that the ledger knows as vNICs' own, by value and in order.
    async fn own_addresses(&self, snapshot: &Snapshot) -> Result<Arc<[u128]>> {
        let coverage = self.load_coverage(&snapshot.objects).await?;
        let unfolded = snapshot.unfolded.iter().flat_map(|manifest| &manifest.objects);
        let unfolded = unfolded.flat_map(|entry| &entry.facts.own_addresses);
        let unfolded = unfolded.filter_map(|text| flowglass_flow::address::parse(text));
        let own = coverage.own_addresses().map(|own| own.address).chain(unfolded);
        Ok(own.map(flowglass_flow::address::to_bits).collect::<BTreeSet<u128>>().into_iter().collect())
    }

    async fn merge(
        &self,
        merging: &Merging<'_>,
        group: &[Arc<DataFile>],
        report: &mut CompactReport,
    ) -> Result<()> {
        let Merging { table, log, row_group_rows, own } = *merging;
        let day = group[0].day;
        let merged = match table {
            Table::Flows => merge::flows(log.store(), day, group, row_group_rows, own).await?,
            Table::Objects => {
                let mut entries = Vec::new();
                for file in group {
                    for batch in parquet_file::read(log.store(), &file.path, None).await? {
                        entries.extend(object_rows::from_batch(&batch, file.day, &file.path)?);
                    }
                }
                entries.sort_by(|(a, ..), (b, ..)| {
                    let order = |e: &flowglass_flow::ObjectEntry| {
                        (
                            e.facts.vnic_id.clone(),
                            e.facts.record_type.clone(),
                            e.facts.capture_start_time,
                            e.key.clone(),
                        )
                    };
                    order(a).cmp(&order(b))
                });
                let rows: Vec<_> =
                    entries.iter().map(|(entry, shard, number)| (entry, *shard, *number)).collect();
                parquet_file::write(log.store(), Objects, day, &[object_rows::to_batch(&rows)?]).await?
            }
        };
        let mut actions: Vec<Action> = group
            .iter()
            .map(|f| Action::Remove { path: f.path.clone(), day, size: f.size, data_change: false })
            .collect();
        actions.push(Action::Add(merged.clone(), false));
        let note = CommitNote {
            operation: "OPTIMIZE",
            details: BTreeMap::from([("files", group.len().to_string())]),
        };
        loop {
            let snapshot = self.refresh().await?;
            let state = if table == Table::Flows { &snapshot.flows } else { &snapshot.objects };
            // Another compactor, a new version of an object, or retention took one of the files: leave it at that.
            if !group.iter().all(|file| state.files.contains_key(file.path.as_str())) {
                if let Some(index) = index::path_of(&merged.path) {
                    files::delete(log.store(), &Path::from(index)).await?;
                }
                return files::delete(log.store(), &Path::from(merged.path)).await;
            }
            if let Attempt::Committed(_) = log.try_commit(state, &actions, &note).await? {
                report.removed += group.len();
                report.added += 1;
                report.rows += group.iter().map(|file| file.stats.rows).sum::<u64>();
                report.bytes_before += group.iter().map(|file| file.size).sum::<u64>();
                report.bytes_after += merged.size;
                return Ok(());
            }
        }
    }
}

/// What is merged, and how.
struct Merging<'l> {
    table: Table,
    log: &'l TableLog,
    row_group_rows: usize,
    /// Addresses known as vNICs' own, by value and in order.
    own: &'l Arc<[u128]>,
}

/// Returns the groups of files to merge, newest day first. What `alone` is true of is rewritten even if it is full, or
/// alone.
fn groups(
    state: &TableState,
    options: &CompactOptions,
    alone: impl Fn(&DataFile) -> bool,
) -> Vec<Vec<Arc<DataFile>>> {
    let mut days: BTreeMap<i32, Vec<Arc<DataFile>>> = BTreeMap::new();
    for file in state.files.values() {
        days.entry(file.day).or_default().push(Arc::clone(file));
    }
    let mut groups = Vec::new();
    for (_, files) in days.into_iter().rev() {
        let mut tiers: BTreeMap<u32, Vec<Arc<DataFile>>> = BTreeMap::new();
        for file in files.into_iter().filter(|file| file.stats.rows <= options.target_rows / 2 || alone(file))
        {
            let tier = if options.all_sizes { 0 } else { file.stats.rows.max(1).ilog2() / 3 };
            tiers.entry(tier).or_default().push(file);
        }
        for (_, mut files) in tiers {
            if files.len() < options.at_least && !files.iter().any(|file| alone(file)) {
                continue;
            }
            // Neighbours in time belong into one file: then a range of time leaves files out.
            files.sort_by_key(|file| (file.stats.integer_bounds("time"), file.stats.rows));
            let mut group: Vec<Arc<DataFile>> = Vec::new();
            let mut rows = 0;
            for file in files {
                if rows + file.stats.rows > options.target_rows && !group.is_empty() {
                    groups.push(std::mem::take(&mut group));
                    rows = 0;
                }
                rows += file.stats.rows;
                group.push(file);
            }
            groups.push(group);
        }
    }
    groups.retain(|group| group.len() > 1 || alone(&group[0]));
    groups
}
