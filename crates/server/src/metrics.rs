//! Numbers for Prometheus.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// Media type of the text format.
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    method: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: String,
}

/// The server's numbers, and a place for those of others.
#[derive(Debug)]
pub struct Metrics {
    registry: parking_lot::Mutex<Registry>,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabel, Histogram, fn() -> Histogram>,
    running: Family<KindLabel, Gauge>,
    rows_read: Counter,
    tail_rows: Counter,
    tail_skipped: Counter,
    version: Gauge,
    rows: Gauge,
    files: Gauge,
    lag: Gauge<f64, AtomicU64>,
    objects: Family<OutcomeLabel, Gauge>,
    memory_used: Gauge,
    memory_limit: Gauge,
}

fn latency() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("flowglass");
        let metrics = Self {
            registry: parking_lot::Mutex::default(),
            requests: Family::default(),
            seconds: Family::new_with_constructor(latency),
            running: Family::default(),
            rows_read: Counter::default(),
            tail_rows: Counter::default(),
            tail_skipped: Counter::default(),
            version: Gauge::default(),
            rows: Gauge::default(),
            files: Gauge::default(),
            lag: Gauge::default(),
            objects: Family::default(),
            memory_used: Gauge::default(),
            memory_limit: Gauge::default(),
        };
        let m = &metrics;
        registry.register("http_requests", "Requests answered", m.requests.clone());
        registry.register_with_unit(
            "http_request",
            "Time to the head of the answer",
            Unit::Seconds,
            m.seconds.clone(),
        );
        registry.register("running", "Queries, exports and tails that run now", m.running.clone());
        registry.register("query_rows_read", "Rows that left the scans of queries", m.rows_read.clone());
        registry.register("tail_rows", "Rows sent to live tails", m.tail_rows.clone());
        registry.register(
            "tail_skipped_rows",
            "Rows live tails were too slow or too limited for",
            m.tail_skipped.clone(),
        );
        registry.register("lake_version", "Version of the flows table", m.version.clone());
        registry.register("lake_rows", "Rows of the flows table", m.rows.clone());
        registry.register("lake_files", "Data files of the flows table", m.files.clone());
        registry.register_with_unit("lake_lag", "Age of the newest row", Unit::Seconds, m.lag.clone());
        registry.register("objects", "Objects known, by outcome", m.objects.clone());
        registry.register_with_unit(
            "query_memory",
            "Memory queries hold",
            Unit::Bytes,
            m.memory_used.clone(),
        );
        registry.register_with_unit(
            "query_memory_limit",
            "Memory queries may hold",
            Unit::Bytes,
            m.memory_limit.clone(),
        );
        *metrics.registry.lock() = registry;
        metrics
    }
}

impl Metrics {
    /// Adds others' numbers, such as those of ingestion; their names get the prefix `flowglass_`.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock());
    }

    /// Notes a request that was answered.
    fn answered(&self, route: &str, method: &str, status: u16, took: Duration) {
        let labels = RequestLabels { route: route.to_owned(), method: method.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RouteLabel { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    /// The gauge of what runs now: `query`, `export` or `tail`.
    pub(crate) fn running(&self, kind: &'static str) -> Gauge {
        self.running.get_or_create_owned(&KindLabel { kind })
    }

    /// Notes rows that left the scan of a query.
    pub(crate) fn rows_read(&self, rows: u64) {
        self.rows_read.inc_by(rows);
    }

    /// Notes rows sent to a tail, and rows it was not sent.
    pub(crate) fn tail_rows(&self, sent: u64, skipped: u64) {
        self.tail_rows.inc_by(sent);
        self.tail_skipped.inc_by(skipped);
    }

    /// Notes what queries hold, and may hold.
    pub(crate) fn memory(&self, used: usize, limit: usize) {
        self.memory_used.set(i64::try_from(used).unwrap_or(i64::MAX));
        self.memory_limit.set(i64::try_from(limit).unwrap_or(i64::MAX));
    }

    /// Notes what the lake holds; `newest` in microseconds since the epoch.
    pub(crate) fn lake(&self, stats: &flowglass_lake::answer::LakeStats) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.version.set(number(stats.lake_version));
        self.rows.set(number(stats.rows));
        self.files.set(number(stats.files));
        if let Some(newest) = stats.newest {
            self.lag.set((flowglass_flow::time::now() - newest.0) as f64 / 1e6);
        }
        // An outcome no object has any more is not told.
        self.objects.clear();
        for count in &stats.objects {
            self.objects
                .get_or_create(&OutcomeLabel { outcome: count.outcome.clone() })
                .set(number(count.objects));
        }
    }

    /// Writes everything in the text format of OpenMetrics.
    pub(crate) fn encode(&self) -> String {
        let mut out = String::new();
        text::encode(&mut out, &self.registry.lock()).expect("writing into a string cannot fail");
        out
    }
}

/// Middleware: counts and times requests, by their route's pattern so that nobody can make up labels.
pub(crate) async fn count(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let started = std::time::Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "POST" | "HEAD" | "OPTIONS" | "PUT" | "DELETE" | "PATCH") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let response = next.run(request).await;
    metrics.answered(&route, &method, response.status().as_u16(), started.elapsed());
    tracing::debug!(route, method, status = response.status().as_u16(), took = ?started.elapsed(), "answered");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_format() {
        let metrics = Metrics::default();
        metrics.answered("/api/v1/search", "GET", 200, Duration::from_millis(7));
        metrics.running("tail").inc();
        metrics.rows_read(5);
        let text = metrics.encode();
        for line in [
            r#"flowglass_http_requests_total{route="/api/v1/search",method="GET",status="200"} 1"#,
            r#"flowglass_http_request_seconds_bucket{le="0.01",route="/api/v1/search"} 1"#,
            r#"flowglass_running{kind="tail"} 1"#,
            "flowglass_query_rows_read_total 5",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
