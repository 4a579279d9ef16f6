//! Where objects come from: a file, a directory, or S3-compatible storage.
//!
//! A source is listed newest day first as far as the provider's layout allows, in bounded memory, and never fails as a
//! whole for one entry that cannot be read. No listing order is trusted; an object listed twice is given once as long as
//! the store repeats it within some 100,000 entries.

mod dedup;
mod filter;
mod layout;
mod local;
mod s3;
mod spec;
mod walk;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use flowglass_flow::SourceName;
use flowglass_flow::time::{DAY, SECOND};
use futures::stream::BoxStream;

pub use crate::error::SourceError;
pub use filter::Filter;
pub use flowglass_access::{CREDENTIAL_VARIABLES, CredentialsSpec, RetryPolicy, Secret, install_crypto};
pub use spec::SourceSpec;

/// A bucket or directory that holds flow-log objects.
#[async_trait]
pub trait Source: Send + Sync {
    /// Returns the name that is part of every object's identity.
    fn name(&self) -> &SourceName;

    /// Returns where it is, for people, such as `s3://bucket/prefix at https://…`.
    fn place(&self) -> String;

    /// Returns how it logs in, for people, such as `access key AKIA… from AWS_ACCESS_KEY_ID`.
    fn login(&self) -> String;

    /// Lists the objects that a filter admits: those in the provider's layout newest day first, then all others.
    ///
    /// An error ends the listing.
    fn list(&self, filter: &Filter) -> BoxStream<'static, Result<ListItem, SourceError>>;

    /// Finds the streams, one per vNIC and record type: folders, up to and without their `year=`.
    async fn streams(&self, filter: &Filter) -> Result<Vec<String>, SourceError>;

    /// Lists some hours of a stream.
    fn list_recent(
        &self,
        stream: &str,
        hours: &[HourFolder],
    ) -> BoxStream<'static, Result<ListItem, SourceError>>;

    /// Lists what a stream holds after a key, or after what would stand at that place; none where a listing cannot begin
    /// in its middle. A store that keeps no order may leave objects out.
    fn list_after(
        &self,
        _stream: &str,
        _after: &str,
    ) -> Option<BoxStream<'static, Result<ListItem, SourceError>>> {
        None
    }

    /// Lists a day of a stream; days since the epoch.
    fn list_day(&self, stream: &str, day: i32) -> BoxStream<'static, Result<ListItem, SourceError>>;

    /// Returns the first and the last day of a stream, days since the epoch; none if it has no days.
    async fn span(&self, stream: &str) -> Result<Option<(i32, i32)>, SourceError>;

    /// Looks one key up; none if it is not there.
    async fn find(&self, key: &str) -> Result<Option<Listed>, SourceError>;

    /// Reads an object whole, unless it has more than `max_bytes`.
    async fn get(&self, listed: &Listed, max_bytes: u64) -> Result<Fetched, SourceError>;

    /// Reads some objects, each as [`Source::get`] does; one result for each, in their order.
    async fn get_all(&self, listed: &[Listed], max_bytes: u64) -> Vec<Result<Fetched, SourceError>> {
        let mut fetched = Vec::with_capacity(listed.len());
        for listed in listed {
            fetched.push(self.get(listed, max_bytes).await);
        }
        fetched
    }

    /// Returns how many small objects are better read by one [`Source::get_all`] than each by itself: one where every
    /// object takes a request of its own.
    fn at_once(&self) -> usize {
        1
    }

    /// Returns true if each listing call costs time and money, as in object storage.
    fn is_remote(&self) -> bool;

    /// Returns the requests made so far.
    fn calls(&self) -> Calls;

    /// True if its owner pays for each listing, so that full ones are made rarely.
    fn listings_cost(&self) -> bool {
        true
    }
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListItem {
    /// An object.
    Object(Listed),
    /// Something that is no object, or cannot be read as one.
    Skipped(Skipped),
}

/// An object as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key, exactly as stored; of a file the path from `ibm_vpc_flowlogs_…` on, else below the source's directory.
    pub key: String,
    /// Bytes as stored.
    pub size: u64,
    /// ETag without quotes; none for files.
    pub etag: Option<String>,
    /// When it was written, microseconds since the epoch.
    pub last_modified: Option<i64>,
    /// Where a file lies.
    pub path: Option<PathBuf>,
}

/// An entry that is passed over, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name, as far as it can be written.
    pub name: String,
    /// Why it is no object to read.
    pub reason: SkipReason,
}

/// Why an entry of a listing is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Its name begins with a dot.
    Hidden,
    /// Its name ends with `.tmp` or `.partial`: somebody is writing it.
    Unfinished,
    /// An empty object whose key ends with a slash: a folder's marker.
    FolderMarker,
    /// A pipe, socket or device.
    NotAFile,
    /// A link to itself, to a folder above it, or to nothing.
    BrokenLink,
    /// A file or folder that this user may not read, or that went away meanwhile.
    Unreadable,
    /// A name that is not UTF-8, or a key that cannot be written in a URL.
    Inexpressible,
}

