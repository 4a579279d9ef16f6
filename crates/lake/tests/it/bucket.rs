//! A lake in a bucket that takes only tokens of IBM Cloud IAM.

use flowglass_access::{CredentialsSpec, Secret};
use flowglass_lake::{Lake, LakeError, LakeOptions, StoreOptions, Writer};
use flowglass_test_s3::{Options, TestIam, TestS3};

use crate::support::{DAY, batch, object, rows};

fn server() -> TestS3 {
    let server = TestS3::start(Options::default()).unwrap();
    server.create_bucket("lake").unwrap();
    server
}

fn options(server: &TestS3, iam: &TestIam, key: &str) -> LakeOptions {
    let store = StoreOptions {
        endpoint: Some(server.endpoint()),
        region: Some("eu-de".to_owned()),
        credentials: CredentialsSpec::IamApiKey(Secret::new(key)),
        iam_endpoint: Some(iam.url()),
        ..StoreOptions::default()
    };
    LakeOptions { store, ..LakeOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lake_is_made_written_and_read_with_an_api_key() {
    let server = server();
    let iam = TestIam::start("hunter2", 3600, Some(&server)).unwrap();
    let lake = Lake::open_or_create("s3://lake/flows", &options(&server, &iam, "hunter2")).await.unwrap();
    let mut writer = Writer::open(&lake).await.unwrap();
    writer.commit(batch(&lake, vec![object("a/1", "x", DAY, 0, 3)])).await.unwrap();
    assert_eq!(rows(&lake).await.len(), 3);
    assert_eq!(iam.granted(), 1, "one token serves all requests");
    let recent = server.counters().recent;
    assert!(!recent.iter().any(|request| request.query.contains("X-Amz")), "none is signed");

    // The store takes the token no longer, before its time: one more is fetched, and nothing fails.
    server.set_bearer(Some("another".to_owned()));
    writer.commit(batch(&lake, vec![object("a/2", "x", DAY, 5, 2)])).await.unwrap();
    assert_eq!((rows(&lake).await.len(), iam.granted()), (5, 2));
    let opened = Lake::open("s3://lake/flows", &options(&server, &iam, "hunter2")).await.unwrap();
    assert_eq!(rows(&opened).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_renewed_before_it_ends() {
    let server = server();
    let iam = TestIam::start("hunter2", 1, Some(&server)).unwrap();
    let lake = Lake::open_or_create("s3://lake/flows", &options(&server, &iam, "hunter2")).await.unwrap();
    let before = iam.granted();
    tokio::time::sleep(std::time::Duration::from_millis(850)).await;
    lake.refresh().await.unwrap();
    // More where the machine is busy: none lasts longer than a second.
    assert!(iam.granted() > before, "after 80 % of a second");
}

#[tokio::test]
async fn what_is_refused_says_why_and_shows_no_secret() {
    let server = server();
    let iam = TestIam::start("hunter2", 3600, Some(&server)).unwrap();
    let told = async |options: &LakeOptions| {
        let error = Lake::open("s3://lake/flows", options).await.unwrap_err();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        assert!(!text.contains("hunter"), "{text}");
        (error, text)
    };
    let (_, text) = told(&options(&server, &iam, "hunter3")).await;
    assert!(text.contains("the API key is unknown: check it, or make a new one"), "{text}");
    let mut plain = options(&server, &iam, "hunter2");
    plain.store.endpoint = Some("http://store.example.com".to_owned());
    let (error, text) = told(&plain).await;
    assert!(matches!(error, LakeError::Access { .. }), "{error:?}");
    assert!(
        text.starts_with("cannot open s3://lake/flows: http://store.example.com is plain HTTP"),
        "{text}"
    );
}
