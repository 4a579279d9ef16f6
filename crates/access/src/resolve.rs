//! Which endpoint, region and credentials are used.

use std::net::IpAddr;

use url::{Host, Url};

use crate::error::AccessError;
use crate::secret::Secret;
use crate::spec::{AccessSpec, CredentialsSpec};

/// Looks up an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Environment variables that credentials are taken from, in this order: the first complete set wins.
pub const CREDENTIAL_VARIABLES: [&str; 4] =
    ["FLOWGLASS_IAM_API_KEY", "AWS_ACCESS_KEY_ID", "COS_HMAC_ACCESS_KEY_ID", "IBMCLOUD_API_KEY"];

const IAM_ENDPOINT: &str = "https://iam.cloud.ibm.com/identity/token";

/// Everything a client needs to know.
#[derive(Debug)]
pub struct Resolved {
    /// The S3 service.
    pub endpoint: Url,
    /// Region to sign for.
    pub region: String,
    /// How to log in.
    pub credentials: Credentials,
    /// How we log in, for people.
    pub login: String,
    /// True if the service is on this machine.
    pub is_loopback: bool,
}

/// Credentials, after the environment was asked.
#[derive(Debug)]
pub enum Credentials {
    /// An access key.
    Keys {
        /// Access key id.
        access_key_id: String,
        /// Secret access key.
        secret_access_key: Secret,
        /// Session token of temporary keys.
        session_token: Option<Secret>,
    },
    /// An IBM Cloud API key.
    Iam {
        /// The key.
        api_key: Secret,
        /// The token service.
        endpoint: Url,
    },
    /// None.
    Anonymous,
}

/// Finds out endpoint, region and credentials of a store.
///
/// # Errors
/// If one of them is missing or cannot be used.
pub fn resolve(spec: &AccessSpec, environment: Environment<'_>) -> Result<Resolved, AccessError> {
    let setting = |reason: &str, next: &str| AccessError::Setting {
        location: spec.location.clone(),
        reason: reason.to_owned(),
        next: next.to_owned(),
    };
    let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
    let (credentials, login) = credentials(spec, &variable, &setting)?;
    let region =
        spec.region.clone().or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
    let endpoint = spec
        .endpoint
        .clone()
        .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
        .or_else(|| variable("AWS_ENDPOINT_URL"));
    let endpoint = match (endpoint, &region) {
        (Some(endpoint), _) => endpoint,
        (None, Some(region)) => public_endpoint(region),
        (None, None) => {
            return Err(setting(
                "neither endpoint nor region of the bucket is known",
                "give --signing-region (such as us-south) or --endpoint (such as \
                 https://s3.us-south.cloud-object-storage.appdomain.cloud)",
            ));
        }
    };
    let endpoint = checked_url(spec, &endpoint)?;
    let is_loopback = is_loopback(&endpoint);
    Ok(Resolved {
        endpoint,
        // Services other than AWS take any region in a signature.
        region: region.unwrap_or_else(|| "us-east-1".to_owned()),
        credentials,
        login,
        is_loopback,
    })
}

/// Returns the public endpoint of a region. AWS regions end with a number, those of IBM Cloud do not.
fn public_endpoint(region: &str) -> String {
    let is_aws = region.rsplit('-').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if is_aws {
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://s3.{region}.{domain}")
    } else {
        format!("https://s3.{region}.cloud-object-storage.appdomain.cloud")
    }
}

fn credentials(
    spec: &AccessSpec,
    variable: &dyn Fn(&str) -> Option<String>,
    setting: &dyn Fn(&str, &str) -> AccessError,
) -> Result<(Credentials, String), AccessError> {
    let iam = |api_key: Secret, from: &str| {
        let mut endpoint = checked_url(spec, spec.iam_endpoint.as_deref().unwrap_or(IAM_ENDPOINT))?;
        if endpoint.path() == "/" {
            endpoint.set_path("/identity/token");
        }
        Ok((Credentials::Iam { api_key, endpoint }, format!("IAM API key {from}")))
    };
    match &spec.credentials {
        CredentialsSpec::Anonymous => Ok((Credentials::Anonymous, "anonymous".to_owned())),
        CredentialsSpec::IamApiKey(api_key) => iam(api_key.clone(), "as given"),
        CredentialsSpec::Keys { access_key_id, secret_access_key, session_token } => Ok((
            Credentials::Keys {
                access_key_id: access_key_id.clone(),
                secret_access_key: secret_access_key.clone(),
                session_token: session_token.clone(),
            },
            format!("access key {} as given", shortened(access_key_id)),
        )),
        CredentialsSpec::Auto => {
            for name in CREDENTIAL_VARIABLES {
                let Some(value) = variable(name) else { continue };
                if name.ends_with("API_KEY") {
                    return iam(Secret::new(value), &format!("from {name}"));
                }
                let other = name.replace("ACCESS_KEY_ID", "SECRET_ACCESS_KEY");
                let secret = variable(&other).ok_or_else(|| {
                    setting(&format!("{name} is set but {other} is not"), &format!("set {other} as well"))
                })?;
                let session_token =
                    variable("AWS_SESSION_TOKEN").filter(|_| name.starts_with("AWS")).map(Secret::new);
                let login = format!("access key {} from {name}", shortened(&value));
                let secret_access_key = Secret::new(secret);
                return Ok((
                    Credentials::Keys { access_key_id: value, secret_access_key, session_token },
                    login,
                ));
            }
            Err(AccessError::NoCredentials { location: spec.location.clone() })
        }
    }
}

