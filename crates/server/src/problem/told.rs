//! Problems as they are told, and what is only logged.

use std::error::Error;
use std::ops::Range;

use axum::Json;
use axum::http::HeaderName;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ApiError, PROBLEM_JSON};

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
    use flowglass_query::QueryError;

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
