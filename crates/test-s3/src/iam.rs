//! An IBM Cloud IAM token endpoint, for tests of clients that log in with an API key.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpListener;

use crate::host::Host;

/// A running token endpoint: hands out `token-1`, `token-2`, … for one API key.
pub struct TestIam {
    address: SocketAddr,
    state: Arc<State>,
    _host: Host,
}

struct State {
    api_key: String,
    lifetime: Mutex<u64>,
    failures: AtomicU64,
    granted: AtomicU64,
    asked: AtomicU64,
    bearer: Option<Arc<Mutex<Option<String>>>>,
}

impl TestIam {
    /// Starts on a free port of 127.0.0.1. Tokens live `lifetime` seconds. With a server, each new token becomes the
    /// only bearer token that the server takes.
    pub fn start(api_key: &str, lifetime: u64, server: Option<&crate::TestS3>) -> std::io::Result<Self> {
        let state = Arc::new(State {
            api_key: api_key.to_owned(),
            lifetime: Mutex::new(lifetime),
            failures: AtomicU64::new(0),
            granted: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            bearer: server.map(crate::TestS3::bearer_cell),
        });
        let shared = Arc::clone(&state);
        let (host, address) = Host::start(0, move |listener| run(listener, shared))?;
        Ok(Self { address, state, _host: host })
    }

    /// Returns the URL of the token endpoint.
    pub fn url(&self) -> String {
        format!("http://{}/identity/token", self.address)
    }

    /// Answers the next requests with 503.
    pub fn fail_next(&self, requests: u64) {
        self.state.failures.store(requests, Ordering::SeqCst);
    }

    /// Returns how many tokens were handed out.
    pub fn granted(&self) -> u64 {
        self.state.granted.load(Ordering::SeqCst)
    }

    /// Returns how many requests came in.
    pub fn asked(&self) -> u64 {
        self.state.asked.load(Ordering::SeqCst)
    }
}

async fn run(listener: TcpListener, state: Arc<State>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let state = Arc::clone(&state);
                async move { Ok::<_, Infallible>(state.answer(request).await) }
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl State {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let path_is_known = request.uri().path() == "/identity/token";
        let body = match request.into_body().collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return json(StatusCode::BAD_REQUEST, "{}"),
        };
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        {
            return json(StatusCode::SERVICE_UNAVAILABLE, r#"{"errorMessage":"busy"}"#);
        }
        let form = String::from_utf8_lossy(&body).into_owned();
        let member = |name: &str| {
            let pair = form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
            Some(percent_encoding::percent_decode_str(pair).decode_utf8_lossy().into_owned())
        };
        if !path_is_known || member("grant_type").as_deref() != Some("urn:ibm:params:oauth:grant-type:apikey")
        {
            return json(
                StatusCode::BAD_REQUEST,
                r#"{"errorCode":"BXNIM0109E","errorMessage":"Property missing"}"#,
            );
        }
        if member("apikey").as_deref() != Some(self.api_key.as_str()) {
            let text = r#"{"errorCode":"BXNIM0415E","errorMessage":"Provided API key could not be found."}"#;
            return json(StatusCode::BAD_REQUEST, text);
        }
        let number = self.granted.fetch_add(1, Ordering::SeqCst) + 1;
        let token = format!("token-{number}");
        if let Some(bearer) = &self.bearer {
            *bearer.lock() = Some(token.clone());
        }
        let lifetime = *self.lifetime.lock();
        json(
            StatusCode::OK,
            &format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{lifetime}}}"#),
        )
    }
}

fn json(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::from(text.to_owned())));
    *answer.status_mut() = status;
    answer.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    answer
}
