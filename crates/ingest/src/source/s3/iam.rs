//! IBM Cloud IAM: tokens for an API key.

use std::time::Duration;

use parking_lot::RwLock;
use reqwest::StatusCode;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::super::spec::RetryPolicy;
use super::super::{Secret, SourceError};
use super::client::chance;
use super::failure::reasons;

const GRANT: &str = "urn:ibm:params:oauth:grant-type:apikey";

/// Gets tokens, one request at a time, and keeps the current one.
pub(super) struct Iam {
    http: reqwest::Client,
    endpoint: Url,
    api_key: Secret,
    retry: RetryPolicy,
    current: RwLock<Option<Token>>,
    /// Held by whoever fetches a token.
    fetching: Mutex<()>,
}

#[derive(Clone)]
struct Token {
    text: Secret,
    /// 80 % of the lifetime.
    refresh_at: Instant,
    expires_at: Instant,
}

#[derive(serde::Deserialize)]
struct Granted {
    access_token: Secret,
    expires_in: u64,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Refused {
    error_code: String,
    error_message: String,
}

struct Failure {
    error: SourceError,
    again: bool,
}

impl Iam {
    pub(super) fn new(http: reqwest::Client, endpoint: Url, api_key: Secret, retry: RetryPolicy) -> Self {
        Self { http, endpoint, api_key, retry, current: RwLock::new(None), fetching: Mutex::new(()) }
    }

    /// Returns a token that is valid now, fetching one if there is none or it is about to end.
    pub(super) async fn token(&self) -> Result<Secret, SourceError> {
        let now = Instant::now();
        let current = self.current.read().clone();
        let fresh = |token: &Token, now: Instant| now < token.refresh_at;
        if let Some(token) = current.as_ref().filter(|token| fresh(token, now)) {
            return Ok(token.text.clone());
        }
        let still_valid = current.filter(|token| now < token.expires_at);
        let _guard = match (self.fetching.try_lock(), &still_valid) {
            (Ok(guard), _) => guard,
            // Somebody fetches the next one; this one does meanwhile.
            (Err(_), Some(token)) => return Ok(token.text.clone()),
            (Err(_), None) => self.fetching.lock().await,
        };
        if let Some(token) = self.current.read().as_ref().filter(|token| fresh(token, Instant::now())) {
            return Ok(token.text.clone());
        }
        match self.fetch().await {
            Ok(token) => {
                let text = token.text.clone();
                *self.current.write() = Some(token);
                Ok(text)
            }
            Err(error) => match still_valid.filter(|token| Instant::now() < token.expires_at) {
                Some(token) => {
                    tracing::warn!(%error, "no new token; the present one is still valid");
                    Ok(token.text)
                }
                None => Err(error),
            },
        }
    }

    /// Forgets the token: the store did not take it.
    pub(super) fn forget(&self) {
        *self.current.write() = None;
    }

    async fn fetch(&self) -> Result<Token, SourceError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let failure = match self.attempt().await {
                Ok(token) => return Ok(token),
                Err(failure) => failure,
            };
            if !failure.again || attempt >= self.retry.attempts {
                return Err(failure.error);
            }
            tokio::time::sleep(self.retry.wait(attempt, None, chance())).await;
        }
    }

    async fn attempt(&self) -> Result<Token, Failure> {
        let fails = |reason: String, next: &str, again| Failure {
            error: SourceError::Login { endpoint: self.endpoint.to_string(), reason, next: next.to_owned() },
            again,
        };
        let unreachable = |error| fails(reasons(error), "check the network and the IAM endpoint", true);
        let form = [("grant_type", GRANT), ("apikey", self.api_key.expose())];
        let asked_at = Instant::now();
        let request = self.http.post(self.endpoint.clone()).header("accept", "application/json").form(&form);
        let response = request.timeout(Duration::from_secs(30)).send().await.map_err(unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(unreachable)?;
        if !status.is_success() {
            let refused: Refused = serde_json::from_slice(&bytes).unwrap_or_default();
            let reason = format!("{} {} {}", status.as_u16(), refused.error_code, refused.error_message);
            let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
            let next = match refused.error_code.as_str() {
                "BXNIM0415E" => "the API key is unknown: check it, or make a new one",
                _ if busy => "the token service is busy: try again later",
                _ => "check the API key and the IAM endpoint",
            };
            return Err(fails(reason.trim().to_owned(), next, busy));
        }
        let granted: Granted = serde_json::from_slice(&bytes)
            // The text of the error could quote the token.
            .map_err(|_| fails("the answer holds no token".to_owned(), "check the IAM endpoint", false))?;
        let lifetime = Duration::from_secs(granted.expires_in.min(24 * 3600));
        Ok(Token {
            text: granted.access_token,
            refresh_at: asked_at + lifetime.mul_f64(0.8),
            expires_at: asked_at + lifetime,
        })
    }
}
