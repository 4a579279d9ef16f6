//! Single rows, and the connections they belong to.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use flowglass_flow::RowId;
use flowglass_lake::answer::{ConnectionAnswer, ConnectionListAnswer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::extract::{Path, Query};
use crate::params::{Resolved, bounded, question};
use crate::problem::ApiError;
use crate::sources::Written;
use crate::{reply, schema};

question! {
    /// Which connections.
    ConnectionsParams {
        /// Connections at most; 100 unless told.
        limit: Option<usize>,
    }
}

/// A row, by its permanent id.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RowPath {
    /// Id of a row, as answers give it: 32 hexadecimal digits, a hyphen, and the record's position.
    row: String,
}

impl RowPath {
    fn id(&self) -> Result<RowId, ApiError> {
        self.row
            .parse()
            .map_err(|error: flowglass_flow::id::BadId| ApiError::parameter("row", error.to_string()))
    }

    fn not_found(&self) -> ApiError {
        ApiError::NotFound { what: format!("row {}", self.row) }
    }
}

/// Show one row, all columns.
#[utoipa::path(get, path = "/api/v1/rows/{row}", tag = "questions", params(RowPath), responses(
    (status = 200, body = schema::RowAnswer),
))]
pub(crate) async fn row(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<RowPath>,
) -> Result<Response, ApiError> {
    caller.require(Permission::Read)?;
    let id = path.id()?;
    let started = std::time::Instant::now();
    let answer = app.ask(app.limits(None), app.reader.row(id, caller.filter())).await?;
    let answer = answer.filter(|answer| answer.row.num_rows() > 0).ok_or_else(|| path.not_found())?;
    let row = flowglass_lake::answer::row_to_json(&answer.row, 0, &[]);
    let elapsed = started.elapsed().as_secs_f64() * 1e3;
    let version = answer.lake_version;
    Ok(reply::json_bytes(
        format!("{{\"lake_version\":{version},\"elapsed_ms\":{elapsed:.3},\"row\":{row}}}").into_bytes(),
    ))
}

/// A record as the provider wrote it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WrittenAnswer {
    /// The record's JSON text, byte for byte; none if it cannot be read now.
    #[schema(required)]
    text: Option<String>,
    /// Why it cannot.
    #[schema(required)]
    unavailable: Option<String>,
}

/// Show a row's record as the provider wrote it, read again from its object.
#[utoipa::path(get, path = "/api/v1/rows/{row}/record", tag = "questions", params(RowPath), responses(
    (status = 200, body = WrittenAnswer),
))]
pub(crate) async fn record(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<RowPath>,
) -> Result<Json<WrittenAnswer>, ApiError> {
    caller.require(Permission::Read)?;
    let (id, limits) = (path.id()?, app.limits(None));
    // Only records of rows the caller may see.
    let row = app.ask(limits, app.reader.row(id, caller.filter())).await?;
    row.filter(|answer| answer.row.num_rows() > 0).ok_or_else(|| path.not_found())?;
    let written = match &app.sources {
        Some(sources) => app.ask(limits, sources.record(id)).await?,
        None => Written::Unavailable { reason: "this server reads no sources".to_owned() },
    };
    Ok(Json(match written {
        Written::Text(text) => WrittenAnswer { text: Some(text), unavailable: None },
        Written::Unavailable { reason } => WrittenAnswer { text: None, unavailable: Some(reason) },
    }))
}

/// Show the connection a row belongs to.
///
/// All its windows on all vNICs that report it, its totals, and how it ended.
#[utoipa::path(get, path = "/api/v1/connections/{row}", tag = "questions", params(RowPath), responses(
    (status = 200, body = schema::ConnectionAnswer),
))]
pub(crate) async fn connection(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<RowPath>,
) -> Result<Response, ApiError> {
    caller.require(Permission::Read)?;
    let (id, limits) = (path.id()?, app.limits(None));
    let found = app.ask(limits, app.reader.connection(id, caller.filter(), limits)).await?;
    let answer: ConnectionAnswer = found.ok_or_else(|| path.not_found())?;
    app.metrics.rows_read(answer.meta.rows_read);
    let mut out = serde_json::to_vec(&answer).map_err(ApiError::internal("writing the answer"))?;
    out.pop();
    out.extend_from_slice(b",\"rows\":");
    reply::write_rows(&mut out, &answer.rows, &[]);
    out.push(b'}');
    Ok(reply::json_bytes(out))
}

/// List connections of matching rows, newest first.
#[utoipa::path(get, path = "/api/v1/connections", tag = "questions", params(ConnectionsParams), responses(
    (status = 200, body = schema::ConnectionListAnswer),
))]
pub(crate) async fn connections(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ConnectionsParams>,
) -> Result<Json<ConnectionListAnswer>, ApiError> {
    let Resolved { scope, limits, .. } = params.resolve(&app, &caller)?;
    let limit = bounded("limit", params.limit, 100, 1000)?;
    let answer = app.ask(limits, app.reader.connections(&scope, limit, limits)).await?;
    app.metrics.rows_read(answer.meta.rows_read);
    Ok(Json(answer))
}
