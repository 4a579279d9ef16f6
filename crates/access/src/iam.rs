//! IBM Cloud IAM: tokens for an API key.

use std::time::Duration;

use parking_lot::RwLock;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::error::AccessError;
use crate::http::{chance, client, reasons};
use crate::resolve::is_loopback;
use crate::secret::Secret;
use crate::spec::RetryPolicy;

const GRANT: &str = "urn:ibm:params:oauth:grant-type:apikey";

/// Gets tokens, one request at a time, and keeps the current one.
pub struct Iam {
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
    error: AccessError,
    again: bool,
}

impl std::fmt::Debug for Iam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Iam").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

impl Iam {
    /// Makes the client of a token service; nothing is sent yet.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(endpoint: Url, api_key: Secret, retry: RetryPolicy) -> Result<Self, AccessError> {
        let http = client(is_loopback(&endpoint)).map_err(|error| AccessError::Login {
            endpoint: endpoint.to_string(),
            reason: reasons(error),
            next: "check the certificates of this machine".to_owned(),
        })?;
        Ok(Self { http, endpoint, api_key, retry, current: RwLock::new(None), fetching: Mutex::new(()) })
    }

    /// Returns a token that is valid now, fetching one if there is none or it is about to end.
    ///
    /// # Errors
    /// If the token service gives none, and there is none that is still valid.
    pub async fn token(&self) -> Result<Secret, AccessError> {
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

    /// Returns the value of the `Authorization` header for a token that is valid now.
    ///
    /// # Errors
    /// As [`Iam::token`], or if the token cannot stand in a header.
    pub async fn authorization(&self) -> Result<HeaderValue, AccessError> {
        let token = self.token().await?;
        let mut value =
            HeaderValue::try_from(format!("Bearer {}", token.expose())).map_err(|_| AccessError::Login {
                endpoint: self.endpoint.to_string(),
                reason: "its token cannot stand in a header".to_owned(),
                next: "check the IAM endpoint".to_owned(),
            })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Forgets the token: the store did not take it.
    pub fn forget(&self) {
        *self.current.write() = None;
    }

    async fn fetch(&self) -> Result<Token, AccessError> {
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
            error: AccessError::Login { endpoint: self.endpoint.to_string(), reason, next: next.to_owned() },
            again,
        };
        let unreachable = |error| fails(reasons(error), "check the network and the IAM endpoint", true);
        let form = [("grant_type", GRANT), ("apikey", self.api_key.expose())];
        let asked_at = Instant::now();
        let request = self.http.post(self.endpoint.clone()).header("accept", "application/json").form(&form);
        let response = request.send().await.map_err(unreachable)?;
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
