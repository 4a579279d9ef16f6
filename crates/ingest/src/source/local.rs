//! A file or a directory tree.

mod read;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use flowglass_flow::SourceName;
use futures::stream::BoxStream;

use self::read::{ReadError, is_absent, read};
use super::filter::Filter;
use super::layout::day_path;
use super::walk::{self, Tree};
use super::{Calls, Fetched, HourFolder, ListItem, Listed, Source, SourceError, SourceSpec};

const LAYOUT: &str = "ibm_vpc_flowlogs_";
/// A file that changes while it is read is tried again this often, with longer and longer waits.
const TRIES: u32 = 6;

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
