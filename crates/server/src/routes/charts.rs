//! Numbers: histograms, groups, tops and facets.

use axum::Json;
use axum::extract::State;
use flowglass_lake::answer::{
    FacetsAnswer, GroupAnswer, GroupOptions, HistogramAnswer, HistogramOptions, TopAnswer,
};

use crate::app::App;
use crate::auth::Caller;
use crate::extract::{Json as Body, Query};
use crate::params::{Resolved, aggregate, bounded, bucket, comparison, group_key, measure, order, question};
use crate::problem::ApiError;
use crate::schema;

question! {
    /// What to chart over time.
    HistogramParams {
        /// Width of a bucket, such as `1m` or `1d`; `auto` (unless told) gives at most about 120.
        by: Option<String>,
        /// Field whose values make a series each: the ten greatest, the rest as one.
        split: Option<String>,
        /// What is counted; attempts where rejected traffic is charted, else records without closing ones.
        measure: Option<String>,
    }
}

question! {
    /// How to group.
    GroupParams {
        /// Keys: fields, `time`, or `time:1h` for a bucket of that width.
        #[serde(deserialize_with = "crate::extract::list")]
        #[param(style = Form, explode = false)]
        by: Vec<String>,
        /// What is computed: measures, `sum(f)`, `distinct(f)`, `min(f)`, `max(f)`, `avg(f)`, `p95(f)`.
        #[serde(deserialize_with = "crate::extract::list")]
        #[param(style = Form, explode = false)]
        aggregates: Vec<String>,
        /// Groups at most; 100 unless told.
        limit: Option<usize>,
        /// `keys`, or one of the aggregates, `-` for greatest first; the first aggregate, greatest first, unless told.
        order: Option<String>,
        /// Compare with the `previous` period of the same length, or with this much earlier, such as `7d`.
        compare: Option<String>,
    }
}

question! {
    /// Which field's greatest values.
    TopParams {
        /// The field.
        field: String,
        /// Values at most; 20 unless told.
        n: Option<usize>,
        /// What is counted.
        measure: Option<String>,
    }
}

question! {
    /// Which fields' greatest values.
    FacetsParams {
        /// The fields; at most 32.
        #[serde(deserialize_with = "crate::extract::list")]
        #[param(style = Form, explode = false)]
        fields: Vec<String>,
        /// Values of each at most; 10 unless told.
        n: Option<usize>,
        /// What is counted.
        measure: Option<String>,
    }
}

/// Chart over time.
#[utoipa::path(get, path = "/api/v1/histogram", tag = "questions", params(HistogramParams), responses(
    (status = 200, body = schema::HistogramAnswer),
))]
pub(crate) async fn histogram(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<HistogramParams>,
) -> Result<Json<HistogramAnswer>, ApiError> {
    let resolved = params.resolve(&app, &caller)?;
    let options = HistogramOptions {
        bucket: bucket("by", params.by.as_deref())?,
        split: params.split.clone(),
        measure: measure(params.measure.as_deref())?,
        time_zone: resolved.zone_name(),
        limits: resolved.limits,
    };
    let answer = app.ask(resolved.limits, app.reader.histogram(&resolved.scope, &options)).await?;
    app.metrics.rows_read(answer.meta.rows_read);
    Ok(Json(answer))
}

/// Group rows and compute aggregates of each group.
#[utoipa::path(get, path = "/api/v1/group", tag = "questions", params(GroupParams), responses(
    (status = 200, body = schema::GroupAnswer),
))]
pub(crate) async fn group(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<GroupParams>,
) -> Result<Json<GroupAnswer>, ApiError> {
    answer_group(app, caller, params).await
}

/// Group rows, with the question as a JSON body.
#[utoipa::path(post, path = "/api/v1/group", tag = "questions", request_body = GroupParams, responses(
    (status = 200, body = schema::GroupAnswer),
))]
pub(crate) async fn post_group(
    State(app): State<App>,
    caller: Caller,
    Body(params): Body<GroupParams>,
) -> Result<Json<GroupAnswer>, ApiError> {
    answer_group(app, caller, params).await
}

async fn answer_group(app: App, caller: Caller, params: GroupParams) -> Result<Json<GroupAnswer>, ApiError> {
    let resolved = params.resolve(&app, &caller)?;
    for (name, list) in [("by", &params.by), ("aggregates", &params.aggregates)] {
        if list.len() > 16 {
            return Err(ApiError::parameter(name, "more than 16 are given"));
        }
    }
    let aggregates = params.aggregates.iter().map(|text| aggregate(text)).collect::<Result<Vec<_>, _>>()?;
    let options = GroupOptions {
        keys: params.by.iter().map(|text| group_key(text)).collect::<Result<_, _>>()?,
        order: order(params.order.as_deref(), &aggregates)?,
        aggregates,
        limit: Some(bounded("limit", params.limit, 100, app.limits.max_rows)?),
        compare: comparison(params.compare.as_deref())?,
        time_zone: resolved.zone_name(),
        limits: resolved.limits,
    };
    let answer = app.ask(resolved.limits, app.reader.group(&resolved.scope, &options)).await?;
    app.metrics.rows_read(answer.meta.rows_read);
    Ok(Json(answer))
}

/// List the greatest values of a field.
#[utoipa::path(get, path = "/api/v1/top", tag = "questions", params(TopParams), responses(
    (status = 200, body = schema::TopAnswer),
))]
pub(crate) async fn top(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<TopParams>,
) -> Result<Json<TopAnswer>, ApiError> {
    let Resolved { scope, limits, .. } = params.resolve(&app, &caller)?;
    if params.field.is_empty() {
        return Err(ApiError::parameter("field", "a field is needed"));
    }
    let n = bounded("n", params.n, 20, app.limits.max_rows)?;
    let measure = measure(params.measure.as_deref())?;
    let answer = app.ask(limits, app.reader.top(&scope, &params.field, n, measure, limits)).await?;
    app.metrics.rows_read(answer.meta.rows_read);
    Ok(Json(answer))
}

/// List the greatest values of several fields, read once.
#[utoipa::path(get, path = "/api/v1/facets", tag = "questions", params(FacetsParams), responses(
    (status = 200, body = schema::FacetsAnswer),
))]
pub(crate) async fn facets(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<FacetsParams>,
) -> Result<Json<FacetsAnswer>, ApiError> {
    let Resolved { scope, limits, .. } = params.resolve(&app, &caller)?;
    if params.fields.is_empty() || params.fields.len() > 32 {
        return Err(ApiError::parameter("fields", "between 1 and 32 fields are needed"));
    }
    let n = bounded("n", params.n, 10, 1000)?;
    let measure = measure(params.measure.as_deref())?;
    let answer = app.ask(limits, app.reader.facets(&scope, &params.fields, n, measure, limits)).await?;
    app.metrics.rows_read(answer.meta.rows_read);
    Ok(Json(answer))
}
