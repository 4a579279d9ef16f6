//! How S3-compatible stores are reached: endpoint, region and credentials from settings and environment, and tokens of
//! IBM Cloud IAM. The same for sources and for the lake.

mod error;
mod http;
mod iam;
mod resolve;
mod secret;
mod spec;

pub use error::AccessError;
pub use http::{install_crypto, reasons};
pub use iam::Iam;
pub use resolve::{CREDENTIAL_VARIABLES, Credentials, Environment, Resolved, is_loopback, resolve};
pub use secret::Secret;
pub use spec::{AccessSpec, CredentialsSpec, RetryPolicy};
