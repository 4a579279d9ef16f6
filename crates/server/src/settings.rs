//! What a server is told.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::error::ServerError;

/// Port a server listens on unless told.
pub const DEFAULT_PORT: u16 = 7420;

/// Fewest characters of a token: short ones can be guessed.
pub const MIN_TOKEN_LENGTH: usize = 16;

/// A text that is never printed: not by `Debug`, not in errors, not in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for comparison only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Settings of a server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Token that callers must send as `Authorization: Bearer …`; needed off loopback.
    pub token: Option<Secret>,
    /// File that holds the token, instead of `token`.
    pub token_file: Option<PathBuf>,
    /// PEM file of the certificate chain.
    pub tls_cert: Option<PathBuf>,
    /// PEM file of the private key.
    pub tls_key: Option<PathBuf>,
    /// A proxy in front speaks TLS with the callers.
    pub behind_proxy: bool,
    /// Names or addresses callers may use in `Host`, besides loopback ones and `listen`; with or without a port.
    pub allowed_hosts: Vec<String>,
    /// What requests may cost.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), DEFAULT_PORT),
            token: None,
            token_file: None,
            tls_cert: None,
            tls_key: None,
            behind_proxy: false,
            allowed_hosts: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// What requests may cost, one by one and together.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Time for a request, from its first byte to the end of its answer; a request may ask for less.
    pub request_timeout: Duration,
    /// Time for a streamed export.
    pub export_timeout: Duration,
    /// Time a client of an export or a tail may leave data unread before it is dropped.
    pub stall_timeout: Duration,
    /// Time for the head of a request.
    pub header_timeout: Duration,
    /// Bytes of a request body.
    pub max_body_bytes: usize,
    /// Queries that run at once.
    pub max_queries: usize,
    /// Queries that wait for their turn; more are refused.
    pub max_waiting: usize,
    /// Longest such wait.
    pub max_wait: Duration,
    /// Exports at once.
    pub max_exports: usize,
    /// Live tails at once.
    pub max_tails: usize,
    /// Rows a second sent to one tail that asks for as many; 200 unless it asks. What is more is counted and skipped.
    pub tail_rows_per_second: usize,
    /// How often the lake is looked at for tails.
    pub tail_poll: Duration,
    /// Time after which a quiet tail sends a comment, so that nothing on the way takes it for dead.
    pub tail_heartbeat: Duration,
    /// Connections at once.
    pub max_connections: usize,
    /// Rows of one answer; exports have no such bound.
    pub max_rows: usize,
    /// Bytes of memory of one query.
    pub memory_bytes: usize,
    /// Time running requests get to end when the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            request_timeout: Duration::from_secs(30),
            export_timeout: Duration::from_secs(600),
            stall_timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(10),
            max_body_bytes: 1 << 20,
            max_queries: cores.max(2) * 2,
            max_waiting: 64,
            max_wait: Duration::from_secs(10),
            max_exports: 2,
            max_tails: 64,
            tail_rows_per_second: 5_000,
            tail_poll: Duration::from_millis(500),
            tail_heartbeat: Duration::from_secs(15),
            max_connections: 1024,
            max_rows: 10_000,
            memory_bytes: 256 << 20,
            drain: Duration::from_secs(5),
        }
    }
}

impl Settings {
    /// True if the server speaks TLS itself.
    pub fn has_tls(&self) -> bool {
        self.tls_cert.is_some() && self.tls_key.is_some()
    }

    /// Returns the token, read from its file if it is in one.
    ///
    /// # Errors
    /// If both a token and a file are given, the file cannot be read, or the token is too short or not printable ASCII.
    pub fn read_token(&self) -> Result<Option<Secret>, ServerError> {
        let token = match (&self.token, &self.token_file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(ServerError::BadToken { reason: "a token and a token file are both given" });
            }
            (Some(token), None) => token.clone(),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|source| ServerError::File {
                    doing: "read the token file",
                    path: path.clone(),
                    source,
                })?;
                Secret::new(text.trim())
            }
        };
        if token.expose().len() < MIN_TOKEN_LENGTH {
            return Err(ServerError::BadToken { reason: "it has fewer than 16 characters" });
        }
        if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ServerError::BadToken {
                reason: "it holds other characters than printable ASCII without spaces",
            });
        }
        Ok(Some(token))
    }

    /// Checks that what is asked is safe: off loopback there must be a token, and TLS here or at a proxy.
    ///
    /// # Errors
    /// [`ServerError::Unsafe`], which names what is missing; or what is wrong with the token or the TLS files' names.
    pub fn check(&self) -> Result<Option<Secret>, ServerError> {
        let token = self.read_token()?;
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err(ServerError::HalfTls);
        }
        if !self.listen.ip().is_loopback() {
            let mut missing = Vec::new();
            if token.is_none() {
                missing.push("a token (--token-file FILE, or FLOWGLASS_TOKEN)");
            }
            if !self.has_tls() && !self.behind_proxy {
                missing
                    .push("TLS (--tls-cert FILE --tls-key FILE, or --behind-proxy where a proxy speaks it)");
            }
            if !missing.is_empty() {
                return Err(ServerError::Unsafe { listen: self.listen, missing: missing.join(" and ") });
            }
        } else if self.behind_proxy && token.is_none() {
            // A proxy on this machine makes a loopback address reachable from elsewhere.
            let missing = "a token (--token-file FILE, or FLOWGLASS_TOKEN)".to_owned();
            return Err(ServerError::Unsafe { listen: self.listen, missing });
        }
        Ok(token)
    }
}
