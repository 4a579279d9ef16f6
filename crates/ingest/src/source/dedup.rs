//! Forgets nothing recent: tells a repeated key in bounded memory.

use std::collections::HashSet;

const GENERATION: usize = 100_000;

/// Remembers the hashes of the last 100,000 to 200,000 keys.
#[derive(Debug, Default)]
pub(super) struct Recent {
    young: HashSet<[u8; 16]>,
    old: HashSet<[u8; 16]>,
}

impl Recent {
    /// Returns true if the key was not seen recently.
    pub(super) fn is_new(&mut self, key: &str) -> bool {
        let mut hash = [0; 16];
        hash.copy_from_slice(&blake3::hash(key.as_bytes()).as_bytes()[..16]);
        if self.old.contains(&hash) || !self.young.insert(hash) {
            return false;
        }
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_at_least_a_generation() {
        let mut recent = Recent::default();
        assert!(recent.is_new("first"));
        for n in 0..GENERATION {
            assert!(recent.is_new(&n.to_string()));
            assert!(!recent.is_new(&n.to_string()));
        }
        assert!(!recent.is_new("first"));
        assert!(recent.young.len() + recent.old.len() <= 2 * GENERATION);
    }
}
