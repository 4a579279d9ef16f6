//! SQL over `flows` and `objects`.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::extract::Json;
use crate::params::bounded;
use crate::problem::ApiError;
use crate::{reply, schema};

/// Most bytes of a statement.
const MAX_STATEMENT_BYTES: usize = 64 << 10;

/// A statement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SqlRequest {
    /// One SELECT over the tables `flows` and `objects`.
    statement: String,
    /// Rows at most; 1,000 unless told.
    #[serde(default)]
    limit: Option<usize>,
    /// Gives up after this long, such as `5s`; never later than the server does.
    #[serde(default, deserialize_with = "crate::extract::duration")]
    #[schema(value_type = Option<String>)]
    timeout: Option<Duration>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    r#type: String,
}

#[derive(Serialize)]
struct Head<'a> {
    lake_version: u64,
    elapsed_ms: f64,
    rows_read: u64,
    truncated: bool,
    columns: Vec<Column<'a>>,
}

/// Ask in SQL.
///
/// One SELECT. It sees the two tables and nothing else: no files, no addresses, no settings. SQL is raw: it counts what is
/// stored, both reports of a flow between two vNICs and closing records too.
#[utoipa::path(post, path = "/api/v1/sql", tag = "questions", request_body = SqlRequest, responses(
    (status = 200, body = schema::SqlAnswer),
))]
pub(crate) async fn sql(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<SqlRequest>,
) -> Result<Response, ApiError> {
    caller.require(Permission::Sql)?;
    if request.statement.len() > MAX_STATEMENT_BYTES {
        return Err(ApiError::parameter(
            "statement",
            format!("it is longer than {MAX_STATEMENT_BYTES} bytes"),
        ));
    }
    let mut limits = app.limits(request.timeout);
    limits.max_rows = bounded("limit", request.limit, 1000, app.limits.max_rows)?;
    let answer = app.ask(limits, app.reader.sql(&request.statement, caller.filter(), limits)).await?;
    app.metrics.rows_read(answer.rows_read);
    let schema = reply::unique_names(&answer.schema);
    let columns = schema
        .fields()
        .iter()
        .map(|field| Column { name: field.name(), r#type: field.data_type().to_string() });
    let head = Head {
        lake_version: answer.lake_version,
        elapsed_ms: answer.elapsed_ms,
        rows_read: answer.rows_read,
        truncated: answer.truncated,
        columns: columns.collect(),
    };
    let rows = answer.rows.iter().map(|batch| reply::rename(batch, &schema)).collect::<Result<Vec<_>, _>>();
    let rows = rows.map_err(ApiError::internal("naming the columns"))?;
    let mut out = serde_json::to_vec(&head).map_err(ApiError::internal("writing the answer"))?;
    out.pop();
    out.extend_from_slice(b",\"rows\":");
    reply::write_rows(&mut out, &rows, &[]);
    out.push(b'}');
    Ok(reply::json_bytes(out))
}
