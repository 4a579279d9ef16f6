//! Listings, with the surprises that real stores have.

use std::collections::BTreeSet;

use flowglass_test_s3::{Call, Faults};

use crate::client::{S3, server};

#[tokio::test]
async fn prefix_delimiter_and_pages() {
    let server = server();
    let s3 = S3::of(&server);
    for key in ["a", "b/", "b/1", "b/2/x", "b/2/y", "b/3", "bb/1", "c%2Fd/e", "ü/1"] {
        server.put("logs", key, key).expect("stored");
    }
    for page in [1, 2, 3, 1000] {
        let (keys, prefixes) = s3.list_all("", "/", page).await;
        assert_eq!(keys, ["a"], "pages of {page}");
        assert_eq!(prefixes, ["b/", "bb/", "c%2Fd/", "ü/"], "pages of {page}");
        let (keys, prefixes) = s3.list_all("b/", "/", page).await;
        assert_eq!(
            (keys, prefixes),
            (vec!["b/".to_owned(), "b/1".into(), "b/3".into()], vec!["b/2/".to_owned()])
        );
        let (keys, prefixes) = s3.list_all("b", "", page).await;
        assert_eq!((keys.len(), prefixes.len()), (6, 0));
        assert!(keys.is_sorted());
    }
    let after = s3.list(|ask| ask.with_start_after("b/2/x")).await;
    let keys: Vec<_> = after.contents.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, ["b/2/y", "b/3", "bb/1", "c%2Fd/e", "ü/1"]);
    assert_eq!(after.contents[0].size, Some(5));
    assert_eq!(after.contents[0].etag.as_deref().map(str::len), Some(34));
}

#[tokio::test]
async fn surprises() {
    let server = server();
    let s3 = S3::of(&server);
    let wanted: BTreeSet<String> = (0..200).map(|n| format!("dir-{}/object-{n:03}", n % 7)).collect();
    for key in &wanted {
        server.put("logs", key, "x").expect("stored");
    }
    server.set_faults(Faults { unsorted: true, ..Faults::default() });
    let (keys, _) = s3.list_all("", "", 13).await;
    assert!(!keys.is_sorted());
    assert_eq!(keys.len(), 200);
    assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), wanted);

    for unsorted in [false, true] {
        server.set_faults(Faults {
            duplicate_pages: 0.5,
            duplicate_entries: 0.2,
            unsorted,
            ..Faults::default()
        });
        let (keys, _) = s3.list_all("", "", 13).await;
        assert!(keys.len() > 220, "{} entries", keys.len());
        assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), wanted);
    }

    server.set_faults(Faults { endless_listing: true, ..Faults::default() });
    let first = s3.list(|ask| ask.with_max_keys(5)).await.next_continuation_token.expect("more");
    let second = s3.list(|ask| ask.with_continuation_token(first.clone())).await;
    assert_eq!(second.next_continuation_token, Some(first));
    assert!(server.counters().of(Call::List) > 30);
}
