//! Decoded parts of indexes, kept in memory for the next question.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// What was asked for within this time is not given up for something else, so that a question that needs more than there
/// is room for does not push out all of it, itself included.
const IN_USE: Duration = Duration::from_secs(60);

/// Parts of indexes within a bound of memory. They never change: nothing has to be thrown away when a lake does.
#[derive(Debug)]
pub(super) struct Kept {
    limit: usize,
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    by_key: HashMap<(Arc<str>, Kind), Part>,
    bytes: usize,
    /// When parts that are not in use were last looked for.
    swept: Option<Instant>,
}

/// Which part of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Minutes,
    Services,
    Vnics,
    Initiators,
    Targets,
}

#[derive(Debug)]
struct Part {
    decoded: Arc<dyn Any + Send + Sync>,
    bytes: usize,
    used: Instant,
}

impl Kept {
    /// Keeps at most so many bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, parts: Mutex::default() }
    }

    /// A part of the index of a name, if it is kept. A kind is always of the same type.
    pub(super) fn get<T: Send + Sync + 'static>(&self, name: &Arc<str>, kind: Kind) -> Option<Arc<T>> {
        let mut parts = self.parts.lock();
        let part = parts.by_key.get_mut(&(Arc::clone(name), kind))?;
        part.used = Instant::now();
        Arc::clone(&part.decoded).downcast().ok()
    }

    /// Keeps a part if there is room for its bytes, which may be that of parts not in use.
    pub(super) fn put<T: Send + Sync + 'static>(
        &self,
        name: &Arc<str>,
        kind: Kind,
        decoded: &Arc<T>,
        bytes: usize,
    ) {
        self.put_at(Instant::now(), (Arc::clone(name), kind), Arc::clone(decoded) as _, bytes);
    }

    fn put_at(&self, now: Instant, key: (Arc<str>, Kind), decoded: Arc<dyn Any + Send + Sync>, bytes: usize) {
        let mut parts = self.parts.lock();
        let parts = &mut *parts;
        if let Some(replaced) = parts.by_key.remove(&key) {
            parts.bytes -= replaced.bytes;
        }
        // Looking at all parts takes a while: not for each of a question's files.
        let may_sweep = parts.swept.is_none_or(|swept| now.duration_since(swept) > IN_USE / 60);
        if parts.bytes.saturating_add(bytes) > self.limit && may_sweep {
            parts.swept = Some(now);
            parts.by_key.retain(|_, part| now.duration_since(part.used) < IN_USE);
            parts.bytes = parts.by_key.values().map(|part| part.bytes).sum();
        }
        if parts.bytes.saturating_add(bytes) <= self.limit {
            parts.bytes += bytes;
            parts.by_key.insert(key, Part { decoded, bytes, used: now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_stays() {
        let kept = Kept::new(100);
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let put = |now, name: &str, bytes| {
            kept.put_at(now, (name.into(), Kind::Minutes), Arc::new(name.to_owned()), bytes);
        };
        let names = || {
            let mut names: Vec<_> =
                kept.parts.lock().by_key.keys().map(|(name, _)| name.to_string()).collect();
            names.sort();
            names.join(" ")
        };
        put(start, "a", 60);
        put(start, "a", 50);
        put(after(1), "b", 40);
        put(after(2), "c", 20);
        assert_eq!((names().as_str(), kept.parts.lock().bytes), ("a b", 90));
        assert_eq!(kept.get::<String>(&"a".into(), Kind::Minutes).as_deref().map(String::as_str), Some("a"));
        assert_eq!(kept.get::<String>(&"a".into(), Kind::Vnics), None);
        // Both are old by now: they make room for the new one.
        put(after(120), "d", 70);
        assert_eq!((names().as_str(), kept.parts.lock().bytes), ("d", 70));
        put(after(121), "too large", 101);
        assert_eq!(names(), "d");
    }
}
