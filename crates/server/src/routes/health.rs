//! Whether the server lives, and its numbers.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use flowglass_lake::LakeError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::metrics::OPEN_METRICS;
use crate::problem::ApiError;

/// State of the server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    /// Version of Flowglass.
    version: &'static str,
    /// True if this is the demo: the simulated VPC of the tutorial.
    demo: bool,
}

impl Health {
    fn of(app: &App) -> Self {
        Self { status: "ok", version: env!("CARGO_PKG_VERSION"), demo: app.demo }
    }
}

/// Tell that the process lives.
#[utoipa::path(get, path = "/api/v1/health/live", tag = "server", security(()), responses((status = 200, body = Health)))]
pub(crate) async fn live(State(app): State<App>) -> Json<Health> {
    Json(Health::of(&app))
}

/// Tell that questions can be answered: the lake can be read.
#[utoipa::path(get, path = "/api/v1/health/ready", tag = "server", security(()), responses((status = 200, body = Health)))]
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Health>, ApiError> {
    let after = Duration::from_secs(2).min(app.limits.request_timeout);
    let unavailable = |source: Option<Box<dyn std::error::Error + Send + Sync>>| ApiError::Unavailable {
        detail: "the lake cannot be read".to_owned(),
        source,
    };
    match tokio::time::timeout(after, app.reader.version()).await {
        Ok(Ok(_)) => Ok(Json(Health::of(&app))),
        Ok(Err(error @ LakeError::Gone { .. })) => Err(error.into()),
        Ok(Err(error)) => Err(unavailable(Some(Box::new(error)))),
        Err(_) => Err(unavailable(None)),
    }
}

/// Give the server's numbers to Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "server", responses(
    (status = 200, body = String, content_type = OPEN_METRICS, description = "OpenMetrics text"),
))]
pub(crate) async fn metrics(State(app): State<App>, caller: Caller) -> Result<Response, ApiError> {
    caller.require(Permission::Read)?;
    if caller.filter().is_some() {
        return Err(ApiError::Restricted {
            detail: "numbers of the whole lake cannot be shown to a token that may see some rows only",
        });
    }
    // A lake that cannot be read now leaves the last numbers standing.
    let stats = tokio::time::timeout(Duration::from_secs(2), app.reader.stats()).await;
    match stats {
        Ok(Ok(stats)) => app.metrics.lake(&stats),
        Ok(Err(error)) => tracing::warn!(error = %crate::problem::chain(&error), "cannot measure the lake"),
        Err(_) => tracing::warn!("measuring the lake takes longer than 2 s"),
    }
    let (used, limit) = app.reader.memory();
    app.metrics.memory(used, limit);
    Ok(([(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS))], app.metrics.encode()).into_response())
}
