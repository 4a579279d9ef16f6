//! A file or a directory tree.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use flowglass_flow::SourceName;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::filter::Filter;
use super::layout::day_path;
use super::walk::{self, Level, Tree};
use super::{
    Calls, Fetched, HourFolder, ListItem, Listed, SkipReason, Skipped, Source, SourceError, SourceSpec,
};

const LAYOUT: &str = "ibm_vpc_flowlogs_";
/// Folders deeper than this are not followed: a tree of links.
const DEEPEST: usize = 64;
/// A file that changes while it is read is tried again this often, with longer and longer waits.
const TRIES: u32 = 6;
/// A file whose last change is younger is still being written, as far as we can know.
const SETTLED: Duration = Duration::from_millis(50);

/// Objects in the file system.
pub(super) struct LocalSource {
    name: SourceName,
    tree: Arc<LocalTree>,
    concurrency: usize,
}

struct LocalTree {
    root: PathBuf,
    /// The root is one file.
    single: bool,
    /// What stands before every name below the root, from the layout's own folder on; ends with `/` or is empty.
    base: String,
    lists: AtomicU64,
    gets: AtomicU64,
    retries: AtomicU64,
}

impl LocalSource {
    pub(super) async fn open(spec: &SourceSpec, path: &str) -> Result<Self, SourceError> {
        let location = |reason: String| SourceError::Location { location: spec.location.clone(), reason };
        let root = std::path::absolute(path).map_err(|error| location(error.to_string()))?;
        let metadata = tokio::fs::metadata(&root).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => location("no such file or directory".to_owned()),
            _ => location(error.to_string()),
        })?;
        if !(metadata.is_dir() || metadata.is_file()) {
            return Err(location("neither a directory nor a regular file".to_owned()));
        }
        let text = root.to_str().ok_or_else(|| location("the path is not UTF-8".to_owned()))?;
        let folders =
            if metadata.is_dir() { text } else { text.rsplit_once('/').map_or("", |(folder, _)| folder) };
        let base = layout_start(folders)
            .map_or(String::new(), |at| format!("{}/", folders[at..].trim_end_matches('/')));
        let tree = LocalTree {
            single: metadata.is_file(),
            root,
            base,
            lists: AtomicU64::new(0),
            gets: AtomicU64::new(0),
            retries: AtomicU64::new(0),
        };
        let name = spec.name.clone().unwrap_or_else(|| "file".to_owned());
        Ok(Self { name: SourceName(name), tree: Arc::new(tree), concurrency: spec.concurrency })
    }

    fn shared(&self) -> Arc<dyn Tree> {
        Arc::new(Arc::clone(&self.tree))
    }
}

/// Returns where the last path component that begins the provider's layout starts.
fn layout_start(path: &str) -> Option<usize> {
    if let Some(at) = path.rfind(&format!("/{LAYOUT}")) {
        return Some(at + 1);
    }
    path.starts_with(LAYOUT).then_some(0)
}

#[async_trait]
impl Source for LocalSource {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn place(&self) -> String {
        self.tree.root.display().to_string()
    }

    fn login(&self) -> String {
        "none needed".to_owned()
    }

