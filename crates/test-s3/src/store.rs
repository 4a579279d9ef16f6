//! What the server holds: buckets, objects and unfinished uploads, in memory.
//!
//! Every change happens under one lock, so a conditional put checks and writes in one step.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use bytes::Bytes;
use md5::{Digest, Md5};
use parking_lot::Mutex;

/// One stored object.
#[derive(Debug, Clone)]
pub struct StoredObject {
    /// Its bytes.
    pub bytes: Bytes,
    /// MD5 of the bytes in hexadecimal, without quotes; of the parts' MD5s and their number for a multipart upload.
    pub etag: String,
    /// When it was written.
    pub last_modified: SystemTime,
    /// User metadata, names without `x-amz-meta-`.
    pub metadata: Vec<(String, String)>,
    /// `Content-Type` as given.
    pub content_type: Option<String>,
    /// `Content-Encoding` as given.
    pub content_encoding: Option<String>,
}

/// What must hold of the stored object for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Precondition {
    None,
    /// `If-None-Match: *`: no object stands there.
    Absent,
    /// `If-Match`: an object with this ETag stands there; none means any object.
    Matches(Option<String>),
}

/// Why the store refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    InvalidPart,
    BucketExists,
    PreconditionFailed,
}

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, StoredObject>,
    uploads: HashMap<String, Upload>,
}

struct Upload {
    key: String,
    parts: BTreeMap<i32, (Bytes, [u8; 16])>,
    template: StoredObject,
}

/// All buckets behind one lock.
#[derive(Default)]
pub(crate) struct Store {
    buckets: Mutex<BTreeMap<String, Bucket>>,
    uploads_begun: std::sync::atomic::AtomicU64,
}

impl StoredObject {
    /// Makes an object of bytes written now, with their MD5 as ETag.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let etag = hex(&Md5::digest(&bytes));
        Self {
            bytes,
            etag,
            last_modified: SystemTime::now(),
            metadata: Vec::new(),
            content_type: None,
            content_encoding: None,
        }
    }
}

impl Precondition {
    fn check(&self, stored: Option<&StoredObject>) -> Result<(), Refusal> {
        match (self, stored) {
            (Self::None, _) | (Self::Absent, None) | (Self::Matches(None), Some(_)) => Ok(()),
            (Self::Matches(Some(etag)), Some(object)) if object.etag == *etag => Ok(()),
            (Self::Matches(_), None) => Err(Refusal::NoSuchKey),
            _ => Err(Refusal::PreconditionFailed),
        }
    }
}

impl Store {
    /// Makes a bucket.
    pub(crate) fn create_bucket(&self, bucket: &str) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock();
        if buckets.contains_key(bucket) {
            return Err(Refusal::BucketExists);
        }
        buckets.insert(bucket.to_owned(), Bucket::default());
        Ok(())
    }

    /// Returns the names of all buckets, sorted.
    pub(crate) fn buckets(&self) -> Vec<String> {
        self.buckets.lock().keys().cloned().collect()
    }

    /// Runs a function over a bucket's objects, sorted by key.
    pub(crate) fn with_objects<T>(
        &self,
        bucket: &str,
        read: impl FnOnce(&BTreeMap<String, StoredObject>) -> T,
    ) -> Result<T, Refusal> {
        self.buckets.lock().get(bucket).map(|bucket| read(&bucket.objects)).ok_or(Refusal::NoSuchBucket)
    }

    /// Returns an object.
    pub(crate) fn get(&self, bucket: &str, key: &str) -> Result<StoredObject, Refusal> {
        self.with_objects(bucket, |objects| objects.get(key).cloned())?.ok_or(Refusal::NoSuchKey)
    }

    /// Writes an object if the condition holds; check and write are one step.
    pub(crate) fn put(
        &self,
        bucket: &str,
        key: &str,
        object: StoredObject,
        condition: &Precondition,
    ) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock();
        let objects = &mut buckets.get_mut(bucket).ok_or(Refusal::NoSuchBucket)?.objects;
        condition.check(objects.get(key))?;
        objects.insert(key.to_owned(), object);
        Ok(())
    }

    /// Removes an object; removing what is not there is no error, as in S3.
    pub(crate) fn delete(&self, bucket: &str, key: &str) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock();
        buckets.get_mut(bucket).ok_or(Refusal::NoSuchBucket)?.objects.remove(key);
        Ok(())
    }

    /// Begins a multipart upload and returns its id.
    pub(crate) fn begin_upload(
        &self,
        bucket: &str,
        key: &str,
        template: StoredObject,
    ) -> Result<String, Refusal> {
        let number = self.uploads_begun.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let id = format!("upload-{number}");
        let mut buckets = self.buckets.lock();
        let bucket = buckets.get_mut(bucket).ok_or(Refusal::NoSuchBucket)?;
        bucket.uploads.insert(id.clone(), Upload { key: key.to_owned(), parts: BTreeMap::new(), template });
        Ok(id)
    }

    /// Stores a part and returns its ETag; the same number again replaces it.
    pub(crate) fn put_part(
        &self,
        bucket: &str,
        id: &str,
        number: i32,
        bytes: Bytes,
    ) -> Result<String, Refusal> {
        let digest: [u8; 16] = Md5::digest(&bytes).into();
        let mut buckets = self.buckets.lock();
        let bucket = buckets.get_mut(bucket).ok_or(Refusal::NoSuchBucket)?;
        bucket.uploads.get_mut(id).ok_or(Refusal::NoSuchUpload)?.parts.insert(number, (bytes, digest));
        Ok(hex(&digest))
    }

    /// Joins the named parts into the object, if the condition holds, and returns its ETag.
    pub(crate) fn complete_upload(
        &self,
        bucket: &str,
        id: &str,
        parts: &[(i32, Option<String>)],
        condition: &Precondition,
    ) -> Result<String, Refusal> {
        let mut buckets = self.buckets.lock();
        let bucket = buckets.get_mut(bucket).ok_or(Refusal::NoSuchBucket)?;
        let upload = bucket.uploads.get(id).ok_or(Refusal::NoSuchUpload)?;
        let (mut joined, mut digests) = (Vec::new(), Md5::new());
        for (number, etag) in parts {
            let (bytes, digest) = upload.parts.get(number).ok_or(Refusal::InvalidPart)?;
            if etag.as_ref().is_some_and(|etag| *etag != hex(digest)) {
                return Err(Refusal::InvalidPart);
            }
            joined.extend_from_slice(bytes);
            digests.update(digest);
        }
        condition.check(bucket.objects.get(&upload.key))?;
        let etag = format!("{}-{}", hex(&digests.finalize()), parts.len());
        let upload = bucket.uploads.remove(id).ok_or(Refusal::NoSuchUpload)?;
        let object = StoredObject {
            bytes: joined.into(),
            etag: etag.clone(),
            last_modified: SystemTime::now(),
            ..upload.template
        };
        bucket.objects.insert(upload.key, object);
        Ok(etag)
    }

    /// Forgets an upload.
    pub(crate) fn abort_upload(&self, bucket: &str, id: &str) -> Result<(), Refusal> {
        let mut buckets = self.buckets.lock();
        let bucket = buckets.get_mut(bucket).ok_or(Refusal::NoSuchBucket)?;
        bucket.uploads.remove(id).map(|_| ()).ok_or(Refusal::NoSuchUpload)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
