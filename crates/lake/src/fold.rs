//! Folding: manifests become rows of `objects`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use flowglass_flow::{ObjectEntry, ObjectId, Outcome};
use object_store::path::Path;

use crate::delta::{Action, AddFile, Attempt, CommitNote, TableState};
use crate::error::{LakeError, Result};
use crate::lake::{Lake, Snapshot};
use crate::ledger::{Segment, pair_of};
use crate::manifest;
use crate::parquet_file::{self, Table};
use crate::{failpoint, files, ledger_files, object_rows};

/// What a fold did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FoldReport {
    /// Manifests folded.
    pub manifests: usize,
    /// Ledger rows written, rewritten ones included.
    pub objects: usize,
}

/// A ledger entry with the shard and manifest it came by.
type Entry = (ObjectEntry, u32, i64);

/// What a run of manifests does to the ledger.
#[derive(Default)]
struct Effect {
    /// New rows by object.
    fresh: BTreeMap<ObjectId, Entry>,
    /// Rows to take out, with their partitions.
    leaving: HashMap<ObjectId, i32>,
    /// New outcomes of rows in the table.
    outcomes: HashMap<ObjectId, (i32, Outcome)>,
    /// Rows of earlier days become expired.
    expire_before: Option<i32>,
}

impl Lake {
    /// Folds all committed manifests into `objects`. Doing it twice, or by two processes at once, does it once: the fold
    /// commits each shard's number with the rows.
    ///
    /// # Errors
    /// If the store fails or a file of the lake is damaged.
    pub async fn fold(&self) -> Result<FoldReport> {
        const ATTEMPTS: u32 = 100;
        for _ in 0..ATTEMPTS {
            let snapshot = self.refresh().await?;
            if snapshot.unfolded.is_empty() {
                return Ok(FoldReport::default());
            }
            failpoint::hit("before-fold");
            let effect = effect_of(&snapshot);
            let (mut actions, mut report) = self.rewrites(&snapshot.objects, &effect).await?;
            report.manifests = snapshot.unfolded.len();
            let mut days: BTreeMap<i32, Vec<&Entry>> = BTreeMap::new();
            for entry in effect.fresh.values() {
                days.entry(entry.0.facts.day).or_default().push(entry);
            }
            for (day, mut entries) in days {
                entries.sort_by(|a, b| order(a).cmp(&order(b)));
                report.objects += entries.len();
                let file = self.write_entries(day, &entries).await?;
                actions.push(Action::Add(file, true));
            }
            let written: Vec<AddFile> = actions.iter().filter_map(added).collect();
            actions.extend(transactions(&snapshot));
            let note =
                CommitNote { operation: "WRITE", details: BTreeMap::from([("mode", "Fold".to_owned())]) };
            match self.objects().try_commit(&snapshot.objects, &actions, &note).await? {
                Attempt::Committed(state) => {
                    let pairs = effect.fresh.values().map(|(entry, ..)| pair_of(entry)).collect();
                    ledger_files::save(self, state.version, state.version, &Segment::new(pairs)).await?;
                    self.refresh().await?;
                    self.save_coverage(&state).await?;
                    return Ok(report);
                }
                Attempt::Behind => {
                    for file in written {
                        files::delete(self.objects().store(), &Path::from(file.path)).await?;
                    }
                }
            }
        }
        Err(LakeError::Contention {
            doing: "folding manifests",
            url: self.location().url.to_string(),
            attempts: ATTEMPTS,
        })
    }

