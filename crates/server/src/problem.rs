//! What goes wrong with a request, and how it is told: problem details (RFC 9457).
//!
//! One enum, and in one place the status, name and hint of each variant. What only the operator may know (paths, stores'
//! answers) goes to the log with its whole chain; the caller gets the incident's number.

use std::error::Error;
use std::ops::Range;
use std::time::Duration;

use axum::Json;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use flowglass_lake::LakeError;
use flowglass_query::QueryError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Permission;
use crate::sources::SourcesError;

/// Media type of problems.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request is not answered.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The query, or another text of the request that has a grammar, cannot be understood.
    #[error("{error}")]
    BadText {
        /// The parameter it stands in.
        parameter: &'static str,
        /// Where, what, and what to do.
        error: QueryError,
    },
    /// A parameter is no good.
    #[error("{detail}")]
    BadParameter {
        /// Its name.
        parameter: String,
        /// What is wrong.
        detail: String,
        /// What to write instead.
        hint: Option<String>,
    },
    /// The question cannot be answered as put.
    #[error("{detail}")]
    BadQuestion {
        /// What is wrong.
        detail: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// The body or the query string does not have the form it should.
    #[error("{detail}")]
    BadForm {
        /// What is wrong.
        detail: String,
    },
    /// `Host` is missing, given twice, or no host.
    #[error("the request names no host, or several")]
    BadHost,
    /// No token, or an unknown one.
    #[error("{}", if *given { "the token is not known" } else { "a token is needed" })]
    Unauthorized {
        /// Whether credentials were given.
        given: bool,
    },
    /// The caller may not do that.
    #[error("this token does not have the scope {:?}", permission.as_str())]
    Forbidden {
        /// What it lacks.
        permission: Permission,
    },
    /// The caller may see some rows only, and this tells of all.
    #[error("{detail}")]
    Restricted {
        /// What cannot be shown.
        detail: &'static str,
    },
    /// The request comes from a page of another origin.
    #[error("requests from pages of other origins are refused")]
    BadOrigin,
    /// Nothing is at that address.
    #[error("there is no {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// The address knows other methods only.
    #[error("this method does not exist here")]
    MethodNotAllowed {
        /// Those that do.
        allow: Option<HeaderValue>,
    },
    /// The answer does not exist in a form the caller accepts.
    #[error("{detail}")]
    NotAcceptable {
        /// What exists.
        detail: String,
    },
    /// The body took too long to arrive.
    #[error("the request did not arrive within {} s", after.as_secs_f64())]
    SlowRequest {
        /// The bound.
        after: Duration,
    },
    /// The body is too large.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// The body is no JSON by its content type.
    #[error("the body must be JSON, with content-type application/json")]
    NotJson,
    /// The request is for another host.
    #[error("this server does not answer for the host {host:?}")]
    Misdirected {
        /// The host asked.
        host: String,
    },
    /// The answer would need more memory or rows than a query may use.
    #[error("{detail}")]
    TooMuch {
        /// Which bound.
        detail: String,
        /// How to ask for less.
        hint: Option<String>,
    },
    /// Too many queries run and wait.
    #[error("{detail}")]
    Busy {
        /// What is full.
        detail: &'static str,
        /// When to try again.
        retry_after: Duration,
    },
    /// The lake cannot be reached, or a part of the server is not there.
    #[error("{detail}")]
    Unavailable {
        /// What is not there, for the caller.
        detail: String,
        /// The cause, for the log.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// The lake was removed or replaced under the server.
    #[error("the lake is gone: {reason} while the server used it")]
    LakeGone {
        /// What happened to it.
        reason: &'static str,
        /// The cause, for the log.
        #[source]
        source: Box<LakeError>,
    },
    /// The answer took too long.
    #[error("not answered within {} s", after.as_secs_f64())]
    Timeout {
        /// The bound.
        after: Duration,
    },
    /// Our fault.
    #[error("{doing} failed")]
    Internal {
        /// What was attempted.
        doing: &'static str,
        /// The cause, for the log.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Problem details (RFC 9457), with what Flowglass adds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Kind of problem: `urn:flowglass:problem:` and a name that does not change.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// The parameter it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Start and end of the place in that parameter, in bytes of UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<[usize; 2]>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Seconds after which to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// Number of the incident in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

impl ApiError {
    /// A parameter that is no good.
    pub(crate) fn parameter(parameter: &str, detail: impl Into<String>) -> Self {
        Self::BadParameter { parameter: parameter.to_owned(), detail: detail.into(), hint: None }
    }

    /// A parameter that is no good, and what to write instead.
    pub(crate) fn parameter_hint(
        parameter: &str,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::BadParameter { parameter: parameter.to_owned(), detail: detail.into(), hint: Some(hint.into()) }
    }

    /// Makes the mapper of an error of our own.
    pub(crate) fn internal<E: Into<Box<dyn Error + Send + Sync>>>(
        doing: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self::Internal { doing, source: source.into() }
    }

    /// Status, name and title of each kind of problem: the one place that says so.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadText { .. } => (StatusCode::BAD_REQUEST, "bad-text", "Not understood"),
            Self::BadParameter { .. } => (StatusCode::BAD_REQUEST, "bad-parameter", "Bad parameter"),
            Self::BadQuestion { .. } => {
                (StatusCode::BAD_REQUEST, "bad-question", "Cannot be answered as put")
            }
            Self::BadForm { .. } => (StatusCode::BAD_REQUEST, "bad-form", "Malformed request"),
            Self::BadHost => (StatusCode::BAD_REQUEST, "bad-host", "No host named"),
            Self::Unauthorized { .. } => (StatusCode::UNAUTHORIZED, "unauthorized", "Token needed"),
            Self::Forbidden { .. } => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Self::Restricted { .. } => (StatusCode::FORBIDDEN, "restricted", "Not allowed"),
            Self::BadOrigin => (StatusCode::FORBIDDEN, "bad-origin", "Foreign page"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, "bad-method", "Method not allowed")
            }
            Self::NotAcceptable { .. } => (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "No such form"),
            Self::SlowRequest { .. } => (StatusCode::REQUEST_TIMEOUT, "slow-request", "Request too slow"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Request too large"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "JSON wanted"),
            Self::Misdirected { .. } => (StatusCode::MISDIRECTED_REQUEST, "unknown-host", "Unknown host"),
            Self::TooMuch { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "too-much", "More than a query may use")
            }
            Self::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy"),
            Self::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available"),
            Self::LakeGone { .. } => (StatusCode::SERVICE_UNAVAILABLE, "lake-gone", "The lake is gone"),
            Self::Timeout { .. } => (StatusCode::GATEWAY_TIMEOUT, "timeout", "Too slow"),
            Self::Internal { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Failed"),
        }
    }

    /// The HTTP status it is told with.
    pub fn status(&self) -> StatusCode {
        self.kind().0
    }

    fn hint(&self) -> Option<String> {
        let fixed = match self {
            Self::BadText { error, .. } => return error.hint.clone(),
            Self::BadParameter { hint, .. } | Self::BadQuestion { hint, .. } | Self::TooMuch { hint, .. } => {
                return hint.clone();
            }
            Self::BadHost => "send one Host header",
            Self::Unauthorized { .. } => "send `Authorization: Bearer TOKEN`",
            Self::Misdirected { .. } => {
                "use the address the server listens on, or allow the name with --allowed-host"
            }
            Self::BadOrigin => "open the page from this server",
            Self::TooLarge { .. } => "send a shorter query",
            Self::LakeGone { .. } => {
                "put the lake back from a copy, or make a new one from the bucket and restart the server"
            }
            Self::Timeout { .. } => "narrow the time range or the query",
            Self::Internal { .. } => "the server's log tells more about this incident",
            _ => return None,
        };
        Some(fixed.to_owned())
    }

    /// The problem as it is told; logs what is not.
    pub(crate) fn problem(&self) -> Problem {
        let (status, name, title) = self.kind();
        let (parameter, span): (Option<String>, Option<Range<usize>>) = match self {
            Self::BadText { parameter, error } => (Some((*parameter).to_owned()), Some(error.span.clone())),
            Self::BadParameter { parameter, .. } => (Some(parameter.clone()), None),
            _ => (None, None),
        };
        Problem {
            kind: format!("urn:flowglass:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: match self {
                Self::BadText { error, .. } => error.message.clone(),
                other => other.to_string(),
            },
            parameter,
            span: span.map(|span| [span.start, span.end]),
            hint: self.hint(),
            retry_after: match self {
                Self::Busy { retry_after, .. } => Some(retry_after.as_secs().max(1)),
                Self::Unavailable { .. } => Some(5),
                _ => None,
            },
            instance: self.log(),
        }
    }

    /// Logs what the caller is not told, and returns the incident's number.
    fn log(&self) -> Option<String> {
        let source: &(dyn Error + 'static) = match self {
            Self::Internal { source, .. } | Self::Unavailable { source: Some(source), .. } => source.as_ref(),
            Self::LakeGone { source, .. } => source.as_ref(),
            _ => return None,
        };
        let incident = Uuid::now_v7().urn().to_string();
        tracing::error!(incident, error = %chain(source), "{self}");
        Some(incident)
    }
}

impl From<LakeError> for ApiError {
    fn from(error: LakeError) -> Self {
        match error {
            LakeError::BadRequest { reason, hint } => Self::BadQuestion { detail: reason, hint },
            LakeError::LimitReached { reason } => Self::TooMuch {
                detail: reason,
                hint: Some(
                    "narrow the time range or the query, or ask for fewer columns and groups".to_owned(),
                ),
            },
            // Not something that passes: who reads this is to know.
            LakeError::Gone { reason, .. } => Self::LakeGone { reason, source: Box::new(error) },
            LakeError::Store { .. } | LakeError::Io { .. } | LakeError::NotFound { .. } => {
                Self::Unavailable {
                    detail: "the lake cannot be read".to_owned(),
                    source: Some(Box::new(error)),
                }
            }
            _ => Self::Internal { doing: "reading the lake", source: Box::new(error) },
        }
    }
}

impl From<SourcesError> for ApiError {
    fn from(error: SourcesError) -> Self {
        Self::Unavailable { detail: error.to_string(), source: Some(Box::new(error)) }
    }
}

/// An error with all its causes.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let mut response = (self.status(), Json(&problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = problem.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        let extra: Option<(HeaderName, HeaderValue)> = match self {
            Self::Unauthorized { .. } => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"flowglass\"")))
            }
            Self::MethodNotAllowed { allow: Some(allow) } => Some((ALLOW, allow)),
            _ => None,
        };
        headers.extend(extra);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_logged_and_not_told() {
        let cause = std::io::Error::other("open /srv/lake/secret.parquet: denied");
        let error = ApiError::internal("searching")(cause);
        let problem = error.problem();
        assert_eq!((problem.status, problem.detail.as_str()), (500, "searching failed"));
        assert!(problem.instance.is_some_and(|id| id.starts_with("urn:uuid:")));
        assert!(!serde_json::to_string(&error.problem()).unwrap().contains("secret"));
    }

    #[test]
    fn spans_and_hints_of_texts() {
        let error = QueryError { span: 3..7, message: "no such field".into(), hint: Some("try port".into()) };
        let text = serde_json::to_value(ApiError::BadText { parameter: "query", error }.problem()).unwrap();
        assert_eq!(
            text,
            serde_json::json!({
                "type": "urn:flowglass:problem:bad-text", "title": "Not understood", "status": 400,
                "detail": "no such field", "parameter": "query", "span": [3, 7], "hint": "try port",
            })
        );
    }
}
