//! The HTTP API of a lake.
//!
//! [`serve`] listens, [`router`] is all but the listening. A request passes, from the outside in: counting, security
//! headers, the check of `Host` and `Origin`, compression, the bound of its body, its token, and then its handler, which
//! reads the lake for the caller it is given, in its turn and within its time.
//!
//! Invariants: no handler reads without the caller's row filter; no answer has CORS headers; off loopback there is no
//! listening without a token and TLS; what goes wrong is a [`Problem`], whose status is said in one place.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod app;
mod auth;
mod error;
mod export;
mod extract;
mod hosts;
mod limits;
mod listen;
mod metrics;
pub mod openapi;
mod params;
mod problem;
mod reply;
mod routes;
pub mod schema;
mod settings;
mod sources;
mod tail;
mod tls;
mod ui;

pub use app::AppState;
pub use auth::{Keys, Permission, Principal};
pub use error::ServerError;
pub use listen::{Server, serve};
pub use metrics::Metrics;
pub use problem::{ApiError, Problem};
pub use settings::{DEFAULT_PORT, Limits, MIN_TOKEN_LENGTH, Secret, Settings};
pub use sources::{Sources, SourcesError, Written};

use std::sync::Arc;

/// Makes the router that [`serve`] listens with.
///
/// # Errors
/// If an allowed host is no host.
pub fn router(settings: &Settings, keys: Keys, state: AppState) -> Result<axum::Router, ServerError> {
    let app = app::App::new(state, settings.limits.clone());
    Ok(routes::router(app, Arc::new(keys), Arc::new(hosts::Hosts::new(settings)?)))
}