    fn list(&self, filter: &Filter) -> BoxStream<'static, Result<ListItem, SourceError>> {
        walk::list(self.shared(), self.tree.base.clone(), filter.clone(), self.concurrency)
    }

    async fn streams(&self, filter: &Filter) -> Result<Vec<String>, SourceError> {
        walk::streams(&self.shared(), &self.tree.base, filter, self.concurrency).await
    }

    fn list_recent(
        &self,
        stream: &str,
        hours: &[HourFolder],
    ) -> BoxStream<'static, Result<ListItem, SourceError>> {
        let folders = hours.iter().map(|hour| format!("{stream}{}", hour.path())).collect();
        walk::list_folders(self.shared(), folders, self.concurrency)
    }

    fn list_day(&self, stream: &str, day: i32) -> BoxStream<'static, Result<ListItem, SourceError>> {
        let folder = format!("{stream}{}", day_path(day));
        walk::list_folders(self.shared(), vec![folder], self.concurrency)
    }

    async fn span(&self, stream: &str) -> Result<Option<(i32, i32)>, SourceError> {
        walk::span(&self.shared(), stream).await
    }

    async fn find(&self, key: &str) -> Result<Option<Listed>, SourceError> {
        let tree = Arc::clone(&self.tree);
        let relative = key.strip_prefix(&self.tree.base).unwrap_or(key);
        let path = if self.tree.single { self.tree.root.clone() } else { self.tree.root.join(relative) };
        let key = key.to_owned();
        blocking(move || {
            // A key is data: it must not lead out of the source.
            let inside =
                Path::new(&key).components().all(|part| matches!(part, std::path::Component::Normal(_)));
            match std::fs::metadata(&path) {
                Ok(metadata) if inside && metadata.is_file() => {
                    Ok(tree.listed(&path, &metadata).filter(|listed| listed.key == key))
                }
                Ok(_) => Ok(None),
                Err(error) if is_absent(&error) => Ok(None),
                Err(error) => Err(SourceError::Io { path, reason: error.to_string() }),
            }
        })
        .await
    }

    async fn get(&self, listed: &Listed, max_bytes: u64) -> Result<Fetched, SourceError> {
        let path = match &listed.path {
            Some(path) => path.clone(),
            None => self
                .find(&listed.key)
                .await?
                .and_then(|found| found.path)
                .ok_or_else(|| self.not_found(&listed.key))?,
        };
        self.tree.gets.fetch_add(1, Ordering::Relaxed);
        for attempt in 0..TRIES {
            if attempt > 0 {
                self.tree.retries.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
            }
            let (path, key) = (path.clone(), listed.key.clone());
            match blocking(move || read(&path, &key, max_bytes)).await {
                Ok(Some(fetched)) => return Ok(fetched),
                Ok(None) => {}
                Err(ReadError::Absent) => return Err(self.not_found(&listed.key)),
                Err(ReadError::Other(error)) => return Err(error),
            }
        }
        Err(SourceError::Changing { path })
    }

    async fn get_all(&self, listed: &[Listed], max_bytes: u64) -> Vec<Result<Fetched, SourceError>> {
        let known: Vec<_> = listed.iter().map(|listed| (listed.path.clone(), listed.key.clone())).collect();
        let read = blocking(move || {
            let read = known.into_iter().map(|(path, key)| read(&path?, &key, max_bytes).ok()?);
            read.collect::<Vec<_>>()
        });
        let mut fetched = Vec::with_capacity(listed.len());
        for (listed, read) in listed.iter().zip(read.await) {
            fetched.push(match read {
                Some(read) => {
                    self.tree.gets.fetch_add(1, Ordering::Relaxed);
                    Ok(read)
                }
                // One that cannot be read, or is being written, is looked at by itself.
                None => self.get(listed, max_bytes).await,
            });
        }
        fetched
    }

    fn at_once(&self) -> usize {
        usize::MAX
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn listings_cost(&self) -> bool {
        false
    }

    fn calls(&self) -> Calls {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Calls {
            lists: count(&self.tree.lists),
            gets: count(&self.tree.gets),
            retries: count(&self.tree.retries),
        }
    }
}

impl LocalSource {
    fn not_found(&self, key: &str) -> SourceError {
        SourceError::NotFound { key: key.to_owned(), source_name: self.name.to_string() }
    }
}

enum ReadError {
    Absent,
    Other(SourceError),
}

