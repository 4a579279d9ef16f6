//! The ledger's membership index: is this version of this key known?
//!
//! Twelve bytes an object: 64 bits of the key's hash and 32 of its version's. Ten million objects are 120 MB, read
//! from some immutable files. A wrong "known" needs two keys of equal 64-bit hash whose versions agree in 32
//! bits as well; a collision of keys alone only leads to a look into the table, which settles it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
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
        pairs.into_iter().for_each(|(key, tag)| segment.push(key, tag));
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
        let head = |of: usize, at: usize| segments[of].keys.get(at).map(|key| Reverse((*key, of)));
        let mut heads: BinaryHeap<_> = (0..segments.len()).filter_map(|of| head(of, 0)).collect();
        while let Some(Reverse((key, of))) = heads.pop() {
            merged.push(key, segments[of].tags[at[of]]);
            at[of] += 1;
            heads.extend(head(of, at[of]));
        }
        merged
    }

    /// Adds a pair whose key is not before the last; of equal ones the last counts.
    fn push(&mut self, key: u64, tag: u32) {
        match self.tags.last_mut() {
            Some(last) if self.keys.last() == Some(&key) => *last = tag,
            _ => {
                self.keys.push(key);
                self.tags.push(tag);
            }
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
        let mut reading = Reading::of_length(bytes.len() as u64)?;
        reading.push(bytes);
        reading.finish()
    }
}

const MAGIC: &[u8; 8] = b"fgledge1";

/// A segment being read from its bytes in parts, so that they are not in memory beside it.
pub(crate) struct Reading {
    segment: Segment,
    count: usize,
    at: usize,
    is_segment: bool,
    hasher: blake3::Hasher,
    checksum: Vec<u8>,
}

impl Reading {
    const HEADER: usize = 16;

    /// Begins to read a file of so many bytes; none if no segment has as many.
    pub(crate) fn of_length(bytes: u64) -> Option<Self> {
        let pairs = usize::try_from(bytes).ok()?.checked_sub(Self::HEADER + 8)?;
        let count = pairs / 12;
        (pairs % 12 == 0).then(|| Self {
            segment: Segment { keys: Vec::with_capacity(count), tags: Vec::with_capacity(count) },
            count,
            at: 0,
            is_segment: true,
            hasher: blake3::Hasher::new(),
            checksum: Vec::new(),
        })
    }

    /// Takes the next part: 16 bytes or more, and a multiple of 8 but for the last.
    pub(crate) fn push(&mut self, part: &[u8]) {
        let keys_end = Self::HEADER + self.count * 8;
        let end = keys_end + self.count * 4;
        let upto = |end: usize, at: usize, part: &[u8]| end.saturating_sub(at).min(part.len());
        let (body, checksum) = part.split_at(upto(end, self.at, part));
        self.hasher.update(body);
        self.checksum.extend_from_slice(checksum);
        let (header, rest) = body.split_at(upto(Self::HEADER, self.at, body));
        if self.at == 0 {
            let count = header.strip_prefix(MAGIC).and_then(|count| <[u8; 8]>::try_from(count).ok());
            self.is_segment = count.map(u64::from_le_bytes) == Some(self.count as u64);
        }
        let (keys, tags) = rest.split_at(upto(keys_end, self.at + header.len(), rest));
        self.segment.keys.extend(keys.as_chunks::<8>().0.iter().map(|key| u64::from_le_bytes(*key)));
        self.segment.tags.extend(tags.as_chunks::<4>().0.iter().map(|tag| u32::from_le_bytes(*tag)));
        self.at += part.len();
    }

    /// Returns the segment; none if the parts were not one, whole.
    pub(crate) fn finish(self) -> Option<Segment> {
        let Segment { keys, tags } = &self.segment;
        let whole = self.is_segment && keys.len() == self.count && tags.len() == self.count;
        let sound = self.hasher.finalize().as_bytes()[..8] == *self.checksum;
        (whole && sound).then_some(self.segment)
    }
}

/// Returns the index entry of a ledger entry.
pub(crate) fn pair_of(entry: &ObjectEntry) -> (u64, u32) {
    (key_hash(&entry.source, &entry.key), tag_hash(&entry_tag(entry)))
}

/// Keys from which a segment is not merged with others any more: merging then never takes much memory.
pub(crate) const FULL: usize = 1 << 21;

/// Keys that are held as a map, which takes several times as much for each.
const RECENT: usize = 1 << 15;

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
        match self.find(key_hash(source, key)) {
            None => Known::New,
            Some(found) if found == tag_hash(tag) => Known::Same,
            Some(_) => Known::Changed,
        }
    }

    fn find(&self, key: u64) -> Option<u32> {
        let found = self.recent.get(&key).copied();
        found.or_else(|| self.segments.iter().rev().find_map(|segment| segment.find(key)))
    }

    /// Notes an entry.
    pub fn note(&mut self, entry: &ObjectEntry) {
        let (key, tag) = pair_of(entry);
        self.note_pair(key, tag);
    }

    fn note_pair(&mut self, key: u64, tag: u32) {
        self.recent.insert(key, tag);
        if self.recent.len() < RECENT {
            return;
        }
        let mut last = Segment::new(self.recent.drain().collect());
        // Each is merged with one of its size or less, so a key some ten times before its segment is full.
        while let Some(before) =
            self.segments.pop_if(|before| before.len() < FULL && before.len() <= 2 * last.len())
        {
            last = Segment::merge(&[before, Arc::new(last)]);
        }
        self.segments.push(Arc::new(last));
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
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(Segment::from_bytes(&damaged), None);
        }
    }

    #[test]
    fn parts_make_a_segment() {
        for count in 0..20 {
            let segment = Segment::new((0..count).map(|n| (u64::from(n) << 40, n)).collect());
            let bytes = segment.to_bytes();
            for units in 2..bytes.len() / 8 + 2 {
                let mut reading = Reading::of_length(bytes.len() as u64).expect("its length");
                bytes.chunks(units * 8).for_each(|part| reading.push(part));
                assert_eq!(reading.finish().as_ref(), Some(&segment));
            }
        }
    }

    #[test]
    fn what_is_noted_is_found_and_takes_little_room() {
        let mut ledger = Ledger::new(vec![Arc::new(Segment::new(vec![(0, 7), (1 << 63, 8)]))]);
        let hash = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let count = 10 * RECENT as u64;
        for n in 0..count {
            ledger.note_pair(hash(n), n as u32);
        }
        // Newer versions of some, which stand in segments by now.
        for n in 0..100 {
            ledger.note_pair(hash(n * 1000), 5);
        }
        for n in 0..count {
            let tag = if n % 1000 == 0 && n < 100_000 { 5 } else { n as u32 };
            assert_eq!(ledger.find(hash(n)), Some(tag));
        }
        assert_eq!(ledger.find(1 << 63), Some(8));
        assert!(ledger.recent.len() < RECENT && ledger.segments.len() <= 6, "{}", ledger.segments.len());
    }
}
