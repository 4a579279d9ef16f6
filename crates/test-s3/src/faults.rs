//! Faults the server can be told to show, and what it counts.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// List objects, either version.
    List,
    /// Read an object.
    Get,
    /// Read an object's headers.
    Head,
    /// Write an object.
    Put,
    /// Delete one object.
    Delete,
    /// Delete many objects.
    DeleteObjects,
    /// Begin, fill, complete or abort a multipart upload.
    Multipart,
    /// Anything else: buckets, copies.
    Other,
}

/// Faults to show. Rates are probabilities from 0 to 1 per request; all are off by default.
///
/// At most one of the answer faults is drawn per request, in the order of the fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    /// Only requests of these kinds meet answer faults and delays; empty means all.
    pub only: Vec<Call>,
    /// Answer 503 `SlowDown` without doing anything.
    pub slow_down: f64,
    /// Answer 500 `InternalError` without doing anything.
    pub internal_error: f64,
    /// Answer 429 `TooManyRequests` without doing anything.
    pub too_many_requests: f64,
    /// Close the connection without doing or answering anything.
    pub cut_before: f64,
    /// Do what was asked, then close the connection without an answer: the client cannot know.
    pub cut_after: f64,
    /// Answer, but close the connection in the middle of the body. Empty bodies are closed like `cut_after`.
    pub cut_body: f64,
    /// Wait before answering, up to this long.
    pub delay: Option<Duration>,
    /// List an entry a second time right away.
    pub duplicate_entries: f64,
    /// List a page a second time.
    pub duplicate_pages: f64,
    /// List in an order that is stable but not by key.
    pub unsorted: bool,
    /// Begin every listing at its beginning, whatever `start-after` says.
    pub ignore_start_after: bool,
    /// Give the same continuation token for ever.
    pub endless_listing: bool,
    /// Do not encode keys in listings even when asked to.
    pub ignore_encoding_type: bool,
    /// Take `If-None-Match: *` and write anyway.
    pub ignore_put_if_absent: bool,
}

/// One request, as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it asks for.
    pub call: Call,
    /// Path as sent, still percent-encoded.
    pub path: String,
    /// Query as sent, still percent-encoded.
    pub query: String,
}

/// Requests so far.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// Requests by kind, those that met a fault included.
    pub calls: BTreeMap<Call, u64>,
    /// Answer faults shown.
    pub faults: u64,
    /// The last 10,000 requests, oldest first.
    pub recent: std::collections::VecDeque<Request>,
}

/// An answer fault drawn for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    SlowDown,
    InternalError,
    TooManyRequests,
    CutBefore,
    CutAfter,
    CutBody,
}

/// The faults in force, the counters, and a source of chance.
pub(crate) struct Control {
    pub(crate) faults: Faults,
    pub(crate) counters: Counters,
    chance: SmallRng,
}

impl Counters {
    /// Returns how many requests of one kind came in.
    pub fn of(&self, call: Call) -> u64 {
        self.calls.get(&call).copied().unwrap_or(0)
    }

    /// Returns how many requests came in.
    pub fn total(&self) -> u64 {
        self.calls.values().sum()
    }
}

impl Control {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            faults: Faults::default(),
            counters: Counters::default(),
            chance: SmallRng::seed_from_u64(seed),
        }
    }

    /// Returns true with a probability.
    pub(crate) fn draw(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.chance.random_bool(rate.min(1.0))
    }

    /// Counts a request and draws its delay and fault.
    pub(crate) fn admit(&mut self, request: Request) -> (Duration, Option<Fault>) {
        let call = request.call;
        *self.counters.calls.entry(call).or_default() += 1;
        if self.counters.recent.len() == 10_000 {
            self.counters.recent.pop_front();
        }
        self.counters.recent.push_back(request);
        if !(self.faults.only.is_empty() || self.faults.only.contains(&call)) {
            return (Duration::ZERO, None);
        }
        let delay = self.faults.delay.map_or(Duration::ZERO, |most| most.mul_f64(self.chance.random()));
        let rates = [
            (self.faults.slow_down, Fault::SlowDown),
            (self.faults.internal_error, Fault::InternalError),
            (self.faults.too_many_requests, Fault::TooManyRequests),
            (self.faults.cut_before, Fault::CutBefore),
            (self.faults.cut_after, Fault::CutAfter),
            (self.faults.cut_body, Fault::CutBody),
        ];
        let fault = rates.into_iter().find(|(rate, _)| self.draw(*rate)).map(|(_, fault)| fault);
        self.counters.faults += u64::from(fault.is_some());
        (delay, fault)
    }
}
