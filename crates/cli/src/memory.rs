//! How the process takes memory from the system and gives it back.

/// Has glibc give freed memory back. By itself it keeps a heap for every thread, and grows what it takes from them as
/// large blocks are freed: an ingester whose decoding threads fill what its committer frees then holds almost twice the
/// memory it uses. Other allocators have no such habit.
pub(crate) fn give_back_what_is_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const LARGE: libc::c_int = 256 << 10;
        for (parameter, value) in
            [(libc::M_ARENA_MAX, 2), (libc::M_MMAP_THRESHOLD, LARGE), (libc::M_TRIM_THRESHOLD, LARGE)]
        {
            // SAFETY: sets a parameter of the allocator; any values are allowed, and no other thread runs yet.
            unsafe { libc::mallopt(parameter, value) };
        }
    }
}

/// Has glibc give back what it kept of memory that is free by now, between two pieces of work that each take much.
pub(crate) fn give_back_now() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: only looks for free memory; it may be called at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
