//! What handlers share.

use std::sync::Arc;
use std::time::Duration;

use flowglass_flow::names::Names;
use flowglass_lake::answer;
use flowglass_lake::read::Reader;

use tokio_util::sync::CancellationToken;

use crate::limits::Gate;
use crate::metrics::Metrics;
use crate::problem::ApiError;
use crate::settings::Limits;
use crate::sources::Sources;
use crate::tail::Versions;

/// The lake's own bound on a question is this much later than ours, which also counts the wait for a turn.
const GRACE: Duration = Duration::from_millis(500);

/// What a server answers from.
#[derive(Debug, Clone)]
pub struct AppState {
    reader: Reader,
    names: Arc<Names>,
    sources: Option<Arc<dyn Sources>>,
    metrics: Arc<Metrics>,
    demo: bool,
    location: Option<String>,
}

impl AppState {
    /// Answers from a lake.
    pub fn new(reader: Reader) -> Self {
        Self {
            reader,
            names: Arc::default(),
            sources: None,
            metrics: Arc::default(),
            demo: false,
            location: None,
        }
    }

    /// Knows names of addresses, vNICs and instances.
    pub fn with_names(mut self, names: Arc<Names>) -> Self {
        self.names = names;
        self
    }

    /// Tells the state of sources, and has objects read again.
    pub fn with_sources(mut self, sources: Arc<dyn Sources>) -> Self {
        self.sources = Some(sources);
        self
    }

    /// Tells where the lake is: what `--lake` takes, without secrets.
    pub fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// Serves the simulated VPC: the web application offers a walk through it.
    pub fn as_demo(mut self) -> Self {
        self.demo = true;
        self
    }

    /// The numbers of this server, to add others' to.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }
}

/// The state of every handler.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) reader: Reader,
    pub(crate) names: Arc<Names>,
    pub(crate) sources: Option<Arc<dyn Sources>>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) demo: bool,
    pub(crate) location: Option<String>,
    pub(crate) gate: Gate,
    pub(crate) limits: Limits,
    pub(crate) versions: Versions,
    /// Set when the server stops: what has no end of its own ends then.
    pub(crate) closing: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(state: AppState, limits: Limits) -> Self {
        Self(Arc::new(Shared {
            gate: Gate::new(limits.clone(), Arc::clone(&state.metrics)),
            versions: Versions::new(state.reader.clone(), limits.tail_poll),
            closing: CancellationToken::new(),
            reader: state.reader,
            names: state.names,
            sources: state.sources,
            metrics: state.metrics,
            demo: state.demo,
            location: state.location,
            limits,
        }))
    }

    /// What a query may cost that asks for at most `timeout`.
    pub(crate) fn limits(&self, timeout: Option<Duration>) -> answer::Limits {
        answer::Limits {
            max_rows: self.limits.max_rows,
            memory_bytes: self.limits.memory_bytes,
            timeout: timeout.unwrap_or(Duration::MAX).min(self.limits.request_timeout) + GRACE,
        }
    }

    /// Answers a question in its turn and within its time.
    pub(crate) async fn ask<T, E: Into<ApiError>>(
        &self,
        limits: answer::Limits,
        question: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ApiError> {
        self.gate.run(limits.timeout.saturating_sub(GRACE), question).await
    }
}
