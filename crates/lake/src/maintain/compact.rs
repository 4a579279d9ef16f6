//! Compaction: many files of a day become few, which follow each other in time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::merge::{self, Shape};
use super::{ledger, plan};
use crate::delta::{Action, AddFile, Attempt, CommitNote, DataFile, TableLog, TableState};
use crate::error::Result;
use crate::failpoint;
use crate::lake::{Lake, Snapshot};
use crate::parquet_file::Table;

/// What to compact.
#[derive(Debug, Clone)]
pub struct CompactOptions {
    /// Rows from which a file ends where the next hour begins. Files of less than half as many are small.
    pub target_rows: u64,
    /// Merge a day's small files of similar size only when there are this many of them.
    pub at_least: usize,
    /// Merge across sizes: every small file, and all that overlap in time.
    pub all_sizes: bool,
    /// Rows from which a row group ends where the next hour begins.
    pub row_group_rows: usize,
    /// Files of one merge at most: it has all of them open.
    pub merge_files: usize,
    /// Rows of one merge at most: it is done as a whole, or not at all. Files larger than that are not merged with others.
    pub merge_rows: u64,
}

impl CompactOptions {
    /// What regular upkeep merges: files of similar size, eight or more at a time, and large ones where several overlap, so
    /// that a row is rewritten a few times at most.
    pub fn due() -> Self {
        Self { at_least: 8, all_sizes: false, ..Self::full() }
    }

    /// What a user asks for: everything that can be merged.
    pub fn full() -> Self {
        Self {
            target_rows: TARGET_ROWS,
            at_least: 2,
            all_sizes: true,
            row_group_rows: ROW_GROUP_ROWS,
            merge_files: 96,
            merge_rows: 16 * TARGET_ROWS,
        }
    }
}

/// Enough to compress well, and few hours even where little happens.
const ROW_GROUP_ROWS: usize = 1 << 17;

/// About 60 MB, which a merge holds in memory.
const TARGET_ROWS: u64 = 3_000_000;

/// Ledger rows are wide: some 1 kB where they are merged, and 3 kB where a fold rewrites a file because one of them changed.
const TARGET_OBJECTS: u64 = 1 << 15;

/// Times that what merges leave is looked at again. Each time there is less of it; new files may come meanwhile.
const ROUNDS: usize = 16;

/// What a compaction did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CompactReport {
    /// Files removed.
    pub removed: usize,
    /// Files written in their place.
    pub added: usize,
    /// Rows in them; rows that were rewritten twice count twice.
    pub rows: u64,
    /// Bytes of the removed files.
    pub bytes_before: u64,
    /// Bytes of the files written.
    pub bytes_after: u64,
}

impl Lake {
    /// Merges small files, and files that overlap in time, day by day, in both tables. Rows and their ids stay as they are.
    ///
    /// # Errors
    /// If the store fails or a file is damaged. What was merged until then stays merged.
    pub async fn compact(&self, options: &CompactOptions) -> Result<CompactReport> {
        let mut report = CompactReport::default();
        for _ in 0..ROUNDS {
            let snapshot = self.refresh().await?;
            let merges = plan::merges(snapshot.flows.files.values(), options);
            if merges.is_empty() {
                break;
            }
            let shape = Shape {
                file_rows: options.target_rows,
                group_rows: options.row_group_rows,
                own: self.own_addresses(&snapshot).await?,
            };
            let removed = report.removed;
            for merge in merges {
                let written = merge::flows(self.flows().store(), &merge, &shape).await?;
                self.replace(Table::Flows, &merge.files, written, &mut report).await?;
            }
            // Others are at the same files.
            if report.removed == removed {
                break;
            }
        }
        let snapshot = self.refresh().await?;
        for group in ledger_groups(&snapshot.objects, options) {
            let written = ledger::objects(self.objects().store(), &group).await?;
            self.replace(Table::Objects, &group, vec![written], &mut report).await?;
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

    /// Puts written files in the place of others, in one commit; or deletes them where somebody else took one of these.
    async fn replace(
        &self,
        table: Table,
        group: &[Arc<DataFile>],
        written: Vec<AddFile>,
        report: &mut CompactReport,
    ) -> Result<()> {
        failpoint::hit("after-merge");
        let log: &TableLog = if table == Table::Flows { self.flows() } else { self.objects() };
        let remove = |f: &Arc<DataFile>| Action::Remove {
            path: f.path.clone(),
            day: f.day,
            size: f.size,
            data_change: false,
        };
        let mut actions: Vec<Action> = group.iter().map(remove).collect();
        actions.extend(written.iter().map(|file| Action::Add(file.clone(), false)));
        let note = CommitNote {
            operation: "OPTIMIZE",
            details: BTreeMap::from([("files", group.len().to_string())]),
        };
        loop {
            let snapshot = self.refresh().await?;
            let state = if table == Table::Flows { &snapshot.flows } else { &snapshot.objects };
            // Another compactor, a new version of an object, or retention took one of the files: leave it at that.
            if !group.iter().all(|file| state.files.contains_key(file.path.as_str())) {
                return merge::discard(log.store(), written).await;
            }
            if let Attempt::Committed(_) = log.try_commit(state, &actions, &note).await? {
                report.removed += group.len();
                report.added += written.len();
                report.rows += group.iter().map(|file| file.stats.rows).sum::<u64>();
                report.bytes_before += group.iter().map(|file| file.size).sum::<u64>();
                report.bytes_after += written.iter().map(|file| file.size).sum::<u64>();
                return Ok(());
            }
        }
    }
}

/// Returns the groups of ledger files to merge, newest day first.
fn ledger_groups(state: &TableState, options: &CompactOptions) -> Vec<Vec<Arc<DataFile>>> {
    let mut days: BTreeMap<i32, BTreeMap<u32, Vec<Arc<DataFile>>>> = BTreeMap::new();
    for file in state.files.values().filter(|file| file.stats.rows <= TARGET_OBJECTS / 2) {
        let tier = if options.all_sizes { 0 } else { file.stats.rows.max(1).ilog2() / 3 };
        days.entry(file.day).or_default().entry(tier).or_default().push(Arc::clone(file));
    }
    let mut groups = Vec::new();
    let tiers = days.into_values().rev().flat_map(BTreeMap::into_values);
    for mut files in tiers.filter(|files| files.len() >= options.at_least) {
        files.sort_by_key(|file| file.stats.rows);
        let mut group: Vec<Arc<DataFile>> = Vec::new();
        let mut rows = 0;
        for file in files {
            if rows + file.stats.rows > TARGET_OBJECTS && !group.is_empty() {
                groups.push(std::mem::take(&mut group));
                rows = 0;
            }
            rows += file.stats.rows;
            group.push(file);
        }
        groups.push(group);
    }
    groups.retain(|group| group.len() > 1);
    groups
}
