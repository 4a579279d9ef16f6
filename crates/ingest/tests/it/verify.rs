//! The lake compared with the bucket: what is the same, and everything that is not.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flowglass_codec::{BatchDecoder, Limits};
use flowglass_flow::object::shard_of;
use flowglass_flow::{ObjectEntry, ObjectId, Outcome, SourceName};
use flowglass_ingest::source::Filter;
use flowglass_ingest::{
    Counters, PipelineOptions, Source, SourceSpec, Verdict, VerifyOptions, VerifyReport, ingest, verify,
};
use flowglass_lake::{Batch, Lake, LakeOptions, Writer};
use flowglass_test_s3::Faults;
use tokio_util::sync::CancellationToken;

use crate::check::object;
use crate::fixtures::{BUCKET, key, open, server, spec, stream};

async fn lake(directory: &Path) -> (Lake, Writer) {
    let address = directory.to_str().expect("UTF-8");
    let lake = Lake::open_or_create(address, &LakeOptions::default()).await.expect("a lake");
    let writer = Writer::open(&lake).await.expect("a writer");
    (lake, writer)
}

async fn ingested(writer: &mut Writer, source: &Arc<dyn Source>) -> u64 {
    let options = PipelineOptions { min_free_bytes: 0, ..PipelineOptions::default() };
    let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
    let sources = std::slice::from_ref(source);
    let report =
        ingest(writer, sources, &Filter::default(), &options, &counters, &stop).await.expect("a report");
    report.new
}

async fn verified(writer: &Writer, source: &Arc<dyn Source>) -> VerifyReport {
    verify(writer, source, &VerifyOptions::default(), &|_| ()).await.expect("a report")
}

fn shown(report: &VerifyReport) -> String {
    let counts: Vec<String> =
        report.counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    counts.join(", ")
}

