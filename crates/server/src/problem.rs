//! What goes wrong with a request, and how it is told: problem details (RFC 9457).
//!
//! One enum, and in one place the status, name and hint of each variant. What only the operator may know (paths, stores'
//! answers) goes to the log with its whole chain; the caller gets the incident's number.

mod told;

use std::error::Error;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::HeaderValue;
use flowglass_lake::LakeError;
use flowglass_query::QueryError;

pub use self::told::Problem;
pub(crate) use self::told::chain;
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
            LakeError::TimedOut { after } => Self::Timeout { after },
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
