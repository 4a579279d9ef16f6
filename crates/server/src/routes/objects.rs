//! The ledger: what became of every object, and reading some again.

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flowglass_flow::{ObjectId, Outcome};
use flowglass_lake::answer::RowWriter;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::extract::{Json as Body, Query};
use crate::params::bounded;
use crate::problem::ApiError;
use crate::schema;

/// Most objects of a page, and of one retry.
const MAX_OBJECTS: usize = 1000;

/// Which objects.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ObjectsParams {
    /// What became of them: `done`, `empty`, `partial`, `quarantined`, `expired`, `gone`; several with commas.
    #[serde(deserialize_with = "crate::extract::list")]
    #[param(style = Form, explode = false)]
    outcome: Vec<String>,
    /// Id of one object.
    object: Option<String>,
    /// Name of their source.
    source: Option<String>,
    /// Their vNIC.
    vnic: Option<String>,
    /// UTC day of their capture start, `YYYY-MM-DD`.
    day: Option<String>,
    /// Objects of a page; 100 unless told.
    limit: Option<usize>,
    /// Where to go on: `next` of an earlier answer.
    cursor: Option<String>,
}

/// A page of objects.
#[derive(Debug, Serialize)]
pub(crate) struct ObjectsAnswer {
    lake_version: u64,
    elapsed_ms: f64,
    rows_read: u64,
    objects: Vec<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// List objects with what became of them, newest in the ledger first.
#[utoipa::path(get, path = "/api/v1/objects", tag = "lake", params(ObjectsParams), responses(
    (status = 200, body = schema::ObjectsAnswer),
))]
pub(crate) async fn objects(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ObjectsParams>,
) -> Result<Json<ObjectsAnswer>, ApiError> {
    list(&app, &caller, params).await.map(Json)
}

/// List objects that could not be read in whole, with the reasons.
///
/// The same as `objects` with the outcomes `quarantined` and `partial`.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "lake", params(ObjectsParams), responses(
    (status = 200, body = schema::ObjectsAnswer),
))]
pub(crate) async fn quarantine(
    State(app): State<App>,
    caller: Caller,
    Query(mut params): Query<ObjectsParams>,
) -> Result<Json<ObjectsAnswer>, ApiError> {
    if params.outcome.is_empty() {
        params.outcome =
            [Outcome::Quarantined, Outcome::Partial].map(|outcome| outcome.as_str().to_owned()).into();
    }
    list(&app, &caller, params).await.map(Json)
}

async fn list(app: &App, caller: &Caller, params: ObjectsParams) -> Result<ObjectsAnswer, ApiError> {
    caller.require(Permission::Read)?;
    let limit = bounded("limit", params.limit, 100, MAX_OBJECTS)?;
    let mut conditions = Vec::new();
    if !params.outcome.is_empty() {
        let outcomes = params.outcome.iter().map(|text| {
            let outcome =
                text.parse::<Outcome>().map_err(|error| ApiError::parameter("outcome", error.to_string()))?;
            Ok(quoted(outcome.as_str()))
        });
        let outcomes: Vec<_> = outcomes.collect::<Result<_, ApiError>>()?;
        conditions.push(format!("outcome IN ({})", outcomes.join(", ")));
    }
    if let Some(object) = &params.object {
        let object: ObjectId = object
            .parse()
            .map_err(|error: flowglass_flow::id::BadId| ApiError::parameter("object", error.to_string()))?;
        conditions.push(format!("object_id = {}", quoted(&object.to_string())));
    }
    conditions.extend(params.source.as_deref().map(|source| format!("source = {}", quoted(source))));
    conditions.extend(params.vnic.as_deref().map(|vnic| format!("vnic_id = {}", quoted(vnic))));
    if let Some(day) = &params.day {
        let midnight = flowglass_flow::time::parse(format!("{day}T00:00:00Z").as_bytes());
        let midnight = midnight.filter(|_| day.len() == 10);
        let midnight =
            midnight.ok_or_else(|| ApiError::parameter("day", format!("{day:?} is no day (YYYY-MM-DD)")))?;
        let day = flowglass_flow::time::format_day(flowglass_flow::time::day_of(midnight));
        conditions.push(format!("day = DATE {}", quoted(&day)));
    }
    if let Some(cursor) = &params.cursor {
        let Place { recorded_at, object } = Place::read(cursor)?;
        let at = format!("to_timestamp_micros({recorded_at})");
        let object = quoted(&object.to_string());
        conditions.push(format!("(recorded_at < {at} OR (recorded_at = {at} AND object_id > {object}))"));
    }
    ledger_filter(caller)?;
    let mut page = select(app, &conditions, limit + 1).await?;
    if page.objects.len() > limit {
        page.objects.truncate(limit);
        page.next = page.objects.last().and_then(Place::of).map(|place| place.write());
    }
    // A caller with a row filter may get fewer than a page, or none, and a place to go on.
    page.objects.retain(|object| is_visible(caller, object));
    Ok(page)
}

