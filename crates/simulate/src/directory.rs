//! A local directory as the bucket.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Config;
use crate::error::SimulateError;
use crate::identity::start_of;
use crate::record::Direction;
use crate::simulation::{Object, Simulation, Slot, Writer};

/// What was written so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Objects written.
    pub objects: u64,
    /// Objects that were there already and were left alone.
    pub present: u64,
    /// Records in the objects written.
    pub records: u64,
    /// Bytes written, compressed.
    pub bytes: u64,
    /// Bytes of JSON before compression.
    pub json_bytes: u64,
}

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Writes all objects of `config` below `root` on several threads, each object whole or not at all; one that is there
/// already is left alone, so that a stopped run continues where it was. Tells its progress about ten times a second
/// and at the end.
///
/// # Errors
/// [`SimulateError::Setting`] as [`Simulation::new`]; [`SimulateError::Write`] for the first file that could not be
/// written, after which the other threads stop.
pub fn write_directory(
    config: &Config,
    root: &Path,
    threads: usize,
    progress: &(dyn Fn(Written) + Sync),
) -> Result<Written, SimulateError> {
    let simulation = Simulation::new(config.clone())?;
    let slots = Mutex::new(simulation.slots(i64::MIN, config.end));
    let tally = Mutex::new((Written::default(), Instant::now()));
    let stop = AtomicBool::new(false);
    let next = || slots.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || -> Result<(), SimulateError> {
        let mut thread = Thread::new(&simulation, root);
        while let Some(slot) = next() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let one = thread.write(&slot).inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            let (sum, told) = &mut *tally;
            sum.objects += one.objects;
            sum.present += one.present;
            sum.records += one.records;
            sum.bytes += one.bytes;
            sum.json_bytes += one.json_bytes;
            if told.elapsed() >= TELL_EVERY {
                *told = Instant::now();
                progress(*sum);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    let (sum, _) = *tally.lock().unwrap_or_else(PoisonError::into_inner);
    progress(sum);
    Ok(sum)
}

/// Writes one object below `root`, whole or not at all. What is there under its key is replaced.
///
/// # Errors
/// [`SimulateError::Write`] with the file or folder.
pub fn write_object(root: &Path, object: &Object) -> Result<(), SimulateError> {
    let path = root.join(&object.key);
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    put(&path, &object.body)
}

/// Returns the [`Config::start`] of what [`write_directory`] wrote below `root` before, microseconds since the epoch;
/// none if nothing of this scenario is there. Whoever continues a directory continues with this start.
///
/// # Errors
/// [`SimulateError::Read`] if a folder that is there cannot be listed.
pub fn started(config: &Config, root: &Path) -> Result<Option<i64>, SimulateError> {
    let simulation = Simulation::new(config.clone())?;
    // Years, months, days, hours, then the folder that says it: five levels, any branch.
    let mut folders = vec![(root.join(simulation.stream(0, Direction::Inbound)), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if depth == 5 {
            if let Some(start) = folder.to_str().and_then(start_of) {
                return Ok(Some(start));
            }
            continue;
        }
        let failed = |source| SimulateError::Read { path: folder.clone(), source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            folders.push((entry.map_err(failed)?.path(), depth + 1));
        }
    }
    Ok(None)
}

struct Thread<'a> {
    simulation: &'a Simulation,
    root: &'a Path,
    writer: Writer,
    /// Folders known to be there: one is made for thousands of vNICs an hour, and asking costs as much as writing.
    folders: HashSet<PathBuf>,
}

/// Folders remembered at most.
const FOLDERS: usize = 10_000;

impl<'a> Thread<'a> {
    fn new(simulation: &'a Simulation, root: &'a Path) -> Self {
        Self { simulation, root, writer: Writer::new(), folders: HashSet::new() }
    }

    fn write(&mut self, slot: &Slot) -> Result<Written, SimulateError> {
        let path = self.root.join(self.simulation.key(slot));
        if path.try_exists().map_err(|source| SimulateError::Write { path: path.clone(), source })? {
            return Ok(Written { present: 1, ..Written::default() });
        }
        if let Some(folder) = path.parent().filter(|folder| !self.folders.contains(*folder)) {
            make_folder(folder)?;
            if self.folders.len() >= FOLDERS {
                self.folders.clear();
            }
            self.folders.insert(folder.to_owned());
        }
        let object = self.simulation.object(slot, &mut self.writer);
        put(&path, &object.body)?;
        Ok(Written {
            objects: 1,
            present: 0,
            records: object.records as u64,
            bytes: object.body.len() as u64,
            json_bytes: object.json_bytes as u64,
        })
    }
}

fn make_folder(folder: &Path) -> Result<(), SimulateError> {
    fs::create_dir_all(folder).map_err(|source| SimulateError::Write { path: folder.to_owned(), source })
}

/// Writes under a hidden name in the same folder, then renames: a reader never sees half an object.
fn put(path: &Path, body: &[u8]) -> Result<(), SimulateError> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    fs::write(&temporary, body).map_err(|source| SimulateError::Write { path: temporary.clone(), source })?;
    fs::rename(&temporary, path).map_err(|source| SimulateError::Write { path: path.to_owned(), source })
}
