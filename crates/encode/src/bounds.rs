//! The least and greatest of texts.

use std::cmp::Ordering;

use crate::column::Values;

/// The order of values by their bytes.
#[derive(Default)]
pub(crate) struct Order {
    /// The first 16 bytes of each value that was looked at, as a number in the same order.
    starts: Vec<u128>,
}

impl Order {
    pub(crate) fn see(&mut self, values: &Values) {
        for code in self.starts.len() as u32..values.len() as u32 {
            let value = values.get(code);
            let mut start = [0; 16];
            let n = value.len().min(16);
            start[..n].copy_from_slice(&value[..n]);
            self.starts.push(u128::from_be_bytes(start));
        }
    }

    pub(crate) fn compare(&self, values: &Values, a: u32, b: u32) -> Ordering {
        let starts = self.starts[a as usize].cmp(&self.starts[b as usize]);
        starts.then_with(|| values.get(a).cmp(values.get(b)))
    }

    /// Returns the least and the greatest of some values.
    pub(crate) fn bounds(&mut self, values: &Values, codes: &[u32]) -> Option<(u32, u32)> {
        self.see(values);
        let (mut least, mut greatest) = (*codes.first()?, *codes.first()?);
        let mut last = least;
        let (mut low, mut high) = (self.starts[least as usize], self.starts[greatest as usize]);
        for &code in codes {
            if code == last {
                continue;
            }
            last = code;
            let start = self.starts[code as usize];
            if start <= low && self.compare(values, code, least).is_lt() {
                (least, low) = (code, start);
            }
            if start >= high && self.compare(values, code, greatest).is_gt() {
                (greatest, high) = (code, start);
            }
        }
        Some((least, greatest))
    }
}

/// Returns a text of at most so many bytes that is not above the given one.
pub(crate) fn floor(text: &[u8], most: Option<usize>) -> &[u8] {
    match most {
        Some(most) if text.len() > most => {
            // Between characters, so that the bound is text too.
            let end = (0..=most).rev().find(|end| text[*end] & 0xc0 != 0x80).unwrap_or(0);
            if end == 0 { text } else { &text[..end] }
        }
        _ => text,
    }
}

/// Returns a text that is not below the given one, shorter if that can be, and whether it is the same.
pub(crate) fn ceiling(text: &[u8], most: Option<usize>) -> (Vec<u8>, bool) {
    let Some(most) = most.filter(|most| text.len() > *most) else { return (text.to_vec(), true) };
    // One more in an ASCII character is text still; in others it may not be.
    match (0..most).rev().find(|at| text[*at] < 0x7f) {
        None => (text.to_vec(), true),
        Some(at) => {
            let mut above = text[..=at].to_vec();
            above[at] += 1;
            (above, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_cut_to_text_on_the_right_side() {
        assert_eq!(floor(b"abcdef", Some(3)), b"abc");
        assert_eq!(floor(b"abc", Some(3)), b"abc");
        assert_eq!(floor("ab\u{fc}x".as_bytes(), Some(3)), b"ab");
        assert_eq!(ceiling(b"abcdef", Some(3)), (b"abd".to_vec(), false));
        assert_eq!(ceiling(b"abc", Some(3)), (b"abc".to_vec(), true));
        assert_eq!(ceiling(b"ab\x7fdef", Some(3)), (b"ac".to_vec(), false));
        assert!(ceiling("\u{fc}\u{fc}\u{fc}".as_bytes(), Some(3)).1);
        assert_eq!(ceiling(b"abcdef", None), (b"abcdef".to_vec(), true));
    }

    #[test]
    fn order_is_that_of_bytes() {
        let texts: [&[u8]; 6] =
            [b"b", b"", b"a-text-of-sixteen-and-more", b"a-text-of-sixteen-and-less", b"a\0", b"a"];
        let mut values = Values::default();
        texts.iter().for_each(|text| values.push(text));
        let mut order = Order::default();
        order.see(&values);
        for (i, a) in texts.iter().enumerate() {
            for (j, b) in texts.iter().enumerate() {
                assert_eq!(order.compare(&values, i as u32, j as u32), a.cmp(b), "{a:?} {b:?}");
            }
        }
        assert_eq!(order.bounds(&values, &[2, 2, 3, 2]), Some((3, 2)));
        assert_eq!(order.bounds(&values, &[0, 5, 4]), Some((5, 0)));
        assert_eq!(order.bounds(&values, &[]), None);
    }
}
