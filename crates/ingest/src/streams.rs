//! The streams that are watched: where each stands, so that a look lists what comes after that and nothing else.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt, future};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::source::{HourFolder, ListItem, Source, SourceError};

/// Every stream's hours around now are listed whole within this time: what appears before a key that was seen already, or
/// could not be read at first, is found then.
pub(crate) const WHOLE: Duration = Duration::from_secs(60);

/// The streams of a source.
#[derive(Default)]
pub(crate) struct Streams {
    streams: Vec<Arc<Stream>>,
    /// The store lists what it was asked to leave out, or in an order of its own.
    is_unordered: Arc<AtomicBool>,
}

/// One stream.
struct Stream {
    folder: String,
    at: Mutex<At>,
}

/// Where a stream stands.
struct At {
    /// The greatest key that was seen in an hour around now, below the stream's folder; none before the first look.
    key: Option<String>,
    /// When all of the hours is to be listed.
    whole: Instant,
}

impl Streams {
    pub(crate) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    /// Takes over which streams there are. Those that were known stay where they are.
    pub(crate) fn found(&mut self, folders: Vec<String>) {
        let known = std::mem::take(&mut self.streams);
        let mut known: HashMap<String, _> =
            known.into_iter().map(|stream| (stream.folder.clone(), stream)).collect();
        let new = |folder| Stream { folder, at: Mutex::new(At { key: None, whole: Instant::now() }) };
        self.streams = folders
            .into_iter()
            .map(|folder| known.remove(&folder).unwrap_or_else(|| Arc::new(new(folder))))
            .collect();
    }

    /// Lists what is new in each stream, and now and then all of the hours around now.
    pub(crate) fn look(
        &self,
        source: &Arc<dyn Source>,
        hours: &[HourFolder],
    ) -> impl Iterator<Item = BoxStream<'static, Result<ListItem, SourceError>>> + Send + 'static {
        let hours: Arc<[HourFolder]> = hours.into();
        let folders: Arc<[String]> = hours.iter().map(|hour| hour.path()).collect();
        let (source, is_unordered) = (Arc::clone(source), Arc::clone(&self.is_unordered));
        // Not all at the same time.
        let all = self.streams.len().max(1) as f64;
        self.streams.clone().into_iter().enumerate().map(move |(place, stream)| {
            let again = Instant::now() + WHOLE.mul_f64(0.5 + 0.5 * place as f64 / all);
            match stream.after(&folders, again).filter(|_| !is_unordered.load(Ordering::Relaxed)) {
                Some(after) => stream.list_after(&source, after, &folders, &is_unordered),
                None => None,
            }
            .unwrap_or_else(|| {
                let listed = source.list_recent(&stream.folder, &hours);
                let (stream, folders) = (Arc::clone(&stream), Arc::clone(&folders));
                listed.inspect(move |item| stream.note(item, &folders)).boxed()
            })
        })
    }
}

impl Stream {
    /// Returns after which key to list; none if the hours are to be listed whole, the next time then.
    fn after(&self, folders: &[String], again: Instant) -> Option<String> {
        let mut at = self.at.lock();
        // Earlier hours are not looked at, also where nothing was found since.
        let first = folders.iter().min()?;
        let is_whole = at.key.is_none() || at.whole <= Instant::now();
        if at.key.as_ref().is_none_or(|key| key < first) {
            at.key = Some(first.clone());
        }
        if is_whole {
            at.whole = again;
            return None;
        }
        at.key.as_ref().map(|key| format!("{}{key}", self.folder))
    }

    fn list_after(
        self: &Arc<Self>,
        source: &Arc<dyn Source>,
        after: String,
        folders: &Arc<[String]>,
        is_unordered: &Arc<AtomicBool>,
    ) -> Option<BoxStream<'static, Result<ListItem, SourceError>>> {
        let listed = source.list_after(&self.folder, &after)?;
        let (stream, folders) = (Arc::clone(self), Arc::clone(folders));
        let (is_unordered, place) = (Arc::clone(is_unordered), source.place());
        let listed = listed.take_while(move |item| {
            let is_after = !matches!(item, Ok(ListItem::Object(listed)) if listed.key <= after);
            if is_after {
                stream.note(item, &folders);
            } else if !is_unordered.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    source = place,
                    "the store does not begin a listing where it is asked to: whole hours are listed instead"
                );
            }
            future::ready(is_after)
        });
        Some(listed.boxed())
    }

    /// Notes what a listing gave.
    fn note(&self, item: &Result<ListItem, SourceError>, folders: &[String]) {
        match item {
            Ok(ListItem::Object(listed)) => {
                let Some(key) = listed.key.strip_prefix(&self.folder) else { return };
                // A key out of place must not hide what comes before it.
                if folders.iter().any(|folder| key.starts_with(folder)) {
                    let mut at = self.at.lock();
                    if at.key.as_deref().is_none_or(|known| known < key) {
                        at.key = Some(key.to_owned());
                    }
                }
            }
            Ok(ListItem::Skipped(_)) => {}
            // What it would have told is not known.
            Err(_) => self.at.lock().whole = Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Listed;

    fn listed(key: &str) -> Result<ListItem, SourceError> {
        let (key, size) = (key.to_owned(), 1);
        Ok(ListItem::Object(Listed { key, size, etag: None, last_modified: None, path: None }))
    }

    #[test]
    fn a_stream_goes_on_after_the_greatest_key_of_the_hours_around_now() {
        let stream =
            Stream { folder: "s/".to_owned(), at: Mutex::new(At { key: None, whole: Instant::now() }) };
        let hours = ["d=2/h=10/".to_owned(), "d=2/h=09/".to_owned()];
        let later = || Instant::now() + Duration::from_secs(1000);
        assert_eq!(stream.after(&hours, later()), None, "nothing is known of it");
        assert_eq!(stream.after(&hours, later()).as_deref(), Some("s/d=2/h=09/"), "nothing was there");
        for key in ["s/d=2/h=10/0", "s/d=2/h=10/2", "s/d=2/h=10/1", "s/d=9/h=01/9", "s/z", "t/d=2/h=10/3"] {
            stream.note(&listed(key), &hours);
        }
        assert_eq!(stream.after(&hours, later()).as_deref(), Some("s/d=2/h=10/2"));
        let hours = ["d=2/h=12/".to_owned(), "d=2/h=11/".to_owned()];
        assert_eq!(stream.after(&hours, later()).as_deref(), Some("s/d=2/h=11/"), "earlier hours are over");
        let error = SourceError::NotFound { key: "k".to_owned(), source_name: "s".to_owned() };
        stream.note(&Err(error), &hours);
        assert_eq!(stream.after(&hours, later()), None, "what was not listed may hold anything");
        assert!(stream.after(&hours, later()).is_some());
    }

    #[test]
    fn streams_that_are_found_again_stay_where_they_are() {
        let mut streams = Streams::default();
        streams.found(vec!["a/".to_owned(), "b/".to_owned()]);
        streams.streams[1].at.lock().key = Some("k".to_owned());
        streams.found(vec!["b/".to_owned(), "c/".to_owned()]);
        let keys: Vec<_> = streams.streams.iter().map(|stream| stream.at.lock().key.clone()).collect();
        assert_eq!(keys, [Some("k".to_owned()), None]);
        assert_eq!(streams.len(), 2);
    }
}
