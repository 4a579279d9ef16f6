//! What the lake holds, and what time it covers.

use axum::Json;
use axum::extract::State;
use flowglass_lake::SourceStatus;
use flowglass_lake::answer::{Instant, LakeStats};
use flowglass_lake::coverage::CoverageReport;
use serde::Serialize;

use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::extract::Query;
use crate::params::{Resolved, question};
use crate::problem::ApiError;
use crate::schema;

question! {
    /// Whose time.
    CoverageParams {}
}

/// What part of a range is covered.
#[derive(Debug, Serialize)]
pub(crate) struct CoverageAnswer {
    lake_version: u64,
    elapsed_ms: f64,
    coverage: CoverageReport,
}

/// Tell what time is covered: of the vNICs a query pins, or of all.
#[utoipa::path(get, path = "/api/v1/coverage", tag = "lake", params(CoverageParams), responses(
    (status = 200, body = schema::CoverageAnswer),
))]
pub(crate) async fn coverage(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<CoverageParams>,
) -> Result<Json<CoverageAnswer>, ApiError> {
    let started = std::time::Instant::now();
    let Resolved { scope, limits, .. } = params.resolve(&app, &caller)?;
    let lake_version = app.ask(limits, app.reader.version()).await?;
    let coverage = app.ask(limits, app.reader.coverage(&scope)).await?;
    Ok(Json(CoverageAnswer { lake_version, elapsed_ms: started.elapsed().as_secs_f64() * 1e3, coverage }))
}

/// A source, as its ingester last saw it.
#[derive(Debug, Serialize)]
pub(crate) struct SourceAnswer {
    source: String,
    location: String,
    last_listed: Option<Instant>,
    pending_objects: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<String>,
    written_at: Instant,
}

impl From<SourceStatus> for SourceAnswer {
    fn from(status: SourceStatus) -> Self {
        Self {
            source: status.source.0,
            location: status.location,
            last_listed: status.last_listed.map(Instant),
            pending_objects: status.pending_objects,
            paused: status.paused,
            written_at: Instant(status.written_at),
        }
    }
}

/// What the lake holds.
#[derive(Debug, Serialize)]
pub(crate) struct LakeAnswer {
    lake_version: u64,
    /// Missing for callers who may see some rows only, and where nobody told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    /// Missing for callers who may see some rows only.
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<LakeStats>,
    /// Missing for the same, and where this server reads no sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<Vec<SourceAnswer>>,
}

/// Tell what the lake holds, and the state of its sources.
#[utoipa::path(get, path = "/api/v1/lake", tag = "lake", responses((status = 200, body = schema::LakeAnswer)))]
pub(crate) async fn lake(State(app): State<App>, caller: Caller) -> Result<Json<LakeAnswer>, ApiError> {
    caller.require(Permission::Read)?;
    let limits = app.limits(None);
    if caller.filter().is_some() {
        // Totals tell of rows this caller may not see.
        let lake_version = app.ask(limits, app.reader.version()).await?;
        return Ok(Json(LakeAnswer { lake_version, location: None, stats: None, sources: None }));
    }
    let stats = app.ask(limits, app.reader.stats()).await?;
    let sources = match &app.sources {
        Some(sources) => {
            Some(app.ask(limits, sources.status()).await?.into_iter().map(SourceAnswer::from).collect())
        }
        None => None,
    };
    Ok(Json(LakeAnswer {
        lake_version: stats.lake_version,
        location: app.location.clone(),
        stats: Some(stats),
        sources,
    }))
}

/// The newest version.
#[derive(Debug, Serialize)]
pub(crate) struct VersionAnswer {
    lake_version: u64,
}

/// Tell the newest version of the lake.
#[utoipa::path(get, path = "/api/v1/lake/version", tag = "lake", responses((status = 200, body = schema::VersionAnswer)))]
pub(crate) async fn version(State(app): State<App>, caller: Caller) -> Result<Json<VersionAnswer>, ApiError> {
    caller.require(Permission::Read)?;
    let lake_version = app.ask(app.limits(None), app.reader.version()).await?;
    Ok(Json(VersionAnswer { lake_version }))
}
