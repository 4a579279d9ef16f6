//! Walks a tree of folders newest day first.
//!
//! The layout puts a vNIC's folders before the date, so "newest first" over all vNICs needs to know their days: years,
//! months and days of all streams stand in one heap, newest first, and are looked into when their turn comes. Memory
//! holds the streams, their years, and the months and days of the present.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use async_trait::async_trait;
use flowglass_flow::time;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::dedup::Recent;
use super::filter::Filter;
use super::layout::{Dated, Place, Span, day_path, last_label, place};
use super::{ListItem, SourceError};

/// Folders outside a layout are looked into this deep; deeper ones are listed at once.
const OUTSIDE_DEPTH: usize = 4;
/// More entries than this in a folder outside a layout: it is listed at once.
const OUTSIDE_ENTRIES: usize = 2_000;
/// More folders than this on one level of a layout: the level is listed at once, without order.
const LABEL_ENTRIES: usize = 200_000;

/// What can be listed folder by folder and as a whole. Folders are text that is empty or ends with `/`, except that the
/// first one may be any prefix.
#[async_trait]
pub(super) trait Tree: Send + Sync + 'static {
    /// Lists what lies directly in a folder; none if it has more than `most` entries.
    async fn level(&self, folder: &str, most: usize) -> Result<Option<Level>, SourceError>;

    /// Lists everything below a folder, page by page.
    fn below(&self, folder: &str) -> BoxStream<'static, Result<Vec<ListItem>, SourceError>>;
}

/// What lies directly in a folder.
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) folders: Vec<String>,
    pub(super) items: Vec<ListItem>,
}

/// Where objects lie.
#[derive(Debug, Default)]
struct Plan {
    /// Year folders and, if the source begins deeper, months and days.
    dated: Vec<(String, Dated)>,
    /// Folders to list as a whole.
    flat: Vec<String>,
    /// Objects found on the way.
    loose: Vec<ListItem>,
}

/// A dated folder in the heap: latest day first, coarse before fine, so that a day's turn comes only after every folder
/// that might hold that day was looked into.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    last: i32,
    span: Reverse<Span>,
    folder: String,
}

struct Walker {
    tree: Arc<dyn Tree>,
    filter: Filter,
    concurrency: usize,
    recent: Mutex<Recent>,
    sender: mpsc::Sender<Result<ListItem, SourceError>>,
}

/// The reader went away.
struct Gone;

enum Stop {
    Gone,
    Error(SourceError),
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Error(error)
    }
}

/// Lists all objects that a filter admits.
pub(super) fn list(
    tree: Arc<dyn Tree>,
    root: String,
    filter: Filter,
    concurrency: usize,
) -> BoxStream<'static, Result<ListItem, SourceError>> {
    spawn(tree, filter, concurrency, move |walker| async move { walker.everything(root).await })
}

/// Lists everything below some folders that a filter admits.
pub(super) fn list_folders(
    tree: Arc<dyn Tree>,
    folders: Vec<String>,
    concurrency: usize,
) -> BoxStream<'static, Result<ListItem, SourceError>> {
    spawn(tree, Filter::default(), concurrency, move |walker| async move { walker.below_all(folders).await })
}

/// Finds the streams.
pub(super) async fn streams(
    tree: &Arc<dyn Tree>,
    root: &str,
    filter: &Filter,
    concurrency: usize,
) -> Result<Vec<String>, SourceError> {
    let plan = discover(tree, root, filter, concurrency).await?;
    let streams: BTreeSet<&str> =
        plan.dated.iter().map(|(folder, dated)| &folder[..dated.stream_len]).collect();
    Ok(streams.into_iter().map(str::to_owned).collect())
}

