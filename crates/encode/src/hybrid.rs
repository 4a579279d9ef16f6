//! Parquet's hybrid of run lengths and bit packing, for dictionary codes and levels.

use crate::delta::put_unsigned;

/// Equal values from which a run is shorter than packing them.
const LEAST_RUN: usize = 16;

/// Returns the bits that a value needs.
pub(crate) fn width_of(most: u32) -> u32 {
    u32::BITS - most.leading_zeros()
}

/// Appends values of at most `width` bits.
pub(crate) fn encode(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let mut packed_from = 0;
    let mut at = 0;
    while at < values.len() {
        // Packed values come in groups of eight, so that a run can only begin where a group does.
        let value = values[at];
        let next = values.get(at + 1..at + 8);
        if next.is_some_and(|next| next.iter().all(|v| *v == value)) {
            let run = 8 + values[at + 8..].iter().take_while(|v| **v == value).count();
            if run >= LEAST_RUN {
                pack_groups(&values[packed_from..at], width, out);
                run_of(value, run, width, out);
                at += run;
                packed_from = at;
                continue;
            }
        }
        at = (at + 8).min(values.len());
    }
    pack_groups(&values[packed_from..], width, out);
}

/// Appends one run.
pub(crate) fn run_of(value: u32, length: usize, width: u32, out: &mut Vec<u8>) {
    put_unsigned((length as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

fn pack_groups(values: &[u32], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    put_unsigned((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * width as usize;
    pack(values.iter().map(|value| u64::from(*value)), width, out);
    // The last group is filled with zeros.
    out.resize(end, 0);
}

/// Appends values side by side, `width` (at most 64) bits each, the first in the lowest bits; filled up to a whole byte.
#[inline]
pub(crate) fn pack(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    if width == 0 {
        return;
    }
    let mut held: u64 = 0;
    let mut bits = 0;
    for value in values {
        held |= value << bits;
        bits += width;
        if bits >= 64 {
            out.extend_from_slice(&held.to_le_bytes());
            bits -= 64;
            // What of the value did not fit; all of it fitted where nothing is left.
            held = if bits == 0 { 0 } else { value >> (width - bits) };
        }
    }
    out.extend_from_slice(&held.to_le_bytes()[..bits.div_ceil(8) as usize]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(mut bytes: &[u8], width: u32, n: usize) -> Vec<u32> {
        let mut values = Vec::new();
        let mut header = || {
            let mut value = 0_u64;
            for shift in (0..).step_by(7) {
                let byte = *bytes.first()?;
                bytes = &bytes[1..];
                value |= u64::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    break;
                }
            }
            let length = if value & 1 == 0 { width.div_ceil(8) } else { (value >> 1) as u32 * width };
            let (body, rest) = bytes.split_at(length as usize);
            bytes = rest;
            Some((value, body))
        };
        while let Some((head, body)) = header() {
            if head & 1 == 0 {
                let mut word = [0; 4];
                word[..body.len()].copy_from_slice(body);
                values.extend(std::iter::repeat_n(u32::from_le_bytes(word), (head >> 1) as usize));
            } else {
                let bit = |at: usize| u32::from(body[at / 8] >> (at % 8) & 1);
                let value =
                    |i: usize| (0..width as usize).map(|b| bit(i * width as usize + b) << b).sum::<u32>();
                values.extend((0..(head >> 1) as usize * 8).map(value));
            }
        }
        assert!(values.len() >= n && values.len() < n + 8);
        values.truncate(n);
        values
    }

    proptest::proptest! {
        #[test]
        fn what_is_encoded_is_read(runs in proptest::collection::vec((0_u32..70_000, 1_usize..40), 0..60)) {
            let values: Vec<u32> = runs.iter().flat_map(|(value, n)| std::iter::repeat_n(*value, *n)).collect();
            let width = width_of(values.iter().copied().max().unwrap_or(0));
            let mut out = Vec::new();
            encode(&values, width, &mut out);
            proptest::prop_assert_eq!(decode(&out, width, values.len()), values);
        }

        #[test]
        fn packed_values_stand_side_by_side(values in proptest::collection::vec(0_u64..1 << 41, 1..50)) {
            let mut out = Vec::new();
            pack(values.iter().copied(), 41, &mut out);
            proptest::prop_assert_eq!(out.len(), (values.len() * 41).div_ceil(8));
            for (i, value) in values.iter().enumerate() {
                let bit = |at: usize| u64::from(out[at / 8] >> (at % 8) & 1);
                proptest::prop_assert_eq!((0..41).map(|b| bit(i * 41 + b) << b).sum::<u64>(), *value);
            }
        }
    }
}
