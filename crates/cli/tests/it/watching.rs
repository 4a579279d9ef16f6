//! Sources that are watched, by `watch` and by `serve`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flowglass_test_s3::{Options, TestIam, TestS3};

use crate::serving::{address, get, post};
use crate::support::{Running, empty_folder, flowglass, run, show};

#[test]
fn watch_reads_what_appears_until_interrupted() {
    let folder = empty_folder("watch");
    let (bucket, lake) = (folder.join("bucket"), folder.join("lake"));
    std::fs::create_dir_all(&bucket).expect("writable");
    let line = format!("watch {} --lake {} --poll 1s", bucket.display(), lake.display());
    let mut watching = Running::start(flowglass(&line).stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut stderr = BufReader::new(watching.0.stderr.take().expect("piped"));
    let mut first = String::new();
    stderr.read_line(&mut first).expect("a line");
    assert!(first.starts_with("watching "), "{first}");
    // Copied whole: an object appears by being renamed.
    let written = run(&format!("simulate {} --hours 0.5 --seed 7", bucket.display()));
    assert!(written.starts_with("exit code 0"), "{written}");
    let begun = Instant::now();
    while count(&lake) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing was read");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(watching.interrupt(), Some(0));
}

/// Whoever reads into a lake, or answers from it, says what happened when it is deleted.
#[test]
fn a_deleted_lake_ends_a_watch_with_its_reason() {
    let folder = empty_folder("deleted");
    let (bucket, lake) = (folder.join("bucket"), folder.join("lake"));
    std::fs::create_dir_all(&bucket).expect("writable");
    for command in ["watch", "serve --listen 127.0.0.1:0"] {
        let line = format!("{command} {} --lake {} --poll 1s", bucket.display(), lake.display());
        let mut watching = Running::start(flowglass(&line).stdout(Stdio::null()).stderr(Stdio::piped()));
        let mut stderr = BufReader::new(watching.0.stderr.take().expect("piped"));
        let mut first = String::new();
        stderr.read_line(&mut first).expect("a line");
        assert!(first.starts_with("watching "), "{first}");
        let begun = Instant::now();
        while !lake.join("flows/_flowglass/sources").exists() {
            assert!(begun.elapsed() < Duration::from_secs(30), "no listing was noted in a lake");
            std::thread::sleep(Duration::from_millis(50));
        }
        std::fs::remove_dir_all(&lake).expect("it is there");
        let mut said = String::new();
        std::io::Read::read_to_string(&mut stderr, &mut said).expect("text");
        assert_eq!(watching.0.wait().expect("it ends").code(), Some(1), "{said}");
        assert!(said.contains("error: cannot go on at file:///"), "{said}");
        assert!(said.contains("its log was removed while it was in use"), "{said}");
        assert!(said.contains("hint: put it back from a copy, or start again"), "{said}");
        assert!(!lake.exists(), "nothing was made in its place");
    }
}

/// Waits until something is so, and returns it.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The body of an answer, as JSON.
fn json(answer: &str) -> serde_json::Value {
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// From a broken object to its records: what an operator does who mends a bucket.
#[test]
fn an_object_mended_in_the_bucket_is_read_again_when_asked() {
    let server = TestS3::start(Options::default()).expect("a free port");
    server.create_bucket("logs").expect("a new bucket");
    let record = r#"{"start_time":"2026-11-02T10:00:00Z","initiator_ip":"10.0.0.1","target_ip":"10.0.0.2",
        "initiator_port":40000,"target_port":22,"transport_protocol":6,"action":"rejected","was_initiated":true}"#;
    let whole = format!(
        r#"{{"version":"0.0.1","capture_start_time":"2026-11-02T10:00:00Z","capture_end_time":"2026-11-02T10:05:00Z",
            "network_interface_id":"0717-1","state":"ok","number_of_flow_logs":2,"flow_logs":[{record},{record}]}}"#
    );
    let torn = &whole[..whole.len() / 2];
    server.put("logs", "torn.json", torn.to_owned()).expect("stored");
    let folder = empty_folder("mended");
    // So seldom does it look that only the request can make it read the object again.
    let line = format!(
        "serve s3://logs --endpoint {} --lake {} --poll 1h --listen 127.0.0.1:0",
        server.endpoint(),
        folder.join("lake").display()
    );
    let mut command = flowglass(&line);
    command.env("AWS_ACCESS_KEY_ID", server.access_key()).env("AWS_SECRET_ACCESS_KEY", server.secret_key());
    let mut serving = Running::start(command.stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut stderr = BufReader::new(serving.0.stderr.take().expect("piped"));
    let mut first = String::new();
    stderr.read_line(&mut first).expect("a line");
    assert!(first.starts_with("watching s3://logs/"), "{first}");
    let address = address(&mut stderr);
    let quarantined = || json(&get(&address, "/api/v1/quarantine"))["objects"].as_array().cloned();
    let found = || json(&get(&address, "/api/v1/search?query=port:ssh"))["rows"].as_array().map(Vec::len);

    let object = until("it was not quarantined", || quarantined()?.first().cloned());
    assert_eq!(
        (&object["key"], &object["outcome"]),
        (&"torn.json".into(), &"quarantined".into()),
        "{object}"
    );
    assert!(object["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{object}");
    assert_eq!(found(), Some(0));

    server.put("logs", "torn.json", whole).expect("stored");
    let id = object["object_id"].as_str().expect("an id");
    let retry = |id: &str| post(&address, "/api/v1/quarantine/retry", &format!(r#"{{"objects":["{id}"]}}"#));
    let answer = retry(id);
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert_eq!(json(&answer), serde_json::json!({"accepted": [id], "refused": []}));
    until("it was not read again", || found().filter(|rows| *rows == 2));
    assert_eq!(quarantined(), Some(vec![]), "nothing is left in it");
    // An id that nobody knows is refused, and said to be.
    let unknown = "0".repeat(32);
    assert_eq!(json(&retry(&unknown)), serde_json::json!({"accepted": [], "refused": [unknown]}));
    assert_eq!(serving.interrupt(), Some(0));
}

/// Days to keep, from the flag: what is older is not read, whatever the settings file says.
#[test]
fn days_to_keep_are_told_by_a_flag() {
    let folder = empty_folder("keep-days");
    let (bucket, now) = (folder.join("bucket"), flowglass_flow::time::now());
    let day =
        |back: i64| flowglass_flow::time::format(now - back * flowglass_flow::time::DAY)[..10].to_owned();
    for back in [2, 40] {
        let line = format!("simulate {} --start {} --hours 0.2 --seed 7 -q", bucket.display(), day(back));
        let written = run(&line);
        assert!(written.starts_with("exit code 0"), "{written}");
    }
    for (at, command) in ["watch", "serve --listen 127.0.0.1:0"].into_iter().enumerate() {
        let lake = folder.join(format!("lake-{at}"));
        let line = format!("{command} {} --lake {} --poll 1s --keep-days", bucket.display(), lake.display());
        let started = |days: &str, settings: &str| {
            let mut command = flowglass(&format!("{line} {days}"));
            command.env("FLOWGLASS_KEEP_DAYS", settings);
            command
        };
        let watching = Running::start(started("30", "1").stdout(Stdio::null()).stderr(Stdio::null()));
        let days = || {
            run(&format!(
                "sql 'SELECT count(DISTINCT day) FROM flows' --lake {} --format csv -q",
                lake.display()
            ))
        };
        until("the newer day was not read", || days().contains("\n1\n").then_some(()));
        assert_eq!(watching.interrupt(), Some(0));
        assert!(days().contains("\n1\n"), "the older day is left out");
        insta::allow_duplicates! {
            insta::assert_snapshot!(show(started("0", "30")), @"
            exit code 2
            --- stderr
            error: 0 days to keep would keep nothing
            hint: 1 keeps today
            ");
        }
    }
}

/// Source and lake in buckets that take only tokens, with one API key for both.
#[test]
fn an_api_key_serves_source_and_lake() {
    let server = TestS3::start(Options::default()).expect("a free port");
    for bucket in ["logs", "lake"] {
        server.create_bucket(bucket).expect("a new bucket");
    }
    let folder = empty_folder("api-key");
    run(&format!("simulate {} --start 2026-11-02 --hours 0.5 --seed 7 -q", folder.display()));
    let objects = server.load("logs", &folder).expect("files");
    let iam = TestIam::start("an-api-key", 3600, Some(&server)).expect("a free port");
    let with_key = |line: &str, key: &str| -> Command {
        let mut command = flowglass(line);
        command.env("FLOWGLASS_LAKE", "s3://lake/flows").env("FLOWGLASS_ENDPOINT", server.endpoint());
        // The service takes one token at a time: each process fetches its own.
        command.env("IBMCLOUD_API_KEY", key).env("FLOWGLASS_IAM_ENDPOINT", iam.url());
        command
    };
    let seen = show(with_key("ingest s3://logs --signing-region eu-de", "an-api-key"));
    assert!(
        seen.starts_with(&format!("exit code 0\n--- stdout\n{objects} objects: {objects} new")),
        "{seen}"
    );
    let seen = show(with_key("search --count -q --signing-region eu-de", "an-api-key"));
    assert!(seen.starts_with("exit code 0") && !seen.ends_with("\n0\n"), "{seen}");
    let refused = show(with_key("search --count -q --signing-region eu-de", "a-wrong-key"));
    assert!(refused.starts_with("exit code 1"), "{refused}");
    assert!(refused.contains("the API key is unknown") && !refused.contains("a-wrong-key"), "{refused}");
}

fn count(lake: &Path) -> u64 {
    let output =
        flowglass(&format!("search --count -q --lake {}", lake.display())).output().expect("the binary runs");
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0)
}
