//! Who is kept out: other hosts, other pages, strangers, and requests of the wrong kind.

use std::time::Duration;

use flowglass_server::{Keys, Permission, Principal, Secret, Server, ServerError, Settings};
use insta::assert_snapshot;
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{TestLake, TestServer, line, read, settings};

/// Sends bytes and returns all that comes back.
async fn raw(server: &TestServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _: Result<_, _> =
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_are_refused() {
    let server = TestServer::start().await;
    let port = server.address.port();
    for (host, wanted) in [
        (format!("Host: 127.0.0.1:{port}\r\n"), "200"),
        (format!("Host: localhost:{port}\r\n"), "200"),
        ("Host: rebound.example\r\n".to_owned(), "421"),
        (format!("Host: rebound.example:{port}\r\n"), "421"),
        (format!("Host: 127.0.0.1:{port}\r\nHost: rebound.example\r\n"), "400"),
        (String::new(), "400"),
    ] {
        for path in ["/", "/api/v1/count", "/api/v1/health/live", "/metrics", "/no/such"] {
            let answer =
                raw(&server, &format!("GET {path} HTTP/1.1\r\n{host}Connection: close\r\n\r\n")).await;
            let wanted = if path == "/no/such" && wanted == "200" { "404" } else { wanted };
            assert_eq!(status(&answer), wanted, "{path} {host}: {answer}");
        }
    }
    let absolute = format!(
        "GET http://rebound.example/ HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(status(&raw(&server, &absolute).await), "400");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_are_refused() {
    let server = TestServer::start().await;
    let own = format!("http://{}", server.address);
    for (origin, wanted) in
        [(own.as_str(), 200), ("http://evil.example", 403), ("null", 403), ("https://127.0.0.1", 403)]
    {
        for (method, path) in
            [(Method::POST, "/api/v1/search"), (Method::GET, "/api/v1/count"), (Method::GET, "/api/v1/tail")]
        {
            let request = server.request(method.clone(), path).header("origin", origin);
            let request = if method == Method::POST { request.json(&serde_json::json!({})) } else { request };
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), wanted, "{method} {path} from {origin}");
            assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
        }
    }
    let preflight = server.request(Method::OPTIONS, "/api/v1/sql").header("origin", "http://evil.example");
    assert_eq!(preflight.send().await.unwrap().status(), 403);
    let embedded = server.request(Method::GET, "/api/v1/count").header("sec-fetch-site", "cross-site");
    assert_eq!(embedded.send().await.unwrap().status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_tell_browsers_to_do_nothing_with_them() {
    let server = TestServer::start().await;
    for path in ["/", "/api/v1/count", "/api/v1/nothing", "/metrics", "/api/v1/tail"] {
        let response = server.response(path).await;
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or("");
        assert!(
            header("content-security-policy").starts_with("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_need_json() {
    let server = TestServer::start().await;
    for path in ["/api/v1/search", "/api/v1/group", "/api/v1/sql", "/api/v1/quarantine/retry"] {
        for kind in
            [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data")]
        {
            let request = server.request(Method::POST, path).body("{\"statement\": \"SELECT 1\"}");
            let request = if let Some(kind) = kind { request.header("content-type", kind) } else { request };
            assert_eq!(request.send().await.unwrap().status(), 415, "{path} {kind:?}");
        }
    }
    let broken =
        server.request(Method::POST, "/api/v1/sql").header("content-type", "application/json").body("{");
    let (_, problem) = read(broken.send().await.unwrap()).await;
    assert_snapshot!(line(&problem), @"400 bad-form: Failed to parse the request body as JSON: EOF while parsing an object at line 1 column 1");
    let nested = format!("{{\"query\": {}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let nested = server
        .request(Method::POST, "/api/v1/search")
        .header("content-type", "application/json")
        .body(nested);
    assert_eq!(nested.send().await.unwrap().status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens() {
    let secret = "a-token-nobody-guesses-0001";
    let keys = Keys::closed().with(&Secret::new(secret), Principal::owner("someone"));
    let server = TestServer::with(settings(), keys, TestLake::new().await, |state| state).await;
    let ask = async |path: &str, header: Option<&str>| {
        let request = server.request(Method::GET, path);
        let request =
            if let Some(header) = header { request.header("authorization", header) } else { request };
        request.send().await.unwrap()
    };
    for path in ["/api/v1/count", "/api/v1/tail", "/api/v1/lake", "/metrics", "/api/v1/nothing"] {
        for wrong in [
            None,
            Some("Bearer a-token-nobody-guesses-0002"),
            Some("Bearer a-token-nobody-guesses-000"),
            Some("Bearer "),
            Some("Basic YS10b2tlbi1ub2JvZHktZ3Vlc3Nlcy0wMDAxOg=="),
            Some(secret),
        ] {
            let response = ask(path, wrong).await;
            assert_eq!(response.status(), 401, "{path} {wrong:?}");
            assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"flowglass\"");
            assert!(!response.text().await.unwrap().contains("nobody-guesses"));
        }
    }
    assert_eq!(ask("/api/v1/count", Some(&format!("Bearer {secret}"))).await.status(), 200);
    assert_eq!(ask("/api/v1/count", Some(&format!("bearer {secret}"))).await.status(), 200);
    for open in ["/", "/api/v1/health/live", "/api/v1/health/ready", "/api/v1/openapi.json"] {
        assert_eq!(ask(open, None).await.status(), 200, "{open} tells nothing of the lake");
    }
    assert!(
        !format!(
            "{:?} {:?}",
            Secret::new(secret),
            Settings { token: Some(Secret::new(secret)), ..settings() }
        )
        .contains(secret)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes() {
    let reader = Principal { scopes: vec![Permission::Read], ..Principal::owner("reader") };
    let server = TestServer::for_principal(reader).await;
    assert_eq!(server.get("/api/v1/count").await["count"], 8);
    let (_, problem) = server.post("/api/v1/sql", &serde_json::json!({"statement": "SELECT 1"})).await;
    assert_snapshot!(line(&problem), @r#"403 forbidden: this token does not have the scope "sql""#);
    let (_, problem) = server.post("/api/v1/quarantine/retry", &serde_json::json!({"objects": []})).await;
    assert_snapshot!(line(&problem), @r#"403 forbidden: this token does not have the scope "ingest""#);
    let writer = Principal { scopes: vec![Permission::Ingest], ..Principal::owner("ingester") };
    let server = TestServer::for_principal(writer).await;
    for path in
        ["count", "search", "lake", "objects", "tail", "complete", "explain", "fields", "coverage", "rows/x"]
    {
        assert_eq!(server.response(&format!("/api/v1/{path}")).await.status(), 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn off_loopback_it_refuses_to_start_without_token_and_tls() {
    let lake = TestLake::empty().await;
    let start = |settings: Settings| {
        let state = flowglass_server::AppState::new(lake.reader.clone());
        Server::bind(&settings, state).map(|_| ()).unwrap_err()
    };
    let everywhere = Settings { listen: "0.0.0.0:0".parse().unwrap(), ..settings() };
    let token = Some(Secret::new("a-token-nobody-guesses-0001"));
    let said = [
        everywhere.clone(),
        Settings { token: token.clone(), ..everywhere.clone() },
        Settings { behind_proxy: true, ..everywhere.clone() },
        Settings { behind_proxy: true, ..settings() },
        Settings { token: Some(Secret::new("short")), ..settings() },
        Settings { token: Some(Secret::new("white space in a token")), ..settings() },
        Settings { token: token.clone(), token_file: Some("/nowhere".into()), ..settings() },
        Settings { token_file: Some("/nowhere/token".into()), ..settings() },
        Settings { tls_cert: Some("/nowhere/cert.pem".into()), ..settings() },
        Settings { allowed_hosts: vec!["http://x".into()], ..settings() },
    ]
    .map(|settings| start(settings).to_string());
    assert_snapshot!(said.join("\n"), @r#"
    will not listen on 0.0.0.0:0, which others can reach, without a token (--token-file FILE, or FLOWGLASS_TOKEN) and TLS (--tls-cert FILE --tls-key FILE, or --behind-proxy where a proxy speaks it)
    will not listen on 0.0.0.0:0, which others can reach, without TLS (--tls-cert FILE --tls-key FILE, or --behind-proxy where a proxy speaks it)
    will not listen on 0.0.0.0:0, which others can reach, without a token (--token-file FILE, or FLOWGLASS_TOKEN)
    will not listen on 127.0.0.1:0, which others can reach, without a token (--token-file FILE, or FLOWGLASS_TOKEN)
    the token cannot be used: it has fewer than 16 characters
    the token cannot be used: it holds other characters than printable ASCII without spaces
    the token cannot be used: a token and a token file are both given
    cannot read the token file /nowhere/token
    TLS needs both --tls-cert and --tls-key
    "http://x" is no host name or address (give names such as flows.example.com or 192.0.2.7:7420)
    "#);
    let safe = Settings { token, behind_proxy: true, ..everywhere };
    let state = flowglass_server::AppState::new(lake.reader.clone());
    assert!(Server::bind(&safe, state).is_ok());
    assert!(matches!(
        start(Settings { listen: "192.0.2.1:7420".parse().unwrap(), ..safe }),
        ServerError::Listen { .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_lead_nowhere_else() {
    let server = TestServer::start().await;
    let port = server.address.port();
    for path in [
        "/../../etc/passwd",
        "/api/v1/../../../etc/passwd",
        "/api/v1/rows/..%2f..%2fetc%2fpasswd",
        "/api/v1/rows/%00",
        "/api/v1/rows/%ff",
        "//etc/passwd",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        let answer = raw(&server, &request).await;
        assert!(["400", "404"].contains(&status(&answer)), "{path}: {answer}");
        assert!(!answer.contains("root:"));
    }
}
