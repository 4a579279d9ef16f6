//! Rows: pages, exports and counts.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use flowglass_lake::answer::{Cursor, SearchAnswer, SearchOptions};

use crate::app::App;
use crate::auth::Caller;
use crate::export::{self, Form};
use crate::extract::{Json, Query};
use crate::params::{Resolved, bounded, question, sort};
use crate::problem::ApiError;
use crate::reply;
use crate::schema;

question! {
    /// Which rows, in what order and form.
    SearchParams {
        /// Rows of a page (100 unless told); for exports, rows at most (all unless told).
        limit: Option<usize>,
        /// Columns to sort by, `-` for greatest first; newest first unless told.
        #[serde(deserialize_with = "crate::extract::list")]
        #[param(style = Form, explode = false)]
        sort: Vec<String>,
        /// Columns to return, in this order; all unless told.
        #[serde(deserialize_with = "crate::extract::list")]
        #[param(style = Form, explode = false)]
        fields: Vec<String>,
        /// Where to go on: `next` of an earlier answer to the same question. Pages hold at that answer's lake version.
        cursor: Option<String>,
        /// Form of the answer, instead of `Accept`: `json`, or all rows streamed as `ndjson` or `csv`.
        format: Option<String>,
    }
}

question! {
    /// What to count.
    CountParams {
        /// What is counted; all records unless told.
        measure: Option<String>,
    }
}

/// Search rows.
///
/// A page of rows, newest first, and where to go on. With `format` or `Accept`, all of them as a stream of NDJSON (its last
/// line is an object `{"meta": …}` that says the stream is whole) or CSV.
#[utoipa::path(get, path = "/api/v1/search", tag = "questions", params(SearchParams), responses(
    (status = 200, body = schema::SearchAnswer, content_type = "application/json"),
))]
pub(crate) async fn search(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(params): Query<SearchParams>,
) -> Result<Response, ApiError> {
    answer_search(app, caller, &headers, params).await
}

/// Search rows, with the question as a JSON body.
///
/// The same as the GET form, for long queries.
#[utoipa::path(post, path = "/api/v1/search", tag = "questions", request_body = SearchParams, responses(
    (status = 200, body = schema::SearchAnswer, content_type = "application/json"),
))]
pub(crate) async fn post_search(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(params): Json<SearchParams>,
) -> Result<Response, ApiError> {
    answer_search(app, caller, &headers, params).await
}

async fn answer_search(
    app: App,
    caller: Caller,
    headers: &HeaderMap,
    params: SearchParams,
) -> Result<Response, ApiError> {
    let form = Form::asked(params.format.as_deref(), headers)?;
    let Resolved { scope, limits, .. } = params.resolve(&app, &caller)?;
    let mut options = SearchOptions {
        limit: params.limit,
        sort: sort(&params.sort),
        fields: params.fields.clone(),
        cursor: params.cursor.map(Cursor::new),
        limits,
    };
    if form != Form::Json {
        if options.cursor.is_some() {
            return Err(ApiError::parameter("cursor", "an export has no pages"));
        }
        return export::rows(app, scope, options, params.timeout, form).await;
    }
    options.limit = Some(bounded("limit", params.limit, 100, app.limits.max_rows)?);
    let answer = app.ask(limits, app.reader.search(&scope, &options)).await?;
    app.metrics.rows_read(answer.meta.rows_read);
    page(&answer).map(reply::json_bytes)
}

/// Writes the answer as JSON: rows straight from their columns.
fn page(answer: &SearchAnswer) -> Result<Vec<u8>, ApiError> {
    let mut out = serde_json::to_vec(answer).map_err(ApiError::internal("writing the answer"))?;
    debug_assert_eq!(out.last(), Some(&b'}'), "an answer is an object");
    out.pop();
    out.extend_from_slice(b",\"rows\":");
    reply::write_rows(&mut out, &answer.rows, &answer.fields);
    out.push(b'}');
    Ok(out)
}

/// Count rows.
///
/// What `search` would return altogether, or another measure of it.
#[utoipa::path(get, path = "/api/v1/count", tag = "questions", params(CountParams), responses(
    (status = 200, body = schema::CountAnswer),
))]
pub(crate) async fn count(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<CountParams>,
) -> Result<Response, ApiError> {
    let Resolved { scope, limits, .. } = params.resolve(&app, &caller)?;
    let measure = crate::params::measure(params.measure.as_deref())?;
    let answer = app.ask(limits, app.reader.count(&scope, measure, limits)).await?;
    app.metrics.rows_read(answer.meta.rows_read);
    Ok(axum::Json(answer).into_response())
}
