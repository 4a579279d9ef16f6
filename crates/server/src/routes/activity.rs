//! What the sources brought lately: objects per minute, and the windows of every vNIC.

use axum::Json;
use axum::extract::State;
use flowglass_flow::time::{SECOND, now};
use flowglass_lake::answer::Instant;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::objects::{Selected, read};
use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::extract::Query;
use crate::params::bounded;
use crate::problem::ApiError;
use crate::schema;

const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Most minutes of one answer: a day.
const MAX_MINUTES: usize = 1440;

/// Most hours of one answer: a month.
const MAX_HOURS: usize = 744;

/// Most vNICs of one answer.
const MAX_VNICS: usize = 1000;

/// How far back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivityParams {
    /// Minutes up to now; 60 unless told, at most 1,440.
    minutes: Option<usize>,
}

/// What one source brought.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceActivity {
    /// Name of the source.
    source: String,
    /// Objects that entered the ledger, minute by minute from `from` on.
    objects: Vec<u64>,
    /// Records that became searchable, likewise.
    records: Vec<u64>,
    /// Bytes of those objects as stored, in all minutes.
    bytes: u64,
    /// Objects that could not be read in whole, in all minutes.
    unreadable: u64,
    /// Median seconds from an object's writing to its reading, of the objects of these minutes.
    #[schema(required)]
    lag_median: Option<f64>,
    /// The longest such time.
    #[schema(required)]
    lag_max: Option<f64>,
    /// End of the newest window among them.
    #[schema(required, value_type = Option<schema::Time>)]
    newest_window: Option<String>,
}

/// What the sources brought lately.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityAnswer {
    /// Version of the lake the answer holds at.
    lake_version: u64,
    /// Wall time, milliseconds.
    elapsed_ms: f64,
    /// Start of the first minute.
    #[schema(value_type = schema::Time)]
    from: Instant,
    /// End of the last minute, which is not over yet.
    #[schema(value_type = schema::Time)]
    to: Instant,
    /// The sources that brought something, by name.
    sources: Vec<SourceActivity>,
}

/// Tell what each source brought lately, minute by minute.
#[utoipa::path(get, path = "/api/v1/activity", tag = "lake", params(ActivityParams), responses(
    (status = 200, body = ActivityAnswer),
))]
pub(crate) async fn activity(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<ActivityParams>,
) -> Result<Json<ActivityAnswer>, ApiError> {
    whole(&caller)?;
    let minutes = bounded("minutes", params.minutes, 60, MAX_MINUTES)?;
    let to = (now().div_euclid(MINUTE) + 1) * MINUTE;
    let from = to - minutes as i64 * MINUTE;
    let within = format!("recorded_at >= to_timestamp_micros({from})");
    // One row a source, and one a source and minute.
    let sums = format!(
        "SELECT source, sum(size) AS bytes, \
         count(*) FILTER (WHERE outcome IN ('quarantined', 'partial')) AS unreadable, \
         median({LAG}) / 1e6 AS lag_median, max({LAG}) / 1e6 AS lag_max, max(capture_end_time) AS newest_window \
         FROM objects WHERE {within} GROUP BY source ORDER BY source LIMIT {MAX_VNICS}"
    );
    let by_minute = format!(
        "SELECT source, (CAST(recorded_at AS BIGINT) - {from}) / {MINUTE} AS minute, count(*) AS objects, \
         sum(records) AS records FROM objects WHERE {within} GROUP BY 1, 2"
    );
    let sums = read(&app, &sums, MAX_VNICS).await?;
    let by_minute = read(&app, &by_minute, MAX_VNICS * MAX_MINUTES).await?;
    let mut sources: Vec<_> = sums.rows.iter().map(|row| SourceActivity::of(row, minutes)).collect();
    for row in &by_minute.rows {
        let Some(source) = sources.iter_mut().find(|one| Some(one.source.as_str()) == text(row, "source"))
        else {
            continue;
        };
        let minute = usize::try_from(number(row, "minute")).unwrap_or(usize::MAX);
        if minute < minutes {
            source.objects[minute] = number(row, "objects");
            source.records[minute] = number(row, "records");
        }
    }
    Ok(Json(ActivityAnswer {
        lake_version: sums.lake_version,
        elapsed_ms: sums.elapsed_ms + by_minute.elapsed_ms,
        from: Instant(from),
        to: Instant(to),
        sources,
    }))
}

