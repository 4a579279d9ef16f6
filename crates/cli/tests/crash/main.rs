//! Kills the real program at the worst moments, and looks at what it leaves: every record exactly once.
//!
//! `FLOWGLASS_KILLS` says how many kills at random times there are (10), `FLOWGLASS_SEED` repeats a run: what is
//! written, when each kill comes and what the store does follow from it, as far as the machine's timing lets them.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

mod bucket;
mod fail_points;
mod kills;
mod left;
mod program;

/// Where a run's lake lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LakeKind {
    /// A directory of this machine.
    Directory,
    /// A bucket of the test server, which has the same faults as the source.
    Bucket,
}

/// Returns a number from the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, not a number")))
}

/// Says how to repeat a run that failed.
pub(crate) struct Repeat {
    pub(crate) what: String,
    pub(crate) seed: u64,
}

impl Drop for Repeat {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} failed; repeat it with FLOWGLASS_SEED={}", self.what, self.seed);
        }
    }
}
