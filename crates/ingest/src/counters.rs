//! What an ingester has done so far, for progress bars and metrics.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::Serialize;

/// Counts of a running ingester; every part of it adds, anyone may read.
#[derive(Debug, Default)]
pub struct Counters {
    listed: AtomicU64,
    known: AtomicU64,
    expired: AtomicU64,
    filtered: AtomicU64,
    skipped: AtomicU64,
    fetched: AtomicU64,
    fetched_bytes: AtomicU64,
    committed: AtomicU64,
    records: AtomicU64,
    empty: AtomicU64,
    partial: AtomicU64,
    quarantined: AtomicU64,
    commits: AtomicU64,
    total: AtomicU64,
    paused: Mutex<Option<String>>,
    failures: Mutex<Failures>,
}

/// Objects that are listed and could not be read so far, by source and key, with the reason.
#[derive(Debug, Default)]
struct Failures {
    kept: BTreeMap<(String, String), String>,
    /// Failures beyond those kept.
    more: u64,
}

/// An object that is listed and could not be read; it stays pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its source.
    pub source: String,
    /// Its key.
    pub key: String,
    /// Why.
    pub reason: String,
}

impl Failure {
    fn of(((source, key), reason): (&(String, String), &String)) -> Self {
        Self { source: source.clone(), key: key.clone(), reason: reason.clone() }
    }
}

/// What [`Counters`] held at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Objects listed.
    pub listed: u64,
    /// Of those, in the ledger already.
    pub known: u64,
    /// Of those, older than retention; they are not read.
    pub expired: u64,
    /// Of those, left out by the filter after a look at what they say of themselves: their keys do not tell.
    pub filtered: u64,
    /// Entries passed over with a warning.
    pub skipped: u64,
    /// Objects read.
    pub fetched: u64,
    /// Their bytes as stored.
    pub fetched_bytes: u64,
    /// Objects that could not be read for now: one that is read later no longer counts.
    pub failed: u64,
    /// Objects committed.
    pub committed: u64,
    /// Records committed.
    pub records: u64,
    /// Objects committed that hold no records.
    pub empty: u64,
    /// Objects committed of which some records could not be read.
    pub partial: u64,
    /// Objects that could not be read at all; they are in the ledger with their reason.
    pub quarantined: u64,
    /// Commits made.
    pub commits: u64,
    /// Objects there are to look at, as far as known; 0 if not.
    pub total: u64,
    /// Why it waits, if it does.
    pub paused: Option<String>,
}

/// Failures kept at most, and failures told to people.
const KEPT: usize = 100_000;
const TOLD: usize = 20;

/// One of the counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Count {
    Listed,
    Known,
    Expired,
    Filtered,
    Skipped,
    Fetched,
    FetchedBytes,
    Committed,
    Records,
    Empty,
    Partial,
    Quarantined,
    Commits,
}

impl Counters {
    pub(crate) fn add(&self, count: Count, amount: u64) {
        let counter = match count {
            Count::Listed => &self.listed,
            Count::Known => &self.known,
            Count::Expired => &self.expired,
            Count::Filtered => &self.filtered,
            Count::Skipped => &self.skipped,
            Count::Fetched => &self.fetched,
            Count::FetchedBytes => &self.fetched_bytes,
            Count::Committed => &self.committed,
            Count::Records => &self.records,
            Count::Empty => &self.empty,
            Count::Partial => &self.partial,
            Count::Quarantined => &self.quarantined,
            Count::Commits => &self.commits,
        };
        counter.fetch_add(amount, Ordering::Relaxed);
    }

    pub(crate) fn fail(&self, failure: Failure) {
        let mut failures = self.failures.lock();
        let name = (failure.source, failure.key);
        if failures.kept.len() < KEPT || failures.kept.contains_key(&name) {
            failures.kept.insert(name, failure.reason);
        } else {
            failures.more += 1;
        }
    }

    /// Notes that an object could be read: what failed before does not count any more.
    pub(crate) fn read(&self, source: &str, key: &str) {
        let mut failures = self.failures.lock();
        if !failures.kept.is_empty() {
            failures.kept.remove(&(source.to_owned(), key.to_owned()));
        }
    }

    pub(crate) fn pause(&self, reason: Option<String>) {
        *self.paused.lock() = reason;
    }

    /// Says how many objects there are to look at.
    pub fn set_total(&self, total: u64) {
        self.total.store(total, Ordering::Relaxed);
    }

    /// The first objects that could not be read.
    pub fn failures(&self) -> Vec<Failure> {
        self.failures.lock().kept.iter().take(TOLD).map(Failure::of).collect()
    }

    /// The objects of a source that could not be read.
    pub(crate) fn pending(&self, source: &str) -> Vec<Failure> {
        let failures = self.failures.lock();
        let mine = failures.kept.range((source.to_owned(), String::new())..);
        mine.take_while(|((of, _), _)| of == source).map(Failure::of).collect()
    }

    /// Returns what was done so far.
    pub fn progress(&self) -> Progress {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let failed = {
            let failures = self.failures.lock();
            failures.kept.len() as u64 + failures.more
        };
        Progress {
            listed: get(&self.listed),
            known: get(&self.known),
            expired: get(&self.expired),
            filtered: get(&self.filtered),
            skipped: get(&self.skipped),
            fetched: get(&self.fetched),
            fetched_bytes: get(&self.fetched_bytes),
            failed,
            committed: get(&self.committed),
            records: get(&self.records),
            empty: get(&self.empty),
            partial: get(&self.partial),
            quarantined: get(&self.quarantined),
            commits: get(&self.commits),
            total: get(&self.total),
            paused: self.paused.lock().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_fails_once_and_no_longer_when_read() {
        let counters = Counters::default();
        let fail = |source: &str, key: &str| {
            counters.fail(Failure { source: source.into(), key: key.into(), reason: "503".into() });
        };
        for (source, key) in [("a", "1"), ("a", "2"), ("a", "1"), ("ab", "1")] {
            fail(source, key);
        }
        assert_eq!(
            (counters.progress().failed, counters.pending("a").len(), counters.pending("ab").len()),
            (3, 2, 1)
        );
        counters.read("a", "1");
        counters.read("b", "1");
        assert_eq!(
            counters.pending("a").iter().map(|failure| failure.key.as_str()).collect::<Vec<_>>(),
            ["2"]
        );
        assert_eq!((counters.progress().failed, counters.failures().len()), (2, 2));
    }
}
