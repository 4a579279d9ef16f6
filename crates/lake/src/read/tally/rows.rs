//! Some rows of a batch.

use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};

/// Fewer rows than one in so many are looked at one by one.
const SPARSE: usize = 8;
/// Brings the lowest bits of eight bytes together in the highest byte.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// Some rows of a batch.
#[derive(Debug, Clone)]
pub(super) enum Mask {
    All,
    None,
    Some(Rows),
}

/// Neither all nor none.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    bits: BooleanBuffer,
    count: usize,
}

impl Rows {
    /// True if a row is one of them.
    #[inline]
    pub(super) fn has(&self, row: u32) -> bool {
        self.bits.value(row as usize)
    }
}

impl Mask {
    /// Rows by bit.
    pub(super) fn of(bits: BooleanBuffer) -> Self {
        match bits.count_set_bits() {
            0 => Self::None,
            count if count == bits.len() => Self::All,
            count => Self::Some(Rows { bits, count }),
        }
    }

    /// Rows whose value passes a test, among some; what it says of others means nothing.
    pub(super) fn by_value<T: Copy>(values: &[T], among: &Self, passes: impl Fn(T) -> bool) -> Self {
        let word =
            |chunk: &[T; 64]| {
                // First a byte each, which is done for many at a time.
                let bytes = chunk.map(|value| u8::from(passes(value)));
                if bytes.iter().fold(0, |any, byte| any | byte) == 0 {
                    return 0;
                }
                bytes.as_chunks().0.iter().rev().fold(0_u64, |word, eight| {
                    word << 8 | u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56
                })
            };
        let (chunks, rest) = values.as_chunks();
        let mut words = Vec::with_capacity(chunks.len() + 1);
        match among {
            Self::None => return Self::None,
            Self::All => words.extend(chunks.iter().map(word)),
            Self::Some(rows) => {
                // Rows that are asked for, and those that are not, are next to each other more often than not.
                let asked = rows.bits.bit_chunks();
                words.extend(chunks.iter().zip(asked.iter()).map(|(chunk, asked)| match asked {
                    0 => 0,
                    _ => word(chunk),
                }));
            }
        }
        if !rest.is_empty() {
            let bits = rest.iter().rev().fold(0, |word, value| word << 1 | u64::from(passes(*value)));
            words.push(bits);
        }
        Self::of(BooleanBuffer::new(Buffer::from_vec(words), 0, values.len()))
    }

    /// Rows among some that pass a test.
    pub(super) fn by_row(all: usize, among: &Self, mut passes: impl FnMut(usize) -> bool) -> Self {
        match among {
            Self::None => Self::None,
            Self::All => Self::of(BooleanBuffer::collect_bool(all, passes)),
            Self::Some(rows) => {
                let mut words = vec![0_u64; all.div_ceil(64)];
                for row in rows.bits.set_indices().filter(|row| passes(*row)) {
                    words[row / 64] |= 1 << (row % 64);
                }
                Self::of(BooleanBuffer::new(Buffer::from_vec(words), 0, all))
            }
        }
    }

    /// Those of the rows that have a value.
    pub(super) fn valid(self, nulls: Option<&NullBuffer>) -> Self {
        match nulls.filter(|nulls| nulls.null_count() > 0) {
            Some(nulls) => self.and(Self::of(nulls.inner().clone())),
            None => self,
        }
    }

    /// A bit for each row of a batch of `all`.
    pub(super) fn bits(self, all: usize) -> BooleanBuffer {
        match self {
            Self::All => BooleanBuffer::new_set(all),
            Self::None => BooleanBuffer::new_unset(all),
            Self::Some(rows) => rows.bits,
        }
    }

    /// True if there are none.
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// True if they are so few that each is better looked at by itself.
    pub(super) fn is_sparse(&self) -> bool {
        match self {
            Self::All => false,
            Self::None => true,
            Self::Some(rows) => rows.count < rows.bits.len() / SPARSE,
        }
    }

    /// Writes down the numbers of the rows, of a batch of `all`.
    pub(super) fn numbers(&self, all: usize, out: &mut Vec<u32>) {
        out.clear();
        match self {
            Self::All => out.extend(0..all as u32),
            Self::None => {}
            Self::Some(rows) => {
                out.reserve(rows.count);
                out.extend(rows.bits.set_indices_u32());
            }
        }
    }

    /// The rows in both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::All, other) | (other, Self::All) => other,
            (Self::Some(a), Self::Some(b)) => Self::of(&a.bits & &b.bits),
        }
    }

    /// The rows in one or both.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::None, other) | (other, Self::None) => other,
            (Self::Some(a), Self::Some(b)) => Self::of(&a.bits | &b.bits),
        }
    }

    /// All other rows.
    pub(super) fn not(self) -> Self {
        match self {
            Self::All => Self::None,
            Self::None => Self::All,
            Self::Some(rows) => Self::Some(Rows { count: rows.bits.len() - rows.count, bits: !&rows.bits }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(mask: &Mask, all: usize) -> Vec<u32> {
        let mut numbers = Vec::new();
        mask.numbers(all, &mut numbers);
        numbers
    }

    proptest::proptest! {
        #[test]
        fn masks_say_which_rows(
            values in proptest::collection::vec((0_i32..4, 1_usize..100), 0..9), wanted in 0_i32..5, other in 0_i32..5,
        ) {
            // Long runs of the same, so that some are skipped.
            let values: Vec<i32> = values.into_iter().flat_map(|(value, rows)| vec![value; rows]).collect();
            let all = values.len();
            let rows = |passes: &dyn Fn(i32) -> bool| -> Vec<u32> {
                (0..).zip(&values).filter_map(|(row, value)| passes(*value).then_some(row)).collect()
            };
            let [a, b] = [wanted, other].map(|wanted| Mask::by_value(&values, &Mask::All, |value| value == wanted));
            proptest::prop_assert_eq!(numbers(&a, all), rows(&|value| value == wanted));
            proptest::prop_assert_eq!(numbers(&a.clone().not(), all), rows(&|value| value != wanted));
            let either = |value| value == wanted || value == other;
            proptest::prop_assert_eq!(numbers(&a.clone().or(b.clone()), all), rows(&either));
            let both = |value| value == wanted && value == other;
            proptest::prop_assert_eq!(numbers(&a.clone().and(b), all), rows(&both));
            let others = a.not();
            let more = |value| value != wanted && value > other;
            let by_row = Mask::by_row(all, &others, |row| values[row] > other);
            proptest::prop_assert_eq!(numbers(&by_row, all), rows(&more));
            let by_value = Mask::by_value(&values, &others, |value| value > other);
            proptest::prop_assert_eq!(numbers(&by_value.and(others), all), rows(&more));
        }
    }
}