/// An access key id is no secret, but nobody needs all of it in a log.
fn shortened(id: &str) -> String {
    let shown: String = id.chars().take(6).collect();
    if shown.len() < id.len() { format!("{shown}…") } else { shown }
}

fn checked_url(spec: &AccessSpec, text: &str) -> Result<Url, AccessError> {
    let fails = |reason: String| AccessError::Setting {
        location: spec.location.clone(),
        reason,
        next: "write it as https://host or https://host:port".to_owned(),
    };
    let url: Url =
        text.parse().map_err(|error| fails(format!("the endpoint {text:?} is no URL ({error})")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fails("the endpoint holds a user name or password".to_owned()));
    }
    if url.host().is_none() {
        return Err(fails(format!("the endpoint {text:?} has no host")));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) || spec.allow_http => Ok(url),
        "http" => Err(AccessError::PlainHttp { location: spec.location.clone(), endpoint: text.to_owned() }),
        scheme => Err(fails(format!("the endpoint's scheme {scheme} is not http or https"))),
    }
}

/// True for a URL whose host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> AccessSpec {
        AccessSpec { location: "s3://b".to_owned(), ..AccessSpec::default() }
    }

    fn resolved(spec: &AccessSpec, variables: &[(&str, &str)]) -> String {
        let environment = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        match resolve(spec, &environment) {
            Ok(resolved) => format!("{} {} {}", resolved.endpoint, resolved.region, resolved.login),
            Err(error) => error.to_string(),
        }
    }

    const KEYS: [(&str, &str); 2] =
        [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "hunter2")];

    #[test]
    fn endpoints_by_region() {
        let by_region =
            |region: &str| resolved(&AccessSpec { region: Some(region.into()), ..bucket() }, &KEYS);
        assert_eq!(
            by_region("us-south"),
            "https://s3.us-south.cloud-object-storage.appdomain.cloud/ us-south access key AKIAEX… from AWS_ACCESS_KEY_ID"
        );
        assert!(by_region("eu-central-1").starts_with("https://s3.eu-central-1.amazonaws.com/ eu-central-1"));
        let spec = bucket();
        assert!(resolved(&spec, &KEYS).contains("give --signing-region"));
        let in_environment =
            [KEYS[0], KEYS[1], ("AWS_REGION", "eu-west-1"), ("AWS_ENDPOINT_URL", "http://localhost:9")];
        assert!(resolved(&spec, &in_environment).starts_with("http://localhost:9/ eu-west-1"));
    }

    #[test]
    fn where_credentials_come_from() {
        let spec = AccessSpec { region: Some("us-south".into()), ..bucket() };
        assert!(resolved(&spec, &[]).contains("no credentials were found; set AWS_ACCESS_KEY_ID"));
        assert!(
            resolved(&spec, &KEYS[..1])
                .contains("AWS_SECRET_ACCESS_KEY is not; set AWS_SECRET_ACCESS_KEY as well")
        );
        assert!(
            resolved(&spec, &[("IBMCLOUD_API_KEY", "hunter2")])
                .ends_with("IAM API key from IBMCLOUD_API_KEY")
        );
        let both = [KEYS[0], KEYS[1], ("FLOWGLASS_IAM_API_KEY", "hunter2")];
        assert!(resolved(&spec, &both).ends_with("IAM API key from FLOWGLASS_IAM_API_KEY"));
        let hmac = [("COS_HMAC_ACCESS_KEY_ID", "abc"), ("COS_HMAC_SECRET_ACCESS_KEY", "hunter2")];
        assert!(resolved(&spec, &hmac).ends_with("access key abc from COS_HMAC_ACCESS_KEY_ID"));
        let anonymous = AccessSpec { credentials: CredentialsSpec::Anonymous, ..spec };
        assert!(resolved(&anonymous, &KEYS).ends_with("anonymous"));
    }

    #[test]
    fn plain_http_stays_here() {
        let at = |endpoint: &str, allow_http| {
            let spec = AccessSpec { endpoint: Some(endpoint.into()), allow_http, ..bucket() };
            resolved(&spec, &KEYS)
        };
        for here in ["http://127.0.0.1:9", "http://127.8.9.1", "http://[::1]:9", "http://localhost:9"] {
            assert!(at(here, false).starts_with(here), "{here}");
        }
        for away in ["http://10.0.0.1", "http://localhost.example.com", "http://store:9000"] {
            assert!(at(away, false).contains("plain HTTP"), "{away}");
            assert!(at(away, true).starts_with(away), "{away}");
        }
        assert!(at("https://10.0.0.1", false).starts_with("https://10.0.0.1"));
        assert!(at("ftp://x", false).contains("not http or https"));
        assert!(at("s3.example.com", false).contains("no URL"));
        let secret = at("https://user:hunter2@x", false);
        assert!(secret.contains("user name or password") && !secret.contains("hunter2"), "{secret}");
        let iam = AccessSpec {
            iam_endpoint: Some("http://iam.example.com".into()),
            credentials: CredentialsSpec::IamApiKey(Secret::new("x")),
            endpoint: Some("https://x".into()),
            ..bucket()
        };
        assert!(resolved(&iam, &[]).contains("plain HTTP"));
    }
}
