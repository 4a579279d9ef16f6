//! The ledger's index on disk: segments that each cover a range of versions of `objects`.
//!
//! They only save time. A version without a segment is read from the table's log entry, and where that is gone, the
//! whole index is made again from the table.

use std::sync::Arc;

use object_store::path::Path;

use crate::delta::TableState;
use crate::error::Result;
use crate::files;
use crate::lake::Lake;
use crate::ledger::{FULL, Reading, Segment, pair_of};
use crate::manifest::OWN_FOLDER;
use crate::object_rows;
use crate::parquet_file;

/// More segments than this, full ones not counted, are merged.
const SEGMENTS: usize = 12;

/// Bytes of a segment that are read at a time.
const PART: u64 = 4 << 20;

/// A segment as it lies in the store: the versions it covers, and its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    from: u64,
    to: u64,
    bytes: u64,
}

/// Loads the index of the ledger at a state of `objects`, oldest segment first; writes what was missing.
///
/// # Errors
/// If the store fails or a file of the table is damaged.
pub(crate) async fn load(lake: &Lake, objects: &TableState) -> Result<Vec<Arc<Segment>>> {
    let mut listed = tidy(lake, objects).await?;
    let mut segments = Vec::new();
    let mut unusable = Vec::new();
    let mut next = 1;
    while next <= objects.version {
        if let Some(best) = longest(&listed, next, objects.version) {
            if let Some(segment) = read(lake, best).await? {
                segments.push(Arc::new(segment));
                next = best.to + 1;
            } else {
                // Damaged; or merged since, by another process.
                unusable.push((best.from, best.to));
                listed = list(lake).await?;
                listed.retain(|stored| !unusable.contains(&(stored.from, stored.to)));
            }
            continue;
        }
        match of_versions(lake, next, objects.version).await? {
            Some(segment) => {
                save(lake, next, objects.version, &segment).await?;
                segments.push(Arc::new(segment));
                break;
            }
            None => return rebuild(lake, objects).await,
        }
    }
    Ok(segments)
}

/// Merges segments where there are many, some at a time, so that neither this nor the next opening takes long or much
/// memory. Returns what there is then.
///
/// # Errors
/// If the store fails.
pub(crate) async fn tidy(lake: &Lake, objects: &TableState) -> Result<Vec<Stored>> {
    let listed = list(lake).await?;
    let runs = runs(&listed, objects.version);
    if runs.is_empty() {
        return Ok(listed);
    }
    for run in runs {
        let mut segments = Vec::with_capacity(run.len());
        for stored in &run {
            match read(lake, *stored).await? {
                Some(segment) => segments.push(Arc::new(segment)),
                None => break,
            }
        }
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        // One that cannot be read is for who loads them all.
        if segments.len() == run.len() {
            let merged = Segment::merge(&segments);
            drop(segments);
            save(lake, first.from, last.to, &merged).await?;
            let within = |stored: &&Stored| first.from <= stored.from && stored.to <= last.to;
            for stored in listed.iter().filter(within) {
                if (stored.from, stored.to) != (first.from, last.to) {
                    files::delete(lake.objects().store(), &path(stored.from, stored.to)).await?;
                }
            }
        }
    }
    list(lake).await
}

/// Returns which segments are to be merged: nothing while there are few, else all that are not full, in as many runs as
/// it takes for each to make little more than a full one.
fn runs(listed: &[Stored], version: u64) -> Vec<Vec<Stored>> {
    let full = |bytes: u64| bytes >= 12 * FULL as u64;
    let mut runs: Vec<Vec<Stored>> = vec![Vec::new()];
    let (mut next, mut small, mut bytes) = (1, 0, 0);
    while let Some(stored) = longest(listed, next, version) {
        next = stored.to + 1;
        if full(stored.bytes) || full(bytes) {
            runs.push(Vec::new());
            bytes = 0;
        }
        if !full(stored.bytes) {
            small += 1;
            bytes += stored.bytes;
            runs.last_mut().expect("there is one").push(stored);
        }
    }
    runs.retain(|run| run.len() > 1);
    if small > SEGMENTS { runs } else { Vec::new() }
}

/// The segment that covers a version and the most after it, up to another.
fn longest(listed: &[Stored], next: u64, version: u64) -> Option<Stored> {
    let covers = |stored: &&Stored| stored.from <= next && next <= stored.to && stored.to <= version;
    listed.iter().filter(covers).max_by_key(|stored| stored.to).copied()
}

/// Reads a segment; none if it is not there or damaged.
async fn read(lake: &Lake, stored: Stored) -> Result<Option<Segment>> {
    let path = path(stored.from, stored.to);
    let Some(mut reading) = Reading::of_length(stored.bytes) else { return Ok(None) };
    let mut at = 0;
    while at < stored.bytes {
        let end = stored.bytes.min(at + PART);
        match files::read_part_if_present(lake.objects().store(), &path, at..end).await? {
            Some(part) => reading.push(&part),
            None => return Ok(None),
        }
        at = end;
    }
    Ok(reading.finish())
}

