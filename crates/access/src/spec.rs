//! What a user says of a store.

use std::time::Duration;

use crate::secret::Secret;

/// Where a store is and how to log in. Absent members come from the environment.
#[derive(Debug, Clone, Default)]
pub struct AccessSpec {
    /// What is opened, for errors, such as `s3://bucket/prefix`.
    pub location: String,
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
}

/// How to log in to an S3 service.
#[derive(Debug, Clone, Default)]
pub enum CredentialsSpec {
    /// Whatever the environment holds; see [`crate::CREDENTIAL_VARIABLES`].
    #[default]
    Auto,
    /// An access key (AWS, HMAC).
    Keys {
        /// Access key id.
        access_key_id: String,
        /// Secret access key.
        secret_access_key: Secret,
        /// Session token of temporary keys.
        session_token: Option<Secret>,
    },
    /// An IBM Cloud API key, exchanged for tokens.
    IamApiKey(Secret),
    /// None: the bucket is public.
    Anonymous,
}

/// When to try a request again: on 429, 5xx, broken connections and time-outs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all.
    pub attempts: u32,
    /// Longest wait before the second try; doubles with each further one. The wait itself is drawn at random.
    pub first_wait: Duration,
    /// No wait is longer.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 8, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(10) }
    }
}

impl RetryPolicy {
    /// Returns how long to wait after failed try `attempt` (from 1), `chance` being between 0 and 1. A wait that the
    /// server asked for is a lower bound, up to the longest wait.
    pub fn wait(&self, attempt: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let most =
            self.first_wait.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.longest_wait);
        let drawn = most.mul_f64(chance.clamp(0.0, 1.0));
        asked.map_or(drawn, |asked| asked.saturating_add(drawn)).min(self.longest_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let policy = RetryPolicy::default();
        let wait = |attempt, asked| policy.wait(attempt, asked, 1.0);
        assert_eq!(wait(1, None), Duration::from_millis(200));
        assert_eq!(wait(3, None), Duration::from_millis(800));
        assert_eq!(wait(60, None), Duration::from_secs(10));
        assert_eq!(wait(1, Some(Duration::from_secs(2))), Duration::from_millis(2200));
        assert_eq!(wait(1, Some(Duration::from_secs(999))), Duration::from_secs(10));
        assert_eq!(policy.wait(5, None, 0.0), Duration::ZERO);
    }
}
