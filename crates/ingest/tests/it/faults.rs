//! A store that fails, stalls, repeats and never ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use flowglass_ingest::source::{Filter, RetryPolicy};
use flowglass_ingest::{SourceError, SourceSpec};
use flowglass_test_s3::{Call, Faults};
use futures::{StreamExt, stream};

use crate::fixtures::{BUCKET, key, list, open, server, sorted_keys, spec, stream as stream_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_in_spite_of_faults() {
    let server = server();
    let mut wanted = Vec::new();
    for vnic in 0..4 {
        let stream = stream_of("A", "us-south", "r006-1", &format!("0717-{vnic}"), "egress");
        for number in 0..60 {
            let key = key(&stream, &format!("2021-12-{:02}T{:02}", 1 + number % 5, number % 24), number);
            server.put(BUCKET, &key, vec![number as u8; 5000 + number as usize]).expect("stored");
            wanted.push(key);
        }
    }
    wanted.sort();
    server.set_faults(Faults {
        slow_down: 0.1,
        internal_error: 0.05,
        too_many_requests: 0.05,
        cut_before: 0.05,
        cut_body: 0.1,
        cut_after: 0.05,
        delay: Some(Duration::from_millis(3)),
        duplicate_entries: 0.2,
        duplicate_pages: 0.2,
        unsorted: true,
        ..Faults::default()
    });
    let source = open(&spec(&server)).await;
    assert_eq!(sorted_keys(&source, &Filter::default()).await, wanted);
    let (objects, _) = list(&source, &Filter::default()).await.expect("a listing");
    let fetched = stream::iter(objects).map(|listed| {
        let source = Arc::clone(&source);
        async move { (source.get(&listed, 1 << 20).await.expect("the object"), listed) }
    });
    let fetched: Vec<_> = fetched.buffer_unordered(8).collect().await;
    for (fetched, listed) in &fetched {
        let stored = server.get(BUCKET, &listed.key).expect("stored");
        assert_eq!((&fetched.bytes, &fetched.version), (&stored.bytes, &stored.etag));
    }
    assert_eq!(fetched.len(), 240);
    assert!(source.calls().retries > 20, "{:?}", source.calls());
}

#[tokio::test]
async fn a_listing_that_never_ends_is_an_error() {
    let server = server();
    for number in 0..3 {
        server.put(BUCKET, &format!("flat-{number}"), "x").expect("stored");
    }
    server.set_faults(Faults { endless_listing: true, ..Faults::default() });
    let error = list(&open(&spec(&server)).await, &Filter::default()).await.expect_err("an endless listing");
    assert!(error.to_string().contains("same continuation token twice"), "{error}");
    assert!(server.counters().of(Call::List) < 5);
}

#[tokio::test]
async fn trying_again_ends() {
    let server = server();
    server.put(BUCKET, "k", "x").expect("stored");
    let source = open(&SourceSpec {
        retry: RetryPolicy { attempts: 3, ..crate::fixtures::fast_retry() },
        ..spec(&server)
    })
    .await;
    let listed = source.find("k").await.expect("an answer").expect("found");
    for (faults, wanted) in [
        (Faults { slow_down: 1.0, ..Faults::default() }, "the store answered 503 (SlowDown: as asked)"),
        (Faults { cut_body: 1.0, ..Faults::default() }, "try again"),
    ] {
        server.set_faults(faults);
        server.reset_counters();
        let error = source.get(&listed, 10).await.expect_err("no object");
        assert!(error.to_string().contains(wanted) && error.is_transient(), "{error}");
        assert_eq!(server.counters().of(Call::Get), 3);
    }
    server.set_faults(Faults::default());
    assert!(source.get(&listed, 10).await.is_ok());
}

#[tokio::test]
async fn a_silent_endpoint_is_not_waited_for_twice() {
    // A port that was just free: nobody listens there.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let server = server();
    let spec = SourceSpec {
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        retry: RetryPolicy {
            attempts: 100,
            first_wait: Duration::from_millis(50),
            longest_wait: Duration::from_secs(9),
        },
        ..spec(&server)
    };
    let begun = Instant::now();
    let error = list(&open(&spec).await, &Filter::default()).await.expect_err("nobody there");
    assert!(matches!(error, SourceError::Connection { .. }), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "an endpoint that never answered is probably misspelt");
}
