//! Which worker takes which piece.

use std::collections::VecDeque;

/// A row group: the number of its file, and its own.
pub(super) type Place = (usize, usize);

/// Pieces that wait for a worker.
pub(super) struct Queue<P> {
    /// Row groups that no worker has begun, in order.
    waiting: VecDeque<(Place, VecDeque<P>)>,
    /// What is left of the others.
    begun: Vec<(Place, VecDeque<P>)>,
}

impl<P> Default for Queue<P> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), begun: Vec::new() }
    }
}

impl<P> Queue<P> {
    /// Queues pieces. They go to whoever is next one after another, or else by row groups as far as can be: what a worker
    /// found of the texts of one, it need not find again.
    pub(super) fn new(pieces: impl Iterator<Item = (Place, P)>, one_by_one: bool) -> Self {
        let mut queue = Self::default();
        for (place, piece) in pieces {
            match queue.waiting.back_mut() {
                Some((last, group)) if *last == place && !one_by_one => group.push_back(piece),
                _ => queue.waiting.push_back((place, [piece].into())),
            }
        }
        queue
    }

    /// The next piece for a worker that was at a row group before, if any is left.
    pub(super) fn next(&mut self, last: Option<Place>) -> Option<(Place, P)> {
        let same = self.begun.iter().position(|(place, _)| Some(*place) == last);
        let most = || (0..self.begun.len()).max_by_key(|at| self.begun[*at].1.len());
        let (place, mut group) = match same {
            None if !self.waiting.is_empty() => self.waiting.pop_front()?,
            same => self.begun.swap_remove(same.or_else(most)?),
        };
        let piece = group.pop_front()?;
        if !group.is_empty() {
            self.begun.push((place, group));
        }
        Some((place, piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces() -> impl Iterator<Item = (Place, char)> {
        [((0, 1), 'a'), ((0, 1), 'b'), ((0, 0), 'c'), ((0, 0), 'd'), ((0, 0), 'e'), ((1, 0), 'f')].into_iter()
    }

    #[test]
    fn workers_stay_at_their_row_group_and_help_with_the_longest() {
        let mut queue = Queue::new(pieces(), false);
        let mut take = |last| queue.next(last).map(|(_, piece)| piece);
        assert_eq!(take(None), Some('a'));
        assert_eq!(take(None), Some('c'));
        assert_eq!(take(Some((0, 1))), Some('b'));
        // Its own is done: the next that nobody has begun, and then what most is left of.
        assert_eq!(take(Some((0, 1))), Some('f'));
        assert_eq!(take(Some((1, 0))), Some('d'));
        assert_eq!(take(Some((0, 0))), Some('e'));
        assert_eq!(take(Some((0, 0))), None);
    }

    #[test]
    fn one_by_one_is_in_order() {
        let mut queue = Queue::new(pieces(), true);
        let order = std::iter::from_fn(|| queue.next(Some((0, 1)))).map(|(_, piece)| piece);
        assert_eq!(order.collect::<String>(), "abcdef");
    }
}
