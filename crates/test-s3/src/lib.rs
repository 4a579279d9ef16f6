//! A small S3 server for tests: in memory, correct under concurrency, with faults on request.
//!
//! ```
//! use flowglass_test_s3::{Faults, Options, TestS3};
//!
//! let server = TestS3::start(Options::default()).expect("a free port");
//! server.create_bucket("logs").expect("a new bucket");
//! server.put("logs", "a%3Ab/1.gz", "hello").expect("a bucket to write to");
//! server.set_faults(Faults { slow_down: 0.2, ..Faults::default() });
//! assert_eq!(server.keys("logs"), ["a%3Ab/1.gz"]);
//! ```
//!
//! Keys are kept exactly as sent. Path-style addressing only. Nothing is written to disk.

mod faults;
mod host;
mod http;
mod iam;
mod listing;
mod service;
mod store;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

pub use faults::{Call, Counters, Faults, Request};
pub use iam::TestIam;
pub use store::StoredObject;

use faults::Control;
use host::Host;
use store::{Precondition, Store};

/// How to start a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Access key and secret key that signed requests must use.
    pub credentials: (String, String),
    /// Take unsigned requests too.
    pub anonymous: bool,
    /// A bearer token that is taken instead of a signature.
    pub bearer: Option<String>,
    /// Seed of the chance with which faults happen.
    pub seed: u64,
}

/// A running server; dropping it stops it.
pub struct TestS3 {
    address: SocketAddr,
    options: Options,
    store: Arc<Store>,
    control: Arc<Mutex<Control>>,
    bearer: Arc<Mutex<Option<String>>>,
    _host: Host,
}

/// Why a change through the handle did not happen.
#[derive(Debug)]
pub struct Refused(String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            credentials: ("flowglass".to_owned(), "flowglass-secret".to_owned()),
            anonymous: false,
            bearer: None,
            seed: 7,
        }
    }
}

impl TestS3 {
    /// Starts a server on its own thread; works with and without a runtime around.
    pub fn start(options: Options) -> std::io::Result<Self> {
        let store = Arc::new(Store::default());
        let control = Arc::new(Mutex::new(Control::new(options.seed)));
        let bearer = Arc::new(Mutex::new(options.bearer.clone()));
        let server = Arc::new(http::Server::new(&options, &store, &control, &bearer));
        let (host, address) = Host::start(options.port, move |listener| server.run(listener))?;
        Ok(Self { address, options, store, control, bearer, _host: host })
    }

    /// Returns the endpoint, such as `http://127.0.0.1:40123`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the access key.
    pub fn access_key(&self) -> &str {
        &self.options.credentials.0
    }

    /// Returns the secret key.
    pub fn secret_key(&self) -> &str {
        &self.options.credentials.1
    }

    /// Makes a bucket.
    pub fn create_bucket(&self, bucket: &str) -> Result<(), Refused> {
        self.store.create_bucket(bucket).map_err(|refusal| Refused(format!("bucket {bucket}: {refusal:?}")))
    }

    /// Writes an object without a request.
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) -> Result<(), Refused> {
        self.put_object(bucket, key, StoredObject::new(bytes))
    }

    /// Writes an object with its own ETag, time and headers without a request.
    pub fn put_object(&self, bucket: &str, key: &str, object: StoredObject) -> Result<(), Refused> {
        self.store
            .put(bucket, key, object, &Precondition::None)
            .map_err(|refusal| Refused(format!("{bucket}/{key}: {refusal:?}")))
    }

    /// Returns an object without a request.
    pub fn get(&self, bucket: &str, key: &str) -> Option<StoredObject> {
        self.store.get(bucket, key).ok()
    }

    /// Removes an object without a request.
    pub fn remove(&self, bucket: &str, key: &str) {
        // A bucket that is not there holds no object either.
        let _ = self.store.delete(bucket, key);
    }

    /// Returns a bucket's keys, sorted; empty for an unknown bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        self.store.with_objects(bucket, |objects| objects.keys().cloned().collect()).unwrap_or_default()
    }

    /// Writes every file below a directory into a bucket, under its path relative to the directory.
    /// Returns how many there were.
    pub fn load(&self, bucket: &str, directory: &Path) -> std::io::Result<usize> {
        let mut loaded = 0;
        let mut open = vec![directory.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let entry = entry?;
                let path = entry.path();
                if entry.file_type()?.is_dir() {
                    open.push(path);
                    continue;
                }
                let relative = path.strip_prefix(directory).map_err(std::io::Error::other)?;
                let key = relative
                    .to_str()
                    .ok_or_else(|| std::io::Error::other(format!("{relative:?} is not UTF-8")))?;
                self.put(bucket, key, std::fs::read(&path)?).map_err(std::io::Error::other)?;
                loaded += 1;
            }
        }
        Ok(loaded)
    }

    /// Sets the faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.control.lock().faults = faults;
    }

    /// Returns what was counted so far.
    pub fn counters(&self) -> Counters {
        self.control.lock().counters.clone()
    }

    /// Starts counting anew.
    pub fn reset_counters(&self) {
        self.control.lock().counters = Counters::default();
    }

    /// Sets the bearer token that is taken instead of a signature.
    pub fn set_bearer(&self, token: Option<String>) {
        *self.bearer.lock() = token;
    }

    fn bearer_cell(&self) -> Arc<Mutex<Option<String>>> {
        Arc::clone(&self.bearer)
    }
}
