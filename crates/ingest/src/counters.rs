//! What an ingester has done so far, for progress bars and metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::Serialize;

/// Counts of a running ingester; every part of it adds, anyone may read.
#[derive(Debug, Default)]
pub struct Counters {
    listed: AtomicU64,
    known: AtomicU64,
    expired: AtomicU64,
    skipped: AtomicU64,
    fetched: AtomicU64,
    fetched_bytes: AtomicU64,
    failed: AtomicU64,
    committed: AtomicU64,
    records: AtomicU64,
    empty: AtomicU64,
    partial: AtomicU64,
    quarantined: AtomicU64,
    commits: AtomicU64,
    total: AtomicU64,
    paused: Mutex<Option<String>>,
    failures: Mutex<Vec<Failure>>,
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

/// What [`Counters`] held at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Objects listed.
    pub listed: u64,
    /// Of those, in the ledger already.
    pub known: u64,
    /// Of those, older than retention; they are not read.
    pub expired: u64,
    /// Entries passed over with a warning.
    pub skipped: u64,
    /// Objects read.
    pub fetched: u64,
    /// Their bytes as stored.
    pub fetched_bytes: u64,
    /// Objects that could not be read for now.
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

/// Failures kept for people; the count is exact.
const FAILURES: usize = 20;

/// One of the counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Count {
    Listed,
    Known,
    Expired,
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
        self.failed.fetch_add(1, Ordering::Relaxed);
        let mut failures = self.failures.lock();
        if failures.len() < FAILURES {
            failures.push(failure);
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
        self.failures.lock().clone()
    }

    /// Returns what was done so far.
    pub fn progress(&self) -> Progress {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Progress {
            listed: get(&self.listed),
            known: get(&self.known),
            expired: get(&self.expired),
            skipped: get(&self.skipped),
            fetched: get(&self.fetched),
            fetched_bytes: get(&self.fetched_bytes),
            failed: get(&self.failed),
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
