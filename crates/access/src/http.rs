//! The client of the token service.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Once;
use std::time::Duration;

/// Installs the TLS implementation for the whole process, once. Safe to call at any time, from anywhere.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    // An error means that the program installed one itself.
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// Returns the reasons of an error and its sources, without the URL, which may hold a signature.
pub fn reasons(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut texts: Vec<String> = Vec::new();
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        source = cause.source();
    }
    texts.join(": ")
}

/// A client that takes no credentials elsewhere.
pub(crate) fn client(is_loopback: bool) -> Result<reqwest::Client, reqwest::Error> {
    install_crypto();
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("flowglass/", env!("CARGO_PKG_VERSION")))
        // A redirect would take the API key to another host.
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30));
    if is_loopback {
        http = http.no_proxy();
    }
    http.build()
}

/// Draws a number from 0 to 1.
pub(crate) fn chance() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}
