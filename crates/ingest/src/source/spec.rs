//! What a user says of a source.

use flowglass_access::{AccessSpec, CredentialsSpec, RetryPolicy};

/// Where a source is and how to reach it.
#[derive(Debug, Clone)]
pub struct SourceSpec {
    /// `s3://bucket/prefix`, a directory, or a file.
    pub location: String,
    /// Name of the source in object identities; without one `s3://bucket` or `file`.
    pub name: Option<String>,
    /// URL of the S3 service; without one it follows from the region.
    pub endpoint: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
    /// How to log in.
    pub credentials: CredentialsSpec,
    /// URL of the IBM Cloud IAM token service, when it is not the public one.
    pub iam_endpoint: Option<String>,
    /// Allow plain HTTP to other machines.
    pub allow_http: bool,
    /// Requests at the same time.
    pub concurrency: usize,
    /// How often and how long to try again.
    pub retry: RetryPolicy,
}

impl Default for SourceSpec {
    fn default() -> Self {
        Self::new("")
    }
}

impl SourceSpec {
    /// Makes the specification of a location with everything else as usual.
    pub fn new(location: impl Into<String>) -> Self {
        Self {
            location: location.into(),
            name: None,
            endpoint: None,
            region: None,
            credentials: CredentialsSpec::Auto,
            iam_endpoint: None,
            allow_http: false,
            concurrency: 16,
            retry: RetryPolicy::default(),
        }
    }

    /// What of it says how the store is reached.
    pub(super) fn access(&self) -> AccessSpec {
        AccessSpec {
            location: self.location.clone(),
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            credentials: self.credentials.clone(),
            iam_endpoint: self.iam_endpoint.clone(),
            allow_http: self.allow_http,
        }
    }
}

#[cfg(test)]
mod tests {
    use flowglass_access::Secret;

    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let mut spec = SourceSpec::new("s3://b");
        spec.credentials = CredentialsSpec::Keys {
            access_key_id: "id".into(),
            secret_access_key: Secret::new("hunter2"),
            session_token: Some(Secret::new("hunter3")),
        };
        assert!(!format!("{spec:?}").contains("hunter"));
        spec.credentials = CredentialsSpec::IamApiKey(Secret::new("hunter4"));
        assert!(!format!("{spec:?}").contains("hunter"));
    }
}
