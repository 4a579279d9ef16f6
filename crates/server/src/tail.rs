//! Live tail: who watches the lake for new versions, and what is sent to whom.
//!
//! Tails read committed files like everybody else, so a writer never waits for them. However many there are, one task looks
//! for new versions, two of them read at a time, and each is sent as many rows a second as it may get: the others are counted.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use flowglass_lake::answer::RowWriter;
use flowglass_lake::read::Reader;
use flowglass_query::Query;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::app::App;
use crate::limits::Turn;
use crate::problem::ApiError;

/// The newest version, looked up while somebody wants to know.
#[derive(Debug, Clone)]
pub(crate) struct Versions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    reader: Reader,
    poll: Duration,
    newest: watch::Sender<u64>,
    watched: Mutex<bool>,
}

impl Versions {
    pub(crate) fn new(reader: Reader, poll: Duration) -> Self {
        Self(Arc::new(Inner { reader, poll, newest: watch::Sender::new(0), watched: Mutex::new(false) }))
    }

    /// Follows the newest version.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        let mut watched = self.0.watched.lock();
        let receiver = self.0.newest.subscribe();
        if !std::mem::replace(&mut watched, true) {
            tokio::spawn(Self::watch(Arc::clone(&self.0)));
        }
        receiver
    }

    async fn watch(inner: Arc<Inner>) {
        let mut ticks = tokio::time::interval(inner.poll);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            {
                let mut watched = inner.watched.lock();
                if inner.newest.receiver_count() == 0 {
                    *watched = false;
                    return;
                }
            }
            match inner.reader.version().await {
                Ok(version) => {
                    inner.newest.send_if_modified(|newest| std::mem::replace(newest, version) != version);
                }
                Err(error) => {
                    tracing::warn!(error = %crate::problem::chain(&error), "cannot look for new versions")
                }
            }
        }
    }
}

/// One live tail.
#[derive(Debug)]
pub(crate) struct Tail {
    /// What is wanted, narrowed to what the caller may see; none means everything.
    pub(crate) wanted: Option<Query>,
    /// Columns to send; none means all.
    pub(crate) fields: Vec<String>,
    /// Rows a second.
    pub(crate) rate: usize,
    /// The version seen last.
    pub(crate) after: u64,
    /// Its place among the tails.
    pub(crate) turn: Turn,
}

/// A tail's client is gone, or does not read.
struct Gone;

impl Tail {
    /// Sends what the lake gets until the client leaves or the server stops.
    pub(crate) async fn run(mut self, app: App, send: mpsc::Sender<Result<Event, Infallible>>) {
        tokio::select! {
            // Reading is dropped half-way when the client leaves.
            Err(Gone) = self.follow(&app, &send) => {}
            () = send.closed() => {}
            () = app.closing.cancelled() => {}
        }
        drop(self.turn);
    }

    async fn follow(
        &mut self,
        app: &App,
        send: &mpsc::Sender<Result<Event, Infallible>>,
    ) -> Result<Infallible, Gone> {
        let put = async |event: Event| {
            send.send_timeout(Ok(event), app.limits.stall_timeout).await.map_err(|_| Gone)
        };
        let mut versions = app.versions.follow();
        put(event("start", Some(self.after), &json!({ "lake_version": self.after }))).await?;
        let mut budget = Budget::new(self.rate);
        loop {
            let newest = *versions.wait_for(|newest| *newest > self.after).await.map_err(|_| Gone)?;
            let limit = budget.wait().await;
            let permit = app.gate.tail_read().await;
            let added = app.reader.added(self.after, newest, self.wanted.as_ref(), limit).await;
            drop(permit);
            let added = match added {
                Ok(added) => added,
                Err(error) => {
                    let problem = ApiError::from(error).problem();
                    put(event("problem", None, &json!(problem))).await?;
                    return Err(Gone);
                }
            };
            let mut sent = 0;
            for batch in &added.rows {
                let writer = RowWriter::new(batch, &self.fields);
                for row in 0..batch.num_rows() {
                    let mut text = Vec::new();
                    writer.json(row, &mut text);
                    put(Event::default().event("row").data(String::from_utf8_lossy(&text))).await?;
                    sent += 1;
                }
            }
            budget.spend(sent);
            app.metrics.tail_rows(sent as u64, added.skipped);
            self.after = added.version.max(newest);
            if sent > 0 || added.skipped > 0 {
                let said = json!({ "lake_version": self.after, "rows": sent, "skipped": added.skipped });
                // Its id is what a client comes back with: never one whose rows it has only in part.
                put(event("commit", Some(self.after), &said)).await?;
            }
        }
    }
}

fn event(name: &str, id: Option<u64>, data: &serde_json::Value) -> Event {
    let event = Event::default().event(name).data(data.to_string());
    match id {
        Some(id) => event.id(id.to_string()),
        None => event,
    }
}

/// How many rows may be sent now: so many a second, and what was left of the last second.
#[derive(Debug)]
struct Budget {
    rate: f64,
    left: f64,
    at: Instant,
}

impl Budget {
    fn new(rate: usize) -> Self {
        let rate = rate.max(1) as f64;
        Self { rate, left: rate, at: Instant::now() }
    }

    /// How many rows may be sent now, or how long to wait until it is worth it: a tenth of a second's rows.
    fn allow(&mut self, now: Instant) -> Result<usize, Duration> {
        let gained = now.duration_since(self.at).as_secs_f64() * self.rate;
        self.left = (self.left + gained).min(self.rate);
        self.at = now;
        let enough = (self.rate / 10.0).max(1.0);
        if self.left >= enough {
            Ok(self.left as usize)
        } else {
            Err(Duration::from_secs_f64((enough - self.left) / self.rate))
        }
    }

    async fn wait(&mut self) -> usize {
        loop {
            match self.allow(Instant::now()) {
                Ok(rows) => return rows,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }

    fn spend(&mut self, rows: usize) {
        self.left -= rows as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_rows_a_second() {
        let mut budget = Budget::new(10);
        let started = budget.at;
        let (mut now, mut sent) = (started, 0);
        while now.duration_since(started) < Duration::from_secs(10) {
            match budget.allow(now) {
                Ok(rows) => {
                    budget.spend(rows);
                    sent += rows;
                }
                Err(wait) => now += wait + Duration::from_millis(1),
            }
        }
        assert!((100..=111).contains(&sent), "{sent} rows in 10 s at 10 a second and a first second's worth");
    }
}