/// Returns the first and the last day of a stream.
pub(super) async fn span(tree: &Arc<dyn Tree>, stream: &str) -> Result<Option<(i32, i32)>, SourceError> {
    let mut ends = (None, None);
    for last in [false, true] {
        let mut folder = stream.to_owned();
        loop {
            let level = tree.level(&folder, OUTSIDE_ENTRIES).await?.unwrap_or_default();
            let dated = level.folders.into_iter().filter_map(|folder| match place(&folder) {
                Place::Dated(dated) => Some((dated.first, dated.span, folder)),
                _ => None,
            });
            let Some((first, span, next)) = (if last { dated.max() } else { dated.min() }) else { break };
            if span == Span::Day {
                *(if last { &mut ends.1 } else { &mut ends.0 }) = Some(first);
                break;
            }
            folder = next;
        }
    }
    Ok(ends.0.zip(ends.1))
}

fn spawn<F: Future<Output = Result<(), Stop>> + Send>(
    tree: Arc<dyn Tree>,
    filter: Filter,
    concurrency: usize,
    run: impl FnOnce(Arc<Walker>) -> F + Send + 'static,
) -> BoxStream<'static, Result<ListItem, SourceError>> {
    let (sender, receiver) = mpsc::channel(1024);
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        let walker = Arc::new(Walker {
            tree,
            filter,
            concurrency: concurrency.max(1),
            recent: Mutex::default(),
            sender: sender.clone(),
        });
        if let Err(Stop::Error(error)) = run(walker).await {
            // Nobody reads any more: nobody to tell.
            let _ = sender.send(Err(error)).await;
        }
    }));
    let items = stream::unfold((receiver, Some(task)), |(mut receiver, mut task)| async move {
        if let Some(item) = receiver.recv().await {
            return Some((item, (receiver, task)));
        }
        // A listing that ended by a panic must not look complete.
        if let Some(Err(error)) = match task.take() {
            Some(task) => Some(task.await),
            None => None,
        } && let Ok(panic) = error.try_into_panic()
        {
            std::panic::resume_unwind(panic);
        }
        None
    });
    items.boxed()
}

impl Walker {
    async fn everything(&self, root: String) -> Result<(), Stop> {
        let plan = discover(&self.tree, &root, &self.filter, self.concurrency).await?;
        let mut heap = BinaryHeap::new();
        let mut flat = plan.flat;
        let few_days = self.filter.few_days(time::now());
        for (folder, dated) in plan.dated {
            match &few_days {
                Some(days) if dated.span == Span::Year => {
                    let days = days.iter().filter(|day| (dated.first..=dated.last).contains(day));
                    heap.extend(days.map(|day| day_node(&folder[..dated.stream_len], *day)));
                }
                _ => self.push(&mut heap, folder, dated),
            }
        }
        while let Some(first) = heap.pop() {
            let mut batch = vec![first];
            while batch.len() < self.concurrency
                && heap.peek().is_some_and(|next| (next.last, next.span) == (batch[0].last, batch[0].span))
            {
                batch.extend(heap.pop());
            }
            let span = batch[0].span.0;
            let folders = batch.into_iter().map(|node| node.folder);
            if span == Span::Day {
                self.below_all(folders.collect()).await?;
                continue;
            }
            for (folder, level) in self.levels(folders.collect()).await? {
                let Some(level) = level else {
                    flat.push(folder);
                    continue;
                };
                self.emit(level.items).await?;
                for child in level.folders {
                    match place(&child) {
                        Place::Dated(dated) => self.push(&mut heap, child, dated),
                        _ => flat.push(child),
                    }
                }
            }
        }
        self.emit(plan.loose).await?;
        for folder in flat {
            self.below_all(vec![folder]).await?;
        }
        Ok(())
    }

    fn push(&self, heap: &mut BinaryHeap<Node>, folder: String, dated: Dated) {
        if self.filter.admits_days(dated.first, dated.last) {
            heap.push(Node { last: dated.last, span: Reverse(dated.span), folder });
        }
    }

