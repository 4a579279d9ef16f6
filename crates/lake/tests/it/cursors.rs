//! Cursors of versions that are no more.

use std::time::Duration;

use flowglass_lake::answer::{Range, Scope, SearchOptions};
use flowglass_lake::read::{Reader, ReaderOptions};
use flowglass_lake::{Lake, LakeError, LakeOptions, LakeViews, Writer};

use crate::support::{DAY, batch, object};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_of_removed_files_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let lake =
        Lake::open_or_create(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
    let mut writer = Writer::open(&lake).await.unwrap();
    let commit = async |writer: &mut Writer, etag: &str| {
        writer.commit(batch(&lake, vec![object("a", etag, DAY, 0, 10)])).await.unwrap();
    };
    commit(&mut writer, "1").await;
    let views = std::sync::Arc::new(LakeViews::new(lake.clone()));
    let reader = Reader::new(views, &ReaderOptions::default()).unwrap();
    let query = flowglass_query::parse("", &flowglass_query::Context::default()).unwrap();
    let scope = Scope::new(query, Range::default());
    let page = |cursor| SearchOptions { limit: Some(4), cursor, ..SearchOptions::default() };
    let first = reader.search(&scope, &page(None)).await.unwrap();
    let next = first.next.unwrap();
    // A new version of the object replaces its rows: the page goes on in the old ones as long as they are there.
    commit(&mut writer, "2").await;
    tokio::time::sleep(Duration::from_millis(510)).await;
    let second = reader.search(&scope, &page(Some(next.clone()))).await.unwrap();
    assert_eq!((second.meta.lake_version, second.rows[0].num_rows()), (first.meta.lake_version, 4));
    assert!(lake.vacuum_older_than(Duration::ZERO, false).await.unwrap().files > 0);
    let error = reader.search(&scope, &page(Some(next))).await.unwrap_err();
    assert!(matches!(error, LakeError::BadRequest { .. }), "{error:?}");
    assert!(error.to_string().contains("the cursor has expired"), "{error}");
    assert_eq!(error.hint().as_deref(), Some("ask the same question again without a cursor"));
    assert_eq!(reader.search(&scope, &page(None)).await.unwrap().rows[0].num_rows(), 4);
}