/// Reads a file; none if it changed meanwhile.
fn read(path: &Path, key: &str, max_bytes: u64) -> Result<Option<Fetched>, ReadError> {
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
fn modified(metadata: &std::fs::Metadata) -> Option<i64> {
    metadata.mtime().checked_mul(1_000_000)?.checked_add(metadata.mtime_nsec() / 1000)
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Blocking work is only cancelled when the runtime ends, and we with it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[async_trait]
impl Tree for Arc<LocalTree> {
    async fn level(&self, folder: &str, most: usize) -> Result<Option<Level>, SourceError> {
        let (tree, folder) = (Arc::clone(self), folder.to_owned());
        blocking(move || {
            if tree.single {
                return Ok(Some(tree.only_file()));
            }
            let Some(relative) = folder.strip_prefix(tree.base.as_str()) else {
                return Ok(Some(Level::default()));
            };
            let level = tree.read(relative)?;
            Ok((level.folders.len() + level.items.len() <= most).then_some(level))
        })
        .await
    }

    fn below(&self, folder: &str) -> BoxStream<'static, Result<Vec<ListItem>, SourceError>> {
        if self.single {
            let tree = Arc::clone(self);
            return stream::once(async move { Ok(blocking(move || tree.only_file()).await.items) }).boxed();
        }
        let open: Vec<String> =
            folder.strip_prefix(self.base.as_str()).map(str::to_owned).into_iter().collect();
        let pages = stream::unfold((Arc::clone(self), open), |(tree, mut open)| async move {
            let folder = open.pop()?;
            let reader = Arc::clone(&tree);
            let page = blocking(move || reader.read(&folder)).await.map(|level| {
                // The last one is the next: names descend, newest hour first.
                let relative = |folder: String| folder[tree.base.len()..].to_owned();
                open.extend(level.folders.into_iter().map(relative));
                level.items
            });
            Some((page, (tree, open)))
        });
        pages.boxed()
    }
}

impl LocalTree {
    fn only_file(&self) -> Level {
        self.lists.fetch_add(1, Ordering::Relaxed);
        let item = match std::fs::metadata(&self.root) {
            Ok(metadata) => self.item(&self.root, &metadata),
            Err(_) => ListItem::Skipped(skipped(&self.root, SkipReason::Unreadable)),
        };
        Level { folders: Vec::new(), items: vec![item] }
    }

    /// Reads one directory, given relative to the root; folders come sorted, with the base before them.
    fn read(&self, relative: &str) -> Result<Level, SourceError> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        let directory = self.root.join(relative);
        let mut level = Level::default();
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries,
            // Went away since it was seen, or never was where a filter said.
            Err(error) if is_absent(&error) => return Ok(level),
            Err(error) if relative.is_empty() => {
                return Err(SourceError::Io { path: directory, reason: error.to_string() });
            }
            Err(_) => {
                level.items.push(ListItem::Skipped(skipped(&directory, SkipReason::Unreadable)));
                return Ok(level);
            }
        };
        for entry in entries {
            let entry = entry
                .map_err(|error| SourceError::Io { path: directory.clone(), reason: error.to_string() })?;
            let path = entry.path();
            let name = entry.file_name();
            let skip = |reason| ListItem::Skipped(skipped(&path, reason));
            let Some(name) = name.to_str() else {
                level.items.push(skip(SkipReason::Inexpressible));
                continue;
            };
            if name.starts_with('.') {
                level.items.push(skip(SkipReason::Hidden));
                continue;
            }
            let linked = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            let metadata = match std::fs::metadata(&path) {
                Ok(metadata) => metadata,
                Err(_) if linked => {
                    level.items.push(skip(SkipReason::BrokenLink));
                    continue;
                }
                Err(error) if is_absent(&error) => continue,
                Err(_) => {
                    level.items.push(skip(SkipReason::Unreadable));
                    continue;
                }
            };
            if !metadata.is_dir() {
                level.items.push(self.item(&path, &metadata));
            } else if relative.matches('/').count() >= DEEPEST
                || (linked && self.leads_up(relative, &metadata))
            {
                level.items.push(skip(SkipReason::BrokenLink));
            } else {
                level.folders.push(format!("{}{relative}{name}/", self.base));
            }
        }
        level.folders.sort();
        Ok(level)
    }

    /// Returns true if a linked directory is one of those on the way to it.
    fn leads_up(&self, relative: &str, target: &std::fs::Metadata) -> bool {
        let mut path = self.root.clone();
        let is_target = |path: &Path| {
            std::fs::metadata(path)
                .is_ok_and(|folder| (folder.dev(), folder.ino()) == (target.dev(), target.ino()))
        };
        if is_target(&path) {
            return true;
        }
        relative.split_terminator('/').any(|part| {
            path.push(part);
            is_target(&path)
        })
    }

    fn item(&self, path: &Path, metadata: &std::fs::Metadata) -> ListItem {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let reason = if !metadata.is_file() {
            SkipReason::NotAFile
        } else if name.ends_with(".tmp") || name.ends_with(".partial") {
            SkipReason::Unfinished
        } else {
            match self.listed(path, metadata) {
                Some(listed) => return ListItem::Object(listed),
                None => SkipReason::Inexpressible,
            }
        };
        ListItem::Skipped(skipped(path, reason))
    }

    /// Makes the entry of a file; none if its name is not UTF-8.
    fn listed(&self, path: &Path, metadata: &std::fs::Metadata) -> Option<Listed> {
        let below = if self.single {
            path.file_name()?.to_str()?
        } else {
            path.strip_prefix(&self.root).ok()?.to_str()?
        };
        let whole = format!("{}{below}", self.base);
        let key = layout_start(&whole).map_or(whole.as_str(), |at| &whole[at..]).to_owned();
        let last_modified = modified(metadata);
        Some(Listed { key, size: metadata.len(), etag: None, last_modified, path: Some(path.to_owned()) })
    }
}

fn skipped(path: &Path, reason: SkipReason) -> Skipped {
    Skipped { name: path.to_string_lossy().into_owned(), reason }
}
