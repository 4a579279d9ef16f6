//! Numbering the different values of a column, in the order of their first rows.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;

use crate::column::Values;

const FREE: u32 = u32::MAX;
const FIRST_ROOM: usize = 64;

/// Numbers of texts.
pub(crate) struct TextIndex {
    /// A part of a value's hash, and its number. Open addressing, at most half full.
    slots: Vec<(u32, u32)>,
    values: Values,
    state: RandomState,
}

impl Default for TextIndex {
    fn default() -> Self {
        // Seeded anew in each process: who writes flow logs must not know which values collide.
        Self { slots: vec![(0, FREE); FIRST_ROOM], values: Values::default(), state: RandomState::default() }
    }
}

impl TextIndex {
    /// Returns the number of a value, the next one if it is new.
    #[inline]
    pub(crate) fn number(&mut self, value: &[u8]) -> u32 {
        let mut hasher = self.state.build_hasher();
        hasher.write(value);
        let mark = hasher.finish() as u32;
        let mask = self.slots.len() - 1;
        let mut at = mark as usize & mask;
        loop {
            let (found, number) = self.slots[at];
            if number == FREE {
                break;
            }
            if found == mark && self.values.get(number) == value {
                return number;
            }
            at = (at + 1) & mask;
        }
        let number = self.values.len() as u32;
        self.slots[at] = (mark, number);
        self.values.push(value);
        if self.values.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    #[cold]
    fn grow(&mut self) {
        let room = self.slots.len() * 4;
        let old = std::mem::replace(&mut self.slots, vec![(0, FREE); room]);
        for (mark, number) in old.into_iter().filter(|(_, number)| *number != FREE) {
            let mut at = mark as usize & (room - 1);
            while self.slots[at].1 != FREE {
                at = (at + 1) & (room - 1);
            }
            self.slots[at] = (mark, number);
        }
    }

    /// The values by their numbers.
    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    pub(crate) fn into_values(self) -> Values {
        self.values
    }
}

/// A column of numbers as codes into its different values.
pub(crate) struct Coded {
    pub codes: Vec<u32>,
    pub values: Vec<i64>,
}

/// The different values above which a table by value is not worth its room.
const DIRECT: u64 = 1 << 17;

/// Times are whole seconds, as a rule, within hours: their microseconds need not be told apart.
const SECOND: u64 = 1_000_000;

/// Values looked at before it is known whether they repeat.
const SAMPLE: usize = 16_384;

/// Numbers the different values; none if there are more than `most`, or if they hardly repeat.
pub(crate) fn code(numbers: &[i64], most: usize) -> Option<Coded> {
    let (least, greatest) = (numbers.iter().copied().min()?, numbers.iter().copied().max()?);
    if least == greatest {
        return Some(Coded { codes: vec![0; numbers.len()], values: vec![least] });
    }
    let span = greatest.wrapping_sub(least) as u64;
    if span < DIRECT {
        return code_directly(numbers, least, span, 1, most);
    }
    let above = |number: &i64| number.wrapping_sub(least) as u64;
    if span / SECOND < DIRECT && numbers.iter().all(|number| above(number).is_multiple_of(SECOND)) {
        return code_directly(numbers, least, span, SECOND, most);
    }
    code_by_hash(numbers, most)
}

fn code_directly(numbers: &[i64], least: i64, span: u64, step: u64, most: usize) -> Option<Coded> {
    let mut table = vec![FREE; (span / step) as usize + 1];
    let mut coded = Coded { codes: Vec::with_capacity(numbers.len()), values: Vec::new() };
    let mut number_all = |step: u64| {
        for number in numbers {
            let code = &mut table[(number.wrapping_sub(least) as u64 / step) as usize];
            if *code == FREE {
                *code = coded.values.len() as u32;
                coded.values.push(*number);
            }
            coded.codes.push(*code);
        }
    };
    // Division by a constant is several times as fast.
    if step == 1 {
        number_all(1)
    } else {
        number_all(1_000_000)
    }
    (coded.values.len() <= most).then_some(coded)
}

fn code_by_hash(numbers: &[i64], most: usize) -> Option<Coded> {
    let state = RandomState::default();
    let mut hasher = state.build_hasher();
    hasher.write_u64(0);
    let (seed, factor) = (hasher.finish(), state.hash_one(1_u64) | 1);
    let hash = |number: i64| {
        let product = u128::from(number as u64 ^ seed) * u128::from(factor);
        (product as u64 ^ (product >> 64) as u64) as usize
    };
    let mut slots: Vec<(i64, u32)> = vec![(0, FREE); FIRST_ROOM];
    let mut coded = Coded { codes: Vec::with_capacity(numbers.len()), values: Vec::new() };
    for &number in numbers {
        let mask = slots.len() - 1;
        let mut at = hash(number) & mask;
        let code = loop {
            let (found, code) = slots[at];
            if code == FREE {
                break FREE;
            }
            if found == number {
                break code;
            }
            at = (at + 1) & mask;
        };
        if code != FREE {
            coded.codes.push(code);
            continue;
        }
        let fresh = coded.values.len();
        slots[at] = (number, fresh as u32);
        coded.values.push(number);
        coded.codes.push(fresh as u32);
        if fresh >= most || (coded.codes.len() == SAMPLE && fresh > SAMPLE / 2) {
            return None;
        }
        if fresh * 2 >= slots.len() {
            let room = slots.len() * 4;
            let old = std::mem::replace(&mut slots, vec![(0, FREE); room]);
            for (number, code) in old.into_iter().filter(|(_, code)| *code != FREE) {
                let mut at = hash(number) & (room - 1);
                while slots[at].1 != FREE {
                    at = (at + 1) & (room - 1);
                }
                slots[at] = (number, code);
            }
        }
    }
    Some(coded)
}

/// Numbers the values of a column as they come.
pub(crate) struct Coder {
    /// The different values, by their numbers.
    pub values: Vec<i64>,
    most: usize,
    seen: usize,
    /// One more than the numbers of small values, and of instants near the first one; 0 where there is none.
    small: Vec<u32>,
    instants: Vec<u32>,
    least_instant: i64,
    others: hashbrown::HashMap<i64, u32, RandomState>,
}

impl Coder {
    /// At most so many values are numbered.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            values: Vec::new(),
            most,
            seen: 0,
            small: Vec::new(),
            instants: Vec::new(),
            least_instant: 0,
            others: hashbrown::HashMap::default(),
        }
    }

    /// Returns the number of a value; none if there are too many.
    #[inline]
    pub(crate) fn number(&mut self, value: i64) -> Option<u32> {
        self.seen += 1;
        if value as u64 >= DIRECT {
            return self.number_of_large(value);
        }
        let at = value as usize;
        if at >= self.small.len() {
            self.small.resize((at + 1).next_power_of_two(), 0);
        }
        let known = &mut self.small[at];
        if *known == 0 {
            *known = next(&mut self.values, value, self.most)?;
        }
        Some(*known - 1)
    }

    fn number_of_large(&mut self, value: i64) -> Option<u32> {
        if self.instants.is_empty() {
            self.instants = vec![0; DIRECT as usize];
            self.least_instant = value.wrapping_sub((DIRECT / 2 * SECOND) as i64);
        }
        let above = value.wrapping_sub(self.least_instant) as u64;
        let known = if above < DIRECT * SECOND && above.is_multiple_of(SECOND) {
            &mut self.instants[(above / SECOND) as usize]
        } else {
            self.others.entry(value).or_insert(0)
        };
        if *known == 0 {
            *known = next(&mut self.values, value, self.most)?;
        }
        Some(*known - 1)
    }

    /// Whether the values so far are too different for a dictionary to be worth it; false while that is not known.
    pub(crate) fn hardly_repeats(&self) -> bool {
        (SAMPLE..2 * SAMPLE).contains(&self.seen) && self.values.len() > self.seen / 2
    }
}

