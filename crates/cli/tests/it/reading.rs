//! `check`, `ingest`, `watch`.

use std::path::Path;

use crate::lake::sample;
use crate::support::{empty_folder, flowglass, run};

#[test]
fn check_without_writing() {
    let seen = run(&format!("check {}", sample().bucket.display()));
    // What is read, and so what is expected, follows from the order of the directory.
    let lines: Vec<&str> =
        seen.lines().filter(|line| !line.starts_with("read ") && !line.starts_with("expect ")).collect();
    assert!(seen.contains("\nexpect    about "), "{seen}");
    let read = seen.lines().filter(|line| line.starts_with("read ")).count();
    assert!((5..=10).contains(&read), "{seen}");
    insta::assert_snapshot!(lines.join("\n"), @"
    exit code 0
    --- stdout
    what      found
    source    [DIR]/sample/bucket (file)
    login     none needed
    vNICs     2, 4 streams
    objects   95, 91 kB (every object was listed)
    days      2026-11-02
    watching  costs no listing calls
    ");
    insta::assert_snapshot!(run("check no-such-directory"), @"
    exit code 2
    --- stderr
    error: no source at no-such-directory: no such file or directory
    ");
    insta::assert_snapshot!(run("check s3://bucket"), @"
    exit code 2
    --- stderr
    error: cannot open s3://bucket: no credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (also for HMAC keys), or IBMCLOUD_API_KEY, or say that the bucket is public with --anonymous
    ");
}

#[test]
fn ingest_ends_with_one_line() {
    let lake = empty_folder("ingest-json").join("lake");
    let line = format!("ingest {} --lake {} --format json", sample().bucket.display(), lake.display());
    let summary = |line: &str| {
        let output = flowglass(line).output().expect("the binary runs");
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).expect("text");
        assert_eq!(text.lines().count(), 1, "{text}");
        let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).expect("JSON");
        let names: Vec<&String> = members.keys().collect();
        assert_eq!(names, ["objects", "new", "records", "empty", "partial", "quarantined", "seconds"]);
        assert!(members["seconds"].as_f64().is_some_and(|seconds| seconds < 60.0));
        ["objects", "new", "records", "empty"].map(|name| members[name].as_u64().expect("a number"))
    };
    let [objects, new, records, empty] = summary(&line);
    assert_eq!(objects, new);
    assert!(records > 500 && empty > 0, "{records} {empty}");
    assert_eq!(summary(&line), [objects, 0, 0, 0], "each object once");
}

#[test]
fn what_cannot_be_read_is_listed() {
    let folder = empty_folder("quarantine");
    let bucket = folder.join("bucket");
    std::fs::create_dir_all(&bucket).expect("writable");
    std::fs::write(bucket.join("torn.gz"), b"\x1f\x8b\x08\x00").expect("writable");
    let half = r#"{"version":"0.0.1","capture_start_time":"2026-11-02T00:00:00Z","capture_end_time":"2026-11-02T00:05:00Z","state":"ok","number_of_flow_logs":2,"flow_logs":[
        {"start_time":"2026-11-02T00:00:10Z","end_time":"","initiator_ip":"10.0.0.1","target_ip":"10.0.0.2","initiator_port":1,"target_port":70000},
        {"start_time":"2026-11-02T00:00:10Z","end_time":"","initiator_ip":"10.0.0.1","target_ip":"10.0.0.2","initiator_port":1,"target_port":22}]}"#;
    std::fs::write(bucket.join("half.json"), half).expect("writable");
    let (bucket, lake) = (bucket.display(), folder.join("lake"));
    let lake = lake.display();
    let mask = |text: String| {
        text.lines()
            .map(|line| line.split(", 0.").next().unwrap_or_default().to_owned() + "\n")
            .collect::<String>()
    };
    insta::assert_snapshot!(mask(run(&format!("ingest {bucket} --lake {lake}"))), @"
    exit code 0
    --- stdout
    2 objects: 2 new with 1 record, 1 partly unreadable, 1 unreadable
    --- stderr
    what could not be read, and why: flowglass lake quarantine list
    ");
    insta::assert_snapshot!(mask(run(&format!("ingest {bucket} --lake {lake} --strict"))), @"
    exit code 0
    --- stdout
    2 objects: 0 new with 0 records
    ");
    let strict = folder.join("strict");
    insta::assert_snapshot!(mask(run(&format!("ingest {bucket} --lake {} --strict", strict.display()))), @"
    exit code 1
    --- stdout
    2 objects: 2 new with 1 record, 1 partly unreadable, 1 unreadable
    --- stderr
    what could not be read, and why: flowglass lake quarantine list
    error: 2 objects could not be read, or not wholly
    hint: `flowglass lake quarantine list` says which and why
    ");
    let listed = run(&format!("lake quarantine list --lake {lake} --format json"));
    assert!(listed.contains("target_port is 70000") && listed.contains("torn.gz"), "{listed}");
    let table = run(&format!("lake quarantine list --lake {lake}"));
    assert!(table.contains("record 0: target_port is 70000"), "{table}");
    assert_eq!(run(&format!("search --count -q --lake {lake}")), "exit code 0\n--- stdout\n1\n");

    // Once it is mended, it can be read again.
    std::fs::write(folder.join("bucket/half.json"), half.replace("70000", "7000")).expect("writable");
    insta::assert_snapshot!(mask(run(&format!("lake quarantine retry --all --lake {lake}"))), @"
    exit code 0
    --- stdout
    2 objects: 2 new with 2 records, 1 unreadable
    --- stderr
    what could not be read, and why: flowglass lake quarantine list
    ");
    assert_eq!(run(&format!("search --count -q --lake {lake}")), "exit code 0\n--- stdout\n2\n");
    insta::assert_snapshot!(run(&format!("lake quarantine retry nonsense --lake {lake}")), @r#"
    exit code 1
    --- stderr
    error: the lake knows no object "nonsense"
    hint: `flowglass lake quarantine list` says which objects could not be read
    "#);
}

#[test]
fn verify_tells_what_differs() {
    let folder = empty_folder("verify");
    let (bucket, lake) = (folder.join("bucket"), folder.join("lake"));
    let written = run(&format!("simulate {} --start 2026-11-02 --hours 1 --seed 7 -q", bucket.display()));
    assert!(written.starts_with("exit code 0"), "{written}");
    assert!(
        run(&format!("ingest {} --lake {} -q", bucket.display(), lake.display())).starts_with("exit code 0")
    );
    let seen = |line: &str| {
        let text = run(&format!("lake verify {line}--lake {}", lake.display()));
        // Bytes and seconds follow from the file system.
        text.lines()
            .map(|line| line.split(" compared, ").next().unwrap_or_default().to_owned() + "\n")
            .collect::<String>()
    };
    // Where it was read from, the lake remembers.
    insta::assert_snapshot!(seen(""), @"
    exit code 0
    --- stdout
    file: 47 same; 361 records
    ");
    let object = find(&bucket, "00000003.gz");
    std::fs::remove_file(&object).expect("it is there");
    let gone = seen(&format!("{} ", bucket.display()));
    assert!(gone.starts_with("exit code 0") && gone.contains("1 gone"), "what is gone is no failure: {gone}");
    let document = run(&format!("lake verify {} --lake {} --format json", bucket.display(), lake.display()));
    assert!(document.contains("\"passed\":true") && document.contains("\"gone\":1"), "{document}");
}

/// The first file of that name below a folder.
fn find(folder: &Path, name: &str) -> std::path::PathBuf {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|found| found == name) {
                return path;
            }
        }
    }
    panic!("no file {name}")
}
