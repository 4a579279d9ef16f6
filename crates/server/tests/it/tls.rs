//! TLS from files.

use flowglass_server::{AppState, Server, Settings};

use crate::support::{TestLake, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_ones_own() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let lake = TestLake::new().await;
    let secure = Settings { tls_cert: Some(cert.clone()), tls_key: Some(key.clone()), ..settings() };
    let server = Server::bind(&secure, AppState::new(lake.reader.clone())).unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let url = format!("https://localhost:{}/api/v1/count", server.address().port());
    let address = server.address();
    let running = tokio::spawn(server.run(std::future::pending()));
    let trusted = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let client =
        reqwest::Client::builder().tls_certs_only([trusted]).resolve("localhost", address).build().unwrap();
    let answer: serde_json::Value = client.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["count"], 8);
    let foreign = client.get(&url).header("origin", format!("http://localhost:{}", address.port()));
    assert_eq!(foreign.send().await.unwrap().status(), 403, "a page without TLS is another origin");
    let plain = reqwest::Client::new().get(format!("http://{address}/")).send().await;
    assert!(plain.is_err(), "there is no plain HTTP on that port");
    running.abort();

    // What is wrong is told without a word of what the key file holds.
    std::fs::write(&key, "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n").unwrap();
    let error = Server::bind(&secure, AppState::new(lake.reader.clone())).map(|_| ()).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("c2VjcmV0"), "{error:?}");
    std::fs::write(&cert, "nothing").unwrap();
    let error = Server::bind(&secure, AppState::new(lake.reader.clone())).map(|_| ()).unwrap_err();
    assert!(error.to_string().ends_with("for TLS: it holds no certificate"), "{error}");
}
