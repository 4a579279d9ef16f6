//! Sets of instants as merged intervals.

/// A set of half-open intervals `[from, to)`, sorted, apart, none empty. Instants are microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intervals(Vec<(i64, i64)>);

impl Intervals {
    /// The empty set.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The set of one interval; empty if it is.
    pub fn of(from: i64, to: i64) -> Self {
        if from < to { Self(vec![(from, to)]) } else { Self::new() }
    }

    /// Takes sorted intervals that are apart.
    pub(super) fn from_sorted(spans: Vec<(i64, i64)>) -> Option<Self> {
        let sorted =
            spans.iter().all(|(from, to)| from < to) && spans.windows(2).all(|pair| pair[0].1 <= pair[1].0);
        sorted.then_some(Self(spans))
    }

    /// The intervals, ascending.
    pub fn spans(&self) -> &[(i64, i64)] {
        &self.0
    }

    /// True if nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sum of the lengths.
    pub fn length(&self) -> i64 {
        self.0.iter().fold(0, |sum: i64, (from, to)| sum.saturating_add(to.saturating_sub(*from)))
    }

    /// Adds an interval and joins it with those less than `slack` away (those it touches, always).
    pub fn add(&mut self, from: i64, to: i64, slack: i64) {
        if from >= to {
            return;
        }
        let near = |gap: i64| gap <= 0 || gap < slack;
        // Appending at the end is the usual case: objects come in time order.
        let first = self.0.partition_point(|(_, end)| *end < from && !near(from.saturating_sub(*end)));
        let count =
            self.0[first..].partition_point(|(start, _)| *start <= to || near(start.saturating_sub(to)));
        if count == 0 {
            self.0.insert(first, (from, to));
            return;
        }
        let last = first + count - 1;
        let joined = (from.min(self.0[first].0), to.max(self.0[last].1));
        self.0.splice(first..=last, [joined]);
    }

    /// Removes an interval.
    pub fn remove(&mut self, from: i64, to: i64) {
        if from >= to {
            return;
        }
        let first = self.0.partition_point(|(_, end)| *end <= from);
        let count = self.0[first..].partition_point(|(start, _)| *start < to);
        if count == 0 {
            return;
        }
        let last = first + count - 1;
        let (start, end) = (self.0[first].0, self.0[last].1);
        let rest = [(start, from), (to, end)].into_iter().filter(|(from, to)| from < to);
        self.0.splice(first..=last, rest.collect::<Vec<_>>());
    }

    /// The part inside `[from, to)`.
    pub fn within(&self, from: i64, to: i64) -> Self {
        let first = self.0.partition_point(|(_, end)| *end <= from);
        let spans = self.0[first..].iter().take_while(|(start, _)| *start < to);
        Self(spans.map(|(start, end)| ((*start).max(from), (*end).min(to))).filter(|(a, b)| a < b).collect())
    }

    /// Sum of the lengths inside `[from, to)`.
    pub fn length_within(&self, from: i64, to: i64) -> i64 {
        let first = self.0.partition_point(|(_, end)| *end <= from);
        let spans = self.0[first..].iter().take_while(|(start, _)| *start < to);
        spans.fold(0, |sum: i64, (start, end)| {
            sum.saturating_add(((*end).min(to) - (*start).max(from)).max(0))
        })
    }

    /// What is in this set but not in the other.
    pub fn minus(&self, other: &Self) -> Self {
        let mut rest = Vec::with_capacity(self.0.len());
        let mut at = 0;
        for &(from, to) in &self.0 {
            let mut from = from;
            while at < other.0.len() && other.0[at].1 <= from {
                at += 1;
            }
            let mut here = at;
            while here < other.0.len() && other.0[here].0 < to {
                let (start, end) = other.0[here];
                if from < start {
                    rest.push((from, start));
                }
                from = from.max(end);
                here += 1;
            }
            if from < to {
                rest.push((from, to));
            }
        }
        Self(rest)
    }

