//! The web application: files embedded when the server was built.
//!
//! They hold nothing of the lake, so they need no token; what the page then asks does. Every page of the application is the
//! same document, which is told apart by its address in the browser.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderValue, IF_NONE_MATCH, VARY,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

/// A file of the application.
#[derive(Debug, Clone, Copy)]
struct File {
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/ui.rs"));

/// What stands in the built document for the nonce.
const NONCE: &str = "__CSP_NONCE__";

/// Told to browsers by a server that was built without the application.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Flowglass</title>\
    <h1>Flowglass runs, without its web page</h1>\
    <p>This program was built without the web application. To get it, install Node.js 20.19 or newer with npm and build \
    again: <code>make build</code>.</p>\
    <p>The command line and the <a href=\"/api/v1/openapi.json\">HTTP API</a> are complete.</p></html>";

/// Marks an answer that says for itself what browsers may do with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnHeaders;

/// The files of an application, ready to be served.
#[derive(Debug)]
pub(crate) struct Ui {
    files: HashMap<&'static str, (File, HeaderValue)>,
    document: Option<&'static str>,
}

impl Ui {
    /// The embedded one.
    pub(crate) fn embedded() -> Arc<Self> {
        static UI: LazyLock<Arc<Ui>> = LazyLock::new(|| Arc::new(Ui::new(FILES)));
        Arc::clone(&UI)
    }

    fn new(files: &[File]) -> Self {
        let document = files.iter().find(|file| file.path == "/index.html");
        let document = document.and_then(|file| std::str::from_utf8(file.plain).ok());
        let others = files.iter().filter(|file| file.path != "/index.html");
        let files = others.filter_map(|file| {
            let hash = blake3::hash(file.plain).to_hex();
            let tag = HeaderValue::from_str(&format!("\"{}\"", &hash[..32])).ok()?;
            Some((file.path, (*file, tag)))
        });
        Self { files: files.collect(), document }
    }

    /// The answer to a request, if it is for the application.
    fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
        if method != Method::GET && method != Method::HEAD {
            return None;
        }
        if let Some((file, tag)) = self.files.get(path) {
            return Some(file.answer(tag, headers));
        }
        let is_page = path != "/metrics" && !path.starts_with("/api/") && accepts(headers, "text/html");
        is_page.then(|| self.page())
    }

    /// The document, with a nonce of this answer only: the query editor adds styles with it.
    fn page(&self) -> Response {
        let (text, style) = match self.document {
            Some(document) => {
                let nonce = Uuid::new_v4().simple().to_string();
                (document.replace(NONCE, &nonce), format!("style-src 'self' 'nonce-{nonce}'; "))
            }
            None => (MISSING.to_owned(), String::new()),
        };
        let policy = format!(
            "default-src 'none'; script-src 'self'; {style}img-src 'self' data:; font-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        let mut response = text.into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("accept"));
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

impl File {
    fn answer(&self, tag: &HeaderValue, asked: &HeaderMap) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, tag.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        // Names of assets hold a hash of their content.
        let forever = self.path.starts_with("/assets/");
        let caching = if forever { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
        let known = asked.get_all(IF_NONE_MATCH).iter().any(|value| {
            let tags = value.to_str().unwrap_or_default().split(',');
            tags.map(str::trim).any(|given| given == "*" || given.trim_start_matches("W/") == *tag)
        });
        if known {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(self.path)));
        let packed = [("br", self.brotli), ("gzip", self.gzip)];
        let packed =
            packed.into_iter().find_map(|(name, bytes)| Some((name, bytes?)).filter(|_| takes(asked, name)));
        let body = match packed {
            Some((name, bytes)) => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
                bytes
            }
            None => self.plain,
        };
        (headers, Body::from(body)).into_response()
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

/// True if a header's list names something, other than to refuse it.
fn lists(headers: &HeaderMap, name: axum::http::HeaderName, wanted: &str) -> bool {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).any(
        |one| {
            let mut parts = one.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
            let refused = parts.any(|part| {
                part.strip_prefix("q=")
                    .and_then(|weight| weight.parse::<f32>().ok())
                    .is_some_and(|weight| weight <= 0.0)
            });
            named && !refused
        },
    )
}

fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    lists(headers, ACCEPT, media_type)
}

fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    lists(headers, ACCEPT_ENCODING, encoding)
}

/// Middleware: answers what is asked of the application; everything else goes on.
pub(crate) async fn serve(State(ui): State<Arc<Ui>>, request: Request, next: Next) -> Response {
    match ui.answer(request.method(), request.uri().path(), request.headers()) {
        Some(mut response) => {
            response.extensions_mut().insert(OwnHeaders);
            response
        }
        None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: &[File] = &[
        File { path: "/assets/a-1.js", plain: b"plain", brotli: Some(b"brotli"), gzip: Some(b"gzip") },
        File { path: "/index.html", plain: b"<script nonce=\"__CSP_NONCE__\">", brotli: None, gzip: None },
    ];

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    async fn body(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn assets_come_in_the_form_asked_for_and_stay() {
        let ui = Ui::new(BUILT);
        for (encodings, wanted) in
            [("", "plain"), ("gzip, br", "brotli"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip")]
        {
            let asked = headers(&[("accept-encoding", encodings)]);
            let response = ui.answer(&Method::GET, "/assets/a-1.js", &asked).unwrap();
            assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
            assert_eq!(response.headers()[CONTENT_TYPE], "text/javascript; charset=utf-8");
            assert_eq!(body(response).await, wanted, "{encodings:?}");
        }
        let first = ui.answer(&Method::GET, "/assets/a-1.js", &HeaderMap::new()).unwrap();
        let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
        let again = ui.answer(&Method::GET, "/assets/a-1.js", &headers(&[("if-none-match", &tag)])).unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn pages_have_a_nonce_each() {
        let ui = Ui::new(BUILT);
        let browser = headers(&[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]);
        let mut nonces = Vec::new();
        for path in ["/", "/explore", "/index.html"] {
            let response = ui.answer(&Method::GET, path, &browser).unwrap();
            let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            assert!(policy.contains("script-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe"), "{policy}");
            let text = body(response).await;
            let nonce = text.split('"').nth(1).unwrap().to_owned();
            assert!(policy.contains(&format!("style-src 'self' 'nonce-{nonce}'")), "{policy}");
            nonces.push(nonce);
        }
        nonces.dedup();
        assert_eq!(nonces.len(), 3, "a nonce is used once");
    }

    #[test]
    fn everything_else_goes_on() {
        let ui = Ui::new(BUILT);
        let browser = headers(&[("accept", "text/html")]);
        for (method, path, asked) in [
            (Method::GET, "/api/v1/search", &browser),
            (Method::GET, "/metrics", &browser),
            (Method::POST, "/", &browser),
            (Method::GET, "/", &HeaderMap::new()),
            (Method::GET, "/assets/none.js", &headers(&[("accept", "*/*")])),
        ] {
            assert!(ui.answer(&method, path, asked).is_none(), "{method} {path}");
        }
    }

    #[tokio::test]
    async fn a_build_without_the_application_says_so() {
        let ui = Ui::new(&[]);
        let response = ui.answer(&Method::GET, "/", &headers(&[("accept", "text/html")])).unwrap();
        assert!(body(response).await.contains("built without the web application"));
    }
}
