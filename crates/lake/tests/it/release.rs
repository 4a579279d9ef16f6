//! A lake that an earlier release wrote, kept under `tests/fixtures`: it opens, answers, and is written further.
//!
//! One folder per format of the lake. A fixture is never changed; a release that changes what is written adds one.

use std::path::Path;
use std::sync::Arc;

use flowglass_flow::Outcome;
use flowglass_lake::answer::{Range, Scope, SearchOptions};
use flowglass_lake::read::{Reader, ReaderOptions};
use flowglass_lake::{Lake, LakeOptions, LakeViews, Writer};

use crate::support::{DAY, batch, object};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

async fn count(lake: &Lake, text: &str) -> usize {
    let reader = Reader::new(Arc::new(LakeViews::new(lake.clone())), &ReaderOptions::default()).unwrap();
    let query = flowglass_query::parse(text, &flowglass_query::Context::default()).unwrap();
    let options = SearchOptions { limit: Some(1000), ..SearchOptions::default() };
    let answer = reader.search(&Scope::new(query, Range::default()), &options).await.unwrap();
    answer.rows.iter().map(arrow::array::RecordBatch::num_rows).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lake_of_an_earlier_release_is_read_and_written() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/lake-0.1");
    let directory = tempfile::tempdir().unwrap();
    copy(&fixture, directory.path());
    let lake = Lake::open(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
    for (query, rows) in [
        ("", 119),
        ("action:rejected", 60),
        ("target_port:ssh", 5),
        ("initiator_ip:10.240.0.0/16", 51),
        ("is:closing", 27),
    ] {
        assert_eq!(count(&lake, query).await, rows, "{query}");
    }
    let outcomes = async || {
        let entries = lake.ledger_entries().await.unwrap();
        let of = |outcome| entries.iter().filter(|entry| entry.outcome == outcome).count();
        [Outcome::Done, Outcome::Empty, Outcome::Quarantined].map(of)
    };
    assert_eq!(outcomes().await, [14, 2, 1]);
    let view = flowglass_lake::read::Views::latest(&LakeViews::new(lake.clone())).await.unwrap();
    assert_eq!(view.coverage.vnic_count(), 2);
    assert!(view.coverage.last_listed().is_some());
    // What it knows is not read again, what it does not know is added.
    let entries = lake.ledger_entries().await.unwrap();
    let mut writer = Writer::open(&lake).await.unwrap();
    assert_eq!(writer.ledger().len(), entries.len());
    let made = writer.commit(batch(&lake, vec![object("new", "1", DAY, 0, 5)])).await.unwrap();
    assert_eq!((made.objects, made.rows), (1, 5));
    lake.fold().await.unwrap();
    lake.upkeep().await.unwrap();
    assert_eq!(count(&lake, "").await, 124);
    assert_eq!(outcomes().await, [15, 2, 1]);
}