    /// Rewrites the ledger files whose rows change or leave.
    async fn rewrites(&self, state: &TableState, effect: &Effect) -> Result<(Vec<Action>, FoldReport)> {
        let mut actions = Vec::new();
        let mut report = FoldReport::default();
        let days: BTreeSet<i32> =
            effect.leaving.values().copied().chain(effect.outcomes.values().map(|(day, _)| *day)).collect();
        for file in state.files.values() {
            let expires = effect.expire_before.is_some_and(|day| file.day < day);
            if !expires && !days.contains(&file.day) {
                continue;
            }
            let mut entries: Vec<Entry> = Vec::new();
            for batch in parquet_file::read(self.objects().store(), &file.path, None).await? {
                entries.extend(object_rows::from_batch(&batch, file.day, &file.path)?);
            }
            let count = entries.len();
            entries.retain(|(entry, ..)| !effect.leaving.contains_key(&entry.object_id));
            let mut changed = entries.len() < count;
            for (entry, ..) in &mut entries {
                let told = effect.outcomes.get(&entry.object_id).map(|(_, outcome)| *outcome);
                let outcome = if expires { Outcome::Expired } else { told.unwrap_or(entry.outcome) };
                changed |= outcome != entry.outcome;
                entry.outcome = outcome;
            }
            if !changed {
                continue;
            }
            actions.push(Action::Remove {
                path: file.path.clone(),
                day: file.day,
                size: file.size,
                data_change: true,
            });
            if !entries.is_empty() {
                report.objects += entries.len();
                let entries: Vec<&Entry> = entries.iter().collect();
                let rewritten = self.write_entries(file.day, &entries).await?;
                // New to those who follow the ledger: their outcomes changed.
                actions.push(Action::Add(rewritten, true));
            }
        }
        Ok((actions, report))
    }

    async fn write_entries(&self, day: i32, entries: &[&Entry]) -> Result<AddFile> {
        let rows: Vec<_> = entries.iter().map(|(entry, shard, number)| (entry, *shard, *number)).collect();
        let batch = object_rows::to_batch(&rows)?;
        parquet_file::write(self.objects().store(), Table::Objects, day, &[batch]).await
    }
}

impl Snapshot {
    /// Returns the ledger entries that are not in the table `objects` yet, as they will stand there, and the ids of
    /// rows of the table that no longer hold (replaced, or changed in outcome and given anew if they can be).
    pub fn unfolded_effect(&self) -> (Vec<(ObjectEntry, u32, i64)>, HashSet<ObjectId>, UnfoldedChanges) {
        let effect = effect_of(self);
        let leaving = effect.leaving.keys().copied().collect();
        let changes = UnfoldedChanges {
            outcomes: effect.outcomes.iter().map(|(id, (_, outcome))| (*id, *outcome)).collect(),
            expire_before: effect.expire_before,
        };
        (effect.fresh.into_values().collect(), leaving, changes)
    }
}

/// Changes of rows already in the table `objects` that are not folded yet.
#[derive(Debug, Clone, Default)]
pub struct UnfoldedChanges {
    /// New outcomes by object.
    pub outcomes: HashMap<ObjectId, Outcome>,
    /// Rows of earlier days are expired.
    pub expire_before: Option<i32>,
}

fn effect_of(snapshot: &Snapshot) -> Effect {
    let mut effect = Effect::default();
    for manifest in &snapshot.unfolded {
        for object in &manifest.replaced {
            if effect.fresh.remove(&object.object_id).is_none() {
                effect.leaving.insert(object.object_id, object.day);
            }
        }
        for entry in &manifest.objects {
            effect.fresh.insert(entry.object_id, (entry.clone(), manifest.shard, manifest.number));
        }
        for change in &manifest.changed {
            let id = change.object.object_id;
            match effect.fresh.get_mut(&id) {
                Some((entry, ..)) => entry.outcome = change.outcome,
                None => {
                    effect.outcomes.insert(id, (change.object.day, change.outcome));
                }
            }
        }
        if let Some(day) = manifest.expire_before {
            effect.expire_before = effect.expire_before.max(Some(day));
            for (entry, ..) in effect.fresh.values_mut().filter(|(entry, ..)| entry.facts.day < day) {
                entry.outcome = Outcome::Expired;
            }
        }
    }
    effect
}

fn order(entry: &Entry) -> (&Option<String>, &Option<String>, Option<i64>, &str) {
    let facts = &entry.0.facts;
    (&facts.vnic_id, &facts.record_type, facts.capture_start_time, &entry.0.key)
}

fn added(action: &Action) -> Option<AddFile> {
    match action {
        Action::Add(file, _) => Some(file.clone()),
        _ => None,
    }
}

fn transactions(snapshot: &Snapshot) -> Vec<Action> {
    let mut newest: BTreeMap<u32, i64> = BTreeMap::new();
    for manifest in &snapshot.unfolded {
        newest.insert(manifest.shard, manifest.number);
    }
    newest
        .into_iter()
        .map(|(shard, version)| Action::Transaction { app: manifest::application(shard), version })
        .collect()
}
