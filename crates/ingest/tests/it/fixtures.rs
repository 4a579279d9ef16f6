//! Keys, servers and the small steps that tests share.

use std::sync::Arc;
use std::time::Duration;

use flowglass_ingest::source::{
    self, CredentialsSpec, Filter, ListItem, Listed, RetryPolicy, Secret, Skipped,
};
use flowglass_ingest::{Source, SourceError, SourceSpec};
use flowglass_test_s3::{Options, TestS3};
use futures::{StreamExt, TryStreamExt};

pub(crate) const BUCKET: &str = "logs";

/// Returns a stream's folder as the provider writes it.
pub(crate) fn stream(account: &str, region: &str, vpc: &str, vnic: &str, record_type: &str) -> String {
    let crn = |location: &str, kind: &str, id: &str| {
        format!("crn%3Av1%3Abluemix%3Apublic%3Ais%3A{location}%3Aa%2F{account}%3A%3A{kind}%3A{id}")
    };
    format!(
        "ibm_vpc_flowlogs_v1/account={account}/region={region}/vpc-id={}/subnet-id={}/endpoint-type=vnics/\
         instance-id={}/vnic-id={vnic}/record-type={record_type}/",
        crn(region, "vpc", vpc),
        crn(&format!("{region}-1"), "subnet", "0717-1"),
        crn(&format!("{region}-1"), "instance", "0717_1"),
    )
}

/// Returns the key of an object in a stream; `hour` is `YYYY-MM-DDTHH`.
pub(crate) fn key(stream: &str, hour: &str, number: u32) -> String {
    let (date, hour) = hour.split_once('T').expect("a day and an hour");
    let mut parts = date.split('-');
    let mut part = || parts.next().expect("a date").to_owned();
    let (year, month, day) = (part(), part(), part());
    format!(
        "{stream}year={year}/month={month}/day={day}/hour={hour}/stream-id=20211210T183830Z/{number:08}.gz"
    )
}

pub(crate) fn micros(text: &str) -> Option<i64> {
    Some(flowglass_flow::time::parse(text.as_bytes()).expect("a time"))
}

pub(crate) fn server() -> TestS3 {
    let server = TestS3::start(Options::default()).expect("a server");
    server.create_bucket(BUCKET).expect("a bucket");
    server
}

pub(crate) fn fast_retry() -> RetryPolicy {
    RetryPolicy {
        attempts: 12,
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(20),
    }
}

pub(crate) fn spec(server: &TestS3) -> SourceSpec {
    SourceSpec {
        endpoint: Some(server.endpoint()),
        credentials: CredentialsSpec::Keys {
            access_key_id: server.access_key().to_owned(),
            secret_access_key: Secret::new(server.secret_key()),
            session_token: None,
        },
        retry: fast_retry(),
        ..SourceSpec::new(format!("s3://{BUCKET}"))
    }
}

pub(crate) async fn open(spec: &SourceSpec) -> Arc<dyn Source> {
    source::open(spec).await.expect("a source")
}

pub(crate) async fn list(
    source: &Arc<dyn Source>,
    filter: &Filter,
) -> Result<(Vec<Listed>, Vec<Skipped>), SourceError> {
    let items: Vec<ListItem> = source.list(filter).try_collect().await?;
    let (mut objects, mut skipped) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            ListItem::Object(listed) => objects.push(listed),
            ListItem::Skipped(skip) => skipped.push(skip),
        }
    }
    Ok((objects, skipped))
}

pub(crate) async fn keys(source: &Arc<dyn Source>, filter: &Filter) -> Vec<String> {
    let (objects, skipped) = list(source, filter).await.expect("a listing");
    assert_eq!(skipped, []);
    objects.into_iter().map(|listed| listed.key).collect()
}

pub(crate) async fn sorted_keys(source: &Arc<dyn Source>, filter: &Filter) -> Vec<String> {
    let mut keys = keys(source, filter).await;
    keys.sort();
    keys
}

/// Takes the next object of a listing.
pub(crate) async fn next_key(
    listing: &mut (impl futures::Stream<Item = Result<ListItem, SourceError>> + Unpin),
) -> Option<String> {
    match listing.next().await?.expect("an item") {
        ListItem::Object(listed) => Some(listed.key),
        ListItem::Skipped(skipped) => panic!("{skipped:?}"),
    }
}
