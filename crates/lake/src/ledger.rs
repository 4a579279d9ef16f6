//! The ledger's membership index: is this version of this key known?
//!
//! Twelve bytes an object: 64 bits of the key's hash and 32 of its version's. Ten million objects are 120 MB, read
//! from a handful of immutable files. A wrong "known" needs two keys of equal 64-bit hash whose versions agree in 32
//! bits as well; a collision of keys alone only leads to a look into the table, which settles it.

use std::collections::HashMap;
use std::sync::Arc;

use flowglass_flow::{ObjectEntry, SourceName};

/// What the ledger knows of a listed object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Its key was never seen.
    New,
    /// This version of it is in the ledger, whatever became of it.
    Same,
    /// Its key is in the ledger with another version.
    Changed,
}

/// Returns what identifies a version before the object is read: its ETag, else its size and time of change.
pub fn version_tag(etag: Option<&str>, size: u64, last_modified: Option<i64>) -> String {
    match etag {
        Some(etag) => etag.to_owned(),
        None => format!("{size} bytes at {}", last_modified.unwrap_or(0)),
    }
}

/// Returns the version tag of a ledger entry, as its listing would give it.
pub(crate) fn entry_tag(entry: &ObjectEntry) -> String {
    // Where the version is the content's hash, the source had no ETag to list.
    let etag = (entry.content_hash.as_deref() != Some(entry.etag.as_str())).then_some(entry.etag.as_str());
    version_tag(etag, entry.size, entry.last_modified)
}

/// One immutable part of the index: keys in order, each with its newest version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segment {
    keys: Vec<u64>,
    tags: Vec<u32>,
}

impl Segment {
    /// Makes a segment of (key hash, version hash) pairs; of equal keys the last pair counts.
    pub fn new(mut pairs: Vec<(u64, u32)>) -> Self {
        // A stable sort keeps pairs of one key in their order of arrival.
        pairs.sort_by_key(|pair| pair.0);
        let mut segment =
            Self { keys: Vec::with_capacity(pairs.len()), tags: Vec::with_capacity(pairs.len()) };
        for (key, tag) in pairs {
            if segment.keys.last() == Some(&key) {
                *segment.tags.last_mut().expect("as many tags as keys") = tag;
            } else {
                segment.keys.push(key);
                segment.tags.push(tag);
            }
        }
        segment
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True if it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn find(&self, key: u64) -> Option<u32> {
        // Hashes are uniform: begin where the key would stand, and widen until it is enclosed.
        let len = self.keys.len();
        let guess = ((u128::from(key) * len as u128) >> 64) as usize;
        let (mut low, mut high, mut step) = (guess.min(len), guess.min(len), 64);
        while low > 0 && self.keys[low - 1] >= key {
            low = low.saturating_sub(step);
            step *= 4;
        }
        step = 64;
        while high < len && self.keys[high] <= key {
            high = (high + step).min(len);
            step *= 4;
        }
        self.keys[low..high].binary_search(&key).ok().map(|at| self.tags[low + at])
    }

    /// Merges segments, older first: the newest version of each key stays.
    pub fn merge(segments: &[Arc<Self>]) -> Self {
        let total = segments.iter().map(|segment| segment.len()).sum();
        let mut merged = Self { keys: Vec::with_capacity(total), tags: Vec::with_capacity(total) };
        let mut at = vec![0; segments.len()];
        loop {
            let heads = segments.iter().zip(&at).filter_map(|(segment, &at)| segment.keys.get(at).copied());
            let Some(key) = heads.min() else { return merged };
            let mut tag = 0;
            for (segment, at) in segments.iter().zip(&mut at) {
                if segment.keys.get(*at) == Some(&key) {
                    tag = segment.tags[*at];
                    *at += 1;
                }
            }
            merged.keys.push(key);
            merged.tags.push(tag);
        }
    }

    /// Writes the segment: a count, the keys, the tags, all little-endian, and a checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16 + self.len() * 12);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&(self.len() as u64).to_le_bytes());
        self.keys.iter().for_each(|key| bytes.extend_from_slice(&key.to_le_bytes()));
        self.tags.iter().for_each(|tag| bytes.extend_from_slice(&tag.to_le_bytes()));
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(&checksum.as_bytes()[..8]);
        bytes
    }

