//! Bounds: of size, time, number, and what happens when a client leaves.

use std::time::{Duration, Instant};

use flowglass_server::{Keys, Limits, Settings};
use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{TestLake, TestServer, encoded, line, read, settings};

/// Eight rows multiplied until no machine is fast enough.
fn slow_statement() -> String {
    let tables: Vec<_> = ('a'..='l').map(|name| format!("flows {name}")).collect();
    let ports: Vec<_> = ('a'..='l').map(|name| format!("{name}.target_port")).collect();
    format!("SELECT sum({}) FROM {}", ports.join(" + "), tables.join(" CROSS JOIN "))
}

async fn start(settings: Settings) -> TestServer {
    TestServer::with(settings, Keys::open(), TestLake::new().await, |state| state).await
}

async fn running(server: &TestServer, kind: &str) -> i64 {
    let text = server.response("/metrics").await.text().await.unwrap();
    let wanted = format!("flowglass_running{{kind=\"{kind}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&wanted)).map_or(0, |number| number.parse().unwrap())
}

async fn until(what: &str, mut test: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !test().await {
        assert!(started.elapsed() < Duration::from_secs(60), "not {what} within 60 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_cancels_its_query() {
    let server = TestServer::start().await;
    let request = server.request(Method::POST, "/api/v1/sql").json(&json!({"statement": slow_statement()}));
    let asked = tokio::spawn(request.send());
    until("running", async || running(&server, "query").await == 1).await;
    until("at work", async || server.lake.reader.memory().0 > 0).await;
    asked.abort();
    assert!(asked.await.is_err());
    until("cancelled", async || running(&server, "query").await == 0).await;
    until("gone", async || server.lake.reader.memory().0 == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_answer_is_given_up() {
    let server = TestServer::start().await;
    let started = Instant::now();
    let (status, problem) =
        server.post("/api/v1/sql", &json!({"statement": slow_statement(), "timeout": "200ms"})).await;
    assert_eq!(status, 504);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_snapshot!(line(&problem), @"504 timeout: not answered within 0.2 s (narrow the time range or the query)");
    until("stopped", async || running(&server, "query").await == 0).await;
    assert_eq!(server.get("/api/v1/count?timeout=5").await["count"], 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_house_refuses_and_says_when_to_come_back() {
    let limits = Limits { max_queries: 1, max_waiting: 0, ..settings().limits };
    let server = start(Settings { limits, ..settings() }).await;
    let request = server.request(Method::POST, "/api/v1/sql").json(&json!({"statement": slow_statement()}));
    let asked = tokio::spawn(request.send());
    until("running", async || running(&server, "query").await == 1).await;
    let response = server.response("/api/v1/count").await;
    assert_eq!(response.headers()["retry-after"], "2");
    assert_snapshot!(line(&read(response).await.1), @"503 busy: too many queries run and wait");
    assert_eq!(server.get("/api/v1/health/live").await["status"], "ok");
    asked.abort();
    until("free", async || server.response("/api/v1/count").await.status() == 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_refused() {
    let server = TestServer::start().await;
    let body = json!({"query": "a ".repeat(100_000)});
    let (status, problem) = server.post("/api/v1/search", &body).await;
    assert_eq!(status, 413);
    assert_snapshot!(line(&problem), @"413 too-large: the body is larger than 131072 bytes (send a shorter query)");
    for path in [
        "search?limit=18446744073709551615",
        "search?limit=10001",
        "top?field=action&n=99999",
        "connections?limit=5000",
    ] {
        assert_eq!(server.response(&format!("/api/v1/{path}")).await.status(), 400, "{path}");
    }
    let long = server.post("/api/v1/search", &json!({"query": "a ".repeat(10_000)})).await;
    assert_snapshot!(line(&long.1), @"400 bad-parameter: the query is longer than 16384 bytes (use a CIDR, a range or a prefix instead of a long list)");
    let deep = format!("{}port:22{}", "(".repeat(4000), ")".repeat(4000));
    let (status, problem) = server.post("/api/v1/search", &json!({"query": deep})).await;
    assert_eq!(status, 400, "{problem}");
    let negated = format!("{}port:22", "-(".repeat(3000));
    assert_eq!(server.post("/api/v1/search", &json!({"query": negated})).await.0, 400);
    let nested = format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(server.post("/api/v1/sql", &json!({"statement": nested})).await.0, 400);
    let many = vec!["action"; 100].join(",");
    assert_eq!(server.response(&format!("/api/v1/facets?fields={many}")).await.status(), 400);
    assert_eq!(server.get("/api/v1/count").await["count"], 8, "and it still answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded() {
    let limits = Limits { memory_bytes: 64 << 10, ..settings().limits };
    let server = start(Settings { limits, ..settings() }).await;
    let (status, problem) = server
        .post(
            "/api/v1/sql",
            &json!({"statement":
        "SELECT array_agg(a.initiator_ip || b.target_ip || c.target_ip || d.target_ip) \
         FROM flows a CROSS JOIN flows b CROSS JOIN flows c CROSS JOIN flows d"}),
        )
        .await;
    assert_eq!(status, 422, "{problem}");
    assert_eq!(problem["type"], "urn:flowglass:problem:too-much");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_trickle_are_dropped() {
    // Only here so short: a connection whose task cannot look in time, on a busy machine, counts as late too.
    let limits = Limits { header_timeout: Duration::from_millis(400), ..settings().limits };
    let server = start(Settings { limits, ..settings() }).await;
    let port = server.address.port();
    let mut heads = TcpStream::connect(server.address).await.unwrap();
    heads
        .write_all(format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Slow: ").as_bytes())
        .await
        .unwrap();
    let mut bodies = TcpStream::connect(server.address).await.unwrap();
    let head = format!(
        "POST /api/v1/search HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{{"
    );
    bodies.write_all(head.as_bytes()).await.unwrap();
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let started = Instant::now();
    let mut nothing = Vec::new();
    let _: Result<_, _> = tokio::time::timeout(Duration::from_secs(30), silent.read_to_end(&mut nothing))
        .await
        .expect("silence has a bound");
    let mut text = String::new();
    let _: Result<_, _> = tokio::time::timeout(Duration::from_secs(30), heads.read_to_string(&mut text))
        .await
        .expect("the head has a bound");
    assert!(!text.starts_with("HTTP/1.1 200"));
    let mut answer = [0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(30), bodies.read(&mut answer))
        .await
        .expect("the body has a bound");
    let answer = String::from_utf8_lossy(&answer[..read.unwrap()]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded() {
    let limits = Limits { max_connections: 2, header_timeout: Duration::from_secs(600), ..settings().limits };
    let server =
        TestServer::with(Settings { limits, ..settings() }, Keys::open(), TestLake::empty().await, |state| {
            state
        })
        .await;
    let mut held = [
        TcpStream::connect(server.address).await.unwrap(),
        TcpStream::connect(server.address).await.unwrap(),
    ];
    // Who is connected has a place only when it is its turn: both are answered before a third one tries.
    for connection in &mut held {
        let request = format!("GET /api/v1/health/live HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
    until("full", async || {
        let mut third = TcpStream::connect(server.address).await.unwrap();
        let mut byte = [0];
        matches!(
            tokio::time::timeout(Duration::from_secs(2), third.read(&mut byte)).await,
            Ok(Ok(0) | Err(_))
        )
    })
    .await;
    drop(held);
    until("free", async || {
        let answer = server.request(Method::GET, "/api/v1/health/live").send().await;
        answer.is_ok_and(|response| response.status() == 200)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_cannot_be_made_up() {
    let server = TestServer::start().await;
    let page = server.get("/api/v1/search?limit=2").await;
    let next = page["next"].as_str().unwrap();
    let mut flipped = next.as_bytes().to_vec();
    let middle = flipped.len() / 2;
    flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
    for cursor in [
        "x",
        "../../etc/passwd",
        "' OR 1=1 --",
        &next[..next.len() - 4],
        &String::from_utf8(flipped).unwrap(),
    ] {
        let response = server.response(&format!("/api/v1/search?limit=2&cursor={}", encoded(cursor))).await;
        assert_eq!(response.status(), 400, "{cursor}");
    }
    let other = format!("/api/v1/search?limit=2&query=port:22&cursor={}", encoded(next));
    assert_eq!(server.response(&other).await.status(), 400, "a cursor belongs to its question");
    assert_eq!(server.response("/api/v1/objects?cursor=x").await.status(), 400);
}