/// Writes a segment that covers some versions of `objects`.
///
/// # Errors
/// If the store fails.
pub(crate) async fn save(lake: &Lake, from: u64, to: u64, segment: &Segment) -> Result<()> {
    files::put_large(lake.objects().store(), &path(from, to), segment.to_bytes()).await
}

/// Reads what some versions added, from their log entries; none if one is gone or its files are.
async fn of_versions(lake: &Lake, from: u64, to: u64) -> Result<Option<Segment>> {
    let state = TableState { version: from - 1, ..TableState::default() };
    let Ok((_, news)) = lake.objects().follow(&state).await else { return Ok(None) };
    if news.len() < usize::try_from(to - from + 1).unwrap_or(usize::MAX) {
        return Ok(None);
    }
    let mut found = Pairs::default();
    for (_, added) in news.into_iter().filter(|(version, _)| *version <= to) {
        for file in added {
            if found.add_file(lake, &file.path, file.day).await.is_err() {
                return Ok(None);
            }
        }
    }
    Ok(Some(found.into_segment()))
}

async fn rebuild(lake: &Lake, objects: &TableState) -> Result<Vec<Arc<Segment>>> {
    let mut found = Pairs::default();
    for file in objects.files.values() {
        found.add_file(lake, &file.path, file.day).await?;
    }
    let segment = found.into_segment();
    save(lake, 1, objects.version, &segment).await?;
    Ok(vec![Arc::new(segment)])
}

/// Pairs of ledger entries, older first; those of full segments are put in order as they come, which takes less memory.
#[derive(Default)]
struct Pairs {
    segments: Vec<Arc<Segment>>,
    pairs: Vec<(u64, u32)>,
}

impl Pairs {
    async fn add_file(&mut self, lake: &Lake, path: &str, day: i32) -> Result<()> {
        for batch in parquet_file::read(lake.objects().store(), path, None).await? {
            let entries = object_rows::from_batch(&batch, day, path)?;
            self.pairs.extend(entries.iter().map(|(entry, ..)| pair_of(entry)));
            if self.pairs.len() >= FULL {
                self.segments.push(Arc::new(Segment::new(std::mem::take(&mut self.pairs))));
            }
        }
        Ok(())
    }

    fn into_segment(mut self) -> Segment {
        self.segments.push(Arc::new(Segment::new(self.pairs)));
        Segment::merge(&self.segments)
    }
}

async fn list(lake: &Lake) -> Result<Vec<Stored>> {
    let found = files::list(lake.objects().store(), &Path::from(folder())).await?;
    let parse = |path: &Path| {
        let (from, to) = path.filename()?.strip_suffix(".idx")?.split_once('-')?;
        Some((from.parse().ok()?, to.parse().ok()?))
    };
    let stored = found.iter().filter_map(|meta| {
        let (from, to) = parse(&meta.location)?;
        Some(Stored { from, to, bytes: meta.size })
    });
    Ok(stored.collect())
}

fn folder() -> String {
    format!("{OWN_FOLDER}/ledger")
}

fn path(from: u64, to: u64) -> Path {
    Path::from(format!("{}/{from:020}-{to:020}.idx", folder()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(keys: &[u64]) -> Vec<Stored> {
        let bytes = |keys: &u64| keys * 12 + 24;
        (1..)
            .zip(keys)
            .map(|(version, keys)| Stored { from: version, to: version, bytes: bytes(keys) })
            .collect()
    }

    fn ranges(listed: &[Stored], version: u64) -> Vec<(u64, u64)> {
        runs(listed, version).iter().map(|run| (run[0].from, run[run.len() - 1].to)).collect()
    }

    #[test]
    fn many_segments_are_merged_and_full_ones_left_alone() {
        let full = FULL as u64;
        assert_eq!(ranges(&stored(&[1000; 12]), 12), []);
        assert_eq!(ranges(&stored(&[1000; 13]), 13), [(1, 13)]);
        assert_eq!(ranges(&stored(&[1000; 20]), 9), [], "later versions do not count");
        assert_eq!(ranges(&stored(&[full; 20]), 20), []);
        let mut mixed = vec![full; 4];
        mixed.extend([10; 7]);
        mixed.push(2 * full);
        mixed.extend([20; 8]);
        assert_eq!(ranges(&stored(&mixed), 20), [(5, 11), (13, 20)]);
        assert_eq!(ranges(&stored(&[full / 4; 14]), 14), [(1, 4), (5, 8), (9, 12), (13, 14)]);
        // A gap ends what is known; of what overlaps, the longer one counts.
        let mut gap = stored(&[1000; 20]);
        gap.remove(3);
        assert_eq!(ranges(&gap, 20), []);
        let mut overlap = stored(&[1000; 20]);
        overlap.push(Stored { from: 1, to: 5, bytes: 5024 });
        assert_eq!(ranges(&overlap, 20), [(1, 20)]);
    }
}
