//! How the process takes memory from the system and gives it back.

/// Has glibc give freed memory back. By itself it keeps a heap for every thread, and grows what it takes from them as
/// large blocks are freed: an ingester whose decoding threads fill what its committer frees then holds almost twice the
/// memory it uses. Other allocators have no such habit.
pub(crate) fn give_back_what_is_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    set(&[(libc::M_ARENA_MAX, 2), (libc::M_MMAP_THRESHOLD, LARGE), (libc::M_TRIM_THRESHOLD, LARGE)]);
}

/// Has glibc keep the columns of a commit, of about a megabyte each, for the next one until [`give_back_now`]: what is given
/// back is zeroed by the system when it is taken again, which is a tenth of the work of an ingestion (decision 0010).
pub(crate) fn keep_columns() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    set(&[(libc::M_MMAP_THRESHOLD, COLUMNS)]);
}

/// Bytes from which a block is the system's again as soon as it is free.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 256 << 10;
/// The same while columns are kept: more than one has.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const COLUMNS: libc::c_int = 2 << 20;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn set(parameters: &[(libc::c_int, libc::c_int)]) {
    for (parameter, value) in parameters {
        // SAFETY: sets a parameter of the allocator; any values are allowed, at any time.
        unsafe { libc::mallopt(*parameter, *value) };
    }
}

/// Has glibc give back what it kept of memory that is free by now, between two pieces of work that each take much, and
/// again keep little from then on.
pub(crate) fn give_back_now() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    set(&[(libc::M_MMAP_THRESHOLD, LARGE)]);
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    trim();
}

/// Has glibc give back free memory again and again, for as long as the process lasts. By itself it gives back what is
/// free at the end of a heap only: of two merges on two threads, the first one's hundreds of MB stay with its heap while
/// the second one fills the other.
pub(crate) fn keep_giving_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const LOOK: std::time::Duration = std::time::Duration::from_secs(1);
        const GROWN: u64 = 48 << 20;
        let keeper = std::thread::Builder::new().name("memory".to_owned()).spawn(|| {
            let mut least = u64::MAX;
            while let Some(held) = held() {
                least = least.min(held);
                if held - least > GROWN {
                    trim();
                    least = self::held().unwrap_or(held);
                }
                std::thread::sleep(LOOK);
            }
        });
        if let Err(error) = keeper {
            tracing::debug!(%error, "free memory is not given back while the work goes on");
        }
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn trim() {
    // SAFETY: only looks for free memory; it may be called at any time, from any thread.
    unsafe { libc::malloc_trim(0) };
}

/// Bytes of memory that the process has for itself, without what it maps of files.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn held() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
