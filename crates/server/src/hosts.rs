//! Which names the server answers to, and which pages may talk to it.
//!
//! A page in the user's browser can send requests to any address, also to loopback. Two checks keep it out: `Host` must
//! be a name of this server (a page of a rebound DNS name sends its own), and `Origin`, which a browser adds to what pages
//! send, must be the same as `Host`. There are no CORS headers, so what is answered cannot be read from elsewhere.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderMap, ORIGIN};
use axum::http::{HeaderName, Uri};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::ServerError;
use crate::problem::ApiError;
use crate::settings::Settings;

/// The names a server answers to.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    listen: IpAddr,
    allowed: Vec<Authority>,
    tls: bool,
}

/// A host and, if given, its port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Reads `name`, `name:port`, `address`, `address:port`, `[v6]` or `[v6]:port`; none for anything else.
    fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Some(Self { host: address.ip().to_string(), port: Some(address.port()) });
        }
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Some(Self { host: address.to_string(), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let named = !host.is_empty() && host.len() <= 253;
        let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        (named && plain).then_some(Self { host, port })
    }

    fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl Hosts {
    pub(crate) fn new(settings: &Settings) -> Result<Self, ServerError> {
        let parse =
            |host: &String| Authority::parse(host).ok_or_else(|| ServerError::BadHost { host: host.clone() });
        let allowed = settings.allowed_hosts.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self { listen: settings.listen.ip(), allowed, tls: settings.has_tls() })
    }

    fn knows(&self, asked: &Authority) -> bool {
        let loopback = asked.host == "localhost"
            || asked.host.ends_with(".localhost")
            || asked.address().is_some_and(|address| address.is_loopback());
        // Listening on all addresses, any of them is ours: to rebind DNS, an attacker needs a name.
        let listened =
            asked.address().is_some_and(|address| address == self.listen || self.listen.is_unspecified());
        let named = self
            .allowed
            .iter()
            .any(|one| one.host == asked.host && (one.port.is_none() || one.port == asked.port));
        loopback || listened || named
    }

    /// Checks the head of a request.
    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        let host = asked_host(uri, headers)?;
        if !self.knows(&host) {
            return Err(ApiError::Misdirected { host: host.host });
        }
        const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
        const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
        // A link from elsewhere may be followed; a page elsewhere may not fetch, embed or post.
        let followed = headers.get(MODE).is_some_and(|mode| mode == "navigate");
        if headers.get(SITE).is_some_and(|site| site == "cross-site" || site == "same-site") && !followed {
            return Err(ApiError::BadOrigin);
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(()) };
        let origin =
            origin.to_str().ok().and_then(|text| url::Url::parse(text).ok()).ok_or(ApiError::BadOrigin)?;
        let secure = match origin.scheme() {
            "https" => true,
            "http" if !self.tls => false,
            _ => return Err(ApiError::BadOrigin),
        };
        let origin_host = origin.host_str().and_then(Authority::parse).ok_or(ApiError::BadOrigin)?;
        let host_port = host.port.unwrap_or(if secure { 443 } else { 80 });
        let same = origin_host.host == host.host && origin.port_or_known_default() == Some(host_port);
        if same && origins.next().is_none() { Ok(()) } else { Err(ApiError::BadOrigin) }
    }
}

/// The host a request asks: of its target if that is absolute (always so in HTTP/2), which must agree with `Host`.
fn asked_host(uri: &Uri, headers: &HeaderMap) -> Result<Authority, ApiError> {
    let mut given = headers.get_all(HOST).iter();
    let header =
        given.next().map(|value| value.to_str().ok().and_then(Authority::parse).ok_or(ApiError::BadHost));
    let target = uri.authority().map(|text| Authority::parse(text.as_str()).ok_or(ApiError::BadHost));
    match (header.transpose()?, target.transpose()?, given.next()) {
        (Some(header), Some(target), None) if header == target => Ok(header),
        (Some(one), None, None) | (None, Some(one), None) => Ok(one),
        _ => Err(ApiError::BadHost),
    }
}