/// Columns of an object that are told.
const COLUMNS: &str = "object_id, source, key, etag, size, last_modified, recorded_at, outcome, reason, replaces, records, \
     unreadable, declared_records, odd_times, problems, provider, state, capture_start_time, capture_end_time, account_id, \
     region, zone, vpc_id, subnet_id, instance_id, vnic_id, record_type, stream_id, sequence_number, day";

/// Reads objects; what a caller with a row filter may not see is for the asker to leave out.
async fn select(app: &App, conditions: &[String], limit: usize) -> Result<ObjectsAnswer, ApiError> {
    let r#where =
        if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let statement = format!(
        "SELECT {COLUMNS} FROM objects{where} ORDER BY recorded_at DESC NULLS LAST, object_id LIMIT {limit}"
    );
    let Selected { rows, lake_version, elapsed_ms, rows_read } = read(app, &statement, limit).await?;
    let objects = rows.into_iter().map(with_problems).collect();
    Ok(ObjectsAnswer { lake_version, elapsed_ms, rows_read, objects, next: None })
}

/// What a statement about the ledger selects.
pub(super) struct Selected {
    pub(super) rows: Vec<Map<String, Value>>,
    pub(super) lake_version: u64,
    pub(super) elapsed_ms: f64,
    pub(super) rows_read: u64,
}

/// Runs a statement of ours, without a row filter.
pub(super) async fn read(app: &App, statement: &str, max_rows: usize) -> Result<Selected, ApiError> {
    let mut limits = app.limits(None);
    limits.max_rows = max_rows;
    let answer = app.ask(limits, app.reader.sql(statement, None, limits)).await?;
    app.metrics.rows_read(answer.rows_read);
    let mut rows = Vec::new();
    for batch in &answer.rows {
        let writer = RowWriter::new(batch, &[]);
        for row in 0..batch.num_rows() {
            let mut text = Vec::new();
            writer.json(row, &mut text);
            rows.push(serde_json::from_slice(&text).map_err(ApiError::internal("writing the objects"))?);
        }
    }
    let (lake_version, elapsed_ms, rows_read) = (answer.lake_version, answer.elapsed_ms, answer.rows_read);
    Ok(Selected { rows, lake_version, elapsed_ms, rows_read })
}

/// A ledger row, for a row filter: the columns it shares with flow rows.
struct LedgerRow<'a>(&'a Map<String, Value>);

impl LedgerRow<'_> {
    /// Columns that mean the same of an object as of its rows.
    const COLUMNS: [&'static str; 16] = [
        "object_id",
        "provider",
        "state",
        "capture_start_time",
        "capture_end_time",
        "account_id",
        "region",
        "zone",
        "vpc_id",
        "subnet_id",
        "instance_id",
        "vnic_id",
        "record_type",
        "stream_id",
        "sequence_number",
        "day",
    ];
}

impl flowglass_query::Row for LedgerRow<'_> {
    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        self.0.get(column)?.as_str().map(Cow::Borrowed)
    }

    fn integer(&self, column: &str) -> Option<i64> {
        let value = self.0.get(column)?;
        let text = value.as_str();
        match column {
            "day" => {
                let midnight = flowglass_flow::time::parse(format!("{}T00:00:00Z", text?).as_bytes());
                midnight.map(|at| i64::from(flowglass_flow::time::day_of(at)))
            }
            _ => value.as_i64().or_else(|| flowglass_flow::time::parse(text?.as_bytes())),
        }
    }

    fn boolean(&self, _: &str) -> Option<bool> {
        None
    }
}

/// Refuses callers whose row filter says nothing of objects: what they hold of visible rows cannot be told.
fn ledger_filter(caller: &Caller) -> Result<(), ApiError> {
    let known = |column: &&str| LedgerRow::COLUMNS.contains(column);
    match caller.filter() {
        Some(filter) if !filter.columns().iter().all(known) => Err(ApiError::Restricted {
            detail: "objects cannot be shown to a token that may see some of their rows only",
        }),
        _ => Ok(()),
    }
}

