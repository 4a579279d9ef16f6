//! Objects in a bucket: keys, versions, filters as prefixes, errors.

use flowglass_flow::SourceName;
use flowglass_ingest::source::{CredentialsSpec, Filter, Listed, Secret, SkipReason};
use flowglass_ingest::{SourceError, SourceSpec};
use flowglass_test_s3::Call;

use crate::fixtures::{BUCKET, key, keys, list, micros, open, server, sorted_keys, spec, stream};

#[tokio::test]
async fn keys_arrive_exactly_as_stored() {
    let server = server();
    let mut wanted = vec![
        key(&stream("A", "us-south", "r006-1", "0717-1", "egress"), "2021-12-14T13", 1),
        "ibm_vpc_flowlogs_v0/A/us-south-2/crn:v1:bluemix:public:is:us-south:a/A::vpc:r1/crn:v1:b:p:is:us-south-2:a/A::\
         subnet:s/vnics/crn:v1:b:p:is:us-south-2:a/A::instance:i/0727-1/egress/20200608T144744Z/00002665.gz"
            .to_owned(),
        "a%253A%2F+b c&d?e#f=g.gz".to_owned(),
        "ünï/日本//double/ trailing ".to_owned(),
        "tab\tand\nnewline\u{1}".to_owned(),
        "/leading".to_owned(),
        "s/year=x/odd".to_owned(),
        "s/year=2021/month=12/day=14/no-hour.gz".to_owned(),
    ];
    for key in &wanted {
        server.put(BUCKET, key, format!("bytes of {key}")).expect("stored");
    }
    let source = open(&spec(&server)).await;
    assert_eq!(source.name(), &SourceName("s3://logs".into()));
    wanted.sort();
    assert_eq!(sorted_keys(&source, &Filter::default()).await, wanted);

    let (objects, _) = list(&source, &Filter::default()).await.expect("a listing");
    for listed in objects {
        let stored = server.get(BUCKET, &listed.key).expect("stored");
        assert_eq!((listed.size, listed.etag.as_ref()), (stored.bytes.len() as u64, Some(&stored.etag)));
        let fetched = source.get(&listed, 10_000).await.expect("the object");
        assert_eq!(fetched.bytes, stored.bytes);
        assert_eq!(fetched.version, stored.etag);
        assert_eq!(fetched.content_hash, blake3::hash(&stored.bytes).to_hex()[..32]);
        let found = source.find(&listed.key).await.expect("an answer").expect("found");
        assert_eq!((&found.key, found.size, &found.etag), (&listed.key, listed.size, &listed.etag));
        assert!(found.last_modified.is_some() && listed.last_modified.is_some());
    }
    assert_eq!(source.find("absent%3A").await, Ok(None));
}

#[tokio::test]
async fn one_odd_key_fails_nothing() {
    let server = server();
    for key in ["a/../b", "./c", "folder/", "good.gz"] {
        server.put(BUCKET, key, if key.ends_with('/') { "" } else { "x" }).expect("stored");
    }
    let source = open(&spec(&server)).await;
    let (objects, mut skipped) = list(&source, &Filter::default()).await.expect("a listing");
    assert_eq!(objects.len(), 1);
    skipped.sort_by(|a, b| a.name.cmp(&b.name));
    let shown: Vec<_> = skipped.iter().map(|skip| (skip.name.as_str(), skip.reason)).collect();
    assert_eq!(
        shown,
        [
            ("./c", SkipReason::Inexpressible),
            ("a/../b", SkipReason::Inexpressible),
            ("folder/", SkipReason::FolderMarker)
        ]
    );
    let odd = Listed { key: "a/../b".into(), ..objects[0].clone() };
    assert!(matches!(source.get(&odd, 10).await, Err(SourceError::Inexpressible { .. })));
}

#[tokio::test]
async fn prefixes_narrow_a_source() {
    let server = server();
    let (first, second) =
        (stream("A", "us-south", "v", "0717-1", "egress"), stream("A", "us-south", "v", "0717-2", "egress"));
    for folder in [&first, &second] {
        server.put(BUCKET, &key(folder, "2021-12-14T13", 0), "x").expect("stored");
        server.put(BUCKET, &format!("copy/{}", key(folder, "2021-12-14T13", 0)), "x").expect("stored");
        server.put(BUCKET, &key(folder, "2021-11-02T03", 0), "x").expect("stored");
    }
    let count = async |prefix: &str| {
        let spec = SourceSpec { location: format!("s3://{BUCKET}/{prefix}"), ..spec(&server) };
        keys(&open(&spec).await, &Filter::default()).await.len()
    };
    assert_eq!(count("").await, 6);
    assert_eq!(count("ibm_vpc_flowlogs_v1/").await, 4);
    assert_eq!(count("ibm_vpc").await, 4);
    assert_eq!(count("copy/").await, 2);
    assert_eq!(count("c").await, 2);
    assert_eq!(count(first.as_str()).await, 2);
    assert_eq!(count(&first[..first.len() - 4]).await, 2);
    assert_eq!(count(&format!("{first}year=2021/month=1")).await, 2);
    assert_eq!(count(&format!("{first}year=2021/month=12/")).await, 1);
    assert_eq!(count(&format!("{first}year=2021/month=12/day=14/hour=13/")).await, 1);
    assert_eq!(count(&key(&first, "2021-12-14T13", 0)).await, 1);
    assert_eq!(count("absent").await, 0);
}

