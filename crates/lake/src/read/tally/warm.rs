//! Columns that were counted before, kept for the next question: people ask one thing after another of the same hours.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::columns::Column;
use crate::error::Result;

/// What the last so many questions used is not given up for others.
const RECENT: u64 = 8;

/// Decoded columns of row groups, as many as fit. Files never change, so nothing has to be kept in step.
#[derive(Debug, Clone)]
pub(in crate::read) struct Warm {
    limit: usize,
    kept: Arc<Mutex<Kept>>,
}

/// A column of a row group of a data file, by the file's path.
pub(super) type Place = (Arc<str>, usize, &'static str);

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Place, Entry>,
    bytes: usize,
    /// Questions so far.
    questions: u64,
}

#[derive(Debug, Default)]
struct Entry {
    column: Arc<OnceCell<Column>>,
    bytes: usize,
    used: u64,
}

impl Warm {
    /// Keeps columns of up to so many bytes.
    pub(in crate::read) fn new(limit: usize) -> Self {
        Self { limit, kept: Arc::default() }
    }

    /// Numbers a question, and says how much room it may take, in bytes.
    pub(super) fn ask(&self) -> (u64, usize) {
        let mut kept = self.kept.lock();
        kept.questions += 1;
        let (question, mut held) = (kept.questions, 0);
        for entry in kept.entries.values().filter(|entry| entry.used + RECENT > question) {
            held += entry.bytes;
        }
        (question, self.limit.saturating_sub(held))
    }

    /// A column, if it is kept.
    pub(super) fn get(&self, question: u64, place: &Place) -> Option<Column> {
        let mut kept = self.kept.lock();
        let entry = kept.entries.get_mut(place)?;
        entry.used = question;
        entry.column.get().cloned()
    }

    /// A column, made if it is not kept yet; who asks at the same time waits for it.
    pub(super) async fn get_or_make(
        &self,
        question: u64,
        place: &Place,
        make: impl Future<Output = Result<Column>>,
    ) -> Result<Column> {
        let cell = {
            let mut kept = self.kept.lock();
            let entry = kept.entries.entry(place.clone()).or_default();
            entry.used = question;
            Arc::clone(&entry.column)
        };
        let made = cell.get_or_try_init(|| make).await.cloned();
        self.settle(place, made.as_ref().map_or(0, Column::bytes));
        made
    }

    /// Notes the size of a column, and gives up others if there is too much.
    fn settle(&self, place: &Place, bytes: usize) {
        let mut kept = self.kept.lock();
        let kept = &mut *kept;
        if let Some(entry) = kept.entries.get_mut(place) {
            kept.bytes = kept.bytes - entry.bytes + bytes;
            entry.bytes = bytes;
            if bytes == 0 {
                kept.entries.remove(place);
            }
        }
        while kept.bytes > self.limit {
            let oldest =
                kept.entries.iter().filter(|(_, entry)| entry.bytes > 0).min_by_key(|(_, entry)| entry.used);
            let Some(oldest) = oldest.map(|(place, _)| place.clone()) else { return };
            kept.bytes -= kept.entries.remove(&oldest).map_or(0, |entry| entry.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::BooleanArray;

    use super::*;
    use crate::error::LakeError;

    fn place(group: usize) -> Place {
        ("day=2020-06-04/a.parquet".into(), group, "was_initiated")
    }

    async fn made(warm: &Warm, question: u64, group: usize, rows: usize) {
        let make = async { Ok(Column::Flag(BooleanArray::from(vec![true; rows]))) };
        warm.get_or_make(question, &place(group), make).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_asked_last_is_kept() {
        let warm = Warm::new(1000);
        let (first, room) = warm.ask();
        assert_eq!(room, 1000);
        made(&warm, first, 0, 2000).await;
        made(&warm, first, 1, 2000).await;
        // Full of what was asked just now: there is no room for more.
        let (second, room) = warm.ask();
        assert_eq!(room, 0);
        assert!(warm.get(second, &place(0)).is_some());
        for _ in 0..RECENT - 1 {
            warm.ask();
        }
        // The first group was asked for by the second question, the other one by the first.
        let (later, room) = warm.ask();
        assert_eq!(room, 1000);
        made(&warm, later, 2, 2000).await;
        assert!(warm.get(later, &place(1)).is_none());
        assert!(warm.get(later, &place(0)).is_some() && warm.get(later, &place(2)).is_some());
        assert_eq!(warm.kept.lock().bytes, 1000);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_asked_for_again() {
        let warm = Warm::new(1000);
        let (question, _) = warm.ask();
        let damaged = async { Err(LakeError::Damaged { path: "a".to_owned(), reason: "cut".to_owned() }) };
        assert!(warm.get_or_make(question, &place(0), damaged).await.is_err());
        made(&warm, question, 0, 2000).await;
        assert!(warm.get(question, &place(0)).is_some());
    }

    #[tokio::test]
    async fn nothing_is_kept_without_room() {
        let warm = Warm::new(0);
        let (question, room) = warm.ask();
        assert_eq!(room, 0);
        made(&warm, question, 0, 2000).await;
        assert!(warm.get(question, &place(0)).is_none());
        assert_eq!(warm.kept.lock().bytes, 0);
    }
}