fn is_visible(caller: &Caller, object: &Map<String, Value>) -> bool {
    caller.filter().is_none_or(|filter| filter.matches(&LedgerRow(object)))
}

/// The ledger keeps problems as JSON text; here they are values.
fn with_problems(mut object: Map<String, Value>) -> Map<String, Value> {
    if let Some(problems) = object.get_mut("problems") {
        let parsed = problems.as_str().and_then(|text| serde_json::from_str(text).ok());
        *problems = parsed.unwrap_or_else(|| Value::Array(Vec::new()));
    }
    object
}

/// A text as an SQL literal. Quotes are the only thing that could end it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A place in the list.
struct Place {
    recorded_at: i64,
    object: ObjectId,
}

impl Place {
    fn of(object: &Map<String, Value>) -> Option<Self> {
        let recorded_at = flowglass_flow::time::parse(object.get("recorded_at")?.as_str()?.as_bytes())?;
        Some(Self { recorded_at, object: object.get("object_id")?.as_str()?.parse().ok()? })
    }

    fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{}", self.recorded_at, self.object))
    }

    fn read(cursor: &str) -> Result<Self, ApiError> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let place = bytes.as_deref().and_then(|text| text.split_once(':')).and_then(|(at, object)| {
            Some(Self { recorded_at: at.parse().ok()?, object: object.parse().ok()? })
        });
        place.ok_or_else(|| ApiError::parameter("cursor", "it is none of an answer's"))
    }
}

/// Which objects to read again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryRequest {
    /// Their ids; at most 1,000.
    objects: Vec<String>,
}

/// What will be read again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetryAnswer {
    /// Objects that will be read again.
    accepted: Vec<String>,
    /// Objects that will not: unknown, or of a source this server does not read.
    refused: Vec<String>,
}

/// Have objects read again.
///
/// What becomes of them shows in the ledger once they are read.
#[utoipa::path(post, path = "/api/v1/quarantine/retry", tag = "lake", request_body = RetryRequest, responses(
    (status = 202, body = RetryAnswer),
))]
pub(crate) async fn retry(
    State(app): State<App>,
    caller: Caller,
    Body(request): Body<RetryRequest>,
) -> Result<(StatusCode, Json<RetryAnswer>), ApiError> {
    caller.require(Permission::Ingest)?;
    let Some(sources) = &app.sources else {
        return Err(ApiError::Unavailable {
            detail: "this server reads no sources".to_owned(),
            source: None,
        });
    };
    if request.objects.is_empty() || request.objects.len() > MAX_OBJECTS {
        return Err(ApiError::parameter("objects", format!("between 1 and {MAX_OBJECTS} ids are needed")));
    }
    let ids = request.objects.iter().map(|text| {
        text.parse::<ObjectId>().map_err(|error| ApiError::parameter("objects", error.to_string()))
    });
    let ids: Vec<_> = ids.collect::<Result<_, _>>()?;
    ledger_filter(&caller)?;
    // Only what the caller may see.
    let literals: Vec<_> = ids.iter().map(|id| quoted(&id.to_string())).collect();
    let known =
        select(&app, &[format!("object_id IN ({})", literals.join(", "))], MAX_OBJECTS).await?.objects;
    let seen = known.iter().filter(|object| is_visible(&caller, object));
    let seen: Vec<ObjectId> =
        seen.filter_map(|object| object.get("object_id")?.as_str()?.parse().ok()).collect();
    let accepted = app.ask(app.limits(None), sources.retry(&seen)).await?;
    let refused = ids.iter().filter(|id| !accepted.contains(id)).map(ObjectId::to_string).collect();
    let accepted: Vec<_> = accepted.iter().map(ObjectId::to_string).collect();
    tracing::info!(principal = caller.0.id, objects = accepted.len(), "objects will be read again");
    Ok((StatusCode::ACCEPTED, Json(RetryAnswer { accepted, refused })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_places() {
        assert_eq!(quoted("it's; DROP TABLE objects --"), "'it''s; DROP TABLE objects --'");
        let object = ObjectId([7; 16]);
        let place = Place::read(&Place { recorded_at: -5, object }.write()).unwrap();
        assert_eq!((place.recorded_at, place.object), (-5, object));
        for bad in ["", "x", "!!", &URL_SAFE_NO_PAD.encode("1:1"), &URL_SAFE_NO_PAD.encode("1) OR (1=1:00")] {
            assert!(Place::read(bad).is_err(), "{bad}");
        }
    }
}
