//! How many questions are answered at once, and for how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::problem::ApiError;
use crate::settings::Limits;

/// Where queries wait for their turn.
#[derive(Debug)]
pub(crate) struct Gate {
    queries: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    tails: Arc<Semaphore>,
    tail_reads: Arc<Semaphore>,
    waiting: AtomicUsize,
    limits: Limits,
    metrics: Arc<Metrics>,
}

/// A turn: while it lives, its query counts as running.
#[derive(Debug)]
pub(crate) struct Turn {
    kind: &'static str,
    metrics: Arc<Metrics>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.metrics.running(self.kind).dec();
    }
}

/// Counts a waiting query as long as it waits, also when its caller leaves.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(crate) fn new(limits: Limits, metrics: Arc<Metrics>) -> Self {
        let of = |permits: usize| Arc::new(Semaphore::new(permits.max(1)));
        Self {
            queries: of(limits.max_queries),
            exports: of(limits.max_exports),
            tails: of(limits.max_tails),
            // Tails never take more than two queries' worth of the machine, however many there are.
            tail_reads: of(2),
            waiting: AtomicUsize::new(0),
            limits,
            metrics,
        }
    }

    fn turn(&self, kind: &'static str, permit: OwnedSemaphorePermit) -> Turn {
        self.metrics.running(kind).inc();
        Turn { kind, metrics: Arc::clone(&self.metrics), _permit: permit }
    }

    /// Waits for a query's turn.
    async fn query(&self) -> Result<Turn, ApiError> {
        let retry_after = Duration::from_secs(2);
        if let Ok(permit) = Arc::clone(&self.queries).try_acquire_owned() {
            return Ok(self.turn("query", permit));
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.limits.max_waiting {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(ApiError::Busy { detail: "too many queries run and wait", retry_after });
        }
        let waiting = Waiting(&self.waiting);
        let permit =
            tokio::time::timeout(self.limits.max_wait, Arc::clone(&self.queries).acquire_owned()).await;
        drop(waiting);
        match permit {
            Ok(Ok(permit)) => Ok(self.turn("query", permit)),
            _ => {
                Err(ApiError::Busy { detail: "too many queries run; this one waited too long", retry_after })
            }
        }
    }

    /// Takes the place of an export, if one is free.
    pub(crate) fn export(&self) -> Result<Turn, ApiError> {
        let retry_after = Duration::from_secs(30);
        let permit = Arc::clone(&self.exports).try_acquire_owned();
        permit
            .map(|permit| self.turn("export", permit))
            .map_err(|_| ApiError::Busy { detail: "too many exports run", retry_after })
    }

    /// Takes the place of a live tail, if one is free.
    pub(crate) fn tail(&self) -> Result<Turn, ApiError> {
        let retry_after = Duration::from_secs(30);
        let permit = Arc::clone(&self.tails).try_acquire_owned();
        permit
            .map(|permit| self.turn("tail", permit))
            .map_err(|_| ApiError::Busy { detail: "too many live tails run", retry_after })
    }

    /// Waits until a tail may read.
    pub(crate) async fn tail_read(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.tail_reads).acquire_owned().await.expect("the gate never closes its semaphores")
    }

    /// Answers a question in its turn, within its time. Dropping the future cancels the question.
    pub(crate) async fn run<T, E: Into<ApiError>>(
        &self,
        timeout: Duration,
        question: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ApiError> {
        let deadline = Instant::now() + timeout;
        let late = |_| ApiError::Timeout { after: timeout };
        let turn = tokio::time::timeout_at(deadline, self.query()).await.map_err(late)??;
        let answer = tokio::time::timeout_at(deadline, question).await.map_err(late)?;
        drop(turn);
        answer.map_err(|error| match error.into() {
            // The question's own bound is a little later, and is met first where nothing else could be done meanwhile.
            ApiError::Timeout { .. } => ApiError::Timeout { after: timeout },
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(max_queries: usize, max_waiting: usize) -> Arc<Gate> {
        let limits =
            Limits { max_queries, max_waiting, max_wait: Duration::from_millis(50), ..Limits::default() };
        Arc::new(Gate::new(limits, Arc::default()))
    }

    async fn forever() -> Result<(), ApiError> {
        std::future::pending().await
    }

    #[tokio::test]
    async fn a_full_house_refuses() {
        let gate = gate(1, 1);
        let held = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.run(Duration::from_secs(60), forever()).await }
        });
        tokio::task::yield_now().await;
        let (waited, refused) = tokio::join!(
            gate.run(Duration::from_secs(60), forever()),
            gate.run(Duration::from_secs(60), forever())
        );
        assert_eq!(waited.unwrap_err().to_string(), "too many queries run; this one waited too long");
        assert_eq!(refused.unwrap_err().to_string(), "too many queries run and wait");
        assert_eq!(gate.metrics.running("query").get(), 1);
        held.abort();
        assert!(held.await.is_err());
        assert_eq!(gate.metrics.running("query").get(), 0, "a dropped question gives its turn back");
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_slow_answer_is_given_up() {
        let gate = gate(1, 1);
        let error = gate.run(Duration::from_millis(5), forever()).await.unwrap_err();
        assert!(matches!(error, ApiError::Timeout { .. }));
        // Whoever notices it, it is the caller's time that is up.
        let later = async { Err::<(), _>(ApiError::Timeout { after: Duration::from_secs(9) }) };
        let error = gate.run(Duration::from_secs(1), later).await.unwrap_err();
        assert!(matches!(error, ApiError::Timeout { after } if after == Duration::from_secs(1)));
        assert!(gate.run(Duration::from_secs(1), async { Ok::<_, ApiError>(()) }).await.is_ok());
    }
}
