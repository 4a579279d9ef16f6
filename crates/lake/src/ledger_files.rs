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
use crate::ledger::{Segment, pair_of};
use crate::manifest::OWN_FOLDER;
use crate::object_rows;
use crate::parquet_file;

/// More segments than this are merged into one.
const SEGMENTS: usize = 12;

/// Loads the index of the ledger at a state of `objects`, oldest segment first; writes what was missing.
///
/// # Errors
/// If the store fails or a file of the table is damaged.
pub(crate) async fn load(lake: &Lake, objects: &TableState) -> Result<Vec<Arc<Segment>>> {
    let mut chain = Vec::new();
    let mut next = 1;
    let listed = ranges(lake).await?;
    while next <= objects.version {
        let best = listed.iter().filter(|(from, to)| *from <= next && *to >= next && *to <= objects.version);
        if let Some(&(from, to)) = best.max_by_key(|(_, to)| *to) {
            let body = files::read_if_present(lake.objects().store(), &path(from, to)).await?;
            if let Some(segment) = body.and_then(|body| Segment::from_bytes(&body)) {
                chain.push(Arc::new(segment));
                next = to + 1;
                continue;
            }
        }
        match of_versions(lake, next, objects.version).await? {
            Some(segment) => {
                save(lake, next, objects.version, &segment).await?;
                chain.push(Arc::new(segment));
                break;
            }
            None => return rebuild(lake, objects).await,
        }
    }
    if chain.len() > SEGMENTS {
        let merged = Segment::merge(&chain);
        save(lake, 1, objects.version, &merged).await?;
        for (from, to) in listed.into_iter().filter(|(_, to)| *to <= objects.version) {
            if (from, to) != (1, objects.version) {
                files::delete(lake.objects().store(), &path(from, to)).await?;
            }
        }
        chain = vec![Arc::new(merged)];
    }
    Ok(chain)
}

/// Writes a segment that covers some versions of `objects`.
pub(crate) async fn save(lake: &Lake, from: u64, to: u64, segment: &Segment) -> Result<()> {
    files::write(lake.objects().store(), &path(from, to), segment.to_bytes()).await
}

/// Reads what some versions added, from their log entries; none if one is gone or its files are.
async fn of_versions(lake: &Lake, from: u64, to: u64) -> Result<Option<Segment>> {
    let state = TableState { version: from - 1, ..TableState::default() };
    let Ok((_, news)) = lake.objects().follow(&state).await else { return Ok(None) };
    if news.len() < usize::try_from(to - from + 1).unwrap_or(usize::MAX) {
        return Ok(None);
    }
    let mut pairs = Vec::new();
    for (_, added) in news.into_iter().filter(|(version, _)| *version <= to) {
        for file in added {
            match pairs_of_file(lake, &file.path, file.day).await {
                Ok(found) => pairs.extend(found),
                Err(_) => return Ok(None),
            }
        }
    }
    Ok(Some(Segment::new(pairs)))
}

async fn rebuild(lake: &Lake, objects: &TableState) -> Result<Vec<Arc<Segment>>> {
    let mut pairs = Vec::new();
    for file in objects.files.values() {
        pairs.extend(pairs_of_file(lake, &file.path, file.day).await?);
    }
    let segment = Segment::new(pairs);
    save(lake, 1, objects.version, &segment).await?;
    Ok(vec![Arc::new(segment)])
}

async fn pairs_of_file(lake: &Lake, path: &str, day: i32) -> Result<Vec<(u64, u32)>> {
    let mut pairs = Vec::new();
    for batch in parquet_file::read(lake.objects().store(), path, None).await? {
        let entries = object_rows::from_batch(&batch, day, path)?;
        pairs.extend(entries.iter().map(|(entry, ..)| pair_of(entry)));
    }
    Ok(pairs)
}

async fn ranges(lake: &Lake) -> Result<Vec<(u64, u64)>> {
    let found = files::list(lake.objects().store(), &Path::from(folder())).await?;
    let parse = |path: &Path| {
        let (from, to) = path.filename()?.strip_suffix(".idx")?.split_once('-')?;
        Some((from.parse().ok()?, to.parse().ok()?))
    };
    Ok(found.iter().filter_map(|meta| parse(&meta.location)).collect())
}

fn folder() -> String {
    format!("{OWN_FOLDER}/ledger")
}

fn path(from: u64, to: u64) -> Path {
    Path::from(format!("{}/{from:020}-{to:020}.idx", folder()))
}
