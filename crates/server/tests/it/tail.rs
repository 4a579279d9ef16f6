//! The live tail.

use std::time::Duration;

use flowglass_server::{Keys, Limits, Settings};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{TestLake, TestServer, VSI1, object, record, settings};

/// Reads events until one holds a text; returns all that was read.
pub(crate) async fn until(response: &mut Response, wanted: &str) -> String {
    let mut text = String::new();
    let read = async {
        while !(text.contains(wanted) && text.ends_with("\n\n")) {
            let piece =
                response.chunk().await.unwrap().unwrap_or_else(|| panic!("ended before {wanted}: {text}"));
            text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(10), read).await.unwrap_or_else(|_| panic!("no {wanted}"));
    text
}

/// Events as (name, id, data).
fn events(text: &str) -> Vec<(String, Option<u64>, Value)> {
    let event = |block: &str| {
        let part = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let data = part("data:")?;
        let id = part("id:").map(|id| id.parse().unwrap());
        Some((part("event:")?.to_owned(), id, serde_json::from_str(data).unwrap()))
    };
    text.split("\n\n").filter_map(event).collect()
}

async fn commit(server: &mut TestServer, minute: u32, ports: std::ops::Range<u16>) {
    let rows: Vec<_> = ports
        .map(|port| record("I", "rejected", ("192.0.2.1", 999), ("10.240.0.4", port), (54, 0), "20:00"))
        .collect();
    let (key, body) = object(VSI1, minute, &rows);
    server.lake.commit(&key, &body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_rows_arrive_in_commit_order_and_can_be_resumed() {
    let mut server = TestServer::start().await;
    let version = server.get("/api/v1/lake/version").await["lake_version"].as_u64().unwrap();
    let path = "/api/v1/tail?query=target_port:>100&fields=target_port";
    let mut tail = server.response(path).await;
    assert_eq!(tail.headers()["content-type"], "text/event-stream");
    commit(&mut server, 20, 100..103).await;
    commit(&mut server, 15, 103..105).await;
    let mut text = until(&mut tail, "\"target_port\":104").await;
    text.push_str(&until_commits(&mut tail, &text, 4).await);
    let seen = events(&text);
    assert_eq!(seen[0], ("start".to_owned(), Some(version), json!({"lake_version": version})));
    let ports: Vec<_> =
        seen.iter().filter(|event| event.0 == "row").map(|event| event.2["target_port"].clone()).collect();
    assert_eq!(ports, [101, 102, 103, 104], "in the order of commits, not of times");
    let commits: Vec<_> = seen.iter().filter(|event| event.0 == "commit").collect();
    let rows: u64 = commits.iter().map(|event| event.2["rows"].as_u64().unwrap()).sum();
    assert_eq!(rows, 4);
    assert!(
        seen.iter().filter(|event| event.0 == "row").all(|event| event.1.is_none()),
        "a row is no place to resume"
    );

    // One that comes back gets what it missed, and nothing twice.
    let resumed = server.request(Method::GET, path).header("last-event-id", version.to_string());
    let mut tail = resumed.send().await.unwrap();
    let text = until(&mut tail, "\"target_port\":104").await;
    assert_eq!(text.matches("event: row").count(), 4);
    let last = commits.last().unwrap().1.unwrap();
    let resumed = server.request(Method::GET, path).header("last-event-id", last.to_string());
    let mut tail = resumed.send().await.unwrap();
    commit(&mut server, 25, 200..201).await;
    let text = until(&mut tail, "\"target_port\":200").await;
    assert_eq!(text.matches("event: row").count(), 1, "{text}");
}

/// Reads on until the commits read tell of so many rows.
async fn until_commits(tail: &mut Response, before: &str, rows: u64) -> String {
    let mut more = String::new();
    loop {
        let told: u64 = events(&format!("{before}{more}"))
            .iter()
            .filter(|event| event.0 == "commit")
            .map(|event| event.2["rows"].as_u64().unwrap())
            .sum();
        if told >= rows {
            return more;
        }
        more.push_str(&until(tail, "event: commit").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_rows_are_skipped_and_counted() {
    let mut server = TestServer::start().await;
    let mut tail = server.response("/api/v1/tail?rate=10&fields=target_port").await;
    until(&mut tail, "event: start").await;
    commit(&mut server, 20, 1000..1500).await;
    let text = until(&mut tail, "event: commit").await;
    let seen = events(&text);
    let commit = &seen.iter().find(|event| event.0 == "commit").unwrap().2;
    assert_eq!((&commit["rows"], &commit["skipped"]), (&json!(10), &json!(490)));
    assert_eq!(seen.iter().filter(|event| event.0 == "row").count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn tails_are_bounded_and_leave_their_place() {
    let limits = Limits { max_tails: 1, ..settings().limits };
    let server =
        TestServer::with(Settings { limits, ..settings() }, Keys::open(), TestLake::new().await, |state| {
            state
        })
        .await;
    let first = server.response("/api/v1/tail").await;
    assert_eq!(first.status(), 200);
    assert_eq!(server.response("/api/v1/tail").await.status(), 503);
    drop(first);
    for attempt in 0.. {
        if server.response("/api/v1/tail").await.status() == 200 {
            break;
        }
        assert!(attempt < 100, "its place stays taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_before_the_stream() {
    let server = TestServer::start().await;
    for path in ["tail?query=(", "tail?rate=0", "tail?rate=1000000", "tail?after=-1", "tail?after=999"] {
        assert_eq!(server.response(&format!("/api/v1/{path}")).await.status(), 400, "{path}");
    }
    let request = server.request(Method::GET, "/api/v1/tail").header("last-event-id", "x");
    assert_eq!(request.send().await.unwrap().status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_tail_lives_until_the_server_stops() {
    let limits = Limits { tail_heartbeat: Duration::from_millis(50), ..settings().limits };
    let server =
        TestServer::with(Settings { limits, ..settings() }, Keys::open(), TestLake::new().await, |state| {
            state
        })
        .await;
    let mut tail = server.response("/api/v1/tail").await;
    let text = until(&mut tail, "\n:").await;
    assert!(text.contains("event: start"), "{text}");
    let running = server.stop();
    let rest = async {
        while let Ok(Some(_)) = tail.chunk().await {}
        running.await.unwrap().unwrap();
    };
    tokio::time::timeout(Duration::from_secs(3), rest)
        .await
        .expect("a tail does not hold up a server that stops");
}
