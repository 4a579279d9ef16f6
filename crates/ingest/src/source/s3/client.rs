//! Requests to one bucket: signed or with a token, tried again when that may help.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use flowglass_access::{
    Credentials, Environment, Iam, Resolved, RetryPolicy, install_crypto, reasons, resolve,
};
use jiff::fmt::rfc2822;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, ETAG, HeaderMap, LAST_MODIFIED};
use reqwest::{Method, Response};
use rusty_s3::{Bucket, S3Action, UrlStyle};
use tokio::sync::Semaphore;
use url::Url;

use super::super::{Calls, Listed, SourceError, SourceSpec};
use super::failure::{Again, Failure};

/// How long a signature holds: longer than any request takes.
const SIGNATURE: Duration = Duration::from_secs(15 * 60);
/// Largest listing page that is read: 1,000 keys of 1,024 bytes, each percent-encoded, and what stands around them.
const PAGE_BYTES: u64 = 16 << 20;

/// Talks to one bucket.
pub(super) struct Client {
    http: reqwest::Client,
    pub(super) bucket: Bucket,
    pub(super) auth: Auth,
    pub(super) endpoint: String,
    login: String,
    retry: RetryPolicy,
    slots: Semaphore,
    /// A request was answered before: the endpoint exists.
    reached: AtomicBool,
    lists: AtomicU64,
    gets: AtomicU64,
    retries: AtomicU64,
}

pub(super) enum Auth {
    Keys(rusty_s3::Credentials),
    Iam(Iam),
    Anonymous,
}

/// What a request is for.
#[derive(Clone, Copy)]
pub(super) struct Purpose<'a> {
    /// The key of an object; none for a listing.
    pub(super) key: Option<&'a str>,
    /// In words, after "cannot".
    pub(super) what: &'a str,
    /// Most bytes of body to read.
    pub(super) limit: u64,
}

