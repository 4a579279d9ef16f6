//! Where a lake lies, and the store that holds it.

mod bucket;
mod ordered;

use std::path::PathBuf;
use std::sync::Arc;

use flowglass_access::CredentialsSpec;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use url::Url;

use crate::durable::DurableFileSystem;
use crate::error::{LakeError, Result};

/// How to reach a store that is not a directory. Empty members come from the same environment variables as those of
/// sources.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// Endpoint of an S3-compatible store.
    pub endpoint: Option<String>,
    /// Region to sign for.
    pub region: Option<String>,
    /// Allow plain HTTP to other hosts than this one.
    pub allow_http: bool,
    /// How to log in.
    pub credentials: CredentialsSpec,
    /// URL of the IBM Cloud IAM token service, when it is not the public one.
    pub iam_endpoint: Option<String>,
}

/// A lake's address and its store.
#[derive(Debug, Clone)]
pub struct Location {
    /// The address, as shown to people.
    pub url: Url,
    /// The whole store: what the address's path is relative to.
    pub root: Arc<dyn ObjectStore>,
    /// The lake's folder in the store.
    pub prefix: Path,
    /// The lake's directory on this machine, if it is one.
    pub directory: Option<PathBuf>,
}

impl Location {
    /// Resolves a lake address: a path, `file://`, `s3://bucket/prefix`, or `memory:///name` (gone with the process).
    ///
    /// # Errors
    /// If the address has another form, the directory cannot be made, or the store's settings are wrong.
    pub fn resolve(address: &str, options: &StoreOptions) -> Result<Self> {
        let bad = |reason: String| LakeError::BadUrl { url: address.to_owned(), reason };
        if let Some(rest) = address.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                return Err(bad("it names no bucket".to_owned()));
            }
            let prefix = Path::parse(prefix.trim_matches('/')).map_err(|error| bad(error.to_string()))?;
            let url =
                Url::parse(&format!("s3://{bucket}/{prefix}")).map_err(|error| bad(error.to_string()))?;
            let root = bucket::open(&url, bucket, options)?;
            return Ok(Self { url, root, prefix, directory: None });
        }
        if let Some(name) = address.strip_prefix("memory://") {
            let prefix = Path::parse(name.trim_matches('/')).map_err(|error| bad(error.to_string()))?;
            let url = Url::parse(&format!("memory:///{prefix}")).map_err(|error| bad(error.to_string()))?;
            return Ok(Self { url, root: Arc::new(InMemory::new()), prefix, directory: None });
        }
        let path = match address.strip_prefix("file://") {
            Some(_) => Url::parse(address)
                .ok()
                .and_then(|url| url.to_file_path().ok())
                .ok_or_else(|| bad("it is no file URL".to_owned()))?,
            None if address.contains("://") => return Err(bad("its scheme is unknown".to_owned())),
            None if address.is_empty() => return Err(bad("it is empty".to_owned())),
            None => PathBuf::from(address),
        };
        let path = std::path::absolute(&path).map_err(|source| LakeError::Io {
            doing: "resolve",
            path: path.clone(),
            source,
        })?;
        if path.is_file() {
            return Err(bad("it is a file, and a lake is a directory".to_owned()));
        }
        let url = Url::from_directory_path(&path).map_err(|()| bad("it is no absolute path".to_owned()))?;
        let prefix = Path::from_absolute_path(&path).map_err(|error| bad(error.to_string()))?;
        Ok(Self { url, root: Arc::new(DurableFileSystem::new()), prefix, directory: Some(path) })
    }

    /// Returns the store below a folder of the lake.
    pub fn below(&self, folder: &str) -> Arc<dyn ObjectStore> {
        Arc::new(PrefixStore::new(Arc::clone(&self.root), self.folder(folder)))
    }

    /// Returns a folder of the lake as a path in the whole store.
    pub fn folder(&self, folder: &str) -> Path {
        folder
            .split('/')
            .filter(|part| !part.is_empty())
            .fold(self.prefix.clone(), |path, part| path.join(part))
    }

    /// Returns a folder of the lake as a URL that ends in a slash.
    pub fn folder_url(&self, folder: &str) -> Url {
        let mut url = self.url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{folder}/"));
        url
    }

    /// Proves that the store refuses a second put-if-absent of the same file.
    ///
    /// # Errors
    /// [`LakeError::UnsafeStore`] if it does not; [`LakeError::Store`] if it cannot be written at all.
    pub async fn probe_put_if_absent(&self) -> Result<()> {
        let store = self.below("_flowglass");
        let path = Path::from(format!("probe-{}", uuid::Uuid::new_v4()));
        let put = || {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            store.put_opts(&path, PutPayload::from_static(b"probe"), options)
        };
        let failed = |source| LakeError::Store {
            doing: "write",
            path: format!("{}/_flowglass/{path}", self.url),
            source,
        };
        put().await.map_err(failed)?;
        let second = put().await;
        store.delete(&path).await.map_err(failed)?;
        match second {
            Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            Ok(_) => Err(LakeError::UnsafeStore {
                url: self.url.to_string(),
                reason: "a put-if-absent of an existing file succeeded".to_owned(),
            }),
            Err(
                error @ (object_store::Error::NotImplemented { .. }
                | object_store::Error::NotSupported { .. }),
            ) => Err(LakeError::UnsafeStore { url: self.url.to_string(), reason: error.to_string() }),
            // A connection that broke says nothing of the store.
            Err(source) => Err(failed(source)),
        }
    }
}