/// Microseconds from an object's writing to its reading.
const LAG: &str = "CAST(CAST(recorded_at AS BIGINT) - CAST(last_modified AS BIGINT) AS DOUBLE)";

impl SourceActivity {
    fn of(row: &Map<String, Value>, minutes: usize) -> Self {
        Self {
            source: text(row, "source").unwrap_or_default().to_owned(),
            objects: vec![0; minutes],
            records: vec![0; minutes],
            bytes: number(row, "bytes"),
            unreadable: number(row, "unreadable"),
            lag_median: row.get("lag_median").and_then(Value::as_f64),
            lag_max: row.get("lag_max").and_then(Value::as_f64),
            newest_window: text(row, "newest_window").map(str::to_owned),
        }
    }
}

/// How far back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VnicParams {
    /// Hours up to now whose objects count, in whole folders of the bucket; 24 unless told, at most 744.
    hours: Option<usize>,
}

/// What objects tell of one vNIC.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VnicState {
    /// The vNIC; none for objects that name none.
    #[schema(required)]
    vnic_id: Option<String>,
    /// Its name in the names file.
    #[schema(required)]
    name: Option<String>,
    /// Zone in the region.
    #[schema(required)]
    zone: Option<String>,
    /// VPC.
    #[schema(required)]
    vpc_id: Option<String>,
    /// Subnet.
    #[schema(required)]
    subnet_id: Option<String>,
    /// Instance.
    #[schema(required)]
    instance_id: Option<String>,
    /// End of its newest window.
    #[schema(required, value_type = Option<schema::Time>)]
    last_window: Option<String>,
    /// Its objects.
    objects: u64,
    /// Records in them.
    records: u64,
    /// Objects without a record: quiet windows.
    empty: u64,
    /// Windows the provider marked as partly lost.
    lossy: u64,
    /// Objects that could not be read at all.
    quarantined: u64,
    /// Objects of which some records could not be read.
    partial: u64,
    /// Sequence numbers without an object: they were not written, were lost, or are not in the source.
    missing_numbers: u64,
    /// Folders of the bucket with such numbers; at most five.
    missing_in: Vec<String>,
}

/// The vNICs whose objects were read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VnicsAnswer {
    /// Version of the lake the answer holds at.
    lake_version: u64,
    /// Wall time, milliseconds.
    elapsed_ms: f64,
    /// Start of the hours that count.
    #[schema(value_type = schema::Time)]
    from: Instant,
    /// Their end.
    #[schema(value_type = schema::Time)]
    to: Instant,
    /// The vNICs with windows in them, those with the newest window first; at most 1,000.
    vnics: Vec<VnicState>,
    /// Number of all of them.
    vnic_count: u64,
}

/// List vNICs with their last window, and what is missing between their objects.
#[utoipa::path(get, path = "/api/v1/vnics", tag = "lake", params(VnicParams), responses(
    (status = 200, body = VnicsAnswer),
))]
pub(crate) async fn vnics(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<VnicParams>,
) -> Result<Json<VnicsAnswer>, ApiError> {
    whole(&caller)?;
    let hours = bounded("hours", params.hours, 24, MAX_HOURS)?;
    let to = now().div_euclid(SECOND) * SECOND;
    let from = to - hours as i64 * HOUR;
    let statement = statement(from);
    let Selected { rows, lake_version, elapsed_ms, .. } = read(&app, &statement, MAX_VNICS).await?;
    let vnic_count = rows.first().map_or(0, |row| number(row, "vnic_count"));
    let vnics = rows.iter().map(|row| VnicState::of(row, &app)).collect();
    Ok(Json(VnicsAnswer {
        lake_version,
        elapsed_ms,
        from: Instant(from),
        to: Instant(to),
        vnics,
        vnic_count,
    }))
}

