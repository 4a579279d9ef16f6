//! The folders of a tree, as levels of a listing.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::super::walk::{Level, Tree};
use super::super::{ListItem, Listed, SkipReason, Skipped, SourceError};
use super::read::{is_absent, modified};
use super::{LocalTree, blocking, layout_start};

/// Folders deeper than this are not followed: a tree of links.
const DEEPEST: usize = 64;

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
    pub(super) fn listed(&self, path: &Path, metadata: &std::fs::Metadata) -> Option<Listed> {
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
