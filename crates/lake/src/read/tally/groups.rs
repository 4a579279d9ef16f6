//! Combinations of keys, numbered.

use hashbrown::HashMap;

/// Numbers combinations of keys as groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// For each key after the first: the pairs of the group so far and its value.
    levels: Vec<Level>,
}

#[derive(Debug, Default)]
struct Level {
    numbers: HashMap<u64, u32>,
    recent: Recent,
    pairs: Vec<(u32, u32)>,
}

impl Level {
    fn number(&mut self, pair: (u32, u32)) -> u32 {
        let key = word(pair);
        if let Some(number) = self.recent.get(key) {
            return number;
        }
        let pairs = &mut self.pairs;
        let number = *self.numbers.entry(key).or_insert_with(|| {
            pairs.push(pair);
            pairs.len() as u32 - 1
        });
        self.recent.put(key, number);
        number
    }
}

/// Two numbers in one.
pub(super) fn word((high, low): (u32, u32)) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// What was looked up last: few pairs are most of what is met, and these fit in the processor's cache.
#[derive(Debug, Default)]
pub(super) struct Recent(Vec<(u64, u32)>);

impl Recent {
    const BITS: u32 = 12;

    fn slot(key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - Self::BITS)) as usize
    }

    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<u32> {
        self.0.get(Self::slot(key)).filter(|(known, _)| *known == key).map(|(_, number)| *number)
    }

    #[inline]
    pub(super) fn put(&mut self, key: u64, number: u32) {
        if self.0.is_empty() {
            // No pair is of two greatest numbers.
            self.0.resize(1 << Self::BITS, (u64::MAX, 0));
        }
        self.0[Self::slot(key)] = (key, number);
    }
}

impl Groups {
    pub(super) fn new(keys: usize) -> Self {
        Self { levels: std::iter::repeat_with(Level::default).take(keys.saturating_sub(1)).collect() }
    }

    /// How many combinations there are; none for a single key, whose values are the groups.
    pub(super) fn len(&self) -> Option<usize> {
        self.levels.last().map(|level| level.pairs.len())
    }

    /// About how much memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.levels.iter().map(|level| level.pairs.len() * 32).sum()
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

    /// The number of each key's value in a group.
    pub(super) fn keys_of(&self, keys: usize, mut group: u32) -> Vec<u32> {
        let mut values = vec![0; keys];
        for (at, level) in self.levels.iter().enumerate().rev() {
            let (before, value) = level.pairs[group as usize];
            values[at + 1] = value;
            group = before;
        }
        if let Some(first) = values.first_mut() {
            *first = group;
        }
        values
    }
}
