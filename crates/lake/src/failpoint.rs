//! Places where a test can make the program die.

/// Kills the process at once if `FLOWGLASS_FAILPOINT` names this place (`after-file`, or `after-file:3` for the third
/// time). Only in builds with debug assertions: a release build cannot be made to die by its environment.
#[cfg(debug_assertions)]
pub(crate) fn hit(place: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static HITS: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("FLOWGLASS_FAILPOINT") else { return };
    let (name, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    if name == place && HITS.fetch_add(1, Ordering::Relaxed) + 1 == count.parse().unwrap_or(1) {
        tracing::warn!(place, "dying at a fail point");
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
pub(crate) fn hit(_place: &str) {}
