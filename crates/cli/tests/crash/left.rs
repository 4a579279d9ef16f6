//! What the processes left: read from the lake's files, and asked of the program.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};
use flowglass_flow::Outcome;
use flowglass_lake::{Lake, LakeOptions, Manifest};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::LakeKind;
use crate::bucket::{Bucket, LAKE};
use crate::program::Stage;

/// Fails unless the lake holds every record of the bucket exactly once, and says so itself.
pub(crate) fn check(bucket: &Bucket, stage: &Stage, kind: LakeKind) {
    bucket.calm();
    files(bucket, &directory(bucket, stage, kind));
    program(bucket, stage);
}

/// The lake as a directory; one in a bucket is copied, for its files name each other relative to the lake.
fn directory(bucket: &Bucket, stage: &Stage, kind: LakeKind) -> PathBuf {
    if kind == LakeKind::Directory {
        return stage.folder().join("lake");
    }
    let copy = stage.folder().join("copy");
    if copy.is_dir() {
        std::fs::remove_dir_all(&copy).unwrap();
    }
    for key in bucket.lake_server.keys(LAKE) {
        let path = copy.join(&key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bucket.lake_server.get(LAKE, &key).unwrap().bytes).unwrap();
    }
    copy.join("a/lake")
}

fn files(bucket: &Bucket, directory: &Path) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (entries, mut rows) = runtime.block_on(async {
        let lake = Lake::open(directory.to_str().unwrap(), &LakeOptions::default()).await.unwrap();
        let snapshot = lake.refresh().await.unwrap();
        for shard in 0..lake.shards() {
            let committed = snapshot.flows.transaction(&format!("flowglass-shard-{shard:03}"));
            assert!(committed > 0);
            let next = Manifest::read(lake.flows().store(), shard, committed + 1).await.unwrap();
            assert!(next.is_none(), "manifest {} of shard {shard} was left unfinished", committed + 1);
        }
        assert!(snapshot.unfolded.is_empty(), "{} manifests were left unfolded", snapshot.unfolded.len());
        let mut rows: HashMap<String, Vec<i64>> = HashMap::new();
        for file in snapshot.flows.files.values() {
            read(&directory.join("flows").join(&file.path), &mut rows);
        }
        (lake.ledger_entries().await.unwrap(), rows)
    });
    let mut seen = HashSet::new();
    for entry in entries {
        let key = entry.key.clone();
        let expected = bucket.expected.get(&key).unwrap_or_else(|| panic!("{key} is not in the bucket"));
        let mut found = rows.remove(&entry.object_id.to_string()).unwrap_or_default();
        found.sort_unstable();
        let wanted: Vec<i64> = (0..expected.records.unwrap_or(0) as i64).collect();
        assert_eq!(found, wanted, "rows of {key}");
        let outcome = match expected.records {
            None => Outcome::Quarantined,
            Some(0) => Outcome::Empty,
            Some(_) => Outcome::Done,
        };
        let told = (entry.etag.as_str(), entry.outcome, entry.facts.records as usize);
        assert_eq!(told, (expected.etag.as_str(), outcome, wanted.len()), "ledger entry of {key}");
        assert!(seen.insert(key.clone()), "{key} stands twice in the ledger");
    }
    let missing: Vec<_> = bucket.expected.keys().filter(|key| !seen.contains(*key)).collect();
    assert!(missing.is_empty(), "not in the ledger: {missing:#?}");
    assert!(rows.is_empty(), "rows of {} objects nobody knows", rows.len());
}

/// Adds the record positions of a data file, by object.
fn read(path: &Path, rows: &mut HashMap<String, Vec<i64>>) {
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let ids = arrow::compute::cast(batch.column_by_name("object_id").unwrap(), &DataType::Utf8).unwrap();
        let positions = batch.column_by_name("record_index").unwrap().as_primitive::<Int64Type>();
        for (id, position) in ids.as_string::<i32>().iter().zip(positions.iter()) {
            rows.entry(id.unwrap().to_owned()).or_default().push(position.unwrap());
        }
    }
}

fn program(bucket: &Bucket, stage: &Stage) {
    let count = stage.run(&["search", "--count"]);
    assert_eq!(count.stdout.trim(), bucket.records().to_string(), "{count:?}");
    let verified = stage.run(&["lake", "verify", "s3://logs", "--format", "json"]);
    assert!(verified.status.success(), "{verified:?}");
    let answer: serde_json::Value = serde_json::from_str(&verified.stdout).unwrap();
    let unreadable = bucket.expected.values().filter(|object| object.records.is_none()).count();
    let wanted = serde_json::json!({ "same": bucket.expected.len() - unreadable, "quarantined": unreadable });
    assert_eq!(answer["sources"][0]["report"]["counts"], wanted, "{verified:?}");
}
