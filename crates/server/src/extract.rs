//! Reading requests: as axum does, but what goes wrong becomes a problem.

use std::time::Duration;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::problem::ApiError;

/// How large a body may be and how long it may take; an extension of every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyBounds {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

impl Default for BodyBounds {
    fn default() -> Self {
        Self { bytes: 1 << 20, time: Duration::from_secs(10) }
    }
}

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bounds = request.extensions().get::<BodyBounds>().copied().unwrap_or_default();
        let read = axum::Json::from_request(request, state);
        match tokio::time::timeout(bounds.time, read).await {
            Ok(Ok(axum::Json(value))) => Ok(Self(value)),
            Ok(Err(JsonRejection::MissingJsonContentType(_))) => Err(ApiError::NotJson),
            Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(ApiError::TooLarge { limit: bounds.bytes })
            }
            Ok(Err(rejection)) => Err(ApiError::BadForm { detail: rejection.body_text() }),
            Err(_) => Err(ApiError::SlowRequest { after: bounds.time }),
        }
    }
}

/// The query string.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection: QueryRejection| ApiError::BadForm { detail: rejection.body_text() })
    }
}

/// A part of the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection: PathRejection| ApiError::BadForm { detail: rejection.body_text() })
    }
}

/// Reads a list: in a query string as one text with commas, in JSON as such a text or an array of texts.
/// Commas within parentheses do not separate, so that a list may hold `p95(a)`.
pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a text with commas or an array of texts")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            let mut depth = 0_usize;
            let parts = text.split(|c| {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth.saturating_sub(1),
                    _ => depth,
                };
                c == ',' && depth == 0
            });
            Ok(parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element::<String>()? {
                list.push(item);
                if list.len() > 1000 {
                    return Err(A::Error::custom("a list of more than 1,000"));
                }
            }
            Ok(list)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(List)
}

/// Reads a length of time such as `5s`, `250ms` or `1h`, or a number of seconds.
pub(crate) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Seconds(f64),
        Text(String),
    }
    let seconds = |value: f64| Duration::try_from_secs_f64(value).map_err(D::Error::custom);
    Option::<Given>::deserialize(deserializer)?
        .map(|given| match given {
            Given::Seconds(value) => seconds(value),
            Given::Text(text) => match text.parse::<f64>() {
                Ok(value) => seconds(value),
                Err(_) => {
                    let micros = flowglass_query::time::parse_duration(&text).map_err(D::Error::custom)?;
                    u64::try_from(micros).map(Duration::from_micros).map_err(D::Error::custom)
                }
            },
        })
        .transpose()
}