/// Middleware: refuses requests for other hosts and from pages of other origins.
pub(crate) async fn check(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    hosts.check(request.uri(), request.headers())?;
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(listen: &str, allowed: &[&str], tls: bool) -> Hosts {
        let settings = Settings {
            listen: listen.parse().unwrap(),
            allowed_hosts: allowed.iter().map(|host| (*host).to_owned()).collect(),
            tls_cert: tls.then(|| "c".into()),
            tls_key: tls.then(|| "k".into()),
            ..Settings::default()
        };
        Hosts::new(&settings).unwrap()
    }

    fn verdict(hosts: &Hosts, headers: &[(&'static str, &str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        match hosts.check(&"/api/v1/search".parse().unwrap(), &map) {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.status().as_u16().to_string(),
        }
    }

    #[test]
    fn names_of_this_server() {
        let local = hosts("127.0.0.1:7420", &["flows.example.com", "other.example.com:8443"], false);
        for (host, wanted) in [
            ("127.0.0.1:7420", "ok"),
            ("localhost:7420", "ok"),
            ("LOCALHOST", "ok"),
            ("[::1]:7420", "ok"),
            ("127.9.9.9", "ok"),
            ("flows.example.com", "ok"),
            ("Flows.Example.com.:99", "ok"),
            ("other.example.com:8443", "ok"),
            ("other.example.com", "421"),
            ("evil.example", "421"),
            ("evil.example:7420", "421"),
            ("localhost.evil.example", "421"),
            ("127.0.0.1.evil.example", "421"),
            ("192.0.2.7:7420", "421"),
            ("0.0.0.0:7420", "421"),
            ("user@localhost", "400"),
            ("localhost/evil", "400"),
            ("", "400"),
            ("localhost:99999", "400"),
        ] {
            assert_eq!(verdict(&local, &[("host", host)]), wanted, "{host}");
        }
        assert_eq!(verdict(&local, &[]), "400");
        // HTTP/2 names the host in the target alone.
        let target = |uri: &str| {
            local.check(&uri.parse().unwrap(), &HeaderMap::new()).map_err(|error| error.status().as_u16())
        };
        assert_eq!(target("https://localhost:7420/api/v1/search"), Ok(()));
        assert_eq!(target("https://evil.example/api/v1/search"), Err(421));
        assert_eq!(verdict(&local, &[("host", "localhost"), ("host", "evil.example")]), "400");
        let everywhere = hosts("0.0.0.0:7420", &[], true);
        assert_eq!(verdict(&everywhere, &[("host", "192.0.2.7:7420")]), "ok");
        assert_eq!(verdict(&everywhere, &[("host", "evil.example:7420")]), "421");
    }

    #[test]
    fn pages_of_other_origins() {
        let plain = hosts("127.0.0.1:7420", &["flows.example.com"], false);
        let tls = hosts("0.0.0.0:443", &["flows.example.com"], true);
        for (hosts, host, origin, wanted) in [
            (&plain, "127.0.0.1:7420", "http://127.0.0.1:7420", "ok"),
            (&plain, "localhost:7420", "http://localhost:7420", "ok"),
            (&plain, "localhost:7420", "http://127.0.0.1:7420", "403"),
            (&plain, "localhost:7420", "http://localhost:3000", "403"),
            (&plain, "localhost:7420", "http://localhost", "403"),
            (&plain, "localhost:7420", "http://evil.example", "403"),
            (&plain, "localhost:7420", "null", "403"),
            (&plain, "localhost:7420", "file://", "403"),
            (&plain, "flows.example.com", "https://flows.example.com", "ok"),
            (&plain, "flows.example.com:443", "https://flows.example.com", "ok"),
            (&tls, "flows.example.com", "https://flows.example.com", "ok"),
            (&tls, "flows.example.com", "http://flows.example.com", "403"),
        ] {
            assert_eq!(verdict(hosts, &[("host", host), ("origin", origin)]), wanted, "{host} {origin}");
        }
        let fetched =
            [("host", "localhost"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")];
        assert_eq!(verdict(&plain, &fetched), "403");
        let followed =
            [("host", "localhost"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        assert_eq!(verdict(&plain, &followed), "ok");
        let two =
            [("host", "localhost:1"), ("origin", "http://localhost:1"), ("origin", "http://evil.example")];
        assert_eq!(verdict(&plain, &two), "403");
    }
}
