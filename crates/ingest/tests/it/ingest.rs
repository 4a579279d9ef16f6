//! From simulated objects to a lake: everything once, nothing twice, and new objects within moments.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowglass_flow::Outcome;
use flowglass_ingest::source::{Filter, open};
use flowglass_ingest::{
    Again, Counters, IngestError, IngestReport, PipelineOptions, Source, SourceSpec, WatchOptions, ingest,
    retry, watch,
};
use flowglass_lake::{Lake, LakeError, LakeOptions, Writer};
use flowglass_simulate::{Config, truth, write_directory};
use tokio_util::sync::CancellationToken;

fn three_hours() -> Config {
    let config = Config::default();
    Config { end: config.start + 3 * 3600 * flowglass_flow::time::SECOND, ..config }
}

async fn source(path: &Path) -> Arc<dyn Source> {
    let spec = SourceSpec::new(path.to_str().unwrap());
    open(&spec).await.unwrap()
}

async fn lake(directory: &Path) -> Lake {
    Lake::open_or_create(directory.to_str().unwrap(), &LakeOptions::default()).await.unwrap()
}

async fn run(writer: &mut Writer, source: &Arc<dyn Source>, options: &PipelineOptions) -> IngestReport {
    let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
    ingest(writer, std::slice::from_ref(source), &Filter::default(), options, &counters, &stop).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_is_ingested_once() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = directory.path().join("bucket");
    let config = three_hours();
    write_directory(&config, &bucket, 2, &|_| ()).unwrap();
    let truth = truth(&config).unwrap();
    // What cannot be read is in the ledger with its reason, and does not stop the rest.
    std::fs::write(bucket.join("broken.gz"), [0x1f, 0x8b, 8, 0, 1, 2]).unwrap();
    let lake = lake(&directory.path().join("lake")).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    // Small commits: many manifests, folded on the way.
    let options = PipelineOptions { batch_rows: 50, batch_objects: 3, ..PipelineOptions::default() };
    let report = run(&mut writer, &source(&bucket).await, &options).await;
    assert_eq!((report.objects, report.new), (truth.objects + 1, truth.objects + 1));
    assert_eq!((report.records, report.empty), (truth.records, truth.empty_objects));
    assert_eq!((report.quarantined, report.pending), (1, 0));
    let snapshot = lake.refresh().await.unwrap();
    assert_eq!(snapshot.flows.rows(), truth.records);
    assert_eq!(snapshot.objects.rows(), truth.objects + 1);
    assert!(snapshot.unfolded.is_empty());
    let again = run(&mut writer, &source(&bucket).await, &options).await;
    assert_eq!((again.objects, again.new, again.records), (truth.objects + 1, 0, 0));
    let mut fresh =
        Writer::open(&Lake::open(lake.location().url.as_str(), &LakeOptions::default()).await.unwrap())
            .await
            .unwrap();
    assert_eq!(run(&mut fresh, &source(&bucket).await, &options).await.new, 0);
    let entries = lake.ledger_entries().await.unwrap();
    let broken = entries.iter().find(|entry| entry.outcome == Outcome::Quarantined).unwrap();
    assert_eq!(broken.key, "broken.gz");
    assert!(broken.reason.as_deref().is_some_and(|reason| reason.contains("gzip")), "{:?}", broken.reason);
    let miscounted =
        entries.iter().filter(|e| e.facts.declared_records != Some(e.facts.records as i64)).count();
    assert_eq!(miscounted, truth.miscounted.len() + 1, "and the broken one, which declares nothing");
    let own: std::collections::BTreeSet<_> =
        entries.iter().flat_map(|e| e.facts.own_addresses.clone()).collect();
    assert_eq!(own.into_iter().collect::<Vec<_>>(), ["10.240.0.4", "10.240.64.4"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_object_is_searchable_within_moments_of_its_listing() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = directory.path().join("bucket");
    std::fs::create_dir(&bucket).unwrap();
    // The windows around now, so that they lie in the hour folders that are looked at.
    let now = flowglass_flow::time::now();
    let config = Config { start: now - 1800 * flowglass_flow::time::SECOND, end: now, ..Config::default() };
    let objects: Vec<_> = flowglass_simulate::objects(&config).unwrap().collect();
    let put =
        |object: &flowglass_simulate::Object| flowglass_simulate::write_object(&bucket, object).unwrap();
    put(&objects[0]);
    let lake = lake(&directory.path().join("lake")).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
    let options = WatchOptions {
        poll: Duration::from_millis(200),
        discover: Duration::from_millis(200),
        upkeep: None,
        ..WatchOptions::default()
    };
    let sources = [source(&bucket).await];
    let watching = {
        let (counters, stop) = (Arc::clone(&counters), stop.clone());
        tokio::spawn(async move { watch(&mut writer, &sources, &options, &counters, &stop).await })
    };
    let held = |count: u64| {
        let (lake, counters) = (lake.clone(), Arc::clone(&counters));
        async move {
            let started = std::time::Instant::now();
            while lake.refresh().await.unwrap().unfolded.iter().map(|m| m.objects.len() as u64).sum::<u64>()
                < count
            {
                assert!(started.elapsed() < Duration::from_secs(20), "{:?}", counters.progress());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    held(1).await;
    for object in &objects[1..] {
        put(object);
    }
    held(objects.len() as u64).await;
    stop.cancel();
    watching.await.unwrap().unwrap();
    let snapshot = lake.refresh().await.unwrap();
    assert!(snapshot.unfolded.is_empty(), "folded at the end");
    assert_eq!(snapshot.objects.rows(), objects.len() as u64);
    assert_eq!(snapshot.flows.rows(), objects.iter().map(|object| object.records as u64).sum::<u64>());
}

/// Files outside the provider's layout: their keys tell nothing, their headers do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_holds_for_keys_outside_the_layout() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = directory.path().join("bucket");
    std::fs::create_dir(&bucket).unwrap();
    let body = |vnic: &str, hour: u32| {
        let object = crate::check::object(2);
        let window = object.replace("2021-12-14T13", &format!("2021-12-14T{hour:02}"));
        window.replacen('{', &format!(r#"{{"network_interface_id":"{vnic}","#), 1)
    };
    for (name, body) in [
        ("a.json", body("0717-1", 13)),
        ("b.json", body("0717-2", 13)),
        ("late.json", body("0717-1", 15)),
        ("bare.json", crate::check::object(2)),
        ("note.txt", "no flow log".to_owned()),
    ] {
        std::fs::write(bucket.join(name), body).unwrap();
    }
    let at = |text: &str| flowglass_flow::time::parse(text.as_bytes());
    let lake = lake(&directory.path().join("lake")).await;
    let (options, stop) = (PipelineOptions::default(), CancellationToken::new());
    let taken = async |filter: Filter| {
        let mut writer = Writer::open(&lake).await.unwrap();
        let sources = [source(&bucket).await];
        let counters = Arc::new(Counters::default());
        let report = ingest(&mut writer, &sources, &filter, &options, &counters, &stop).await.unwrap();
        (report.objects, report.new, report.filtered, report.quarantined)
    };
    let vnic = Filter { vnics: vec!["0717-1".into()], ..Filter::default() };
    let until = Filter { until: at("2021-12-14T14:00:00Z"), ..vnic.clone() };
    assert_eq!(taken(until).await, (5, 1, 4, 0), "one vNIC, one hour: a");
    assert_eq!(taken(vnic.clone()).await, (5, 1, 3, 0), "late, and a is known");
    assert_eq!(taken(Filter { vnics: vec!["0717-9".into()], ..vnic }).await, (5, 0, 3, 0));
    // What was left out is not taken for read.
    assert_eq!(taken(Filter::default()).await, (5, 3, 0, 1));
}

/// Who watches does not read what is refused again with each listing, but a new version of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_remembers_what_is_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = directory.path().join("bucket");
    std::fs::create_dir(&bucket).unwrap();
    std::fs::write(bucket.join("a.json"), crate::check::object(2)).unwrap();
    let lake = lake(&directory.path().join("lake")).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
    let filter = Filter { vnics: vec!["0717-1".into()], ..Filter::default() };
    let options =
        WatchOptions { poll: Duration::from_millis(20), upkeep: None, filter, ..WatchOptions::default() };
    let sources = [source(&bucket).await];
    let watching = {
        let (counters, stop) = (Arc::clone(&counters), stop.clone());
        tokio::spawn(async move { watch(&mut writer, &sources, &options, &counters, &stop).await })
    };
    let until = async |what: &dyn Fn(&flowglass_ingest::Progress) -> bool| {
        let started = std::time::Instant::now();
        while !what(&counters.progress()) {
            assert!(started.elapsed() < Duration::from_secs(20), "{:?}", counters.progress());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    until(&|now| now.filtered >= 5).await;
    assert_eq!((counters.progress().fetched, counters.progress().committed), (1, 0));
    let ours = crate::check::object(3).replacen('{', r#"{"network_interface_id":"0717-1","#, 1);
    std::fs::write(bucket.join("new"), ours).unwrap();
    std::fs::rename(bucket.join("new"), bucket.join("a.json")).unwrap();
    until(&|now| now.committed == 1).await;
    stop.cancel();
    watching.await.unwrap().unwrap();
    assert_eq!(lake.refresh().await.unwrap().flows.rows(), 3);
}

/// Without anything new to commit, too: who only waits would wait for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_notices_that_the_lake_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = directory.path().join("bucket");
    std::fs::create_dir(&bucket).unwrap();
    let at = directory.path().join("lake");
    let mut writer = Writer::open(&lake(&at).await).await.unwrap();
    let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
    let options = WatchOptions { poll: Duration::from_millis(50), upkeep: None, ..WatchOptions::default() };
    let sources = [source(&bucket).await];
    let watching =
        tokio::spawn(async move { watch(&mut writer, &sources, &options, &counters, &stop).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!watching.is_finished());
    // In one go: emptied file by file, it could get a new one meanwhile.
    std::fs::rename(&at, directory.path().join("elsewhere")).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), watching).await.expect("it ends").unwrap();
    let error = ended.unwrap_err();
    assert!(error.to_string().starts_with("cannot go on at file:///"), "{error}");
    assert!(matches!(error, IngestError::Lake { source, .. } if matches!(*source, LakeError::Gone { .. })));
    assert!(!at.exists(), "nothing was made in its place");
}

/// A bucket of three hours and a lake in which all objects but the empty ones are quarantined: they were too large.
async fn quarantined(directory: &Path) -> (Lake, Writer, Arc<dyn Source>) {
    let bucket = directory.join("bucket");
    write_directory(&three_hours(), &bucket, 2, &|_| ()).unwrap();
    let lake = lake(&directory.join("lake")).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    let source = source(&bucket).await;
    let options = PipelineOptions { max_object_bytes: 10, ..PipelineOptions::default() };
    let report = run(&mut writer, &source, &options).await;
    assert_eq!((report.quarantined, report.records), (report.objects, 0));
    (lake, writer, source)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_quarantined_is_read_again_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let truth = truth(&three_hours()).unwrap();
    let (lake, mut writer, source) = quarantined(directory.path()).await;
    let options = PipelineOptions::default();
    // Reading the source again does not touch what the ledger knows.
    assert_eq!(run(&mut writer, &source, &options).await.new, 0);
    let mut objects: Vec<_> =
        lake.ledger_entries().await.unwrap().into_iter().map(|entry| (entry.source, entry.key)).collect();
    objects.push((source.name().clone(), "gone.gz".to_owned()));
    objects.push((flowglass_flow::SourceName("elsewhere".to_owned()), "a.gz".to_owned()));
    let again = async |writer: &mut Writer| {
        let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
        let sources = std::slice::from_ref(&source);
        retry(writer, sources, objects.clone(), &options, &counters, &stop).await.unwrap()
    };
    let report = again(&mut writer).await;
    assert_eq!((report.new, report.records, report.quarantined), (truth.objects, truth.records, 0));
    let reasons: Vec<_> = report.failures.iter().map(|failure| failure.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["its source elsewhere is not among those that are read", "it is no longer in its source"]
    );
    // Twice is once: the rows are replaced.
    assert_eq!(again(&mut writer).await.records, truth.records);
    let snapshot = lake.refresh().await.unwrap();
    assert_eq!((snapshot.flows.rows(), snapshot.objects.rows()), (truth.records, truth.objects));
    let entries = lake.ledger_entries().await.unwrap();
    assert!(entries.iter().all(|entry| matches!(entry.outcome, Outcome::Done | Outcome::Empty)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_can_be_asked_to_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let truth = truth(&three_hours()).unwrap();
    let (lake, mut writer, source) = quarantined(directory.path()).await;
    let objects: Vec<_> =
        lake.ledger_entries().await.unwrap().into_iter().map(|entry| (entry.source, entry.key)).collect();
    let (counters, stop, again) = (Arc::new(Counters::default()), CancellationToken::new(), Again::default());
    let options = WatchOptions { again: again.clone(), upkeep: None, ..WatchOptions::default() };
    let watching = {
        let (counters, stop) = (Arc::clone(&counters), stop.clone());
        tokio::spawn(async move { watch(&mut writer, &[source], &options, &counters, &stop).await })
    };
    assert_eq!(again.ask(objects), truth.objects as usize);
    let started = std::time::Instant::now();
    while counters.progress().records < truth.records {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", counters.progress());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    watching.await.unwrap().unwrap();
    assert_eq!(lake.refresh().await.unwrap().flows.rows(), truth.records);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nearly_full_disk_pauses_with_its_reason_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = directory.path().join("bucket");
    let config = three_hours();
    write_directory(&config, &bucket, 2, &|_| ()).unwrap();
    let lake = lake(&directory.path().join("lake")).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
    let source = source(&bucket).await;
    let paused = {
        let (counters, stop, source) = (Arc::clone(&counters), stop.clone(), Arc::clone(&source));
        tokio::spawn(async move {
            // No disk has this much room.
            let options = PipelineOptions { min_free_bytes: u64::MAX, ..PipelineOptions::default() };
            let report = ingest(&mut writer, &[source], &Filter::default(), &options, &counters, &stop).await;
            (writer, report)
        })
    };
    let started = std::time::Instant::now();
    while counters.progress().paused.is_none() {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", counters.progress());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let reason = counters.progress().paused.unwrap();
    assert!(reason.contains("min_free_bytes") && reason.contains("lake"), "{reason}");
    assert_eq!(lake.refresh().await.unwrap().flows.rows(), 0);
    stop.cancel();
    let (mut writer, report) = paused.await.unwrap();
    let report = report.unwrap();
    assert!(report.stopped && report.new == 0, "{report:?}");
    let truth = truth(&config).unwrap();
    let report = run(&mut writer, &source, &PipelineOptions::default()).await;
    assert_eq!((report.new, report.records), (truth.objects, truth.records));
}
