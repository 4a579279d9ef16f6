//! The order of rows.

const SECOND: u64 = 1_000_000;

/// Bits looked at in one pass.
const DIGIT: u32 = 11;

/// Returns the numbers of rows in the order of two keys; rows equal in both keep their order.
///
/// # Panics
/// If the keys are not of the same rows, or these are more than 32 bits can number.
pub fn sort(major: &[u32], minor: &[i64]) -> Vec<u32> {
    assert_eq!(major.len(), minor.len(), "both keys are of the same rows");
    let rows = u32::try_from(major.len()).expect("rows that 32 bits can number");
    let least = minor.iter().copied().min().unwrap_or(0);
    let above = |value: &i64| value.wrapping_sub(least) as u64;
    // Times are whole seconds, as a rule: fewer digits.
    let step = if minor.iter().all(|value| above(value).is_multiple_of(SECOND)) { SECOND } else { 1 };
    let minor_bits = bits(minor.iter().map(above).max().unwrap_or(0) / step);
    let major_bits = bits(major.iter().copied().max().unwrap_or(0).into());
    if minor_bits + major_bits <= u64::BITS {
        let shift = |major: u32| u64::from(major).checked_shl(minor_bits).unwrap_or(0);
        let pairs = major.iter().zip(minor);
        // Division by a constant is several times as fast.
        let keys = match step {
            1 => pairs.map(|(major, minor)| shift(*major) | above(minor)).zip(0..rows).collect(),
            _ => pairs.map(|(major, minor)| shift(*major) | (above(minor) / SECOND)).zip(0..rows).collect(),
        };
        return sort_words(keys, minor_bits + major_bits);
    }
    let mut order: Vec<(u32, i64, u32)> =
        major.iter().zip(minor).zip(0..rows).map(|((major, minor), row)| (*major, *minor, row)).collect();
    order.sort_unstable();
    order.into_iter().map(|(.., row)| row).collect()
}

fn bits(most: u64) -> u32 {
    u64::BITS - most.leading_zeros()
}

/// Sorts by keys of so many bits, digit by digit from the lowest.
fn sort_words(mut keys: Vec<(u64, u32)>, bits: u32) -> Vec<u32> {
    if !keys.is_sorted_by_key(|(key, _)| *key) {
        let mut other = vec![(0, 0); keys.len()];
        for shift in (0..bits).step_by(DIGIT as usize) {
            let digit = |key: u64| (key >> shift) as usize & ((1 << DIGIT) - 1);
            let mut starts = [0_usize; 1 << DIGIT];
            keys.iter().for_each(|(key, _)| starts[digit(*key)] += 1);
            if starts.contains(&keys.len()) {
                continue;
            }
            let mut next = 0;
            for start in &mut starts {
                next += std::mem::replace(start, next);
            }
            for key in &keys {
                let place = &mut starts[digit(key.0)];
                other[*place] = *key;
                *place += 1;
            }
            std::mem::swap(&mut keys, &mut other);
        }
    }
    keys.into_iter().map(|(_, row)| row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(major: &[u32], minor: &[i64]) -> Vec<u32> {
        let mut rows: Vec<u32> = (0..major.len() as u32).collect();
        rows.sort_by_key(|row| (major[*row as usize], minor[*row as usize]));
        rows
    }

    proptest::proptest! {
        #[test]
        fn rows_come_in_the_order_of_both_keys(rows in proptest::collection::vec((0_u32..5, -3_i64..3), 0..200)) {
            let (major, minor): (Vec<u32>, Vec<i64>) = rows.into_iter().unzip();
            proptest::prop_assert_eq!(sort(&major, &minor), expected(&major, &minor));
        }

        #[test]
        fn whole_seconds_are_sorted_too(rows in proptest::collection::vec((0_u32..9, 0_i64..100_000), 0..200)) {
            let (major, minor): (Vec<u32>, Vec<i64>) = rows.into_iter().map(|(a, b)| (a, b * 1_000_000 - 77)).unzip();
            proptest::prop_assert_eq!(sort(&major, &minor), expected(&major, &minor));
        }

        #[test]
        fn keys_may_be_any(rows in proptest::collection::vec(proptest::prelude::any::<(u32, i64)>(), 0..100)) {
            let (major, minor): (Vec<u32>, Vec<i64>) = rows.into_iter().unzip();
            proptest::prop_assert_eq!(sort(&major, &minor), expected(&major, &minor));
        }

        #[test]
        fn keys_of_many_digits(rows in proptest::collection::vec((0_u32..1 << 20, 0_i64..1 << 40), 0..300)) {
            let (major, minor): (Vec<u32>, Vec<i64>) = rows.into_iter().unzip();
            proptest::prop_assert_eq!(sort(&major, &minor), expected(&major, &minor));
        }
    }
}
