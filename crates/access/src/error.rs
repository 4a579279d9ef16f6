//! Why a store cannot be reached as asked.

/// Why there is no way to reach a store. Every text says what was attempted, why it failed and what to do next; none
/// holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A setting is missing or contradicts another.
    #[error("cannot open {location}: {reason}; {next}")]
    Setting {
        /// The source or lake.
        location: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        next: String,
    },
    /// Neither settings nor environment hold credentials.
    #[error("cannot open {location}: {}; {}", Self::NO_CREDENTIALS, Self::GIVE_CREDENTIALS)]
    NoCredentials {
        /// The source or lake.
        location: String,
    },
    /// Plain HTTP to another machine would show credentials and records to the network.
    #[error(
        "cannot open {location}: {endpoint} is plain HTTP to another machine; use https:// or allow plain HTTP with \
         --allow-http"
    )]
    PlainHttp {
        /// The source or lake.
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
}

impl AccessError {
    /// What is wrong where there are no credentials.
    pub const NO_CREDENTIALS: &str = "no credentials were found";
    /// What to do then.
    pub const GIVE_CREDENTIALS: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (also for HMAC keys), or IBMCLOUD_API_KEY, or say that the \
         bucket is public with --anonymous";
}
