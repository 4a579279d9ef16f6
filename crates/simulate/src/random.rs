//! Random numbers whose sequence never changes.
//!
//! Own code and not `rand`: what a seed produces is part of what tests and documentation pin, and library generators
//! reserve the right to change between versions.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64 (Steele, Lea, Flood 2014): one multiplication chain a number, any state is a good state.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The generator of a thing named by numbers, such as (seed, vNIC, window): equal names, equal sequences.
    pub(crate) fn of(name: &[u64]) -> Self {
        Self(name.iter().fold(GOLDEN, |state, part| mix(state ^ mix(part.wrapping_add(GOLDEN)))))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `0..bound`; 0 when `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as u64) as i64
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `items`, which is not empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    /// An ephemeral port as Linux chooses them.
    pub(crate) fn ephemeral_port(&mut self) -> u16 {
        32_768 + self.below(28_232) as u16
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_sequence_is_pinned() {
        let mut random = Random::of(&[7, 1, 2]);
        let numbers: Vec<u64> = (0..6).map(|_| random.below(1000)).collect();
        assert_eq!(numbers, [943, 49, 473, 341, 336, 502]);
        let mut other = Random::of(&[7, 2, 1]);
        assert_ne!(numbers, (0..6).map(|_| other.below(1000)).collect::<Vec<_>>());
    }

    #[test]
    fn bounds_hold() {
        let mut random = Random::of(&[1]);
        assert_eq!(random.below(0), 0);
        for _ in 0..1000 {
            assert!((3..=5).contains(&random.between(3, 5)));
            assert!((32_768..61_000).contains(&random.ephemeral_port()));
        }
    }
}
