//! Values that are kept in memory for the next question, within a bound.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::OnceCell;

/// Decoded parts of files, as many as fit. Files never change, so nothing has to be kept in step.
///
/// What was asked for within a time is in use: it is not given up for something else, so that a question that needs more
/// than there is room for does not push out all of it, itself included. Beyond that, what was used last is kept longest.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    limit: usize,
    in_use: Duration,
    kept: Mutex<Kept<K, V>>,
}

#[derive(Debug)]
struct Kept<K, V> {
    entries: HashMap<K, Entry<V>>,
    bytes: usize,
    /// When nothing could be given up.
    full: Option<Instant>,
}

#[derive(Debug)]
struct Entry<V> {
    value: Arc<OnceCell<V>>,
    /// 0 until it is made.
    bytes: usize,
    used: Instant,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// Keeps values of at most `limit` bytes; what was asked for within a time is in use.
    pub(crate) fn new(limit: usize, in_use: Duration) -> Self {
        let kept = Kept { entries: HashMap::new(), bytes: 0, full: None };
        Self { limit, in_use, kept: Mutex::new(kept) }
    }

    /// Bytes of values that may be added: what is free, or not in use.
    pub(crate) fn room(&self) -> usize {
        let (now, kept) = (Instant::now(), self.kept.lock());
        let in_use = kept.entries.values().filter(|entry| self.is_in_use(entry, now));
        self.limit.saturating_sub(in_use.map(|entry| entry.bytes).sum())
    }

    /// A value, if it is kept.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut kept = self.kept.lock();
        let entry = kept.entries.get_mut(key)?;
        entry.used = Instant::now();
        entry.value.get().cloned()
    }

    /// Keeps a value of so many bytes if there is room for it.
    pub(crate) fn put(&self, key: K, value: V, bytes: usize) {
        self.settle(key, Arc::new(OnceCell::new_with(Some(value))), bytes);
    }

    /// A value, made and kept if it is not yet; who asks at the same time waits for it.
    ///
    /// # Errors
    /// That of the making, which the next one to ask tries again.
    pub(crate) async fn get_or_make<E>(
        &self,
        key: &K,
        bytes: impl FnOnce(&V) -> usize,
        make: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let value = {
            let mut kept = self.kept.lock();
            let new = || Entry { value: Arc::default(), bytes: 0, used: Instant::now() };
            let entry = kept.entries.entry(key.clone()).or_insert_with(new);
            entry.used = Instant::now();
            if let Some(value) = entry.value.get() {
                return Ok(value.clone());
            }
            Arc::clone(&entry.value)
        };
        let made = value.get_or_try_init(|| make).await.cloned();
        self.settle(key.clone(), value, made.as_ref().map_or(0, bytes));
        made
    }

    /// Notes a value's size: it is kept if it has one, and if there is room.
    fn settle(&self, key: K, value: Arc<OnceCell<V>>, bytes: usize) {
        let (now, mut kept) = (Instant::now(), self.kept.lock());
        if let Some(replaced) = kept.entries.remove(&key) {
            kept.bytes -= replaced.bytes;
        }
        if bytes > 0 && self.make_room(&mut kept, bytes, now) {
            kept.bytes += bytes;
            kept.entries.insert(key, Entry { value, bytes, used: now });
        }
    }

    /// Gives up what is not in use, the oldest first, as far as needed and a little more; false if that is not enough.
    fn make_room(&self, kept: &mut Kept<K, V>, bytes: usize, now: Instant) -> bool {
        let fits = |held: usize, limit: usize| held.saturating_add(bytes) <= limit;
        if fits(kept.bytes, self.limit) {
            return true;
        }
        // Looking at everything takes a while: not for each of a question's files.
        if bytes > self.limit || kept.full.is_some_and(|full| now.duration_since(full) < self.in_use / 60) {
            return false;
        }
        let idle = kept.entries.iter().filter(|(_, entry)| !self.is_in_use(entry, now));
        let mut idle: Vec<(Instant, K)> = idle.map(|(key, entry)| (entry.used, key.clone())).collect();
        idle.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in idle {
            if fits(kept.bytes, self.limit - self.limit / 8) {
                break;
            }
            kept.bytes -= kept.entries.remove(&key).map_or(0, |entry| entry.bytes);
        }
        let made = fits(kept.bytes, self.limit);
        kept.full = (!made).then_some(now);
        made
    }

    fn is_in_use(&self, entry: &Entry<V>, now: Instant) -> bool {
        now.duration_since(entry.used) < self.in_use
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn names(cache: &Cache<&'static str, u32>) -> String {
        let mut names: Vec<_> = cache.kept.lock().entries.keys().copied().collect();
        names.sort_unstable();
        names.join(" ")
    }

    async fn make(cache: &Cache<&'static str, u32>, name: &'static str, made: Result<u32, String>) {
        let result = cache.get_or_make(&name, |value| *value as usize, async { made.clone() }).await;
        assert_eq!(result, made);
    }

    #[tokio::test]
    async fn what_is_in_use_stays() {
        let cache = Cache::new(100, LONG);
        cache.put("a", 60, 60);
        cache.put("a", 50, 50);
        make(&cache, "b", Ok(40)).await;
        assert_eq!(cache.room(), 10);
        make(&cache, "c", Ok(20)).await;
        cache.put("d", 20, 20);
        assert_eq!((names(&cache).as_str(), cache.kept.lock().bytes), ("a b", 90));
        assert_eq!((cache.get(&"a"), cache.get(&"c")), (Some(50), None));
    }

    #[tokio::test]
    async fn what_was_used_last_is_kept_longest() {
        let cache = Cache::new(100, Duration::ZERO);
        for name in ["a", "b", "c", "d"] {
            cache.put(name, 25, 25);
        }
        assert_eq!((cache.room(), cache.get(&"a")), (100, Some(25)));
        make(&cache, "e", Ok(30)).await;
        assert_eq!((names(&cache).as_str(), cache.kept.lock().bytes), ("a d e", 80));
        cache.put("too large", 101, 101);
        assert_eq!(names(&cache), "a d e");
    }

    #[tokio::test]
    async fn what_cannot_be_made_is_tried_again() {
        let cache = Cache::new(100, LONG);
        make(&cache, "a", Err("cut".to_owned())).await;
        assert_eq!(names(&cache), "");
        make(&cache, "a", Ok(1)).await;
        // It is not made again.
        assert_eq!(cache.get_or_make(&"a", |_| 1, async { Err("cut") }).await, Ok(1));
    }

    #[tokio::test]
    async fn it_is_made_once_for_all_who_ask() {
        let cache = Cache::new(100, LONG);
        let make = |value| async move {
            tokio::task::yield_now().await;
            Ok::<u32, String>(value)
        };
        let (a, b) =
            tokio::join!(cache.get_or_make(&"a", |_| 10, make(1)), cache.get_or_make(&"a", |_| 10, make(2)));
        assert_eq!((a, b, cache.kept.lock().bytes), (Ok(1), Ok(1), 10));
    }

    #[tokio::test]
    async fn nothing_is_kept_without_room() {
        let cache = Cache::new(0, LONG);
        make(&cache, "a", Ok(1)).await;
        assert_eq!((cache.room(), names(&cache).as_str()), (0, ""));
    }
}
