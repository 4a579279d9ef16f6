//! Files and directories.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowglass_flow::SourceName;
use flowglass_ingest::source::{Filter, HourFolder, SkipReason};
use flowglass_ingest::{Source, SourceError, SourceSpec};
use futures::StreamExt;

use crate::fixtures::{key, keys, list, micros, open, sorted_keys, stream};

fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, bytes).expect("a file");
}

async fn at(path: &Path) -> Arc<dyn Source> {
    open(&SourceSpec::new(path.to_str().expect("UTF-8"))).await
}

#[tokio::test]
async fn keys_do_not_depend_on_where_the_tree_stands() {
    let root = tempfile::tempdir().expect("a folder");
    let stream = stream("A", "us-south", "r006-1", "0717-1", "egress");
    let wanted = [
        key(&stream, "2021-12-14T13", 1),
        key(&stream, "2021-12-13T24", 0),
        key(&stream, "2020-12-31T01", 7),
    ];
    for key in &wanted {
        write(&root.path().join("backup").join(key), key);
    }
    write(&root.path().join("backup/notes%3A/plain file.json"), "{}");
    let all: Vec<String> =
        wanted.iter().cloned().chain(["backup/notes%3A/plain file.json".to_owned()]).collect();
    let source = at(root.path()).await;
    assert_eq!(source.name(), &SourceName("file".into()));
    assert_eq!(
        keys(&source, &Filter::default()).await,
        all,
        "newest day first, then what is outside the layout"
    );

    let inner = root.path().join("backup").join(&stream);
    assert_eq!(keys(&at(&inner).await, &Filter::default()).await, wanted);
    assert_eq!(keys(&at(&inner.join("year=2021")).await, &Filter::default()).await, wanted[..2]);
    assert_eq!(
        keys(&at(&inner.join("year=2021/month=12/day=14/hour=13")).await, &Filter::default()).await,
        wanted[..1]
    );
    let file = at(&root.path().join("backup").join(&wanted[0])).await;
    assert_eq!(keys(&file, &Filter::default()).await, wanted[..1]);
    let file = at(&root.path().join("backup/notes%3A/plain file.json")).await;
    assert_eq!(keys(&file, &Filter::default()).await, ["plain file.json"]);
    let named = SourceSpec {
        name: Some("s3://logs".into()),
        ..SourceSpec::new(root.path().to_str().expect("UTF-8"))
    };
    assert_eq!(open(&named).await.name().0, "s3://logs");

    let (objects, _) = list(&source, &Filter::default()).await.expect("a listing");
    for listed in &objects {
        let fetched = source.get(listed, 10_000).await.expect("the file");
        let bytes = fs::read(listed.path.as_ref().expect("a path")).expect("the file");
        assert_eq!((fetched.bytes.to_vec(), listed.size), (bytes.clone(), bytes.len() as u64));
        assert_eq!(fetched.version, fetched.content_hash);
        assert!(listed.last_modified.is_some() && listed.etag.is_none());
    }
    let filter = Filter { since: micros("2021-12-14T01:00:00Z"), ..Filter::default() };
    assert_eq!(keys(&source, &filter).await.len(), 3, "hour 24 is a neighbour; a name without a date stays");
}

#[tokio::test]
async fn looks_up_what_is_inside_only() {
    let root = tempfile::tempdir().expect("a folder");
    let stream = stream("A", "us-south", "r006-1", "0717-1", "egress");
    write(&root.path().join(key(&stream, "2021-12-14T13", 1)), "x");
    write(&root.path().join("plain"), "yy");
    let source = at(root.path()).await;
    for (key, size) in [(key(&stream, "2021-12-14T13", 1), 1), ("plain".to_owned(), 2)] {
        let listed = source.find(&key).await.expect("an answer").expect("found");
        assert_eq!((&listed.key, listed.size), (&key, size));
        let without_path = flowglass_ingest::source::Listed { path: None, ..listed };
        assert!(source.get(&without_path, 10).await.is_ok());
    }
    for key in ["absent", "../plain", "/etc/hostname", "plain/x", "."] {
        assert_eq!(source.find(key).await, Ok(None), "{key}");
    }
}

