//! `serve`, `simulate`, `demo`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{ChildStdout, Stdio};

use crate::lake::ask;
use crate::support::{Running, empty_folder, flowglass, run, show};

/// Asks for a path and returns status line and body.
pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("writable");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Sends JSON to a path and returns status line and body.
pub(crate) fn post(address: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .expect("writable");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// Reads lines until one holds an address, and returns it.
pub(crate) fn address(lines: &mut impl BufRead) -> String {
    let mut line = String::new();
    while lines.read_line(&mut line).expect("text") > 0 {
        if let Some((_, rest)) = line.split_once("http://") {
            return rest.split(['/', ';', ' ', '\n']).next().unwrap_or_default().to_owned();
        }
        line.clear();
    }
    panic!("no address was said")
}

#[test]
fn serve_answers_and_ends() {
    let mut command = ask("serve --listen 127.0.0.1:0");
    let mut serving = Running::start(command.stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut stderr = BufReader::new(serving.0.stderr.take().expect("piped"));
    let address = address(&mut stderr);
    let answer = get(&address, "/api/v1/openapi.json");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(serving.interrupt(), Some(0));
}

/// It does not answer as if nothing were stored.
#[test]
fn serve_says_that_its_lake_is_gone() {
    let folder = empty_folder("serve-gone");
    let (bucket, lake) = (folder.join("bucket"), folder.join("lake"));
    run(&format!("simulate {} --start 2026-11-02 --hours 0.5 -q", bucket.display()));
    run(&format!("ingest {} --lake {} -q", bucket.display(), lake.display()));
    let mut command = flowglass(&format!("serve --lake {} --listen 127.0.0.1:0", lake.display()));
    let mut serving = Running::start(command.stdout(Stdio::null()).stderr(Stdio::piped()));
    let mut stderr = BufReader::new(serving.0.stderr.take().expect("piped"));
    let address = address(&mut stderr);
    // What it says of each question that fails must not fill the pipe: it would wait for it to be read.
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    assert!(get(&address, "/api/v1/search").starts_with("HTTP/1.1 200"));
    std::fs::remove_dir_all(&lake).expect("it is there");
    for path in ["/api/v1/search?query=port:22", "/api/v1/health/ready"] {
        // The lake is looked at every half second; until then its files are missed, or not even they.
        let begun = std::time::Instant::now();
        let answer = loop {
            let answer = get(&address, path);
            if answer.starts_with("HTTP/1.1 503") {
                break answer;
            }
            assert!(begun.elapsed().as_secs() < 30, "{answer}");
        };
        assert!(
            answer.contains("the lake is gone: its log was removed while the server used it"),
            "{answer}"
        );
        assert!(answer.contains("and restart the server"), "{answer}");
    }
    assert_eq!(serving.interrupt(), Some(0));
}

#[test]
fn serve_refuses_what_is_not_safe() {
    insta::assert_snapshot!(show(ask("serve --listen 0.0.0.0:7420")), @"
    exit code 2
    --- stderr
    error: will not listen on 0.0.0.0:7420, which others can reach, without a token (--token-file FILE, or FLOWGLASS_TOKEN) and TLS (--tls-cert FILE --tls-key FILE, or --behind-proxy where a proxy speaks it)
    ");
    let mut half = ask("serve --listen 0.0.0.0:7420");
    half.env("FLOWGLASS_TOKEN", "a-token-that-is-long-enough");
    insta::assert_snapshot!(show(half), @"
    exit code 2
    --- stderr
    error: will not listen on 0.0.0.0:7420, which others can reach, without TLS (--tls-cert FILE --tls-key FILE, or --behind-proxy where a proxy speaks it)
    ");
    insta::assert_snapshot!(show(ask("serve --listen everywhere")), @r#"
    exit code 2
    --- stderr
    error: "everywhere" is no address to listen on
    hint: write it like 127.0.0.1:7420 or [::1]:7420
    "#);
    insta::assert_snapshot!(run("serve --lake no-such-lake --listen 127.0.0.1:0"), @"
    exit code 1
    --- stderr
    error: there is no lake at file://[DIR]/cwd/no-such-lake/
    hint: make one with `flowglass ingest SOURCE --lake URL`, or try `flowglass demo`
    ");
}

#[test]
fn simulate_is_the_same_every_time() {
    let folder = empty_folder("simulate");
    let line = |name: &str| {
        format!("simulate {} --start 2026-11-02 --hours 1 --seed 3", folder.join(name).display())
    };
    insta::assert_snapshot!(run(&line("a")), @"
    exit code 0
    --- stdout
    47 objects with 355 records (40 kB) in [DIR]/simulate/a
    ");
    insta::assert_snapshot!(run(&line("a")), @"
    exit code 0
    --- stdout
    0 objects with 0 records (0 B) in [DIR]/simulate/a; 47 were there
    ");
    run(&line("b"));
    let files = |name: &str| {
        let output = std::process::Command::new("find")
            .args([".", "-type", "f", "-exec", "cksum", "{}", "+"])
            .current_dir(folder.join(name))
            .output()
            .expect("find runs");
        let mut lines: Vec<String> =
            String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert!(files("a").len() > 20);
    assert_eq!(files("a"), files("b"));
    let json = run(&format!(
        "simulate {} --scenario load --vnics 3 --rate 20 --hours 0.2 --format json -q",
        folder.join("load").display()
    ));
    assert!(json.contains("\"records\":"), "{json}");
}

#[test]
fn demo_runs_and_says_what_to_ask() {
    let folder = empty_folder("demo");
    let mut command = flowglass(&format!("demo --dir {} --hours 1 --listen 127.0.0.1:0", folder.display()));
    let mut serving = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
    let mut stdout = BufReader::new(serving.0.stdout.take().expect("piped"));
    let address = address(&mut stdout);
    assert!(get(&address, "/api/v1/openapi.json").starts_with("HTTP/1.1 200"));
    let questions = questions(&mut stdout, &mut serving);
    assert_eq!(questions.len(), 5, "{questions:?}");
    for question in questions {
        let mut command = flowglass(&question);
        command.env("FLOWGLASS_LAKE", folder.join("lake"));
        let seen = show(command);
        assert!(seen.starts_with("exit code 0\n--- stdout\n"), "{question}: {seen}");
    }
    assert_eq!(serving.interrupt(), Some(0));
}

/// The commands that the demo offers.
fn questions(stdout: &mut BufReader<ChildStdout>, serving: &mut Running) -> Vec<String> {
    let mut found = Vec::new();
    let mut line = String::new();
    while found.len() < 5 && stdout.read_line(&mut line).expect("text") > 0 {
        found.extend(line.trim().strip_prefix("flowglass ").map(str::to_owned));
        line.clear();
    }
    assert!(serving.0.try_wait().expect("it can be asked").is_none(), "it goes on");
    found
}
