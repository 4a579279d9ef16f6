//! A bucket as the lake's store: signed requests, or requests with a token of IBM Cloud IAM.

use std::sync::Arc;

use async_trait::async_trait;
use flowglass_access::{AccessError, AccessSpec, Credentials, Iam, Resolved, RetryPolicy, install_crypto};
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpService, ReqwestConnector,
};
use url::Url;

use super::StoreOptions;
use super::ordered::Ordered;
use crate::error::{LakeError, Result};

/// Opens a bucket; nothing is sent yet.
pub(super) fn open(lake: &Url, bucket: &str, options: &StoreOptions) -> Result<Arc<dyn ObjectStore>> {
    install_crypto();
    let spec = AccessSpec {
        location: lake.to_string(),
        endpoint: options.endpoint.clone(),
        region: options.region.clone(),
        credentials: options.credentials.clone(),
        iam_endpoint: options.iam_endpoint.clone(),
        allow_http: options.allow_http,
    };
    let environment = |name: &str| std::env::var(name).ok();
    let refused = |source| LakeError::Access { source };
    let builder = match flowglass_access::resolve(&spec, &environment) {
        Ok(resolved) => builder(resolved).map_err(refused)?,
        // A machine in the cloud may have a role instead: the library knows where to ask for it.
        Err(AccessError::NoCredentials { .. }) => of_the_machine(&spec).map_err(refused)?,
        Err(error) => return Err(refused(error)),
    };
    let store = builder.with_bucket_name(bucket).build();
    let store = store.map_err(|source| LakeError::Store { doing: "open", path: lake.to_string(), source })?;
    Ok(Arc::new(Ordered(store)))
}

fn builder(resolved: Resolved) -> Result<AmazonS3Builder, AccessError> {
    let Resolved { endpoint, region, credentials, .. } = resolved;
    let builder = AmazonS3Builder::new()
        .with_region(region)
        .with_allow_http(endpoint.scheme() == "http")
        .with_endpoint(endpoint.as_str().trim_end_matches('/'));
    Ok(match credentials {
        Credentials::Keys { access_key_id, secret_access_key, session_token } => {
            let builder =
                builder.with_access_key_id(access_key_id).with_secret_access_key(secret_access_key.expose());
            match session_token {
                Some(token) => builder.with_token(token.expose()),
                None => builder,
            }
        }
        Credentials::Iam { api_key, endpoint } => {
            let iam = Arc::new(Iam::new(endpoint, api_key, RetryPolicy::default())?);
            builder.with_skip_signature(true).with_http_connector(WithToken(iam))
        }
        Credentials::Anonymous => builder.with_skip_signature(true),
    })
}

/// Credentials that neither settings nor variables hold: a web identity, a container's role, a machine's role.
fn of_the_machine(spec: &AccessSpec) -> Result<AmazonS3Builder, AccessError> {
    // Endpoint and region are checked as ever, as if the bucket were public.
    let public = AccessSpec { credentials: flowglass_access::CredentialsSpec::Anonymous, ..spec.clone() };
    let environment = |name: &str| std::env::var(name).ok();
    let Resolved { endpoint, region, .. } = flowglass_access::resolve(&public, &environment)?;
    Ok(AmazonS3Builder::from_env()
        .with_region(region)
        .with_allow_http(endpoint.scheme() == "http")
        .with_endpoint(endpoint.as_str().trim_end_matches('/')))
}

/// Makes clients that send a token with each request.
#[derive(Debug)]
struct WithToken(Arc<Iam>);

impl HttpConnector for WithToken {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Bearer { inner, iam: Arc::clone(&self.0) }))
    }
}

#[derive(Debug)]
struct Bearer {
    inner: HttpClient,
    iam: Arc<Iam>,
}

impl Bearer {
    async fn send(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        // The token service was tried again already.
        let value = self.iam.authorization().await;
        let value = value.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        request.headers_mut().insert("authorization", value);
        self.inner.execute(request).await
    }
}

#[async_trait]
impl HttpService for Bearer {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = self.send(request.clone()).await?;
        if !matches!(answer.status().as_u16(), 401 | 403) {
            return Ok(answer);
        }
        // Ended before its time: once more with a new one.
        self.iam.forget();
        self.send(request).await
    }
}
