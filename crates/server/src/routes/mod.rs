//! The API's routes.

mod activity;
mod charts;
mod health;
mod lake;
mod language;
mod names;
mod objects;
mod rows;
mod search;
mod sql;
mod tail;

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde_json::json;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::{Keys, authenticate};
use crate::extract::BodyBounds;
use crate::hosts::{self, Hosts};
use crate::metrics;
use crate::openapi;
use crate::problem::{ApiError, PROBLEM_JSON};
use crate::ui::{self, Ui};

/// Routes that need a caller.
fn guarded() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(search::search, search::post_search))
        .routes(routes!(search::count))
        .routes(routes!(charts::histogram))
        .routes(routes!(charts::group, charts::post_group))
        .routes(routes!(charts::top))
        .routes(routes!(charts::facets))
        .routes(routes!(rows::connections))
        .routes(routes!(rows::connection))
        .routes(routes!(rows::row))
        .routes(routes!(rows::record))
        .routes(routes!(sql::sql))
        .routes(routes!(tail::tail))
        .routes(routes!(language::fields))
        .routes(routes!(language::complete))
        .routes(routes!(language::explain))
        .routes(routes!(language::range))
        .routes(routes!(names::names))
        .routes(routes!(lake::coverage))
        .routes(routes!(lake::lake))
        .routes(routes!(lake::version))
        .routes(routes!(activity::activity))
        .routes(routes!(activity::vnics))
        .routes(routes!(objects::objects))
        .routes(routes!(objects::quarantine))
        .routes(routes!(objects::retry))
        .routes(routes!(health::metrics))
}

/// Routes that tell nothing of the lake's content.
fn open() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health::live)).routes(routes!(health::ready))
}

/// Returns the description of all routes.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    openapi::finish(guarded().merge(open()).into_openapi())
}

/// Puts the routes together with what every request passes.
pub(crate) fn router(app: App, keys: Arc<Keys>, hosts: Arc<Hosts>) -> Router {
    let bounds = BodyBounds { bytes: app.limits.max_body_bytes, time: app.limits.header_timeout };
    let counters = Arc::clone(&app.metrics);
    let guarded: Router<App> = guarded().into();
    let open: Router<App> = open().into();
    // Answers compress well; a live tail must not wait for a compressor's buffer.
    let compressible = SizeAbove::new(1024).and(NotForContentType::const_new("text/event-stream"));
    guarded
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
        .layer(from_fn_with_state(keys, authenticate))
        .merge(
            open.route("/", routing::get(index))
                .route("/api/v1/openapi.json", routing::get(openapi_json))
                .method_not_allowed_fallback(method_not_allowed),
        )
        .layer(DefaultBodyLimit::max(bounds.bytes))
        .layer(axum::Extension(bounds))
        .layer(from_fn_with_state(Ui::embedded(), ui::serve))
        .layer(CompressionLayer::new().gzip(true).compress_when(compressible))
        .layer(from_fn_with_state(hosts, hosts::check))
        .layer(from_fn(secure))
        .layer(from_fn_with_state(counters, metrics::count))
        .with_state(app)
}

/// Where the API is.
async fn index() -> Response {
    let said = json!({
        "name": "Flowglass",
        "version": env!("CARGO_PKG_VERSION"),
        "api": "/api/v1",
        "openapi": "/api/v1/openapi.json",
        "try": "/api/v1/search?query=action:rejected&limit=5",
    });
    Json(said).into_response()
}

async fn openapi_json(State(_): State<App>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], openapi::json()).into_response()
}

async fn not_found(request: Request) -> ApiError {
    let path = request.uri().path();
    let path = path.get(..200).unwrap_or(path);
    ApiError::NotFound { what: format!("resource {path}; see /api/v1/openapi.json") }
}

async fn method_not_allowed(request: Request) -> ApiError {
    drop(request);
    ApiError::MethodNotAllowed { allow: None }
}

/// Middleware: headers that keep browsers from doing anything with answers but showing them.
async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED
        && response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != PROBLEM_JSON)
    {
        let allow = response.headers().get(ALLOW).cloned();
        response = ApiError::MethodNotAllowed { allow }.into_response();
    }
    // The web application says for itself what its pages may do, and which of its files stay the same.
    let own = response.extensions().get::<ui::OwnHeaders>().is_some();
    let headers = response.headers_mut();
    for (name, value) in [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        if own {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        } else {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
