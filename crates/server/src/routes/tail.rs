//! Live tail as server-sent events.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use flowglass_flow::catalogue;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::extract::Query;
use crate::params::{bounded, parse_query};
use crate::problem::ApiError;
use crate::tail::Tail;

/// Rows a second of a tail that does not say how many it wants.
const DEFAULT_RATE: usize = 200;

/// What to follow.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TailParams {
    /// Query in the search language; empty means everything.
    query: String,
    /// Columns to send; all unless told.
    #[serde(deserialize_with = "crate::extract::list")]
    #[param(style = Form, explode = false)]
    fields: Vec<String>,
    /// Rows a second at most, 200 unless told; more are counted and skipped.
    rate: Option<usize>,
    /// Lake version to go on after; the newest unless told. The header `Last-Event-ID` goes before.
    after: Option<u64>,
    /// Time zone of times in the query.
    tz: Option<String>,
}

/// Follow new rows.
///
/// Server-sent events, in the order rows are committed: `start`, then for every commit with rows its `row`s and a `commit`
/// that tells how many were sent and skipped. `start` and `commit` have the lake version as id, so that a client that comes
/// back with `Last-Event-ID` misses nothing. `problem` says why a stream ends.
#[utoipa::path(get, path = "/api/v1/tail", tag = "questions", params(TailParams), responses(
    (status = 200, body = String, content_type = "text/event-stream"),
))]
pub(crate) async fn tail(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(params): Query<TailParams>,
) -> Result<Response, ApiError> {
    caller.require(Permission::Read)?;
    let query = parse_query(&app, &params.query, params.tz.as_deref())?;
    if let Some(unknown) = params.fields.iter().find(|name| catalogue::find(name).is_none()) {
        return Err(ApiError::parameter("fields", format!("there is no column {unknown:?}")));
    }
    let newest = app.ask(app.limits(None), app.reader.version()).await?;
    const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
    let last_seen = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty());
    let last_seen = last_seen.map(|id| {
        let version = id.to_str().ok().and_then(|id| id.parse::<u64>().ok());
        version.ok_or_else(|| ApiError::parameter("Last-Event-ID", "it is no lake version"))
    });
    let after = last_seen.transpose()?.or(params.after).unwrap_or(newest);
    if after > newest {
        let detail = format!("the lake's newest version is {newest}, before {after}");
        return Err(ApiError::parameter_hint(
            "after",
            detail,
            "the lake was made anew, or the id is of another one",
        ));
    }
    let rate = bounded("rate", params.rate, DEFAULT_RATE, app.limits.tail_rows_per_second)?;
    let turn = app.gate.tail()?;
    let tail = Tail { wanted: caller.0.narrow(&query), fields: params.fields, rate, after, turn };
    let (send, receive) = mpsc::channel(64);
    let heartbeat = KeepAlive::new().interval(app.limits.tail_heartbeat);
    tokio::spawn(tail.run(app, send));
    let events = Sse::new(ReceiverStream::new(receive));
    Ok(events.keep_alive(heartbeat).into_response())
}