/// Appends a value; returns one more than its number, or none if there are too many.
fn next(values: &mut Vec<i64>, value: i64, most: usize) -> Option<u32> {
    if values.len() >= most {
        return None;
    }
    values.push(value);
    Some(values.len() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &[i64]) {
        let coded = code(numbers, usize::MAX).expect("no bound");
        let back: Vec<i64> = coded.codes.iter().map(|code| coded.values[*code as usize]).collect();
        assert_eq!(back, numbers);
        let mut seen = coded.values.clone();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), coded.values.len(), "a value has two codes");
        let mut next = 0;
        for code in &coded.codes {
            assert!(*code <= next, "numbers are given in the order of the rows");
            next += u32::from(*code == next);
        }
        let mut coder = Coder::new(usize::MAX);
        let codes: Vec<u32> = numbers.iter().filter_map(|number| coder.number(*number)).collect();
        assert_eq!((codes, coder.values), (coded.codes, coded.values), "both ways agree");
    }

    #[test]
    fn each_way_of_numbering() {
        check(&[7, 7, 7]);
        check(&[443, 80, 443, 22, 65_535, 0]);
        let midnight = 1_700_000_000_000_000;
        check(&[midnight, midnight + 3_000_000, midnight, midnight + 300_000_000]);
        check(&[midnight, midnight + 3_000_001, midnight, midnight + 3_000_000_000]);
        check(&[i64::MIN, i64::MAX, 0, i64::MIN]);
        assert!(code(&[], 1).is_none());
    }

    #[test]
    fn many_values_have_no_dictionary() {
        let distinct: Vec<i64> = (0..40_000).map(|n| n * 1_000_003).collect();
        assert!(code(&distinct, usize::MAX).is_none(), "they hardly repeat");
        let repeated: Vec<i64> = (0..40_000).map(|n| n % 500 * 1_000_003).collect();
        assert!(code(&repeated, 499).is_none());
        assert!(code(&repeated, 500).is_some());
    }

    proptest::proptest! {
        #[test]
        fn codes_are_of_their_values(numbers in proptest::collection::vec(proptest::prelude::any::<i64>(), 1..300), n in 1_usize..20) {
            let repeated: Vec<i64> = numbers.iter().cycle().take(numbers.len() * n).copied().collect();
            check(&repeated);
        }

        #[test]
        fn texts_keep_their_numbers(texts in proptest::collection::vec("[a-c]{0,5}", 1..400)) {
            let mut index = TextIndex::default();
            let numbers: Vec<u32> = texts.iter().map(|text| index.number(text.as_bytes())).collect();
            let values = index.into_values();
            for (text, number) in texts.iter().zip(numbers) {
                proptest::prop_assert_eq!(values.get(number), text.as_bytes());
            }
        }
    }
}
