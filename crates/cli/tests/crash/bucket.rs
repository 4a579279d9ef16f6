//! A bucket of simulated objects that grows and changes, and what a reader must find of it.

use std::collections::BTreeMap;
use std::time::Duration;

use flowglass_simulate::{Config, Scenario, Simulation, Writer};
use flowglass_test_s3::{Faults, Options, TestS3};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// The bucket of the source.
pub(crate) const SOURCE: &str = "logs";
/// The bucket of the lake, where it lies in one.
pub(crate) const LAKE: &str = "lake";

const HOUR: i64 = 3_600_000_000;

/// What must be found of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) etag: String,
    /// Records that are searchable; none for an object that cannot be read.
    pub(crate) records: Option<usize>,
}

/// A bucket on a server of its own, and another server for the lake.
pub(crate) struct Bucket {
    pub(crate) server: TestS3,
    pub(crate) lake_server: TestS3,
    pub(crate) expected: BTreeMap<String, Expected>,
    chance: SmallRng,
    walkthrough: Simulation,
    load: Simulation,
    grown: i64,
}

impl Bucket {
    /// Makes an empty bucket on a new server.
    pub(crate) fn new(seed: u64) -> Self {
        let [server, lake_server] = [SOURCE, LAKE].map(|bucket| {
            let server = TestS3::start(Options { seed, ..Options::default() }).unwrap();
            server.create_bucket(bucket).unwrap();
            server
        });
        let base = Config { seed, ..Config::default() };
        let load = Config { scenario: Scenario::Load, vnics: 3, records_per_window: 120, ..base.clone() };
        Self {
            server,
            lake_server,
            expected: BTreeMap::new(),
            chance: SmallRng::seed_from_u64(seed),
            walkthrough: Simulation::new(base).unwrap(),
            load: Simulation::new(load).unwrap(),
            grown: 0,
        }
    }

    /// Adds an hour: about 120 objects with 5,000 records. Replaces a few of the objects that were there, and adds one
    /// that cannot be read.
    pub(crate) fn grow(&mut self) {
        let mut writer = Writer::new();
        let mut fresh = Vec::new();
        for simulation in [&self.walkthrough, &self.load] {
            let from = simulation.config().start + self.grown * HOUR;
            // The first hour takes all that is there since the start.
            let after = if self.grown == 0 { i64::MIN } else { from };
            fresh.extend(
                simulation.slots(after, from + HOUR).map(|slot| simulation.object(&slot, &mut writer)),
            );
        }
        self.grown += 1;
        let known: Vec<String> = self.expected.keys().cloned().collect();
        for _ in 0..known.len().min(3) {
            let key = &known[self.chance.random_range(0..known.len())];
            // Another object's content: other records of another hour.
            let other = &fresh[self.chance.random_range(0..fresh.len())];
            self.put(key, &other.body, Some(other.records));
        }
        for object in &fresh {
            assert!(!self.expected.contains_key(&object.key), "{} twice", object.key);
            self.put(&object.key, &object.body, Some(object.records));
        }
        let torn = fresh.iter().max_by_key(|object| object.records).unwrap();
        let key = torn.key.replace(".gz", "0.gz");
        self.put(&key, &torn.body[..torn.body.len() / 2], None);
    }

    fn put(&mut self, key: &str, body: &[u8], records: Option<usize>) {
        self.server.put(SOURCE, key, body.to_vec()).unwrap();
        let etag = self.server.get(SOURCE, key).unwrap().etag;
        self.expected.insert(key.to_owned(), Expected { etag, records });
    }

    /// Records that must be found.
    pub(crate) fn records(&self) -> usize {
        self.expected.values().filter_map(|object| object.records).sum()
    }

    /// Lets the servers fail now and then, in every way a store does.
    pub(crate) fn trouble(&self) {
        let faults = Faults {
            slow_down: 0.01,
            internal_error: 0.005,
            cut_before: 0.005,
            cut_after: 0.005,
            cut_body: 0.005,
            delay: Some(Duration::from_millis(4)),
            duplicate_entries: 0.02,
            duplicate_pages: 0.2,
            unsorted: true,
            ..Faults::default()
        };
        self.server.set_faults(faults.clone());
        self.lake_server.set_faults(faults);
    }

    /// Ends all trouble.
    pub(crate) fn calm(&self) {
        self.server.set_faults(Faults::default());
        self.lake_server.set_faults(Faults::default());
    }

    /// Requests since they were counted anew.
    pub(crate) fn requests(&self) -> u64 {
        self.server.counters().total() + self.lake_server.counters().total()
    }

    /// Counts requests anew.
    pub(crate) fn count_anew(&self) {
        self.server.reset_counters();
        self.lake_server.reset_counters();
    }
}