/// Where a page of a listing begins.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// After a key; at the beginning where that is empty.
    After(&'a str),
    /// Where an earlier page of the same listing ended.
    Token(&'a str),
}

/// Returns true if a key can be sent in a URL: URLs have no `.` and `..` folders.
pub(super) fn is_expressible(key: &str) -> bool {
    !key.is_empty() && key.split('/').all(|part| part != "." && part != "..")
}

/// Draws a number from 0 to 1.
pub(super) fn chance() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

impl Client {
    pub(super) fn open(
        spec: &SourceSpec,
        bucket: &str,
        environment: Environment<'_>,
    ) -> Result<Self, SourceError> {
        install_crypto();
        let Resolved { endpoint, region, credentials, login, is_loopback } =
            resolve(&spec.access(), environment)?;
        let setting = |reason: String| SourceError::Setting {
            location: spec.location.clone(),
            reason,
            next: "check the bucket's name and the endpoint".to_owned(),
        };
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("flowglass/", env!("CARGO_PKG_VERSION")))
            // A redirect would take the signature, or the token, to another host.
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(30))
            .timeout(Duration::from_secs(600))
            .tcp_nodelay(true);
        if is_loopback {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| setting(reasons(error)))?;
        let auth = match credentials {
            Credentials::Anonymous => Auth::Anonymous,
            Credentials::Iam { api_key, endpoint } => Auth::Iam(Iam::new(endpoint, api_key, spec.retry)?),
            Credentials::Keys { access_key_id, secret_access_key, session_token } => {
                Auth::Keys(match session_token {
                    None => rusty_s3::Credentials::new(access_key_id, secret_access_key.expose()),
                    Some(token) => rusty_s3::Credentials::new_with_token(
                        access_key_id,
                        secret_access_key.expose(),
                        token.expose(),
                    ),
                })
            }
        };
        let shown = endpoint.as_str().trim_end_matches('/').to_owned();
        let bucket = Bucket::new(endpoint, UrlStyle::Path, bucket.to_owned(), region)
            .map_err(|error| setting(format!("the bucket has no URL: {error}")))?;
        Ok(Self {
            http,
            bucket,
            auth,
            endpoint: shown,
            login,
            retry: spec.retry,
            slots: Semaphore::new(spec.concurrency.max(1)),
            reached: AtomicBool::new(false),
            lists: AtomicU64::new(0),
            gets: AtomicU64::new(0),
            retries: AtomicU64::new(0),
        })
    }

    pub(super) fn bucket_name(&self) -> &str {
        self.bucket.name()
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) fn login(&self) -> &str {
        &self.login
    }

    pub(super) fn calls(&self) -> Calls {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Calls { lists: count(&self.lists), gets: count(&self.gets), retries: count(&self.retries) }
    }

    /// Returns what listing a prefix is called in errors.
    pub(super) fn list_what(&self, prefix: &str) -> String {
        format!("list s3://{}/{prefix}", self.bucket.name())
    }

    /// Returns the XML of one page of a listing.
    pub(super) async fn list_page(
        &self,
        prefix: &str,
        delimiter: &str,
        start: Start<'_>,
    ) -> Result<Bytes, SourceError> {
        let url = || {
            let mut action = self.bucket.list_objects_v2(self.keys());
            if !prefix.is_empty() {
                action.with_prefix(prefix);
            }
            if !delimiter.is_empty() {
                action.with_delimiter(delimiter);
            }
            match start {
                Start::Token(token) => action.with_continuation_token(token),
                Start::After("") => {}
                Start::After(key) => action.with_start_after(key),
            }
            action.sign(SIGNATURE)
        };
        let what = self.list_what(prefix);
        let purpose = Purpose { key: None, what: &what, limit: PAGE_BYTES };
        self.lists.fetch_add(1, Ordering::Relaxed);
        Ok(self.request(Method::GET, &url, purpose).await?.1)
    }

    /// Reads an object; returns its bytes and its ETag without quotes.
    pub(super) async fn get(&self, key: &str, limit: u64) -> Result<(Bytes, Option<String>), SourceError> {
        self.check_expressible(key)?;
        let what = format!("read s3://{}/{key}", self.bucket.name());
        let purpose = Purpose { key: Some(key), what: &what, limit };
        let url = || self.bucket.get_object(self.keys(), key).sign(SIGNATURE);
        self.gets.fetch_add(1, Ordering::Relaxed);
        let (headers, bytes) = self.request(Method::GET, &url, purpose).await?;
        Ok((bytes, etag(&headers)))
    }

    /// Looks an object up; none if it is not there.
    pub(super) async fn head(&self, key: &str) -> Result<Option<Listed>, SourceError> {
        self.check_expressible(key)?;
        let what = format!("look up s3://{}/{key}", self.bucket.name());
        let purpose = Purpose { key: Some(key), what: &what, limit: 0 };
        let url = || self.bucket.head_object(self.keys(), key).sign(SIGNATURE);
        let headers = match self.request(Method::HEAD, &url, purpose).await {
            Ok((headers, _)) => headers,
            Err(SourceError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let modified = text(LAST_MODIFIED).and_then(|text| rfc2822::parse(text).ok());
        Ok(Some(Listed {
            key: key.to_owned(),
            size: text(CONTENT_LENGTH).and_then(|text| text.parse().ok()).unwrap_or(0),
            etag: etag(&headers),
            last_modified: modified.map(|zoned| zoned.timestamp().as_microsecond()),
            path: None,
        }))
    }

    fn keys(&self) -> Option<&rusty_s3::Credentials> {
        match &self.auth {
            Auth::Keys(keys) => Some(keys),
            Auth::Iam(_) | Auth::Anonymous => None,
        }
    }

    fn check_expressible(&self, key: &str) -> Result<(), SourceError> {
        let path = self.bucket.object_url(key).path().to_owned();
        let sent = percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned();
        if is_expressible(key) && sent.ends_with(&format!("/{}/{key}", self.bucket.name())) {
            return Ok(());
        }
        Err(SourceError::Inexpressible {
            key: key.to_owned(),
            reason: "a URL cannot hold this key, because `.` and `..` are no names of folders in it"
                .to_owned(),
        })
    }

    /// Sends a request until it succeeds or trying again is of no use.
    async fn request(
        &self,
        method: Method,
        url: &(dyn Fn() -> Url + Sync),
        purpose: Purpose<'_>,
    ) -> Result<(HeaderMap, Bytes), SourceError> {
        let mut attempt = 0;
        let mut had_new_token = false;
        loop {
            attempt += 1;
            let failure = {
                let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
                match self.attempt(method.clone(), url(), purpose).await {
                    Ok(reply) => return Ok(reply),
                    Err(failure) => failure,
                }
            };
            let tries = match failure.again {
                Again::IfItExists if !self.reached.load(Ordering::Relaxed) => self.retry.attempts.min(2),
                _ => self.retry.attempts,
            };
            let wait = match failure.again {
                Again::WithNewToken if !had_new_token => {
                    had_new_token = true;
                    Duration::ZERO
                }
                Again::Later(asked) if attempt < tries => self.retry.wait(attempt, asked, chance()),
                Again::IfItExists if attempt < tries => self.retry.wait(attempt, None, chance()),
                _ => return Err(failure.error),
            };
            tracing::debug!(attempt, wait_ms = wait.as_millis() as u64, error = %failure.error, "request failed, trying again");
            self.retries.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        method: Method,
        url: Url,
        purpose: Purpose<'_>,
    ) -> Result<(HeaderMap, Bytes), Failure> {
        let mut request = self.http.request(method, url);
        if let Auth::Iam(iam) = &self.auth {
            // The token service was tried again already.
            let value = iam.authorization().await;
            let value = value.map_err(|error| Failure { error: error.into(), again: Again::Never })?;
            request = request.header(AUTHORIZATION, value);
        }
        let response = request.send().await.map_err(|error| self.broken(error, purpose))?;
        self.reached.store(true, Ordering::Relaxed);
        let status = response.status();
        if !status.is_success() {
            return Err(self.refused(status, response, purpose).await);
        }
        let headers = response.headers().clone();
        let bytes = self.body(response, purpose).await?;
        Ok((headers, bytes))
    }

    pub(super) async fn body(&self, mut response: Response, purpose: Purpose<'_>) -> Result<Bytes, Failure> {
        let too_large = || {
            let error = match purpose.key {
                Some(key) => SourceError::TooLarge { key: key.to_owned(), limit: purpose.limit },
                None => SourceError::Listing {
                    what: purpose.what.to_owned(),
                    reason: format!("a page has more than {PAGE_BYTES} bytes"),
                    next: "check that the endpoint is an S3 service".to_owned(),
                },
            };
            Failure { error, again: Again::Never }
        };
        let declared = response.content_length().filter(|_| purpose.limit > 0);
        if declared.is_some_and(|length| length > purpose.limit) {
            return Err(too_large());
        }
        let mut bytes = BytesMut::with_capacity(usize::try_from(declared.unwrap_or(0)).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(error, purpose))? {
            if (bytes.len() + chunk.len()) as u64 > purpose.limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

fn etag(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(ETAG)?.to_str().ok()?.trim_start_matches("W/").trim_matches('"');
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_urls_cannot_hold() {
        for key in ["a", "a//b", "a/", "/a", "a%2F..%2Fb", "..a/b..", "a%2e/b", " "] {
            assert!(is_expressible(key), "{key}");
        }
        for key in ["", ".", "..", "a/./b", "a/..", "../a"] {
            assert!(!is_expressible(key), "{key}");
        }
    }
}