    async fn levels(&self, folders: Vec<String>) -> Result<Vec<(String, Option<Level>)>, SourceError> {
        let levels = stream::iter(folders).map(|folder| async move {
            let level = self.tree.level(&folder, OUTSIDE_ENTRIES).await?;
            Ok((folder, level))
        });
        levels.buffer_unordered(self.concurrency).try_collect().await
    }

    async fn below_all(&self, folders: Vec<String>) -> Result<(), Stop> {
        let listings = stream::iter(folders).map(Ok::<_, Stop>);
        listings
            .try_for_each_concurrent(self.concurrency, |folder| async move {
                let mut pages = self.tree.below(&folder);
                while let Some(page) = pages.next().await {
                    self.emit(page?).await?;
                }
                Ok(())
            })
            .await
    }

    async fn emit(&self, items: Vec<ListItem>) -> Result<(), Gone> {
        for item in items {
            let wanted = match &item {
                ListItem::Object(listed) => {
                    self.filter.admits_key(&listed.key) && self.recent.lock().is_new(&listed.key)
                }
                ListItem::Skipped(skipped) => self.recent.lock().is_new(&skipped.name),
            };
            if wanted {
                self.sender.send(Ok(item)).await.map_err(|_| Gone)?;
            }
        }
        Ok(())
    }
}

fn day_node(stream: &str, day: i32) -> Node {
    Node { last: day, span: Reverse(Span::Day), folder: format!("{stream}{}", day_path(day)) }
}

/// Looks into folders, level by level, until the years.
async fn discover(
    tree: &Arc<dyn Tree>,
    root: &str,
    filter: &Filter,
    concurrency: usize,
) -> Result<Plan, SourceError> {
    let mut plan = Plan::default();
    let mut open = Vec::new();
    if root.is_empty() || root.ends_with('/') {
        sort_in(root.to_owned(), 0, filter, &mut plan, &mut open);
    } else {
        // A prefix that ends in the middle of a name: whatever begins with it.
        open.push((root.to_owned(), OUTSIDE_ENTRIES, 0));
    }
    while !open.is_empty() {
        let levels = stream::iter(std::mem::take(&mut open)).map(|(folder, most, depth)| async move {
            let level = match known_children(&folder, filter) {
                Some(folders) => Some(Level { folders, items: Vec::new() }),
                None => tree.level(&folder, most).await?,
            };
            Ok::<_, SourceError>((folder, depth, level))
        });
        let levels: Vec<_> = levels.buffer_unordered(concurrency.max(1)).try_collect().await?;
        for (folder, depth, level) in levels {
            let Some(level) = level else {
                plan.flat.push(folder);
                continue;
            };
            plan.loose.extend(level.items);
            for child in level.folders {
                sort_in(child, depth + 1, filter, &mut plan, &mut open);
            }
        }
    }
    Ok(plan)
}

fn sort_in(
    folder: String,
    depth: usize,
    filter: &Filter,
    plan: &mut Plan,
    open: &mut Vec<(String, usize, usize)>,
) {
    if !filter.admits_folder(&folder) {
        return;
    }
    match place(&folder) {
        Place::Labels => open.push((folder, LABEL_ENTRIES, depth)),
        Place::Outside if depth <= OUTSIDE_DEPTH => open.push((folder, OUTSIDE_ENTRIES, depth)),
        Place::Dated(dated) => plan.dated.push((folder, dated)),
        Place::Flat | Place::Outside => plan.flat.push(folder),
    }
}

/// Returns the folders that a filter allows below this one where it names them, which saves listing them.
fn known_children(folder: &str, filter: &Filter) -> Option<Vec<String>> {
    let (label, values) = match last_label(folder)? {
        "root" => ("account", &filter.accounts),
        "account" => ("region", &filter.regions),
        _ => return None,
    };
    let children = values.iter().map(|value| format!("{folder}{label}={value}/"));
    (!values.is_empty()).then(|| children.collect())
}
