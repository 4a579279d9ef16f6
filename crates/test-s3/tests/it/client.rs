//! A bare S3 client: signs requests as rusty-s3 does and sends them with reqwest.

use std::sync::Once;
use std::time::Duration;

use flowglass_test_s3::TestS3;
use reqwest::{Client, Response};
use rusty_s3::actions::{ListObjectsV2, ListObjectsV2Response};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) struct S3 {
    pub(crate) bucket: Bucket,
    pub(crate) credentials: Credentials,
    pub(crate) http: Client,
}

impl S3 {
    pub(crate) fn of(server: &TestS3) -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| {
            // An error means that a provider is there already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let endpoint = server.endpoint().parse().expect("a URL");
        Self {
            bucket: Bucket::new(endpoint, UrlStyle::Path, "logs", "us-south").expect("a bucket"),
            credentials: Credentials::new(server.access_key(), server.secret_key()),
            http: Client::builder().no_proxy().build().expect("a client"),
        }
    }

    pub(crate) async fn put(
        &self,
        key: &str,
        bytes: &[u8],
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Response> {
        let url = self.bucket.put_object(Some(&self.credentials), key).sign(MINUTE);
        let mut request = self.http.put(url).body(bytes.to_vec());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await
    }

    pub(crate) async fn get(&self, key: &str, headers: &[(&str, &str)]) -> reqwest::Result<Response> {
        let mut request = self.http.get(self.bucket.get_object(Some(&self.credentials), key).sign(MINUTE));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await
    }

    pub(crate) async fn list(&self, ask: impl FnOnce(&mut ListObjectsV2<'_>)) -> ListObjectsV2Response {
        let mut action = self.bucket.list_objects_v2(Some(&self.credentials));
        ask(&mut action);
        let answer = self.http.get(action.sign(MINUTE)).send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert_eq!(status, 200, "{text}");
        ListObjectsV2::parse_response(&text).expect("a listing")
    }

    /// Lists all pages; returns keys and common prefixes in the order given.
    pub(crate) async fn list_all(
        &self,
        prefix: &str,
        delimiter: &str,
        page: usize,
    ) -> (Vec<String>, Vec<String>) {
        let (mut keys, mut prefixes, mut token) = (Vec::new(), Vec::new(), None::<String>);
        loop {
            let answer = self
                .list(|ask| {
                    ask.with_prefix(prefix.to_owned());
                    ask.with_max_keys(page);
                    if !delimiter.is_empty() {
                        ask.with_delimiter(delimiter.to_owned());
                    }
                    if let Some(token) = &token {
                        ask.with_continuation_token(token.clone());
                    }
                })
                .await;
            keys.extend(answer.contents.into_iter().map(|object| object.key));
            prefixes.extend(answer.common_prefixes.into_iter().map(|prefix| prefix.prefix));
            match answer.next_continuation_token {
                Some(next) => token = Some(next),
                None => return (keys, prefixes),
            }
        }
    }
}

pub(crate) fn server() -> TestS3 {
    let server = TestS3::start(flowglass_test_s3::Options::default()).expect("a server");
    server.create_bucket("logs").expect("a bucket");
    server
}