/// Objects by folder (an hour each in version 1 keys), then by vNIC. Numbers begin at zero in such a folder; of one that may
/// be cut here, and of other keys, only what is missing between the least and the greatest number is known to be missing.
fn statement(from: i64) -> String {
    let earlier = from - 2 * HOUR;
    let whole = from - HOUR;
    let day = flowglass_flow::time::format_day(flowglass_flow::time::day_of(earlier));
    format!(
        "WITH folders AS (\
           SELECT vnic_id, left(key, length(key) - strpos(reverse(key), '/')) AS folder, \
             max(zone) AS zone, max(vpc_id) AS vpc_id, max(subnet_id) AS subnet_id, max(instance_id) AS instance_id, \
             max(capture_end_time) AS last_window, count(*) AS objects, sum(records) AS records, \
             count(*) FILTER (WHERE outcome = 'empty') AS empty, \
             count(*) FILTER (WHERE state = 'skip data') AS lossy, \
             count(*) FILTER (WHERE outcome = 'quarantined') AS quarantined, \
             count(*) FILTER (WHERE outcome = 'partial') AS partial, \
             max(sequence_number) + 1 - count(DISTINCT sequence_number) \
               - CASE WHEN min(capture_start_time) >= to_timestamp_micros({whole}) \
                   AND min(key) LIKE 'ibm_vpc_flowlogs_v1/%' THEN 0 ELSE min(sequence_number) END AS missing \
           FROM objects WHERE day >= DATE '{day}' \
             AND (capture_start_time >= to_timestamp_micros({earlier}) OR capture_start_time IS NULL) \
           GROUP BY 1, 2 \
           HAVING max(capture_end_time) IS NULL OR max(capture_end_time) > to_timestamp_micros({from})) \
         SELECT vnic_id, max(zone) AS zone, max(vpc_id) AS vpc_id, max(subnet_id) AS subnet_id, \
           max(instance_id) AS instance_id, max(last_window) AS last_window, sum(objects) AS objects, \
           sum(records) AS records, sum(empty) AS empty, sum(lossy) AS lossy, sum(quarantined) AS quarantined, \
           sum(partial) AS partial, sum(missing) AS missing_numbers, \
           string_agg(CASE WHEN missing > 0 THEN folder END, '\n') AS missing_in, count(*) OVER () AS vnic_count \
         FROM folders GROUP BY vnic_id ORDER BY last_window DESC NULLS LAST, vnic_id LIMIT {MAX_VNICS}"
    )
}

impl VnicState {
    fn of(row: &Map<String, Value>, app: &App) -> Self {
        let owned = |name| text(row, name).map(str::to_owned);
        let vnic_id = owned("vnic_id");
        let name = vnic_id.as_deref().and_then(|id| app.names.of_vnic(id));
        let name = name.or_else(|| text(row, "instance_id").and_then(|id| app.names.of_instance(id)));
        Self {
            name: name.map(str::to_owned),
            zone: owned("zone"),
            vpc_id: owned("vpc_id"),
            subnet_id: owned("subnet_id"),
            instance_id: owned("instance_id"),
            last_window: owned("last_window"),
            objects: number(row, "objects"),
            records: number(row, "records"),
            empty: number(row, "empty"),
            lossy: number(row, "lossy"),
            quarantined: number(row, "quarantined"),
            partial: number(row, "partial"),
            missing_numbers: number(row, "missing_numbers"),
            missing_in: text(row, "missing_in")
                .map(|folders| folders.lines().take(5).map(str::to_owned).collect())
                .unwrap_or_default(),
            vnic_id,
        }
    }
}

/// Totals tell of rows that a caller with a row filter may not see.
fn whole(caller: &Caller) -> Result<(), ApiError> {
    caller.require(Permission::Read)?;
    match caller.filter() {
        Some(_) => Err(ApiError::Restricted {
            detail: "numbers of the whole lake cannot be shown to a token that may see some rows only",
        }),
        None => Ok(()),
    }
}

fn text<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    row.get(name)?.as_str()
}

/// A count; nothing counted is none.
fn number(row: &Map<String, Value>, name: &str) -> u64 {
    row.get(name).and_then(Value::as_u64).unwrap_or(0)
}