impl SkipReason {
    /// Returns true if there may be records behind it: worth a warning.
    pub fn is_warning(self) -> bool {
        matches!(self, Self::BrokenLink | Self::Unreadable | Self::Inexpressible)
    }
}

impl std::fmt::Display for SkipReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hidden => "hidden file",
            Self::Unfinished => "unfinished file",
            Self::FolderMarker => "folder marker",
            Self::NotAFile => "not a regular file",
            Self::BrokenLink => "link that leads nowhere or in a circle",
            Self::Unreadable => "not readable by this user",
            Self::Inexpressible => "name that cannot be written in UTF-8 or in a URL",
        })
    }
}

/// An object's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The bytes as stored.
    pub bytes: Bytes,
    /// The version that was read: its ETag without quotes, or the content hash where the source has none.
    pub version: String,
    /// BLAKE3 of the bytes, 32 hexadecimal digits.
    pub content_hash: String,
    /// When a file was written whose bytes these are, microseconds since the epoch; none where the version is an ETag.
    pub last_modified: Option<i64>,
}

/// Requests made to a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Calls {
    /// Pages listed, or directories read.
    pub lists: u64,
    /// Objects read.
    pub gets: u64,
    /// Tries that failed and were made again.
    pub retries: u64,
}

/// An hour folder of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourFolder {
    /// Day, days since the epoch.
    pub day: i32,
    /// Hour, 0 to 24: the provider may write the first hour of a day as hour 24 of the day before.
    pub hour: u8,
}

impl HourFolder {
    /// Returns the folders in which an object written at `now` may lie, the current hour's first: the hour, the one
    /// before it, and the next one in its first minutes for a store whose clock is ahead.
    pub fn around(now: i64) -> Vec<Self> {
        const HOUR: i64 = 3600 * SECOND;
        let mut folders = Vec::new();
        let mut push = |instant: i64| {
            let day = i32::try_from(instant.div_euclid(DAY)).unwrap_or(i32::MAX);
            let hour = u8::try_from(instant.rem_euclid(DAY) / HOUR).unwrap_or(0);
            folders.push(Self { day, hour });
            if hour == 0 {
                folders.push(Self { day: day.saturating_sub(1), hour: 24 });
            }
        };
        push(now);
        push(now - HOUR);
        if now.rem_euclid(HOUR) >= HOUR - 120 * SECOND {
            push(now + HOUR);
        }
        folders
    }

    /// Returns the folder's path below its stream.
    pub(crate) fn path(self) -> String {
        format!("{}hour={:02}/", layout::day_path(self.day), self.hour)
    }
}

impl Fetched {
    pub(crate) fn new(bytes: Bytes, etag: Option<String>) -> Self {
        let content_hash = blake3::hash(&bytes).to_hex()[..32].to_owned();
        Self {
            bytes,
            version: etag.unwrap_or_else(|| content_hash.clone()),
            content_hash,
            last_modified: None,
        }
    }
}

/// Opens a source. Does not connect: the first listing does.
///
/// # Errors
/// When the location is no source, a setting is missing, or plain HTTP would leave this machine.
pub async fn open(spec: &SourceSpec) -> Result<Arc<dyn Source>, SourceError> {
    if let Some(rest) = spec.location.strip_prefix("s3://") {
        return Ok(Arc::new(s3::S3Source::open(spec, rest, &|name| std::env::var(name).ok())?));
    }
    let path = spec.location.strip_prefix("file://").unwrap_or(&spec.location);
    if let Some((scheme, _)) = path.split_once("://") {
        return Err(SourceError::Location {
            location: spec.location.clone(),
            reason: format!("{scheme}:// is not known; use s3://bucket/prefix, a directory or a file"),
        });
    }
    Ok(Arc::new(local::LocalSource::open(spec, path).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_around_an_instant() {
        let around = |text: &str| {
            let now = flowglass_flow::time::parse(text.as_bytes()).expect("a time");
            HourFolder::around(now).into_iter().map(HourFolder::path).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            around("2021-12-14T13:30:00Z"),
            "year=2021/month=12/day=14/hour=13/ year=2021/month=12/day=14/hour=12/"
        );
        assert_eq!(
            around("2021-12-14T00:10:00Z"),
            "year=2021/month=12/day=14/hour=00/ year=2021/month=12/day=13/hour=24/ year=2021/month=12/day=13/hour=23/"
        );
        assert_eq!(
            around("2021-12-31T23:59:00Z"),
            "year=2021/month=12/day=31/hour=23/ year=2021/month=12/day=31/hour=22/ \
             year=2022/month=01/day=01/hour=00/ year=2021/month=12/day=31/hour=24/"
        );
    }
}
