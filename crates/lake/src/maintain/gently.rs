//! Work that may take long and that nobody waits for.

use tokio::sync::oneshot;

/// Runs work on a thread of its own, which gets what processor time others leave: whoever writes new rows or waits for an
/// answer goes first.
///
/// # Errors
/// Why it was not done: there is no thread for it, or it panicked.
pub(super) async fn gently<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (sender, done) = oneshot::channel();
    let thread = std::thread::Builder::new().name("merge".to_owned()).spawn(move || {
        step_back();
        // Whoever asked for it may have gone.
        let _ = sender.send(work());
    });
    thread.map_err(|error| error.to_string())?;
    done.await.map_err(|_| "it panicked".to_owned())
}

/// Lowers the priority of this thread.
fn step_back() {
    #[cfg(target_os = "linux")]
    {
        /// A tenth of the weight of other threads.
        const NICE: libc::c_int = 10;
        // SAFETY: only reads and changes a number of the scheduler's. On Linux it is the calling thread's alone.
        unsafe {
            if libc::getpriority(libc::PRIO_PROCESS, 0) < NICE {
                libc::setpriority(libc::PRIO_PROCESS, 0, NICE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_with_less_priority_than_its_caller() {
        // SAFETY: reads a number of the scheduler's.
        let nice = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let before = nice();
        let within = gently(nice).await.expect("it is done");
        assert!(!cfg!(target_os = "linux") || within == before.max(10), "{before} and {within}");
        assert_eq!(nice(), before);
        let panicked: Result<(), String> = gently(|| panic!("on purpose")).await;
        assert_eq!(panicked, Err("it panicked".to_owned()));
    }
}
