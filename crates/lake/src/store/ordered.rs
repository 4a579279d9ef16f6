//! A store whose listings come in order.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// A store with its listings sorted and each file once. The reader of the Delta log takes the order for granted, and
/// not every S3 service keeps it: IBM Cloud Object Storage says so, and a page may come a second time.
#[derive(Debug)]
pub(super) struct Ordered<T>(pub(super) T);

impl<T: ObjectStore> std::fmt::Display for Ordered<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, f)
    }
}

/// Collects a listing, sorts it, and drops repeated entries.
fn ordered(listing: BoxStream<'static, Result<ObjectMeta>>) -> BoxStream<'static, Result<ObjectMeta>> {
    let sorted = async move {
        let mut found: Vec<ObjectMeta> = listing.try_collect().await?;
        // As text: `Path` compares part by part, the log's reader byte by byte.
        found.sort_by(|a, b| a.location.as_ref().cmp(b.location.as_ref()));
        found.dedup_by(|a, b| a.location == b.location);
        Ok::<_, object_store::Error>(stream::iter(found.into_iter().map(Ok)))
    };
    stream::once(sorted).try_flatten().boxed()
}

#[async_trait]
impl<T: ObjectStore> ObjectStore for Ordered<T> {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.0.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        ordered(self.0.list(prefix))
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        ordered(self.0.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn repeated_and_unsorted_entries() {
        let meta = |name: &str| {
            let last_modified = std::time::SystemTime::UNIX_EPOCH.into();
            Ok(ObjectMeta { location: Path::from(name), last_modified, size: 0, e_tag: None, version: None })
        };
        let listing = stream::iter(["b", "a/c", "a", "b", "a.x"].map(meta)).boxed();
        let names: Vec<String> =
            ordered(listing).map_ok(|meta| meta.location.to_string()).try_collect().await.expect("a listing");
        assert_eq!(names, ["a", "a.x", "a/c", "b"]);
    }
}
