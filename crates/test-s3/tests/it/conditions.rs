//! Conditional writes: the server is what the exactly-once tests stand on, so it must be right under races.

use std::sync::Arc;

use flowglass_test_s3::Faults;
use tokio::sync::Barrier;

use crate::client::{S3, server};

async fn race(s3: &Arc<S3>, key: String) -> Vec<u16> {
    let barrier = Arc::new(Barrier::new(8));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let (s3, barrier, key) = (Arc::clone(s3), Arc::clone(&barrier), key.clone());
        writers.spawn(async move {
            barrier.wait().await;
            let body = format!("writer {writer}");
            s3.put(&key, body.as_bytes(), &[("if-none-match", "*")])
                .await
                .expect("an answer")
                .status()
                .as_u16()
        });
    }
    let mut statuses = writers.join_all().await;
    statuses.sort_unstable();
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn put_if_absent_has_one_winner() {
    let server = server();
    let s3 = Arc::new(S3::of(&server));
    for round in 0..50 {
        assert_eq!(race(&s3, format!("round-{round}")).await, [200, 412, 412, 412, 412, 412, 412, 412]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_can_be_told_to_ignore_put_if_absent() {
    let server = server();
    server.set_faults(Faults { ignore_put_if_absent: true, ..Faults::default() });
    let s3 = Arc::new(S3::of(&server));
    assert_eq!(race(&s3, "k".to_owned()).await, [200; 8]);
}

#[tokio::test]
async fn if_match_takes_the_version_it_names() {
    let server = server();
    let s3 = S3::of(&server);
    let put = async |body: &[u8], headers: &[(&str, &str)]| {
        let answer = s3.put("k", body, headers).await.expect("an answer");
        (
            answer.status().as_u16(),
            answer.headers().get("etag").map(|etag| etag.to_str().expect("text").to_owned()),
        )
    };
    assert_eq!(put(b"1", &[("if-match", "\"00\"")]).await.0, 404);
    let (_, first) = put(b"1", &[]).await;
    let first = first.expect("an ETag");
    assert_eq!(put(b"2", &[("if-match", &first)]).await.0, 200);
    assert_eq!(put(b"3", &[("if-match", &first)]).await.0, 412);
    assert_eq!(server.get("logs", "k").expect("stored").bytes, "2");
    assert_eq!(s3.get("k", &[("if-match", &first)]).await.expect("an answer").status(), 412);
    let second = format!("\"{}\"", server.get("logs", "k").expect("stored").etag);
    assert_eq!(s3.get("k", &[("if-none-match", &second)]).await.expect("an answer").status(), 304);
}
