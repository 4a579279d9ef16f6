//! Small files of ours in a store.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::error::{LakeError, Result};

/// Reads a whole file; none if it is not there.
pub(crate) async fn read_if_present(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<Option<Bytes>> {
    let failed = |source| LakeError::Store { doing: "read", path: path.to_string(), source };
    match store.get(path).await {
        Ok(found) => found.bytes().await.map(Some).map_err(failed),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(source) => Err(failed(source)),
    }
}

/// Reads some bytes of a file; none if it is not there, or shorter.
pub(crate) async fn read_part_if_present(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    range: std::ops::Range<u64>,
) -> Result<Option<Bytes>> {
    let (wanted, end) = (range.end - range.start, range.end);
    match store.get_range(path, range).await {
        Ok(found) => Ok((found.len() as u64 == wanted).then_some(found)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        // A shorter one by that name, or a store that fails: it does so the next time as well.
        Err(source) => match store.head(path).await {
            Ok(meta) if meta.size < end => Ok(None),
            _ => Err(LakeError::Store { doing: "read", path: path.to_string(), source }),
        },
    }
}

/// Writes a file, over what is there.
pub(crate) async fn write(store: &Arc<dyn ObjectStore>, path: &Path, body: Vec<u8>) -> Result<()> {
    let written = store.put(path, body.into()).await;
    written.map(|_| ()).map_err(|source| LakeError::Store { doing: "write", path: path.to_string(), source })
}

/// Writes a file unless it is there. Returns whether this call wrote it; a retry that meets its own first try counts
/// as having written it.
pub(crate) async fn write_if_absent(
    store: &Arc<dyn ObjectStore>,
    path: &Path,
    body: Vec<u8>,
) -> Result<bool> {
    let body = Bytes::from(body);
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match store.put_opts(path, body.clone().into(), options).await {
        Ok(_) => Ok(true),
        Err(object_store::Error::AlreadyExists { .. }) => {
            Ok(read_if_present(store, path).await?.is_some_and(|found| found == body))
        }
        Err(source) => match read_if_present(store, path).await {
            Ok(Some(found)) => Ok(found == body),
            _ => Err(LakeError::Store { doing: "write", path: path.to_string(), source }),
        },
    }
}

/// Lists a folder; a folder that is not there is empty.
pub(crate) async fn list(store: &Arc<dyn ObjectStore>, folder: &Path) -> Result<Vec<ObjectMeta>> {
    use futures::TryStreamExt;
    match store.list(Some(folder)).try_collect().await {
        Ok(found) => Ok(found),
        Err(object_store::Error::NotFound { .. }) => Ok(Vec::new()),
        Err(source) => Err(LakeError::Store { doing: "list", path: folder.to_string(), source }),
    }
}

/// Deletes a file; one that is not there is deleted.
pub(crate) async fn delete(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<()> {
    match store.delete(path).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(source) => Err(LakeError::Store { doing: "delete", path: path.to_string(), source }),
    }
}

/// Writes a file of any size, over what is there.
pub(crate) async fn put_large(store: &Arc<dyn ObjectStore>, path: &Path, body: Vec<u8>) -> Result<()> {
    /// Above this size one request takes long enough to fail; parts can be repeated alone. S3 takes 5 GB at once.
    const ONE_REQUEST: usize = 256 << 20;
    let failed = |source| LakeError::Store { doing: "write", path: path.to_string(), source };
    if body.len() <= ONE_REQUEST {
        return store.put(path, body.into()).await.map(|_| ()).map_err(failed);
    }
    let mut upload = object_store::WriteMultipart::new(store.put_multipart(path).await.map_err(failed)?);
    upload.write(&body);
    upload.finish().await.map(|_| ()).map_err(failed)
}
