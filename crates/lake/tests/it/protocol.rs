//! Exactly once: under repeats, races, and manifests left behind.

use flowglass_flow::SourceName;
use flowglass_lake::{Known, Lake, LakeError, LakeOptions, Manifest, SourceStatus, Writer, version_tag};

use crate::support::{DAY, batch, expected, ledger, object, rows};

async fn new_lake(directory: &tempfile::TempDir, shards: u32) -> Lake {
    let options = LakeOptions { shards, ..LakeOptions::default() };
    Lake::open_or_create(directory.path().to_str().unwrap(), &options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lake_is_made_by_several_at_once() {
    for _ in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let address = directory.path().to_str().unwrap().to_owned();
        let one = || {
            let address = address.clone();
            tokio::spawn(
                async move { Lake::open_or_create(&address, &LakeOptions::default()).await.map(|_| ()) },
            )
        };
        for made in futures::future::join_all((0..6).map(|_| one())).await {
            made.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_batch_is_committed_once() {
    let directory = tempfile::tempdir().unwrap();
    let lake = new_lake(&directory, 1).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    let (one, empty) = (object("a/1", "x", DAY, 0, 3), object("a/2", "x", DAY, 5, 0));
    let done = writer.commit(batch(&lake, vec![one.clone(), empty.clone()])).await.unwrap();
    assert_eq!((done.objects, done.known, done.rows), (2, 0, 3));
    let again = writer.commit(batch(&lake, vec![one.clone(), object("a/3", "x", DAY, 10, 2)])).await.unwrap();
    assert_eq!((again.objects, again.known, again.rows), (1, 1, 2));
    let third = object("a/3", "x", DAY, 10, 2).0;
    assert_eq!(rows(&lake).await, expected(&[&one.0, &empty.0, &third]));
    // A program that starts anew knows them too, before and after folding.
    for _ in 0..2 {
        let reopened = Lake::open(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
        let fresh = Writer::open(&reopened).await.unwrap();
        for entry in [&one.0, &empty.0, &third] {
            assert_eq!(fresh.ledger().check(&entry.source, &entry.key, "x"), Known::Same);
            assert_eq!(fresh.ledger().check(&entry.source, &entry.key, "y"), Known::Changed);
        }
        assert_eq!(fresh.ledger().check(&one.0.source, "a/9", "x"), Known::New);
        let folded = reopened.fold().await.unwrap();
        assert!(folded.objects == 3 || folded.objects == 0);
    }
    assert_eq!(ledger(&lake).await.len(), 3);
}

#[tokio::test]
async fn a_manifest_left_behind_is_finished_first() {
    let directory = tempfile::tempdir().unwrap();
    let lake = new_lake(&directory, 1).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    writer.commit(batch(&lake, vec![object("a/1", "x", DAY, 0, 3)])).await.unwrap();
    // What a writer leaves that dies between manifest and commit: take the commit's log entry away again.
    let entry = directory.path().join("flows/_delta_log/00000000000000000001.json");
    std::fs::remove_file(&entry).unwrap();
    let lake = new_lake(&directory, 1).await;
    assert_eq!(rows(&lake).await, []);
    let mut next = Writer::open(&lake).await.unwrap();
    assert_eq!(rows(&lake).await, expected(&[&object("a/1", "x", DAY, 0, 3).0]));
    let done = next.commit(batch(&lake, vec![object("a/1", "x", DAY, 0, 3)])).await.unwrap();
    assert_eq!((done.objects, done.known), (0, 1));
}

/// A lake that is removed, or replaced, under who uses it is told of; nothing is made in its place.
#[tokio::test]
async fn a_lake_that_is_gone_is_told_of() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let make = async |name: &str| {
        let address = at(name).to_str().unwrap().to_owned();
        let lake = Lake::open_or_create(&address, &LakeOptions::default()).await.unwrap();
        let mut writer = Writer::open(&lake).await.unwrap();
        writer.commit(batch(&lake, vec![object("a/1", "x", DAY, 0, 3)])).await.unwrap();
        (lake, writer)
    };
    let why = |error: LakeError| match error {
        LakeError::Gone { reason, .. } => reason,
        other => panic!("{other}"),
    };
    let (lake, mut writer) = make("lake").await;
    assert!(
        lake.flows().make_sure(&lake.snapshot().flows).await.unwrap().is_none(),
        "one look at our own commit"
    );
    assert!(lake.snapshot().flows.entry_tag.is_some());

    std::fs::rename(at("lake"), at("away")).unwrap();
    assert_eq!(why(lake.refresh().await.unwrap_err()), "its log was removed");
    let refused = writer.commit(batch(&lake, vec![object("a/2", "x", DAY, 5, 2)])).await.unwrap_err();
    assert!(refused.hint().is_some_and(|hint| hint.starts_with("put it back from a copy")), "{refused}");
    assert_eq!(why(refused), "its log was removed");
    let status = SourceStatus {
        source: SourceName("test".to_owned()),
        location: String::new(),
        last_listed: None,
        pending_objects: 0,
        pending: Vec::new(),
        paused: None,
        written_at: 0,
    };
    assert_eq!(why(lake.put_status(&status).await.unwrap_err()), "its log was removed");
    assert!(!at("lake").exists(), "nothing was made in its place");

    // Another one, with as many versions.
    let (other, _) = make("lake").await;
    assert_eq!(other.snapshot().flows.version, lake.snapshot().flows.version);
    assert_eq!(why(lake.refresh().await.unwrap_err()), "another one was made in its place");

    // Put back, it is used on; as a copy, whose files are others, too.
    std::fs::rename(at("lake"), at("other")).unwrap();
    let copied = std::process::Command::new("cp").arg("-R").args([at("away"), at("lake")]).status().unwrap();
    assert!(copied.success());
    writer.commit(batch(&lake, vec![object("a/2", "x", DAY, 5, 2)])).await.unwrap();
    assert_eq!(rows(&lake).await.len(), 5);
    std::fs::remove_dir_all(at("lake")).unwrap();
    std::fs::rename(at("away"), at("lake")).unwrap();
    assert_eq!(why(lake.refresh().await.unwrap_err()), "an older copy was put in its place");
}

#[tokio::test]
async fn a_manifest_alone_blocks_its_number() {
    let directory = tempfile::tempdir().unwrap();
    let lake = new_lake(&directory, 1).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    // Another writer took number 1 for an object, and died before its commit.
    let mut theirs = Manifest::new(0, 1, "someone else");
    theirs.objects = vec![object("b/1", "x", DAY, 0, 0).0];
    assert!(theirs.put(lake.flows().store()).await.unwrap());
    assert!(!Manifest::new(0, 1, "third").put(lake.flows().store()).await.unwrap());
    let mine = object("a/1", "x", DAY, 0, 2);
    let done = writer.commit(batch(&lake, vec![mine.clone(), object("b/1", "x", DAY, 0, 0)])).await.unwrap();
    assert_eq!((done.objects, done.known), (1, 1));
    assert_eq!(lake.refresh().await.unwrap().flows.transaction("flowglass-shard-000"), 2);
    assert_eq!(ledger(&lake).await.len(), 2);
}

#[tokio::test]
async fn a_new_version_replaces_the_old_rows_in_one_commit() {
    let directory = tempfile::tempdir().unwrap();
    let lake = new_lake(&directory, 1).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    let (old, other, new) =
        (object("a/1", "x", DAY, 0, 3), object("a/2", "x", DAY, 5, 2), object("a/1", "y", DAY, 0, 4));
    writer.commit(batch(&lake, vec![old.clone(), other.clone()])).await.unwrap();
    let before = lake.snapshot().flows.version;
    writer.commit(batch(&lake, vec![new.clone()])).await.unwrap();
    assert_eq!(lake.snapshot().flows.version, before + 1);
    assert_eq!(rows(&lake).await, expected(&[&new.0, &other.0]));
    // Back to the first content: the newest version counts, not any that was ever seen.
    lake.fold().await.unwrap();
    let mut fresh = Writer::open(&lake).await.unwrap();
    assert_eq!(fresh.ledger().check(&old.0.source, "a/1", "x"), Known::Changed);
    fresh.commit(batch(&lake, vec![old.clone()])).await.unwrap();
    assert_eq!(rows(&lake).await, expected(&[&old.0, &other.0]));
    lake.fold().await.unwrap();
    let entries: Vec<_> = ledger(&lake).await.into_iter().map(|(key, etag, _)| (key, etag)).collect();
    assert_eq!(entries, [("a/1".to_owned(), "x".to_owned()), ("a/2".to_owned(), "x".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_writers_commit_everything_once() {
    let directory = tempfile::tempdir().unwrap();
    for shards in [1, 3] {
        let directory = directory.path().join(shards.to_string());
        let options = LakeOptions { shards, ..LakeOptions::default() };
        let lake = Lake::open_or_create(directory.to_str().unwrap(), &options).await.unwrap();
        let objects: Vec<_> = (0..24)
            .map(|i| object(&format!("s{}/{i}", i % 4), "x", DAY + i % 2, 5 * i64::from(i), 3))
            .collect();
        let mut tasks = Vec::new();
        for seed in 0..4 {
            let (objects, directory) = (objects.clone(), directory.clone());
            tasks.push(tokio::spawn(async move {
                let lake = Lake::open(directory.to_str().unwrap(), &LakeOptions::default()).await.unwrap();
                let mut writer = Writer::open(&lake).await.unwrap();
                let mut committed = 0;
                for start in 0..objects.len() {
                    // Each writer takes all objects, in overlapping pairs and in its own order.
                    let at = (start * 7 + seed * 5) % objects.len();
                    let shard = flowglass_flow::object::shard_of(
                        &objects[at].0.source,
                        &objects[at].0.key,
                        lake.shards(),
                    );
                    let pair = [at, (at + seed + 1) % objects.len()];
                    let same = |&&i: &&usize| {
                        flowglass_flow::object::shard_of(
                            &objects[i].0.source,
                            &objects[i].0.key,
                            lake.shards(),
                        ) == shard
                    };
                    let chosen = pair.iter().filter(same).map(|&i| objects[i].clone()).collect();
                    committed += writer.commit(batch(&lake, chosen)).await.unwrap().objects;
                    if start % 9 == seed {
                        lake.fold().await.unwrap();
                    }
                }
                committed
            }));
        }
        let mut committed = 0;
        for task in tasks {
            committed += task.await.unwrap();
        }
        assert_eq!(committed, objects.len());
        let entries: Vec<_> = objects.iter().map(|(entry, _)| entry).collect();
        assert_eq!(rows(&lake).await, expected(&entries));
        lake.fold().await.unwrap();
        assert_eq!(ledger(&lake).await.len(), objects.len());
        assert!(lake.snapshot().unfolded.is_empty());
    }
}

#[tokio::test]
async fn a_lost_ledger_index_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let lake = new_lake(&directory, 1).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    for i in 0..20 {
        writer.commit(batch(&lake, vec![object(&format!("a/{i}"), "x", DAY + i / 7, 0, 1)])).await.unwrap();
        lake.fold().await.unwrap();
    }
    let folder = directory.path().join("objects/_flowglass/ledger");
    let segments =
        || std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let check = || async {
        let writer = Writer::open(&new_lake(&directory, 1).await).await.unwrap();
        for i in 0..20 {
            let known =
                writer.ledger().check(&flowglass_flow::SourceName("test".into()), &format!("a/{i}"), "x");
            assert_eq!(known, Known::Same, "a/{i}");
        }
    };
    check().await;
    assert_eq!(segments().len(), 1, "many segments are merged into one");
    std::fs::write(&segments()[0], b"torn").unwrap();
    check().await;
    segments().iter().for_each(|path| std::fs::remove_file(path).unwrap());
    check().await;
    // Without log entries either, only the table itself is left.
    segments().iter().for_each(|path| std::fs::remove_file(path).unwrap());
    lake.objects().checkpoint().await.unwrap();
    std::fs::remove_file(directory.path().join("objects/_delta_log/00000000000000000003.json")).unwrap();
    check().await;
}

#[tokio::test]
async fn a_file_without_etag_is_known_by_size_and_time() {
    let directory = tempfile::tempdir().unwrap();
    let lake = new_lake(&directory, 1).await;
    let mut writer = Writer::open(&lake).await.unwrap();
    let (mut entry, rows) = object("a/1", "hash", DAY, 0, 1);
    entry.content_hash = Some("hash".to_owned());
    writer.commit(batch(&lake, vec![(entry.clone(), rows.clone())])).await.unwrap();
    let tag = version_tag(None, entry.size, entry.last_modified);
    assert_eq!(writer.ledger().check(&entry.source, &entry.key, &tag), Known::Same);
    let touched = version_tag(None, entry.size, entry.last_modified.map(|t| t + 1));
    assert_eq!(writer.ledger().check(&entry.source, &entry.key, &touched), Known::Changed);
    // Read again, its content is the same: nothing is committed.
    let version = lake.snapshot().flows.version;
    entry.last_modified = entry.last_modified.map(|t| t + 1);
    let done = writer.commit(batch(&lake, vec![(entry, rows)])).await.unwrap();
    assert_eq!((done.objects, done.known, done.version), (0, 1, version));
}
