//! What a watched bucket is asked, and how soon what it holds is committed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flowglass_ingest::{Counters, IngestError, PipelineOptions, WatchOptions, watch};
use flowglass_lake::{Lake, LakeOptions, Writer};
use flowglass_test_s3::{Call, Faults, TestS3};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::check::object;
use crate::fixtures::{BUCKET, key, open, server, spec, stream};

/// A bucket that is watched.
struct Watched {
    server: TestS3,
    folder: String,
    hour: String,
    counters: Arc<Counters>,
    stop: CancellationToken,
    lake: Lake,
    task: JoinHandle<Result<(), IngestError>>,
    _directory: TempDir,
}

impl Watched {
    /// Watches a bucket of one stream with one object, until its first full listing is over and that object is committed.
    async fn begin(faults: Faults, group: Duration) -> Self {
        let server = server();
        server.set_faults(faults);
        let folder = stream("A", "us-south", "r006-1", "0717-1", "egress");
        let now = flowglass_flow::time::format(flowglass_flow::time::now());
        let hour = now[..13].to_owned();
        server.put(BUCKET, &key(&folder, &hour, 0), object(1)).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let lake =
            Lake::open_or_create(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
        let source = open(&spec(&server)).await;
        let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
        // What is there already is no news: it would wait for `group`.
        let quick = PipelineOptions { group: Duration::ZERO, ..PipelineOptions::default() };
        let mut writer = Writer::open(&lake).await.unwrap();
        let (sources, filter) = (std::slice::from_ref(&source), Default::default());
        flowglass_ingest::ingest(&mut writer, sources, &filter, &quick, &counters, &stop).await.unwrap();
        let first = server.counters().of(Call::List);
        let options = WatchOptions {
            poll: Duration::from_millis(50),
            upkeep: None,
            pipeline: PipelineOptions { group, ..PipelineOptions::default() },
            ..WatchOptions::default()
        };
        let task = {
            let (counters, stop) = (Arc::clone(&counters), stop.clone());
            tokio::spawn(async move { watch(&mut writer, &[source], &options, &counters, &stop).await })
        };
        let watched = Self { server, folder, hour, counters, stop, lake, task, _directory: directory };
        // The full listing takes some ten requests, and is over long before as many looks are.
        watched.until("looks", |watched| watched.server.counters().of(Call::List) > first + 40).await;
        watched
    }

    fn put(&self, number: u32) {
        self.server.put(BUCKET, &key(&self.folder, &self.hour, number), object(1)).unwrap();
    }

    async fn until(&self, what: &str, is: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is(self) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{what}: {:?}", self.counters.progress());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn committed(&self, count: u64) {
        self.until("committed", |watched| watched.counters.progress().committed == count).await;
    }

    /// The last keys that listings began after, without repetitions.
    fn began_after(&self) -> Vec<String> {
        let recent = self.server.counters().recent;
        let after = recent.iter().filter_map(|request| {
            let query = request.query.split('&').find_map(|pair| pair.strip_prefix("start-after="))?;
            Some(query.rsplit("%2F").next().unwrap_or(query).to_owned())
        });
        let mut after: Vec<_> = after.collect();
        after.dedup();
        after
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
        let objects = self.counters.progress().committed;
        assert_eq!(self.lake.refresh().await.unwrap().flows.rows(), objects, "of one record each");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_lists_what_comes_after_the_last_object() {
    let watched = Watched::begin(Faults::default(), Duration::from_millis(100)).await;
    for number in 1..3 {
        watched.put(number);
        watched.committed(u64::from(number) + 1).await;
    }
    let after = |number| move |watched: &Watched| watched.began_after().last() == Some(&number);
    watched.until("a listing after the last object", after("00000002.gz".to_owned())).await;
    assert_eq!(watched.began_after(), ["00000000.gz", "00000001.gz", "00000002.gz"]);
    watched.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_begins_every_listing_at_its_beginning_is_read_all_the_same() {
    let faults = Faults { ignore_start_after: true, ..Faults::default() };
    let watched = Watched::begin(faults, Duration::from_millis(100)).await;
    let asked = watched.began_after();
    assert_eq!(asked, ["00000000.gz"], "once, and then no more");
    let count = |watched: &Watched| {
        let recent = watched.server.counters().recent;
        recent.iter().filter(|request| request.query.contains("start-after=")).count()
    };
    assert_eq!(count(&watched), 1);
    watched.put(1);
    watched.committed(2).await;
    assert_eq!(count(&watched), 1);
    watched.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_look_found_does_not_wait_for_more() {
    let watched = Watched::begin(Faults::default(), Duration::from_secs(3600)).await;
    watched.put(1);
    // Without the look's end it would wait for an hour.
    watched.committed(2).await;
    watched.end().await;
}