fn reasons(report: &VerifyReport) -> Vec<String> {
    let line = |finding: &flowglass_ingest::Finding| {
        format!("{} {}: {}", finding.verdict, finding.key, finding.reason.as_deref().unwrap_or("-"))
    };
    report.findings.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_whatever_the_lake_did_with_its_files() {
    let server = server();
    let directory = tempfile::tempdir().expect("a folder");
    for vnic in 0..3 {
        let stream = stream("A", "us-south", "r006-1", &format!("0717-{vnic}"), "ingress");
        for number in 0..8 {
            let body = object(number as usize).replace("44000", &(1000 + number * 7 + vnic).to_string());
            server.put(BUCKET, &key(&stream, "2021-12-14T13", number), body).expect("stored");
        }
    }
    let source = open(&spec(&server)).await;
    let (lake, mut writer) = lake(&directory.path().join("lake")).await;
    let report = verified(&writer, &source).await;
    assert_eq!(shown(&report), "24 not yet read");
    assert!(report.passed());

    let options = PipelineOptions { batch_objects: 3, min_free_bytes: 0, ..PipelineOptions::default() };
    let (counters, stop) = (Arc::new(Counters::default()), CancellationToken::new());
    let sources = std::slice::from_ref(&source);
    ingest(&mut writer, sources, &Filter::default(), &options, &counters, &stop).await.expect("ingested");
    server.set_faults(Faults { slow_down: 0.1, cut_body: 0.1, ..Faults::default() });
    let report = verified(&writer, &source).await;
    assert_eq!((shown(&report).as_str(), report.rows), ("24 same", 3 * (0..8).sum::<u64>()));
    assert_eq!(report.findings, []);

    lake.upkeep().await.expect("compacted");
    let report = verified(&writer, &source).await;
    assert_eq!(shown(&report), "24 same");

    let filter = Filter { vnics: vec!["0717-1".into()], ..Filter::default() };
    let some = VerifyOptions { filter, ..VerifyOptions::default() };
    let report = verify(&writer, &source, &some, &|_| ()).await.expect("a report");
    assert_eq!(shown(&report), "8 same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changed_in_the_bucket_is_no_failure() {
    let directory = tempfile::tempdir().expect("a folder");
    let bucket = directory.path().join("bucket");
    std::fs::create_dir(&bucket).expect("a folder");
    let put = |name: &str, body: &str| std::fs::write(bucket.join(name), body).expect("a file");
    for (name, records) in [("kept", 3), ("removed", 2), ("rewritten", 1), ("empty", 0)] {
        put(name, &object(records));
    }
    put("broken", "no flow log");
    let source = open(&SourceSpec::new(bucket.to_str().expect("UTF-8"))).await;
    let (_, mut writer) = lake(&directory.path().join("lake")).await;
    assert_eq!(ingested(&mut writer, &source).await, 5);
    std::fs::remove_file(bucket.join("removed")).expect("removed");
    put("rewritten", &object(4));
    put("new", &object(1));
    tokio::time::sleep(Duration::from_millis(60)).await;
    let report = verified(&writer, &source).await;
    assert_eq!(shown(&report), "2 same, 1 gone, 1 quarantined, 2 not yet read");
    assert!(report.passed());
    let reasons = reasons(&report);
    assert_eq!(reasons[0], "gone removed: -");
    assert!(reasons[1].starts_with("quarantined broken: is not one JSON text"), "{reasons:?}");
    assert_eq!(reasons[2], "not yet read new: -");
    assert_eq!(reasons[3], "not yet read rewritten: it was written over; the lake holds the version before");

    assert_eq!(ingested(&mut writer, &source).await, 2);
    assert_eq!(shown(&verified(&writer, &source).await), "4 same, 1 gone, 1 quarantined");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_only_touched_is_read_once_more_and_not_for_ever() {
    let directory = tempfile::tempdir().expect("a folder");
    let bucket = directory.path().join("bucket");
    std::fs::create_dir(&bucket).expect("a folder");
    std::fs::write(bucket.join("a"), object(2)).expect("a file");
    let source = open(&SourceSpec::new(bucket.to_str().expect("UTF-8"))).await;
    let (_, mut writer) = lake(&directory.path().join("lake")).await;
    assert_eq!(ingested(&mut writer, &source).await, 1);
    let later = std::time::SystemTime::now() - Duration::from_secs(5);
    let file = std::fs::File::options().write(true).open(bucket.join("a")).expect("the file");
    file.set_modified(later).expect("touched");
    let mut reads = Vec::new();
    for _ in 0..3 {
        let before = source.calls().gets;
        assert_eq!(ingested(&mut writer, &source).await, 0, "the content is the same");
        reads.push(source.calls().gets - before);
    }
    assert_eq!(reads, [1, 0, 0]);
    assert_eq!(shown(&verified(&writer, &source).await), "1 same");
}

/// Commits an object as if it had been read as `said`, while the bucket holds `stored`.
async fn commit_wrongly(writer: &mut Writer, bucket: &Path, key: &str, stored: &str, said: &[&str]) {
    std::fs::write(bucket.join(key), stored).expect("a file");
    let source = SourceName("file".to_owned());
    let hash = blake3::hash(stored.as_bytes()).to_hex()[..32].to_owned();
    let object_id = ObjectId::of(&source, key, &hash);
    let (mut rows, mut facts) = (Vec::new(), None);
    for body in said {
        let mut decoder = BatchDecoder::new(Limits::default());
        facts = Some(decoder.push(object_id, key, body.as_bytes()).expect("readable"));
        rows.extend(decoder.finish().into_iter().map(|rows| (rows.day, rows.batch)));
    }
    let entry = ObjectEntry {
        object_id,
        source: source.clone(),
        key: key.to_owned(),
        etag: hash.clone(),
        size: stored.len() as u64,
        last_modified: None,
        recorded_at: 0,
        outcome: Outcome::Done,
        reason: None,
        replaces: None,
        content_hash: Some(hash),
        facts: facts.expect("read"),
    };
    let shard = shard_of(&source, key, writer.lake().shards());
    let batch = Batch { shard, objects: vec![entry], rows, again: HashSet::new() };
    writer.commit(batch).await.expect("committed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_difference_is_found_and_named() {
    let directory = tempfile::tempdir().expect("a folder");
    let bucket = directory.path().join("bucket");
    std::fs::create_dir(&bucket).expect("a folder");
    let (_, mut writer) = lake(&directory.path().join("lake")).await;
    let (two, three) = (object(2), object(3));
    let wrong = |key: &'static str, stored: String, said: Vec<String>| (key, stored, said);
    let cases = [
        wrong("changed", two.clone(), vec![two.replacen("rejected", "accepted", 1)]),
        wrong("doubled", two.clone(), vec![two.clone(), two.clone()]),
        wrong("missing", three.clone(), vec![two.clone()]),
        wrong("right", two.clone(), vec![two.clone()]),
        wrong("surplus", two.clone(), vec![three.clone()]),
        wrong(
            "unreadable",
            two.replacen("\"target_port\":22", "\"target_port\":99999", 1),
            vec![two.clone()],
        ),
    ];
    for (key, stored, said) in &cases {
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        commit_wrongly(&mut writer, &bucket, key, stored, &said).await;
    }
    tokio::time::sleep(Duration::from_millis(60)).await;
    let source = open(&SourceSpec::new(bucket.to_str().expect("UTF-8"))).await;
    let report = verified(&writer, &source).await;
    assert!(!report.passed());
    assert_eq!(shown(&report), "1 same, 5 differs");
    assert_eq!(
        reasons(&report),
        [
            "differs changed: record 0: action is accepted in the lake, rejected in the bucket",
            "differs doubled: record 0 is in the lake 2 times",
            "differs missing: record 2 is not in the lake",
            "differs surplus: the lake has a record 2, the bucket has none",
            "differs unreadable: the ledger says done, the bucket's object is partial",
        ]
    );
    let few = VerifyOptions { findings: 2, ..VerifyOptions::default() };
    let report = verify(&writer, &source, &few, &|_| ()).await.expect("a report");
    assert_eq!((report.of(Verdict::Differs), report.findings.len()), (5, 2));
}