#[tokio::test]
async fn what_is_no_object_is_counted_not_read() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path();
    write(&path.join("good.gz"), "x");
    write(&path.join("folder/good.gz"), "x");
    write(&path.join(".hidden"), "x");
    write(&path.join(".git/config"), "x");
    write(&path.join("folder/a.gz.tmp"), "x");
    write(&path.join("folder/b.partial"), "x");
    write(&path.join(std::ffi::OsStr::from_bytes(b"bad\xff.gz")), "x");
    symlink(path, path.join("folder/loop")).expect("a link");
    symlink(".", path.join("self")).expect("a link");
    symlink("absent", path.join("dangling")).expect("a link");
    symlink("good.gz", path.join("linked.gz")).expect("a link");
    let _socket = std::os::unix::net::UnixListener::bind(path.join("socket")).expect("a socket");

    let source = at(path).await;
    let (mut objects, mut skipped) = list(&source, &Filter::default()).await.expect("a listing");
    objects.sort_by(|a, b| a.key.cmp(&b.key));
    let objects: Vec<_> = objects.iter().map(|listed| listed.key.as_str()).collect();
    assert_eq!(objects, ["folder/good.gz", "good.gz", "linked.gz"]);
    skipped.sort_by(|a, b| a.name.cmp(&b.name));
    let prefix = format!("{}/", path.display());
    let skipped: Vec<_> =
        skipped.iter().map(|skip| (skip.name.strip_prefix(&prefix).expect("inside"), skip.reason)).collect();
    assert_eq!(
        skipped,
        [
            (".git", SkipReason::Hidden),
            (".hidden", SkipReason::Hidden),
            ("bad\u{fffd}.gz", SkipReason::Inexpressible),
            ("dangling", SkipReason::BrokenLink),
            ("folder/a.gz.tmp", SkipReason::Unfinished),
            ("folder/b.partial", SkipReason::Unfinished),
            ("folder/loop", SkipReason::BrokenLink),
            ("self", SkipReason::BrokenLink),
            ("socket", SkipReason::NotAFile),
        ]
    );
}

#[tokio::test]
async fn two_links_that_lead_to_each_other_end() {
    let root = tempfile::tempdir().expect("a folder");
    for folder in ["a", "b"] {
        write(&root.path().join(folder).join(format!("{folder}.gz")), "x");
    }
    symlink("../b", root.path().join("a/to-b")).expect("a link");
    symlink("../a", root.path().join("b/to-a")).expect("a link");
    let (objects, skipped) = list(&at(root.path()).await, &Filter::default()).await.expect("a listing");
    let mut keys: Vec<_> = objects.into_iter().map(|listed| listed.key).collect();
    keys.sort();
    assert_eq!(keys, ["a/a.gz", "a/to-b/b.gz", "b/b.gz", "b/to-a/a.gz"]);
    assert_eq!(skipped.len(), 2);
}

#[tokio::test]
async fn a_deep_and_wide_tree_outside_the_layout() {
    let root = tempfile::tempdir().expect("a folder");
    let deep: String = (0..12).map(|level| format!("level-{level}/")).collect();
    write(&root.path().join(&deep).join("file"), "x");
    for number in 0..2_500 {
        write(&root.path().join("wide").join(format!("{number:04}")), "x");
    }
    let source = at(root.path()).await;
    assert_eq!(sorted_keys(&source, &Filter::default()).await.len(), 2_501);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_while_it_is_read_is_tried_again() {
    let root = tempfile::tempdir().expect("a folder");
    let path = root.path().join("busy");
    write(&path, vec![0; 1 << 20]);
    let source = at(root.path()).await;
    let listed = source.find("busy").await.expect("an answer").expect("found");
    assert!(matches!(source.get(&listed, 100).await, Err(SourceError::TooLarge { .. })));

    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (stop, path) = (Arc::clone(&stop), path.clone());
        std::thread::spawn(move || {
            let mut byte = 0_u8;
            while !stop.load(Ordering::Relaxed) {
                byte = byte.wrapping_add(1);
                fs::write(&path, vec![byte; 1 << 20]).expect("a write");
            }
        })
    };
    for _ in 0..2 {
        match source.get(&listed, 1 << 21).await {
            Ok(fetched) => {
                assert_eq!(fetched.bytes.len(), 1 << 20);
                assert!(
                    fetched.bytes.iter().all(|byte| *byte == fetched.bytes[0]),
                    "half of one version, half of another"
                );
            }
            Err(error) => assert_eq!(error, SourceError::Changing { path: path.clone() }),
        }
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().expect("the writer");
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(source.get(&listed, 1 << 21).await.is_ok());
    assert!(source.calls().retries > 0, "{:?}", source.calls());
    fs::remove_file(&path).expect("removed");
    assert!(matches!(source.get(&listed, 1 << 21).await, Err(SourceError::NotFound { .. })));
}

#[tokio::test]
async fn hours_of_a_stream() {
    let root = tempfile::tempdir().expect("a folder");
    let stream = stream("A", "us-south", "r006-1", "0717-1", "egress");
    for hour in ["2021-12-14T11", "2021-12-14T12", "2021-12-14T13"] {
        write(&root.path().join(key(&stream, hour, 0)), "x");
    }
    let source = at(root.path()).await;
    let streams = source.streams(&Filter::default()).await.expect("streams");
    assert_eq!(streams, [stream]);
    let hours = HourFolder::around(micros("2021-12-14T13:20:00Z").expect("a time"));
    assert_eq!(source.list_recent(&streams[0], &hours).count().await, 2);
}
