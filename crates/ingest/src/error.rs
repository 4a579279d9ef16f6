//! What can go wrong between a source and its reader.

use std::path::PathBuf;

use flowglass_access::AccessError;

/// Why a source cannot be opened, listed or read. Every text says what was attempted, why it failed and what to do
/// next; none holds a secret or a signed URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The location is neither a path that exists nor `s3://bucket/prefix`.
    #[error("no source at {location}: {reason}")]
    Location {
        /// As given.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting is missing or contradicts another.
    #[error("cannot open {location}: {reason}; {next}")]
    Setting {
        /// The source.
        location: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        next: String,
    },
    /// Plain HTTP to another machine would show credentials and records to the network.
    #[error(
        "cannot open {location}: {endpoint} is plain HTTP to another machine; use https:// or allow plain HTTP with \
         --allow-http"
    )]
    PlainHttp {
        /// The source.
        location: String,
        /// The endpoint.
        endpoint: String,
    },
    /// The token service gave no token for the API key.
    #[error("cannot log in at {endpoint}: {reason}; {next}")]
    Login {
        /// The token service.
        endpoint: String,
        /// Its answer.
        reason: String,
        /// What to do.
        next: String,
    },
    /// The store refused the credentials or their rights.
    #[error("cannot {what}: access denied ({reason}); {next}")]
    Denied {
        /// What was attempted.
        what: String,
        /// The store's code and message.
        reason: String,
        /// What to do.
        next: String,
    },
    /// The bucket does not exist at this endpoint.
    #[error("no bucket {bucket} at {endpoint}; check its name and the region of the endpoint")]
    NoSuchBucket {
        /// The bucket.
        bucket: String,
        /// The endpoint.
        endpoint: String,
    },
    /// The object or file is not there (any more).
    #[error("{key} is not in {source_name} any more")]
    NotFound {
        /// The key.
        key: String,
        /// Name of its source.
        source_name: String,
    },
    /// No connection, or it broke too often.
    #[error("cannot {what}: {reason}; {next}")]
    Connection {
        /// What was attempted.
        what: String,
        /// Why it failed, in the words of the network library.
        reason: String,
        /// What to do.
        next: String,
    },
    /// The store answered with an error that is none of the above.
    #[error("cannot {what}: the store answered {status} ({reason}); {next}")]
    Store {
        /// What was attempted.
        what: String,
        /// HTTP status.
        status: u16,
        /// The store's code and message.
        reason: String,
        /// What to do.
        next: String,
    },
    /// A listing that cannot be understood or never ends.
    #[error("cannot {what}: {reason}; {next}")]
    Listing {
        /// What was attempted.
        what: String,
        /// What is wrong with the answer.
        reason: String,
        /// What to do.
        next: String,
    },
    /// The object is larger than the reader takes.
    #[error("{key} has more than {limit} bytes, the most that is read of one object")]
    TooLarge {
        /// The key.
        key: String,
        /// The limit, bytes.
        limit: u64,
    },
    /// A key that cannot be written in a URL.
    #[error("cannot read {key:?}: {reason}; copy the object to another key")]
    Inexpressible {
        /// The key.
        key: String,
        /// Why not.
        reason: String,
    },
    /// A file kept changing while it was read.
    #[error("{path} changes while it is read; it will be read when its writer is done", path = path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
    /// A file or directory cannot be read.
    #[error("cannot read {path}: {reason}; check that it exists and that this user may read it", path = path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
}

impl From<AccessError> for SourceError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Setting { location, reason, next } => Self::Setting { location, reason, next },
            AccessError::NoCredentials { location } => Self::Setting {
                location,
                reason: AccessError::NO_CREDENTIALS.to_owned(),
                next: AccessError::GIVE_CREDENTIALS.to_owned(),
            },
            AccessError::PlainHttp { location, endpoint } => Self::PlainHttp { location, endpoint },
            AccessError::Login { endpoint, reason, next } => Self::Login { endpoint, reason, next },
        }
    }
}

impl SourceError {
    /// Returns true if the same request may well succeed later, without anybody changing a setting.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connection { .. } | Self::Changing { .. } => true,
            Self::Store { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// Returns true if only this one object is concerned: others can still be read.
    pub fn concerns_one_object(&self) -> bool {
        matches!(
            self,
            Self::NotFound { .. }
                | Self::TooLarge { .. }
                | Self::Inexpressible { .. }
                | Self::Changing { .. }
                | Self::Io { .. }
        )
    }
}

/// Why an ingest, a watch or a verification ended early. What concerns single objects never ends one: it is counted and
/// listed instead.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The source cannot be listed or read.
    #[error("cannot read source {name}")]
    Source {
        /// Name of the source.
        name: String,
        /// What went wrong.
        #[source]
        source: SourceError,
    },
    /// The lake cannot be read or written.
    #[error("cannot {doing} at {lake}")]
    Lake {
        /// What was attempted.
        doing: &'static str,
        /// The lake's address.
        lake: String,
        /// What went wrong.
        #[source]
        source: Box<flowglass_lake::LakeError>,
    },
    /// A part of the ingester stopped on a defect.
    #[error("{what} stopped: {reason}; please report this")]
    Worker {
        /// Which part.
        what: &'static str,
        /// Its last words.
        reason: String,
    },
}

impl IngestError {
    /// Returns true if the same may well succeed later, without anybody changing a setting.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Source { source, .. } => source.is_transient(),
            Self::Lake { source, .. } => {
                use flowglass_lake::LakeError as E;
                matches!(**source, E::Store { .. } | E::Io { .. } | E::Contention { .. } | E::Delta { .. })
            }
            Self::Worker { .. } => false,
        }
    }

    /// Returns what to do next, where the text does not say it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source { .. } | Self::Worker { .. } => None,
            Self::Lake { source, .. } => source.hint(),
        }
    }

    pub(crate) fn lake(
        doing: &'static str,
        lake: &flowglass_lake::Lake,
    ) -> impl FnOnce(flowglass_lake::LakeError) -> Self {
        let lake = lake.location().url.to_string();
        move |source| Self::Lake { doing, lake, source: Box::new(source) }
    }

    pub(crate) fn source(name: &flowglass_flow::SourceName) -> impl FnOnce(SourceError) -> Self {
        let name = name.to_string();
        move |source| Self::Source { name, source }
    }
}
