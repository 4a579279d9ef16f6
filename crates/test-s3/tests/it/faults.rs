//! Faults below S3, and the counters.

use std::time::{Duration, Instant};

use flowglass_test_s3::{Call, Faults};

use crate::client::{S3, server};

#[tokio::test]
async fn faults_happen_at_their_rate_and_only_where_asked() {
    let server = server();
    let s3 = S3::of(&server);
    server.put("logs", "k", "x").expect("stored");
    server.set_faults(Faults { slow_down: 0.3, only: vec![Call::Get], ..Faults::default() });
    let mut slow = 0;
    for _ in 0..100 {
        slow += u64::from(s3.get("k", &[]).await.expect("an answer").status() == 503);
        assert_eq!(s3.put("other", b"x", &[]).await.expect("an answer").status(), 200);
    }
    assert!((15..45).contains(&slow), "{slow} of 100");
    let counters = server.counters();
    assert_eq!((counters.of(Call::Get), counters.of(Call::Put), counters.faults), (100, 100, slow));
    assert_eq!(counters.recent.back().map(|request| request.path.as_str()), Some("/logs/other"));

    server.set_faults(Faults { internal_error: 1.0, ..Faults::default() });
    let answer = s3.get("k", &[]).await.expect("an answer");
    assert_eq!(answer.status(), 500);
    assert!(answer.text().await.expect("a body").contains("<Code>InternalError</Code>"));
    server.set_faults(Faults { too_many_requests: 1.0, ..Faults::default() });
    assert_eq!(s3.get("k", &[]).await.expect("an answer").status(), 429);
}

#[tokio::test]
async fn cut_connections() {
    let server = server();
    let s3 = S3::of(&server);
    let bytes = vec![7; 100_000];
    server.put("logs", "k", bytes.clone()).expect("stored");

    server.set_faults(Faults { cut_body: 1.0, ..Faults::default() });
    let answer = s3.get("k", &[]).await.expect("a head");
    assert_eq!(answer.content_length(), Some(100_000));
    assert!(answer.bytes().await.is_err(), "the body must not arrive whole");

    server.set_faults(Faults { cut_before: 1.0, ..Faults::default() });
    assert!(s3.put("before", b"x", &[]).await.is_err());
    assert!(server.get("logs", "before").is_none());

    server.set_faults(Faults { cut_after: 1.0, ..Faults::default() });
    assert!(s3.put("after", b"x", &[]).await.is_err());
    assert!(server.get("logs", "after").is_some(), "done, though never answered");

    server.set_faults(Faults { delay: Some(Duration::from_millis(50)), ..Faults::default() });
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(s3.get("k", &[]).await.expect("an answer").bytes().await.expect("a body"), bytes);
    }
    assert!(begun.elapsed() > Duration::from_millis(100), "{:?}", begun.elapsed());
}
