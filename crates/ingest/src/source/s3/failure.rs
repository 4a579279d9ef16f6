//! What failed requests mean, and whether trying again may help.

use std::time::Duration;

use flowglass_access::reasons;
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};

use super::super::SourceError;
use super::client::{Auth, Client, Purpose};

const ERROR_BYTES: u64 = 64 << 10;

/// A failed try.
pub(super) struct Failure {
    pub(super) error: SourceError,
    pub(super) again: Again,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    Never,
    /// After a wait, which the server may have asked for.
    Later(Option<Duration>),
    /// Like `Later`, but only once while the endpoint never answered.
    IfItExists,
    /// With a new token.
    WithNewToken,
}

impl Client {
    /// A request that got no answer, or only half of one.
    pub(super) fn broken(&self, error: reqwest::Error, purpose: Purpose<'_>) -> Failure {
        let (is_connect, is_timeout) = (error.is_connect(), error.is_timeout());
        let reason = reasons(error);
        let has = |word: &str| reason.to_ascii_lowercase().contains(word);
        let (next, again) = if has("certificate") {
            let next =
                "check the endpoint's certificate, or set SSL_CERT_FILE to your authority's certificates";
            (next.to_owned(), Again::Never)
        } else if has("dns error") || has("failed to lookup") {
            (format!("check the host name in {}", self.endpoint), Again::IfItExists)
        } else if is_connect {
            (format!("check that {} is right and can be reached from here", self.endpoint), Again::IfItExists)
        } else if is_timeout {
            ("check the network, or try again".to_owned(), Again::Later(None))
        } else {
            ("try again".to_owned(), Again::Later(None))
        };
        Failure { error: SourceError::Connection { what: purpose.what.to_owned(), reason, next }, again }
    }

    /// An answer that is an error.
    pub(super) async fn refused(
        &self,
        status: StatusCode,
        response: Response,
        purpose: Purpose<'_>,
    ) -> Failure {
        let headers = response.headers().clone();
        let limits = Purpose { limit: ERROR_BYTES, ..purpose };
        let text = match self.body(response, limits).await {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => String::new(),
        };
        let (code, message) =
            (element(&text, "Code").unwrap_or_default(), element(&text, "Message").unwrap_or_default());
        let reason = match (code.as_str(), message.as_str()) {
            ("", "") => status.canonical_reason().unwrap_or("no reason given").to_owned(),
            (code, "") => code.to_owned(),
            (code, message) => format!("{code}: {message}"),
        };
        let what = || purpose.what.to_owned();
        let store = |next: &str| SourceError::Store {
            what: what(),
            status: status.as_u16(),
            reason: reason.clone(),
            next: next.to_owned(),
        };
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let expired = matches!(code.as_str(), "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired");
        let (error, again) = match status.as_u16() {
            404 if code == "NoSuchBucket" || purpose.key.is_none() => {
                let (bucket, endpoint) = (self.bucket.name().to_owned(), self.endpoint.clone());
                (SourceError::NoSuchBucket { bucket, endpoint }, Again::Never)
            }
            404 => {
                let key = purpose.key.unwrap_or_default().to_owned();
                (
                    SourceError::NotFound { key, source_name: format!("s3://{}", self.bucket.name()) },
                    Again::Never,
                )
            }
            401 | 403 => (self.denied(what(), &code, reason), Again::WithNewToken),
            400 if expired => (self.denied(what(), &code, reason), Again::WithNewToken),
            301 | 302 | 307 | 308 => {
                let next = match header("x-amz-bucket-region") {
                    Some(region) => {
                        format!("the bucket is in region {region}: use --signing-region {region}")
                    }
                    None => "use the endpoint of the bucket's own region".to_owned(),
                };
                (store(&next), Again::Never)
            }
            408 | 429 | 500 | 502 | 503 | 504 => {
                let asked =
                    header(RETRY_AFTER.as_str()).and_then(|text| text.parse().ok()).map(Duration::from_secs);
                (store("the store is busy or broken: try again later"), Again::Later(asked))
            }
            400 if code == "RequestTimeout" => (store("try again"), Again::Later(None)),
            _ => (store("check the endpoint, the region and the bucket's name"), Again::Never),
        };
        // Only tokens can be had anew.
        let again = match (again, &self.auth) {
            (Again::WithNewToken, Auth::Iam(iam)) => {
                iam.forget();
                again
            }
            (Again::WithNewToken, _) => Again::Never,
            _ => again,
        };
        Failure { error, again }
    }

    fn denied(&self, what: String, code: &str, reason: String) -> SourceError {
        let next = match (code, &self.auth) {
            (_, Auth::Anonymous) => "the bucket is not public: give credentials",
            ("InvalidAccessKeyId" | "NotSignedUp", _) => "check the access key id",
            ("SignatureDoesNotMatch", _) => "check the secret access key and the region",
            ("RequestTimeTooSkewed", _) => "set this machine's clock",
            ("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired", Auth::Keys(_)) => {
                "get a new session token"
            }
            (_, Auth::Iam(_)) => "give the API key's owner the role Reader on the bucket",
            (_, Auth::Keys(_)) => {
                "check that these credentials may list and read the bucket (s3:ListBucket and s3:GetObject, or the \
                 role Reader)"
            }
        };
        SourceError::Denied { what, reason, next: next.to_owned() }
    }
}

/// Returns the text of an element in an error's XML, short enough to be shown.
fn element(text: &str, name: &str) -> Option<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let start = text.find(&open)? + open.len();
    let end = start + text[start..].find(&close)?;
    let text = quick_xml::escape::unescape(&text[start..end]).ok()?;
    Some(text.chars().filter(|character| !character.is_control()).take(300).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_an_error() {
        let text = "<Error><Code>SlowDown</Code><Message>a &amp; b\n</Message></Error>";
        assert_eq!(element(text, "Code").as_deref(), Some("SlowDown"));
        assert_eq!(element(text, "Message").as_deref(), Some("a & b"));
        assert_eq!(element(text, "Resource"), None);
        assert_eq!(element("</Code><Code>", "Code"), None);
    }
}
