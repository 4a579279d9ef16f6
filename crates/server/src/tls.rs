//! TLS from files.

use std::path::Path;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::ServerError;
use crate::settings::Settings;

/// Reads the certificate chain and key; none if the settings name none.
///
/// What is wrong with a key file is told without a word of what is in it.
pub(crate) fn load(settings: &Settings) -> Result<Option<RustlsConfig>, ServerError> {
    let (Some(cert), Some(key)) = (&settings.tls_cert, &settings.tls_key) else { return Ok(None) };
    let bad =
        |path: &Path, reason: &str| ServerError::Tls { path: path.to_owned(), reason: reason.to_owned() };
    let read = |path: &Path, doing| {
        std::fs::read(path).map_err(|source| ServerError::File { doing, path: path.to_owned(), source })
    };
    let chain = CertificateDer::pem_slice_iter(&read(cert, "read the certificate")?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| bad(cert, "it is not PEM"))?;
    if chain.is_empty() {
        return Err(bad(cert, "it holds no certificate"));
    }
    let private = PrivateKeyDer::from_pem_slice(&read(key, "read the TLS key")?)
        .map_err(|_| bad(key, "it holds no private key in PEM"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(cert, &error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| bad(key, &error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(RustlsConfig::from_config(Arc::new(config))))
}
