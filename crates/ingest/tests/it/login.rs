//! Tokens for an API key.

use std::time::Duration;

use flowglass_ingest::source::{CredentialsSpec, Filter, Secret};
use flowglass_ingest::{SourceError, SourceSpec};
use flowglass_test_s3::{Call, TestIam, TestS3};
use futures::{StreamExt, stream};

use crate::fixtures::{BUCKET, keys, list, open, server, spec};

fn with_key(server: &TestS3, iam: &TestIam, key: &str) -> SourceSpec {
    SourceSpec {
        credentials: CredentialsSpec::IamApiKey(Secret::new(key)),
        iam_endpoint: Some(iam.url()),
        ..spec(server)
    }
}

#[tokio::test]
async fn one_token_serves_many_requests() {
    let server = server();
    for number in 0..50 {
        server.put(BUCKET, &format!("k{number}"), "x").expect("stored");
    }
    let iam = TestIam::start("hunter2", 3600, Some(&server)).expect("a token service");
    // The endpoint's path may be left out.
    let url = iam.url().trim_end_matches("/identity/token").to_owned();
    let source = open(&SourceSpec { iam_endpoint: Some(url), ..with_key(&server, &iam, "hunter2") }).await;
    let (first, second) = (Filter::default(), Filter::default());
    let (first, second) = tokio::join!(keys(&source, &first), keys(&source, &second));
    assert_eq!((first.len(), second.len()), (50, 50));
    let reads = stream::iter(first).map(|key| {
        let source = &source;
        async move { source.find(&key).await.expect("an answer").expect("found") }
    });
    assert_eq!(reads.buffer_unordered(16).count().await, 50);
    assert_eq!((iam.granted(), iam.asked()), (1, 1), "single flight");
    assert!(source.login().starts_with("IAM API key"), "{}", source.login());
    let signed = server.counters().recent.iter().any(|request| request.query.contains("X-Amz"));
    assert!(!signed, "requests with a token carry no signature");
}

#[tokio::test]
async fn tokens_are_refreshed_in_time_and_when_refused() {
    let server = server();
    server.put(BUCKET, "k", "x").expect("stored");
    let iam = TestIam::start("hunter2", 1, Some(&server)).expect("a token service");
    let source = open(&with_key(&server, &iam, "hunter2")).await;
    assert_eq!(keys(&source, &Filter::default()).await, ["k"]);
    tokio::time::sleep(Duration::from_millis(850)).await;
    assert_eq!(keys(&source, &Filter::default()).await, ["k"]);
    assert_eq!(iam.granted(), 2, "after 80 % of a second");

    let long = TestIam::start("hunter2", 3600, Some(&server)).expect("a token service");
    let source = open(&with_key(&server, &long, "hunter2")).await;
    assert_eq!(keys(&source, &Filter::default()).await, ["k"]);
    server.set_bearer(Some("another".to_owned()));
    server.reset_counters();
    assert_eq!(keys(&source, &Filter::default()).await, ["k"], "a refused token is replaced once");
    assert_eq!((long.granted(), server.counters().of(Call::List)), (2, 2));
}

#[tokio::test]
async fn the_token_service_may_be_busy_or_refuse() {
    let server = server();
    server.put(BUCKET, "k", "x").expect("stored");
    let iam = TestIam::start("hunter2", 3600, Some(&server)).expect("a token service");
    iam.fail_next(3);
    let source = open(&with_key(&server, &iam, "hunter2")).await;
    assert_eq!(keys(&source, &Filter::default()).await, ["k"]);
    assert_eq!((iam.granted(), iam.asked()), (1, 4));

    let source = open(&with_key(&server, &iam, "hunter3")).await;
    let error = list(&source, &Filter::default()).await.expect_err("a refusal");
    assert!(matches!(error, SourceError::Login { .. }));
    let text = error.to_string();
    assert!(text.contains("BXNIM0415E") && text.contains("the API key is unknown"), "{text}");
    assert!(!text.contains("hunter"), "{text}");
    assert_eq!(iam.asked(), 5, "a wrong key is not tried again");
}

#[tokio::test]
async fn a_token_that_the_store_never_takes_is_denied() {
    let server = server();
    let iam = TestIam::start("hunter2", 3600, None).expect("a token service");
    let source = open(&with_key(&server, &iam, "hunter2")).await;
    let error = list(&source, &Filter::default()).await.expect_err("denied");
    assert!(error.to_string().ends_with("give the API key's owner the role Reader on the bucket"), "{error}");
    assert_eq!(iam.granted(), 2);
}
