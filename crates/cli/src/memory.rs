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
