//! Objects: bytes, keys, ETags, ranges, uploads in parts.

use flowglass_test_s3::{Options, TestS3};
use rusty_s3::S3Action;
use rusty_s3::actions::CreateMultipartUpload;

use crate::client::{MINUTE, S3, server};

#[tokio::test]
async fn keys_are_kept_as_sent() {
    let server = server();
    let s3 = S3::of(&server);
    let keys = [
        "plain.gz",
        "a%3Ab/c%2Fd.gz",
        "a:b/c d+e.gz",
        "ünïcödé/日本.gz",
        "double//slash",
        "folder/",
        "tab\tnewline\n.gz",
        "percent%25%",
        "question?hash#amp&.gz",
    ];
    for key in keys {
        let answer = s3.put(key, key.as_bytes(), &[]).await.expect("an answer");
        assert_eq!(answer.status(), 200, "{key}");
        assert_eq!(server.get("logs", key).expect("stored").bytes, key.as_bytes());
        let answer = s3.get(key, &[]).await.expect("an answer");
        assert_eq!(answer.bytes().await.expect("a body"), key.as_bytes());
    }
    server.put("logs", "a/../dots/./b", "x").expect("stored");
    let (mut listed, _) = s3.list_all("", "", 4).await;
    let mut wanted: Vec<_> =
        keys.iter().map(|key| (*key).to_owned()).chain(["a/../dots/./b".to_owned()]).collect();
    wanted.sort();
    listed.sort();
    assert_eq!(listed, wanted);
}

#[tokio::test]
async fn etag_is_md5_and_ranges_are_cut() {
    let server = server();
    let s3 = S3::of(&server);
    let answer = s3.put("k", b"hello world", &[("content-encoding", "gzip")]).await.expect("an answer");
    assert_eq!(answer.headers()["etag"], "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"");
    let answer = s3.get("k", &[("range", "bytes=6-8")]).await.expect("an answer");
    assert_eq!(answer.status(), 206);
    assert_eq!(answer.headers()["content-range"], "bytes 6-8/11");
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    assert_eq!(answer.text().await.expect("a body"), "wor");
    let answer = s3.get("k", &[("range", "bytes=-5")]).await.expect("an answer");
    assert_eq!(answer.text().await.expect("a body"), "world");
    assert_eq!(s3.get("k", &[("range", "bytes=11-")]).await.expect("an answer").status(), 416);
    assert_eq!(s3.get("absent", &[]).await.expect("an answer").status(), 404);

    let head = s3.http.head(s3.bucket.head_object(Some(&s3.credentials), "k").sign(MINUTE)).send().await;
    assert_eq!(head.expect("an answer").headers()["content-length"], "11");
    let gone = s3.http.delete(s3.bucket.delete_object(Some(&s3.credentials), "k").sign(MINUTE)).send().await;
    assert_eq!(gone.expect("an answer").status(), 204);
    assert_eq!(s3.get("k", &[]).await.expect("an answer").status(), 404);
}

#[tokio::test]
async fn parts_become_one_object() {
    let server = server();
    let s3 = S3::of(&server);
    let credentials = Some(&s3.credentials);
    let begun = s3.http.post(s3.bucket.create_multipart_upload(credentials, "big").sign(MINUTE)).send().await;
    let text = begun.expect("an answer").text().await.expect("a body");
    let upload = CreateMultipartUpload::parse_response(&text).expect("an upload");
    let id = upload.upload_id();
    let mut etags = Vec::new();
    for (number, part) in [(1, "first "), (2, "second")] {
        let url = s3.bucket.upload_part(credentials, "big", number, id).sign(MINUTE);
        let answer = s3.http.put(url).body(part).send().await.expect("an answer");
        etags.push(answer.headers()["etag"].to_str().expect("text").trim_matches('"').to_owned());
    }
    assert!(server.keys("logs").is_empty(), "an unfinished upload is no object");
    let complete =
        s3.bucket.complete_multipart_upload(credentials, "big", id, etags.iter().map(String::as_str));
    let answer = s3.http.post(complete.sign(MINUTE)).body(complete.body()).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let object = server.get("logs", "big").expect("stored");
    assert_eq!(object.bytes, "first second");
    assert!(object.etag.ends_with("-2"), "{}", object.etag);
}

#[tokio::test]
async fn who_may_ask() {
    let server = server();
    let s3 = S3::of(&server);
    server.put("logs", "k", "x").expect("stored");
    let unsigned = s3.bucket.object_url("k");
    assert_eq!(s3.http.get(unsigned.clone()).send().await.expect("an answer").status(), 403);
    assert_eq!(s3.http.get(unsigned.clone()).bearer_auth("t").send().await.expect("an answer").status(), 403);
    server.set_bearer(Some("t".to_owned()));
    assert_eq!(s3.http.get(unsigned).bearer_auth("t").send().await.expect("an answer").status(), 200);

    let wrong = rusty_s3::Credentials::new(server.access_key(), "wrong");
    let url = s3.bucket.get_object(Some(&wrong), "k").sign(MINUTE);
    assert_eq!(s3.http.get(url).send().await.expect("an answer").status(), 403);

    let open = TestS3::start(Options { anonymous: true, ..Options::default() }).expect("a server");
    open.create_bucket("logs").expect("a bucket");
    open.put("logs", "k", "x").expect("stored");
    let s3 = S3::of(&open);
    assert_eq!(s3.http.get(s3.bucket.object_url("k")).send().await.expect("an answer").status(), 200);
    assert_eq!(
        s3.get("k", &[]).await.expect("an answer").status(),
        200,
        "signed requests are still checked and taken"
    );
}
