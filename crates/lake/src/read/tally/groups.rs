//! Combinations of keys, numbered.

use std::hash::BuildHasher;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

/// Numbers combinations of keys as groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// For each key after the first: the pairs of the group so far and its value.
    levels: Vec<Pairs>,
}

/// Pairs of numbers, numbered as they are met.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pairs: Vec<(u32, u32)>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Pairs {
    /// The number of a pair; that of a new one is how many there were.
    #[inline]
    pub(super) fn number(&mut self, pair: (u32, u32)) -> u32 {
        let Self { pairs, numbers, hasher } = self;
        let hash = |(a, b): (u32, u32)| hasher.hash_one(u64::from(a) << 32 | u64::from(b));
        let of = |number: &u32| pairs[*number as usize];
        match numbers.entry(hash(pair), |known| of(known) == pair, |known| hash(of(known))) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                let number = pairs.len() as u32;
                place.insert(number);
                pairs.push(pair);
                number
            }
        }
    }

    /// All of them by number.
    pub(super) fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// About how much memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.pairs.capacity() * size_of::<(u32, u32)>() + self.numbers.capacity() * 6
    }
}

impl Groups {
    pub(super) fn new(keys: usize) -> Self {
        Self { levels: std::iter::repeat_with(Pairs::default).take(keys.saturating_sub(1)).collect() }
    }

    /// How many combinations there are; none for a single key, whose values are the groups.
    pub(super) fn len(&self) -> Option<usize> {
        self.levels.last().map(Pairs::len)
    }

    /// About how much memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.levels.iter().map(Pairs::bytes).sum()
    }

    /// Turns the groups so far into those with one more key, whose values are given.
    pub(super) fn narrow(&mut self, level: usize, groups: &mut [u32], values: &[u32]) {
        let level = &mut self.levels[level];
        let mut last = None;
        for (group, value) in groups.iter_mut().zip(values) {
            let pair = (*group, *value);
            *group = match last {
                Some((same, number)) if same == pair => number,
                _ => {
                    let number = level.number(pair);
                    last = Some((pair, number));
                    number
                }
            };
        }
    }

    /// Takes over the groups of another, whose keys' numbers were changed so, and returns what their numbers are here.
    pub(super) fn absorb(&mut self, other: &Self, renumbered: &[Vec<u32>]) -> Vec<u32> {
        let mut groups = renumbered.first().cloned().unwrap_or_else(|| vec![0]);
        for ((level, theirs), values) in
            self.levels.iter_mut().zip(&other.levels).zip(&renumbered[1.min(renumbered.len())..])
        {
            let pairs = theirs.pairs.iter();
            groups = pairs
                .map(|(group, value)| level.number((groups[*group as usize], values[*value as usize])))
                .collect();
        }
        groups
    }

    /// The number of a key's value in a group.
    pub(super) fn key_of(&self, key: usize, mut group: u32) -> u32 {
        for level in self.levels[key..].iter().rev() {
            group = level.pairs[group as usize].0;
        }
        match key.checked_sub(1) {
            Some(level) => self.levels[level].pairs[group as usize].1,
            None => group,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_two_workers_are_joined_by_their_keys() {
        // Keys' numbers of the second worker are those of the first in another order.
        let renumbered = [vec![0, 2, 1], vec![0, 3, 1, 2], vec![1, 0]];
        let theirs = [[0, 1, 1], [1, 2, 0], [2, 3, 1], [1, 2, 0], [1, 2, 1]];
        let ours = [[2, 1, 1], [0, 0, 0]];
        let mut groups = Groups::new(3);
        let mut others = Groups::new(3);
        let number = |groups: &mut Groups, keys: [u32; 3]| {
            let mut group = [keys[0]];
            groups.narrow(0, &mut group, &[keys[1]]);
            groups.narrow(1, &mut group, &[keys[2]]);
            group[0]
        };
        assert_eq!(ours.map(|keys| number(&mut groups, keys)), [0, 1]);
        assert_eq!(theirs.map(|keys| number(&mut others, keys)), [0, 1, 2, 1, 3]);
        assert_eq!(groups.absorb(&others, &renumbered), [2, 0, 3, 4]);
        let keys_of = |group| [0, 1, 2].map(|key| groups.key_of(key, group));
        assert_eq!([0, 1, 2, 3, 4].map(keys_of), [[2, 1, 1], [0, 0, 0], [0, 3, 0], [1, 2, 0], [2, 1, 0]]);
        assert_eq!(groups.len(), Some(5));
    }
}
