//! Reading one file, as far as it holds still.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::super::{Fetched, SourceError};

/// A file whose last change is younger is still being written, as far as we can know.
const SETTLED: Duration = Duration::from_millis(50);

pub(super) enum ReadError {
    Absent,
    Other(SourceError),
}

/// Reads a file; none if it changed meanwhile.
pub(super) fn read(path: &Path, key: &str, max_bytes: u64) -> Result<Option<Fetched>, ReadError> {
    let fails = |error: std::io::Error| {
        if is_absent(&error) {
            ReadError::Absent
        } else {
            ReadError::Other(SourceError::Io { path: path.to_owned(), reason: error.to_string() })
        }
    };
    let state = |metadata: &std::fs::Metadata| {
        (metadata.len(), metadata.mtime(), metadata.mtime_nsec(), metadata.ino(), metadata.dev())
    };
    // Opening a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(fails)?.is_file() {
        return Err(ReadError::Absent);
    }
    let mut file = std::fs::File::open(path).map_err(fails)?;
    let before = file.metadata().map_err(fails)?;
    let too_large = || ReadError::Other(SourceError::TooLarge { key: key.to_owned(), limit: max_bytes });
    if before.len() > max_bytes {
        return Err(too_large());
    }
    if is_fresh(&before) {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(0));
    (&mut file).take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(fails)?;
    if bytes.len() as u64 > max_bytes {
        return Err(too_large());
    }
    // The path is asked again, not the handle: a writer may have put another file in its place.
    let after = std::fs::metadata(path).map_err(fails)?;
    let unchanged = state(&before) == state(&after) && bytes.len() as u64 == after.len();
    Ok(unchanged.then(|| Fetched { last_modified: modified(&after), ..Fetched::new(bytes.into(), None) }))
}

/// Returns true if a file was written just now. The clock of file times moves in steps of some milliseconds, so a file
/// may change without a new time; its writer may also be between two writes.
fn is_fresh(metadata: &std::fs::Metadata) -> bool {
    let age =
        metadata.modified().ok().and_then(|time| std::time::SystemTime::now().duration_since(time).ok());
    age.is_some_and(|age| age < SETTLED)
}

/// Returns when a file was written, microseconds since the epoch.
pub(super) fn modified(metadata: &std::fs::Metadata) -> Option<i64> {
    metadata.mtime().checked_mul(1_000_000)?.checked_add(metadata.mtime_nsec() / 1000)
}

pub(super) fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}