#[tokio::test]
async fn filters_become_prefixes() {
    let server = server();
    for account in ["A", "B"] {
        for region in ["us-south", "eu-de"] {
            for (vpc, vnic) in [("r006-1", "0717-1"), ("r006-2", "0717-2")] {
                let stream = stream(account, region, vpc, &format!("{vnic}-{account}-{region}"), "ingress");
                for hour in
                    ["2021-12-13T23", "2021-12-14T12", "2021-12-14T13", "2021-12-14T24", "2021-12-20T00"]
                {
                    server.put(BUCKET, &key(&stream, hour, 0), "x").expect("stored");
                }
            }
        }
    }
    let source = open(&spec(&server)).await;
    assert_eq!(keys(&source, &Filter::default()).await.len(), 40);

    let ask = async |filter: Filter| {
        server.reset_counters();
        let keys = keys(&source, &filter).await;
        let asked: Vec<String> =
            server.counters().recent.iter().map(|request| request.query.clone()).collect();
        assert!(
            asked.iter().all(|query| query.contains("list-type=2") && query.contains("encoding-type=url"))
        );
        (keys.len(), asked)
    };
    let (found, asked) =
        ask(Filter { accounts: vec!["A".into()], regions: vec!["eu-de".into()], ..Filter::default() }).await;
    assert_eq!(found, 10);
    assert!(asked.iter().all(|query| !query.contains("account%3DB") && !query.contains("us-south%2F")));

    let (found, asked) = ask(Filter { vpcs: vec!["r006-2".into()], ..Filter::default() }).await;
    assert_eq!(found, 20);
    assert!(asked.iter().all(|query| !query.contains("r006-1%2F")));

    let (found, _) = ask(Filter { vnics: vec!["0717-1-B-eu-de".into()], ..Filter::default() }).await;
    assert_eq!(found, 5);

    let since = micros("2021-12-15T00:30:00Z");
    let (found, asked) =
        ask(Filter { since, until: micros("2021-12-15T00:31:00Z"), ..Filter::default() }).await;
    assert_eq!(found, 8, "hour 24 of the day before");
    assert!(asked.iter().all(|query| !query.contains("day%3D20") && !query.contains("day%3D13")));
    let (found, _) = ask(Filter { until: micros("2021-12-14T11:30:00Z"), ..Filter::default() }).await;
    assert_eq!(found, 16, "the hours before and the neighbour hour");
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let server = server();
    server.put(BUCKET, "k", vec![0; 2000]).expect("stored");
    let list = async |spec: SourceSpec| match list(&open(&spec).await, &Filter::default()).await {
        Ok(_) => "listed".to_owned(),
        Err(error) => error.to_string().replace(&server.endpoint(), "ENDPOINT"),
    };
    assert_eq!(
        list(SourceSpec { location: "s3://absent".into(), ..spec(&server) }).await,
        "no bucket absent at ENDPOINT; check its name and the region of the endpoint"
    );
    let anonymous = SourceSpec { credentials: CredentialsSpec::Anonymous, ..spec(&server) };
    assert!(list(anonymous).await.ends_with("the bucket is not public: give credentials"));
    let mut wrong = spec(&server);
    wrong.credentials = CredentialsSpec::Keys {
        access_key_id: server.access_key().into(),
        secret_access_key: Secret::new("hunter2"),
        session_token: Some(Secret::new("hunter3")),
    };
    let text = list(wrong).await;
    assert!(text.starts_with("cannot list s3://logs/: access denied (SignatureDoesNotMatch"), "{text}");
    assert!(text.ends_with("; check the secret access key and the region"), "{text}");
    assert!(!text.contains("hunter") && !text.contains("Signature="), "{text}");

    let nobody = SourceSpec { endpoint: Some("http://127.0.0.1:1".into()), ..spec(&server) };
    let text = list(nobody).await;
    assert!(text.contains("refused") && text.contains("check that http://127.0.0.1:1 is right"), "{text}");
    assert!(!text.contains("X-Amz"), "{text}");

    let source = open(&spec(&server)).await;
    let listed = source.find("k").await.expect("an answer").expect("found");
    assert!(matches!(source.get(&listed, 1999).await, Err(SourceError::TooLarge { limit: 1999, .. })));
    assert!(source.get(&listed, 2000).await.is_ok());
    server.remove(BUCKET, "k");
    let gone = source.get(&listed, 2000).await.expect_err("gone");
    assert_eq!(gone.to_string(), "k is not in s3://logs any more");
    assert!(gone.concerns_one_object() && !gone.is_transient());
    assert_eq!(server.counters().of(Call::Get), 3);

    for (location, wanted) in [
        ("s3://", "the bucket's name is missing"),
        ("gs://b", "gs:// is not known"),
        ("/absent/x", "no such file"),
    ] {
        let error = flowglass_ingest::source::open(&SourceSpec::new(location)).await.err().expect("an error");
        assert!(error.to_string().contains(wanted), "{error}");
    }
}