    /// Reads a segment; none if the bytes are not one, whole: the caller then reads the table instead.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, checksum) = bytes.split_at_checked(bytes.len().checked_sub(8)?)?;
        if blake3::hash(body).as_bytes()[..8] != *checksum {
            return None;
        }
        let rest = body.strip_prefix(MAGIC)?;
        let (count, rest) = rest.split_first_chunk::<8>()?;
        let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
        let (keys, tags) = rest.split_at_checked(count.checked_mul(8)?)?;
        if tags.len() != count.checked_mul(4)? {
            return None;
        }
        Some(Self {
            keys: keys.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect(),
            tags: tags.as_chunks::<4>().0.iter().map(|chunk| u32::from_le_bytes(*chunk)).collect(),
        })
    }
}

const MAGIC: &[u8; 8] = b"fgledge1";

/// Returns the index entry of a ledger entry.
pub(crate) fn pair_of(entry: &ObjectEntry) -> (u64, u32) {
    (key_hash(&entry.source, &entry.key), tag_hash(&entry_tag(entry)))
}

/// The membership index: immutable segments, oldest first, and what came since.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    segments: Vec<Arc<Segment>>,
    recent: HashMap<u64, u32>,
}

impl Ledger {
    /// Makes an index of segments, oldest first.
    pub fn new(segments: Vec<Arc<Segment>>) -> Self {
        Self { segments, recent: HashMap::new() }
    }

    /// Returns what is known of a listed object; `tag` is its [`version_tag`].
    pub fn check(&self, source: &SourceName, key: &str, tag: &str) -> Known {
        let key = key_hash(source, key);
        let found = self.recent.get(&key).copied();
        let found = found.or_else(|| self.segments.iter().rev().find_map(|segment| segment.find(key)));
        match found {
            None => Known::New,
            Some(found) if found == tag_hash(tag) => Known::Same,
            Some(_) => Known::Changed,
        }
    }

    /// Notes an entry.
    pub fn note(&mut self, entry: &ObjectEntry) {
        let (key, tag) = pair_of(entry);
        self.recent.insert(key, tag);
    }

    /// Number of keys, a key in several segments counted as often.
    pub fn len(&self) -> usize {
        self.recent.len() + self.segments.iter().map(|segment| segment.len()).sum::<usize>()
    }

    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn key_hash(source: &SourceName, key: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(source.0.as_bytes());
    hasher.update(&[0]);
    hasher.update(key.as_bytes());
    let hash = hasher.finalize();
    u64::from_le_bytes(*hash.as_bytes().first_chunk::<8>().expect("a hash has 32 bytes"))
}

fn tag_hash(tag: &str) -> u32 {
    let hash = blake3::hash(tag.as_bytes());
    u32::from_le_bytes(*hash.as_bytes().first_chunk::<4>().expect("a hash has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn segments_agree_with_a_map(batches in prop::collection::vec(
            prop::collection::vec((0_u64..50, any::<u32>()), 0..30), 0..5), shift in 0_u32..60) {
            let mut map = HashMap::new();
            let mut segments = Vec::new();
            for batch in &batches {
                let batch: Vec<_> = batch.iter().map(|(key, tag)| (key << shift, *tag)).collect();
                map.extend(batch.iter().copied());
                let segment = Segment::new(batch);
                prop_assert_eq!(Segment::from_bytes(&segment.to_bytes()), Some(segment.clone()));
                segments.push(Arc::new(segment));
            }
            let merged = Segment::merge(&segments);
            prop_assert_eq!(merged.len(), map.len());
            for key in (0..51).map(|key| key << shift) {
                let newest = segments.iter().rev().find_map(|segment| segment.find(key));
                prop_assert_eq!(newest, map.get(&key).copied());
                prop_assert_eq!(merged.find(key), map.get(&key).copied());
            }
        }
    }

    #[test]
    fn a_torn_segment_is_no_segment() {
        let bytes = Segment::new(vec![(1, 2), (3, 4)]).to_bytes();
        for cut in 0..bytes.len() {
            assert_eq!(Segment::from_bytes(&bytes[..cut]), None);
        }
    }
}
