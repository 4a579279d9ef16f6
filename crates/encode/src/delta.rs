//! Differences of whole numbers, bit-packed (`DELTA_BINARY_PACKED`), and the text encodings made of them.

use crate::column::Values;
use crate::hybrid::pack;

/// Values of a block, and of each of its miniblocks.
const BLOCK: usize = 128;
const MINIBLOCK: usize = 32;

/// A whole number of 32 or 64 bits, whose differences wrap in its own width.
pub(crate) trait Whole: Copy {
    fn minus(self, other: Self) -> i64;
    fn wide(self) -> i64;
    /// The lowest bits of a difference above the least one of its block.
    fn above(difference: i64, least: i64) -> u64;
}

impl Whole for i32 {
    fn minus(self, other: Self) -> i64 {
        self.wrapping_sub(other).into()
    }

    fn wide(self) -> i64 {
        self.into()
    }

    fn above(difference: i64, least: i64) -> u64 {
        // Both are of 32 bits: what is between them needs 33 at most, of which the reader takes 32.
        (difference.wrapping_sub(least) as u64) & u64::from(u32::MAX)
    }
}

impl Whole for i64 {
    fn minus(self, other: Self) -> i64 {
        self.wrapping_sub(other)
    }

    fn wide(self) -> i64 {
        self
    }

    fn above(difference: i64, least: i64) -> u64 {
        difference.wrapping_sub(least) as u64
    }
}

/// Appends a number in groups of seven bits.
pub(crate) fn put_unsigned(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_signed(value: i64, out: &mut Vec<u8>) {
    put_unsigned((value << 1 ^ value >> 63) as u64, out);
}

/// Appends numbers as differences.
pub(crate) fn encode<T: Whole>(values: &[T], out: &mut Vec<u8>) {
    put_unsigned(BLOCK as u64, out);
    put_unsigned((BLOCK / MINIBLOCK) as u64, out);
    put_unsigned(values.len() as u64, out);
    put_signed(values.first().map_or(0, |first| first.wide()), out);
    let mut at = 1;
    while at < values.len() {
        let n = BLOCK.min(values.len() - at);
        let mut differences = [0_i64; BLOCK];
        for (i, pair) in values[at - 1..at + n].windows(2).enumerate() {
            differences[i] = pair[1].minus(pair[0]);
        }
        let least = differences[..n].iter().copied().min().unwrap_or(0);
        put_signed(least, out);
        let widths = out.len();
        out.extend_from_slice(&[0; BLOCK / MINIBLOCK]);
        for (i, part) in differences[..n].chunks(MINIBLOCK).enumerate() {
            let mut above = [0_u64; MINIBLOCK];
            for (above, difference) in above.iter_mut().zip(part) {
                *above = T::above(*difference, least);
            }
            let width = u64::BITS - above.iter().fold(0, |all, v| all | v).leading_zeros();
            out[widths + i] = width as u8;
            // A miniblock that is not full is filled with zeros.
            pack(above.into_iter(), width, out);
        }
        at += n;
    }
}

/// Appends texts as their lengths, then their bytes (`DELTA_LENGTH_BYTE_ARRAY`).
pub(crate) fn encode_lengths(values: &Values, codes: &[u32], out: &mut Vec<u8>) {
    // Texts of 2 GiB do not get this far: a page of them could not be written.
    let lengths: Vec<i32> = codes.iter().map(|code| values.get(*code).len() as i32).collect();
    encode(&lengths, out);
    codes.iter().for_each(|code| out.extend_from_slice(values.get(*code)));
}

/// Appends texts as what they do not share with the one before (`DELTA_BYTE_ARRAY`).
pub(crate) fn encode_prefixes(values: &Values, codes: &[u32], out: &mut Vec<u8>) {
    let mut last: &[u8] = &[];
    let (mut shared, mut lengths, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for code in codes {
        let value = values.get(*code);
        let same = last.iter().zip(value).take_while(|(a, b)| a == b).count();
        shared.push(same as i32);
        lengths.push((value.len() - same) as i32);
        bytes.extend_from_slice(&value[same..]);
        last = value;
    }
    encode(&shared, out);
    encode(&lengths, out);
    out.extend_from_slice(&bytes);
}
