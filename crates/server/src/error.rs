//! Why a server does not start, or stops.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Errors of the server as a whole; those of one request are [`crate::ApiError`].
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The settings would let strangers in.
    #[error("will not listen on {listen}, which others can reach, without {missing}")]
    Unsafe {
        /// The address.
        listen: SocketAddr,
        /// What is missing, and how to give it.
        missing: String,
    },
    /// The token is no good. It is not shown.
    #[error("the token cannot be used: {reason}")]
    BadToken {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Only one of certificate and key is given.
    #[error("TLS needs both --tls-cert and --tls-key")]
    HalfTls,
    /// The certificate or key cannot be used.
    #[error("cannot use {} for TLS: {reason}", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was attempted.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A configured host name is none.
    #[error("{host:?} is no host name or address (give names such as flows.example.com or 192.0.2.7:7420)")]
    BadHost {
        /// The name.
        host: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// Connections can no longer be accepted.
    #[error("the server on {listen} failed")]
    Serve {
        /// The address.
        listen: SocketAddr,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
}

impl ServerError {
    /// What to do next, where there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unsafe { .. } => Some("give what is missing, or listen on 127.0.0.1"),
            Self::BadToken { .. } => Some("make one with `openssl rand -hex 24`"),
            Self::Listen { .. } => {
                Some("another program may listen there; choose another address with --listen")
            }
            _ => None,
        }
    }
}
