//! `search`, in all its forms.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::lake::{ask, asked, document, stdout};
use crate::support::show;

#[test]
fn table() {
    insta::assert_snapshot!(asked("search action:rejected --limit 4"), @"
    exit code 0
    --- stdout
    time (UTC)           action    dir  initiator              target            service   proto    bytes  packets  id
    2026-11-02 01:56:30  rejected  I    92.63.197.61:48680  →  10.240.0.4:27354            tcp       54 B        1  487b9713d27acdeeed2f74f681f7b0a7-4
    2026-11-02 01:54:56  rejected  O    10.240.64.4:33667   →  192.0.2.124:123   ntp       udp       90 B        1  c485c6660fd4eaa7297e1a8f74c4cc50-1
    2026-11-02 01:53:18  rejected  I    92.63.197.61:45081  →  10.240.0.4:8080   http-alt  tcp    closing        0  487b9713d27acdeeed2f74f681f7b0a7-1
    2026-11-02 01:53:18  rejected  I    92.63.197.61:48799  →  10.240.0.4:34022            tcp    closing        0  487b9713d27acdeeed2f74f681f7b0a7-2
    --- stderr
    4 records shown, there are more (--limit 0 for all, --count to count); counted: records; all time, UTC; 1 of 1 file read, [N] ms
    coverage: 98.9 % of the time of 2 vNICs, 3 gaps, the longest 0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201 silent since 2026-11-02 01:58:18; source last listed [TIME]
    warning: 300 s of windows are marked `skip data`: the provider lost some of their records, so counts are lower bounds
    ");
    let mut narrow = ask("search target_port:ssh --limit 3");
    narrow.env("COLUMNS", "80");
    insta::assert_snapshot!(show(narrow), @"
    exit code 0
    --- stdout
    time (UTC)           action    dir  initiator               target
    2026-11-02 01:53:18  rejected  I    198.19.135.58:50134  →  10.240.0.4:22
    2026-11-02 01:50:20  rejected  I    198.19.135.58:50134  →  10.240.0.4:22
    2026-11-02 01:48:18  rejected  I    92.63.197.61:55527   →  10.240.0.4:22
    --- stderr
    3 records shown, there are more (--limit 0 for all, --count to count); counted: records; all time, UTC; 1 of 1 file read, [N] ms
    coverage: 98.9 % of the time of 2 vNICs, 3 gaps, the longest 0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201 silent since 2026-11-02 01:58:18; source last listed [TIME]
    warning: 300 s of windows are marked `skip data`: the provider lost some of their records, so counts are lower bounds
    ");
    insta::assert_snapshot!(asked("search is:closing --limit 2 -q --tz Europe/Berlin"), @"
    exit code 0
    --- stdout
    time (Europe/Berlin)  action    dir  initiator              target            service   proto    bytes  packets  id
    2026-11-02 02:53:18   rejected  I    92.63.197.61:45081  →  10.240.0.4:8080   http-alt  tcp    closing        0  487b9713d27acdeeed2f74f681f7b0a7-1
    2026-11-02 02:53:18   rejected  I    92.63.197.61:48799  →  10.240.0.4:34022            tcp    closing        0  487b9713d27acdeeed2f74f681f7b0a7-2
    ");
}

#[test]
fn columns_asked_for() {
    insta::assert_snapshot!(asked("search --fields time,bytes_from_target,was_initiated,id --sort -bytes_from_target --limit 3 -q"), @"
    exit code 0
    --- stdout
    time (UTC)           bytes_from_target  was_initiated  id
    2026-11-02 00:03:24           18767941  false          5c5371d909e96dbdb5404e1b722daf32-2
    2026-11-02 00:04:05           18757153  false          bdda3fe9cc65490ccb1409fd83cd162b-0
    2026-11-02 00:08:18           13152802  false          fa546c7f41448370224b5bd36472539a-0
    ");
    insta::assert_snapshot!(asked("search --fields time,colour"), @r#"
    exit code 2
    --- stderr
    error: there is no field "colour"
    hint: did you mean "collector_crn"?
    "#);
    insta::assert_snapshot!(asked("search --sort -speed"), @r#"
    exit code 2
    --- stderr
    error: there is no field "speed"
    hint: the fields of a row are listed in the reference
    "#);
}

#[test]
fn lines_of_json() {
    let all = stdout("search --format ndjson -q");
    let count: usize = stdout("search --count -q").trim().parse().expect("a number");
    assert_eq!(all.lines().count(), count);
    let rows: Vec<serde_json::Value> =
        all.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let times: Vec<&str> = rows.iter().map(|row| row["time"].as_str().expect("a time")).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first");
    assert!(rows.iter().all(|row| row["id"].as_str().is_some_and(|id| id.len() > 33)));

    insta::assert_snapshot!(stdout("search target_port:ssh --limit 2 --format ndjson --fields time,initiator_ip,target_port"), @r#"
    {"id":"487b9713d27acdeeed2f74f681f7b0a7-9","time":"2026-11-02T01:53:18Z","initiator_ip":"198.19.135.58","target_port":22}
    {"id":"2ed4dcd0f1058c828ac9b74068454d7c-17","time":"2026-11-02T01:50:20Z","initiator_ip":"198.19.135.58","target_port":22}
    "#);
    let output = ask("search target_port:ssh --limit 2 --format ndjson").output().expect("the binary runs");
    let said: serde_json::Value = serde_json::from_slice(&output.stderr).expect("one line of JSON");
    assert_eq!(said["count"], 2);
    assert_eq!(said["more"], true);
    assert_eq!(said["meta"]["measure"]["name"], "all_records");
    assert!(said["meta"]["coverage"]["fraction"].as_f64().is_some_and(|part| part > 0.9 && part < 1.0));
}

#[test]
fn document_of_json() {
    let found = document("search action:rejected --limit 2 --format json --fields action,target_port");
    assert_eq!(found["fields"], serde_json::json!(["action", "target_port"]));
    assert_eq!(found["rows"].as_array().map(Vec::len), Some(2));
    assert_eq!(found["rows"][0]["action"], "rejected");
    assert_eq!(found["count"], 2);
    assert_eq!(found["more"], true);
    assert_eq!(found["meta"]["range"], serde_json::json!({"from": null, "to": null}));
    let nothing = document("search action:rejected --to 2026-11-01 --format json");
    assert_eq!(nothing["rows"], serde_json::json!([]));
    assert_eq!(nothing["nearest"]["before"], serde_json::Value::Null);
    assert!(
        nothing["nearest"]["after"]["time"].as_str().is_some_and(|time| time.starts_with("2026-11-02T00:0"))
    );
}

#[test]
fn comma_separated() {
    insta::assert_snapshot!(stdout("search target_port:ssh --limit 2 --format csv --fields time,target_port,extra").replace('\r', ""), @"
    time,target_port,extra
    2026-11-02T01:53:18Z,22,
    2026-11-02T01:50:20Z,22,
    ");
    insta::assert_snapshot!(stdout("search nothing_like_this --format csv --fields time,target_port"), @"time,target_port");
}

#[test]
fn counts() {
    insta::assert_snapshot!(asked("search --count"), @"
    exit code 0
    --- stdout
    1264
    --- stderr
    1,264 records; counted: records; all time, UTC; 1 of 1 file read, [N] ms
    coverage: 98.9 % of the time of 2 vNICs, 3 gaps, the longest 0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201 silent since 2026-11-02 01:58:18; source last listed [TIME]
    warning: 300 s of windows are marked `skip data`: the provider lost some of their records, so counts are lower bounds
    ");
    insta::assert_snapshot!(asked("search target_port:ssh -action:accepted --count -q"), @"
    exit code 0
    --- stdout
    27
    ");
    let sum: u64 = ["action:rejected", "-action:rejected"]
        .map(|query| stdout(&format!("search {query} --count -q")).trim().parse::<u64>().expect("a number"))
        .iter()
        .sum();
    assert_eq!(sum.to_string(), stdout("search --count -q").trim());
    assert_eq!(
        document("search --count --format json")["count"].to_string(),
        stdout("search --count -q").trim()
    );
}

#[test]
fn ranges() {
    let count =
        |line: &str| stdout(&format!("search --count -q {line}")).trim().parse::<u64>().expect("a number");
    let all = count("");
    let first = count("--to 2026-11-02T01:00:00Z");
    let second = count("--from 2026-11-02T01:00:00Z");
    assert!(first > 0 && second > 0, "{first} {second}");
    assert_eq!(first + second, all, "ranges are half-open");
    // The same instant in local time, by flag and by setting.
    assert_eq!(count("--to 2026-11-02T02:00 --tz Europe/Berlin"), first);
    let mut zoned = ask("search --count -q --to 2026-11-02T02:00");
    zoned.env("FLOWGLASS_TZ", "Europe/Berlin");
    assert_eq!(show(zoned), format!("exit code 0\n--- stdout\n{first}\n"));
    assert_eq!(count("--from 1793581200 --to 2026-11-03"), second, "seconds since 1970");
    assert_eq!(count("--last 1h --to 2026-11-02T01:00:00Z"), first);
    assert_eq!(count("--last 1h"), 0);
    // A date as the end is in the range, as a whole.
    assert_eq!(count("--from 2026-11-02 --to 2026-11-02"), all);
    assert_eq!(count("--to 2026-11-02"), all);
    assert_eq!(count("--to 2026-11-02T00:00"), 0);
    assert_eq!(count("--to 2026-11-01"), 0);
}

#[test]
fn nothing_found() {
    insta::assert_snapshot!(asked("search action:rejected --from 2026-11-05 --to 2026-11-06"), @"
    exit code 0
    --- stderr
    nothing found
      nearest match before it: 2026-11-02 01:56:30 UTC  487b9713d27acdeeed2f74f681f7b0a7-4
      no match after it
      held: 2026-11-02 00:00 to 2026-11-02 01:59:03 UTC
    0 records; counted: records; 2026-11-05 00:00 to 2026-11-07 00:00 UTC; 0 of 1 file read, [N] ms
    coverage: none, 2 vNICs did not report in this time; source last listed [TIME]
    ");
    insta::assert_snapshot!(asked("search initiator_ip:192.0.2.254"), @"
    exit code 0
    --- stderr
    nothing found
      held: 2026-11-02 00:00 to 2026-11-02 01:59:03 UTC
    0 records; counted: records; all time, UTC; 1 of 1 file read, [N] ms
    coverage: 98.9 % of the time of 2 vNICs, 3 gaps, the longest 0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201 silent since 2026-11-02 01:58:18; source last listed [TIME]
    warning: 300 s of windows are marked `skip data`: the provider lost some of their records, so counts are lower bounds
    ");
    insta::assert_snapshot!(asked("search transport_protocol:icmp"), @"
    exit code 0
    --- stderr
    nothing found
      held: 2026-11-02 00:00 to 2026-11-02 01:59:03 UTC
    0 records; counted: records; all time, UTC; 0 of 1 file read, [N] ms
    coverage: 98.9 % of the time of 2 vNICs, 3 gaps, the longest 0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201 silent since 2026-11-02 01:58:18; source last listed [TIME]
    warning: flow logs hold TCP and UDP only, never ICMP (nothing found does not mean that there was none)
    warning: 300 s of windows are marked `skip data`: the provider lost some of their records, so counts are lower bounds
    ");
}

#[test]
fn names() {
    let folder = crate::support::folder("search-names");
    std::fs::write(folder.join("names"), "10.240.0.4 vsi1\n24.22.68.0/24 home\n").expect("writable");
    let mut command = ask("search target:vsi1 initiator:home --limit 2 -q");
    command.env("FLOWGLASS_NAMES", folder.join("names"));
    insta::assert_snapshot!(show(command), @"
    exit code 0
    --- stdout
    time (UTC)           action    dir  initiator                    target                service  proto    bytes  packets  id
    2026-11-02 00:23:18  rejected  I    24.22.68.94:55407 (home)  →  10.240.0.4:22 (vsi1)  ssh      tcp    closing        0  660570e89aef87b0809277dd637e455b-1
    2026-11-02 00:23:18  rejected  I    24.22.68.94:63034 (home)  →  10.240.0.4:22 (vsi1)  ssh      tcp    closing        0  660570e89aef87b0809277dd637e455b-2
    ");
}

#[test]
fn colour() {
    let line = "search action:rejected --limit 1 -q";
    assert!(!stdout(line).contains('\x1b'), "no terminal, no colour");
    let mut refused = ask(line);
    refused.env("NO_COLOR", "1");
    assert!(!show(refused).contains('\x1b'));
    let mut wanted = ask(&format!("{line} --color always"));
    wanted.env("NO_COLOR", "1");
    assert!(show(wanted).contains("\x1b[31mrejected\x1b[0m"), "asked for, colour wins over NO_COLOR");
    let mut never = ask(&format!("{line} --color never"));
    never.env("FLOWGLASS_COLOR", "always");
    assert!(!show(never).contains('\x1b'));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for format in ["table", "ndjson", "csv", "json"] {
        // Far more than a pipe holds.
        let mut command = ask(&format!("search --limit 0 --fields all --format {format} -q"));
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        assert!(!line.is_empty(), "{format}");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
    }
}