    /// What is in both sets.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut a, mut b) = (0, 0);
        while let (Some(x), Some(y)) = (self.0.get(a), other.0.get(b)) {
            let (from, to) = (x.0.max(y.0), x.1.min(y.1));
            if from < to {
                both.push((from, to));
            }
            if x.1 < y.1 { a += 1 } else { b += 1 }
        }
        Self(both)
    }

    /// What is in either set, joined over less than `slack`.
    pub fn union(&self, other: &Self, slack: i64) -> Self {
        let (mut larger, smaller) =
            if self.0.len() >= other.0.len() { (self.clone(), other) } else { (other.clone(), self) };
        for &(from, to) in &smaller.0 {
            larger.add(from, to, slack);
        }
        larger
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LENGTH: i64 = 120;

    /// The naive model: one flag per instant.
    fn bitmap(set: &Intervals) -> Vec<bool> {
        let mut bits = vec![false; LENGTH as usize];
        for &(from, to) in set.spans() {
            for at in from..to {
                bits[at as usize] = true;
            }
        }
        bits
    }

    fn interval() -> impl Strategy<Value = (i64, i64)> {
        (0..LENGTH, 0..20_i64).prop_map(|(from, length)| (from, (from + length).min(LENGTH)))
    }

    fn set(intervals: &[(i64, i64)], slack: i64) -> Intervals {
        let mut set = Intervals::new();
        for &(from, to) in intervals {
            set.add(from, to, slack);
        }
        set
    }

    /// Fills runs of zeros shorter than `slack` between ones.
    fn close(bits: &mut [bool], slack: i64) {
        let ones: Vec<usize> = (0..bits.len()).filter(|at| bits[*at]).collect();
        for pair in ones.windows(2) {
            if ((pair[1] - pair[0] - 1) as i64) < slack {
                bits[pair[0]..pair[1]].fill(true);
            }
        }
    }

    proptest! {
        #[test]
        fn as_a_bitmap(
            adds in prop::collection::vec(interval(), 0..30),
            removes in prop::collection::vec(interval(), 0..10),
            (from, to) in interval(),
        ) {
            let mut set = set(&adds, 0);
            let mut bits = vec![false; LENGTH as usize];
            for &(from, to) in &adds {
                bits[from as usize..to as usize].fill(true);
            }
            prop_assert_eq!(bitmap(&set), bits.clone());
            for &(from, to) in &removes {
                set.remove(from, to);
                bits[from as usize..to as usize].fill(false);
            }
            prop_assert_eq!(bitmap(&set), bits.clone());
            prop_assert!(Intervals::from_sorted(set.spans().to_vec()).is_some());
            prop_assert_eq!(set.length(), bits.iter().filter(|bit| **bit).count() as i64);
            let inside = bits[from as usize..to as usize].iter().filter(|bit| **bit).count() as i64;
            prop_assert_eq!(set.length_within(from, to), inside);
            prop_assert_eq!(set.within(from, to).length(), inside);
        }

        #[test]
        fn short_gaps_close(adds in prop::collection::vec(interval(), 1..30), slack in 1..7_i64) {
            // Closing depends on nothing but the final set, whatever the order of additions.
            let mut bits = bitmap(&set(&adds, 0));
            close(&mut bits, slack);
            prop_assert_eq!(bitmap(&set(&adds, slack)), bits.clone());
            let reversed: Vec<_> = adds.iter().rev().copied().collect();
            prop_assert_eq!(bitmap(&set(&reversed, slack)), bits);
        }

        #[test]
        fn algebra(a in prop::collection::vec(interval(), 0..20), b in prop::collection::vec(interval(), 0..20)) {
            let (a, b) = (set(&a, 0), set(&b, 0));
            let (x, y) = (bitmap(&a), bitmap(&b));
            let zip = |f: fn(bool, bool) -> bool| x.iter().zip(&y).map(|(x, y)| f(*x, *y)).collect::<Vec<_>>();
            prop_assert_eq!(bitmap(&a.minus(&b)), zip(|x, y| x && !y));
            prop_assert_eq!(bitmap(&a.intersection(&b)), zip(|x, y| x && y));
            prop_assert_eq!(bitmap(&a.union(&b, 0)), zip(|x, y| x || y));
        }
    }
}
