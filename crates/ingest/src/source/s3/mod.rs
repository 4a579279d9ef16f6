//! S3-compatible storage.
//!
//! Requests are built and signed by `rusty-s3` and sent with `reqwest`: keys go out exactly as stored, so a key that
//! holds a literal `%3A` is sent as `%253A`. (`object_store` has its own idea of what a path may be.)

mod client;
mod failure;
mod listing;

use std::sync::Arc;

use async_trait::async_trait;
use flowglass_access::Environment;
use flowglass_flow::SourceName;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};

use super::filter::Filter;
use super::layout::day_path;
use super::walk::{self, Level, Tree};
use super::{
    Calls, Fetched, HourFolder, ListItem, Listed, SkipReason, Skipped, Source, SourceError, SourceSpec,
};
use client::Client;
use listing::{Entry, Pager};

/// Objects in a bucket.
pub(super) struct S3Source {
    name: SourceName,
    tree: Arc<S3Tree>,
    prefix: String,
    concurrency: usize,
}

struct S3Tree {
    client: Arc<Client>,
}

impl S3Source {
    /// Opens `bucket/prefix`.
    pub(super) fn open(
        spec: &SourceSpec,
        rest: &str,
        environment: Environment<'_>,
    ) -> Result<Self, SourceError> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(SourceError::Location {
                location: spec.location.clone(),
                reason: "the bucket's name is missing; write s3://bucket/prefix".to_owned(),
            });
        }
        let client = Client::open(spec, bucket, environment)?;
        let name = spec.name.clone().unwrap_or_else(|| format!("s3://{bucket}"));
        Ok(Self {
            name: SourceName(name),
            tree: Arc::new(S3Tree { client: Arc::new(client) }),
            prefix: prefix.to_owned(),
            concurrency: spec.concurrency,
        })
    }

    fn shared(&self) -> Arc<dyn Tree> {
        Arc::clone(&self.tree) as Arc<dyn Tree>
    }
}

#[async_trait]
impl Source for S3Source {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn place(&self) -> String {
        let client = &self.tree.client;
        format!("s3://{}/{} at {}", client.bucket_name(), self.prefix, client.endpoint())
    }

    fn login(&self) -> String {
        self.tree.client.login().to_owned()
    }

    fn list(&self, filter: &Filter) -> BoxStream<'static, Result<ListItem, SourceError>> {
        walk::list(self.shared(), self.prefix.clone(), filter.clone(), self.concurrency)
    }

    async fn streams(&self, filter: &Filter) -> Result<Vec<String>, SourceError> {
        walk::streams(&self.shared(), &self.prefix, filter, self.concurrency).await
    }

    fn list_recent(
        &self,
        stream: &str,
        hours: &[HourFolder],
    ) -> BoxStream<'static, Result<ListItem, SourceError>> {
        let folders = hours.iter().map(|hour| format!("{stream}{}", hour.path())).collect();
        walk::list_folders(self.shared(), folders, self.concurrency)
    }

    fn list_after(
        &self,
        stream: &str,
        after: &str,
    ) -> Option<BoxStream<'static, Result<ListItem, SourceError>>> {
        let pages = pages(Pager::new(Arc::clone(&self.tree.client), stream, "").after(after));
        Some(pages.map_ok(|items| stream::iter(items).map(Ok)).try_flatten().boxed())
    }

    fn list_day(&self, stream: &str, day: i32) -> BoxStream<'static, Result<ListItem, SourceError>> {
        let folder = format!("{stream}{}", day_path(day));
        walk::list_folders(self.shared(), vec![folder], self.concurrency)
    }

    async fn span(&self, stream: &str) -> Result<Option<(i32, i32)>, SourceError> {
        walk::span(&self.shared(), stream).await
    }

    async fn find(&self, key: &str) -> Result<Option<Listed>, SourceError> {
        self.tree.client.head(key).await
    }

    async fn get(&self, listed: &Listed, max_bytes: u64) -> Result<Fetched, SourceError> {
        let (bytes, etag) =
            self.tree.client.get(&listed.key, max_bytes).await.map_err(|error| match error {
                SourceError::NotFound { key, .. } => {
                    SourceError::NotFound { key, source_name: self.name.to_string() }
                }
                other => other,
            })?;
        Ok(Fetched::new(bytes, etag))
    }

    fn is_remote(&self) -> bool {
        true
    }

    fn calls(&self) -> Calls {
        self.tree.client.calls()
    }
}

#[async_trait]
impl Tree for S3Tree {
    async fn level(&self, folder: &str, most: usize) -> Result<Option<Level>, SourceError> {
        let mut pager = Pager::new(Arc::clone(&self.client), folder, "/");
        let mut level = Level::default();
        // A store may repeat prefixes between pages.
        let mut seen = std::collections::HashSet::new();
        while let Some(page) = pager.next().await? {
            for prefix in page.prefixes {
                match prefix {
                    // A prefix that names the folder itself would be looked into for ever.
                    Ok(prefix) if prefix.len() > folder.len() && prefix.starts_with(folder) => {
                        if seen.insert(prefix.clone()) {
                            level.folders.push(prefix);
                        }
                    }
                    Ok(_) => {}
                    Err(name) => {
                        level
                            .items
                            .push(ListItem::Skipped(Skipped { name, reason: SkipReason::Inexpressible }));
                    }
                }
            }
            level.items.extend(page.entries.into_iter().map(to_item));
            if level.folders.len() + level.items.len() > most {
                return Ok(None);
            }
        }
        Ok(Some(level))
    }

    fn below(&self, folder: &str) -> BoxStream<'static, Result<Vec<ListItem>, SourceError>> {
        pages(Pager::new(Arc::clone(&self.client), folder, "")).boxed()
    }
}

/// Goes through a listing's pages.
fn pages(pager: Pager) -> impl Stream<Item = Result<Vec<ListItem>, SourceError>> + Send + 'static {
    stream::unfold(Some(pager), |pager| async move {
        let mut pager = pager?;
        match pager.next().await {
            Ok(Some(page)) => Some((Ok(page.entries.into_iter().map(to_item).collect()), Some(pager))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

fn to_item(entry: Entry) -> ListItem {
    let skip = |name, reason| ListItem::Skipped(Skipped { name, reason });
    let key = match entry.key {
        Ok(key) => key,
        Err(name) => return skip(name, SkipReason::Inexpressible),
    };
    if entry.size == 0 && key.ends_with('/') {
        return skip(key, SkipReason::FolderMarker);
    }
    if !client::is_expressible(&key) {
        return skip(key, SkipReason::Inexpressible);
    }
    ListItem::Object(Listed {
        key,
        size: entry.size,
        etag: entry.etag,
        last_modified: entry.last_modified,
        path: None,
    })
}
