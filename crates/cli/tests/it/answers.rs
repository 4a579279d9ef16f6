//! Charts, lists, groups, connections, records, SQL, and what a lake says of itself.

use crate::lake::{ask, asked, document, sample, stdout};
use crate::support::{empty_folder, folder, run, show};

#[test]
fn histogram() {
    insta::assert_snapshot!(asked("histogram --by 15m --split action"), @"
    exit code 0
    --- stdout
    █ rejected 456
    ▒ accepted 113
    UTC               attempts
    2026-11-02 00:00        61  ███████▒▒▒▒▒▒▒▒▒
    2026-11-02 00:15        51  ████████▒▒▒▒▒
    2026-11-02 00:30        48  ████████▒▒▒▒ (98.4 % covered)
    2026-11-02 00:45        50  ███████████▒▒ (93.2 % covered)
    2026-11-02 01:00       243  ██████████████████████████████████████████████████████████▒▒
    2026-11-02 01:15        42  █████████▒▒
    2026-11-02 01:30        52  █████████▒▒▒▒
    2026-11-02 01:45        22  █████▒
    --- stderr
    569 attempts in buckets of 15 min; counted: attempts: connections begun; 2026-11-02 00:00 to 2026-11-02 01:59:03 UTC; 1 of 1 file read, [N] ms
    coverage: 98.9 % of the time of 2 vNICs, 2 gaps, the longest 0727-51f8a3c7-e694-4d0b-a2c5-0d7e84b96f02 egress 2026-11-02 00:44:03 to 2026-11-02 00:49:03: no object; source last listed [TIME]
    warning: 300 s of windows are marked `skip data`: the provider lost some of their records, so counts are lower bounds
    ");
    let mut narrow = ask("histogram action:rejected --by 30m --tz America/New_York -q");
    narrow.env("COLUMNS", "60");
    insta::assert_snapshot!(show(narrow), @"
    exit code 0
    --- stdout
    America/New_York  attempts
    2026-11-01 19:00        57  ██████▏
    2026-11-01 19:30        76  ████████▎ (95.8 % covered)
    2026-11-01 20:00       270  █████████████████████████████
    2026-11-01 20:30        53  █████▊
    ");
    insta::assert_snapshot!(stdout("histogram --by 1h --split action --format csv"), @"
    start,rejected,accepted,coverage
    2026-11-02T00:00:00Z,133,77,0.9791666666666666
    2026-11-02T01:00:00Z,323,36,1
    ");
    insta::assert_snapshot!(stdout("histogram --by 1h --measure bytes --format ndjson"), @r#"
    {"start":"2026-11-02T00:00:00Z","value":88070527,"coverage":0.9791666666666666}
    {"start":"2026-11-02T01:00:00Z","value":172389,"coverage":1.0}
    "#);
    insta::assert_snapshot!(asked("histogram --from 2026-11-05 --to 2026-11-06 --by 1h"), @"
    exit code 0
    --- stderr
    nothing found
      nearest match before it: 2026-11-02 01:56:30 UTC  487b9713d27acdeeed2f74f681f7b0a7-4
      no match after it
      held: 2026-11-02 00:00 to 2026-11-02 01:59:03 UTC
    0 records in buckets of 1 h; counted: records without closing ones; 2026-11-05 00:00 to 2026-11-07 00:00 UTC; 0 of 1 file read, [N] ms
    coverage: none, 2 vNICs did not report in this time; source last listed [TIME]
    ");
    let document = document("histogram --by 1h --format json");
    assert_eq!(document["bucket_seconds"], 3600);
    assert_eq!(document["series"][0]["buckets"].as_array().map(Vec::len), Some(2));
}

#[test]
fn top() {
    insta::assert_snapshot!(asked("top initiator_ip action:rejected -n 3"), @"
    exit code 0
    --- stdout
    initiator_ip     attempts   share
    203.0.113.9           197  43.2 %
    92.63.197.61           82  18.0 %
    198.51.100.14          18   3.9 %
    --- stderr
    3 values of 100; 456 attempts in all; counted: attempts: connections begun; all time, UTC; 1 of 1 file read, [N] ms
    coverage: 98.9 % of the time of 2 vNICs, 3 gaps, the longest 0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201 silent since 2026-11-02 01:58:18; source last listed [TIME]
    warning: 300 s of windows are marked `skip data`: the provider lost some of their records, so counts are lower bounds
    ");
    insta::assert_snapshot!(asked("top target_port action:rejected direction:I -n 4 -q"), @"
    exit code 0
    --- stdout
    target_port          attempts  share
    22           ssh           13  2.9 %
    23           telnet        11  2.5 %
    3389         rdp           11  2.5 %
    443          https         10  2.3 %
    ");
    insta::assert_snapshot!(stdout("top transport_protocol --measure bytes --format csv"), @"
    transport_protocol,bytes
    6,88218292
    17,24624
    ");
    insta::assert_snapshot!(stdout("top action --format ndjson"), @r#"
    {"value":"rejected","count":456}
    {"value":"accepted","count":113}
    "#);
    insta::assert_snapshot!(asked("top colour"), @r#"
    exit code 2
    --- stderr
    error: there is no field "colour"
    hint: did you mean "collector_crn"?
    "#);
}

#[test]
fn group() {
    insta::assert_snapshot!(asked("group --by action,direction --agg records --agg 'sum(bytes_from_target)'"), @"
    exit code 0
    --- stdout
    action    direction  records  sum(bytes_from_target)
    rejected  I              441                       0
    accepted  O               80                86016587
    accepted  I               78                  155591
    rejected  O               15                       0
    --- stderr
    4 groups; counted: records without closing ones; all time, UTC; 1 of 1 file read, [N] ms
    coverage: 98.9 % of the time of 2 vNICs, 3 gaps, the longest 0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201 silent since 2026-11-02 01:58:18; source last listed [TIME]
    warning: 300 s of windows are marked `skip data`: the provider lost some of their records, so counts are lower bounds
    ");
    // 0 is all of them, and no error; without a limit a hundred.
    let groups = |limit: &str| {
        stdout(&format!("group --by initiator_ip,target_port {limit} --format ndjson")).lines().count()
    };
    let all = groups("--limit 0");
    assert!(all > 100, "{all}");
    assert_eq!((groups(""), groups("-n 1000000"), groups("-n 7")), (100, all, 7));
    insta::assert_snapshot!(asked("group --by 1h --agg attempts --agg 'distinct(initiator_ip)' --agg 'p95(bytes_from_target)' --sort keys -q"), @"
    exit code 0
    --- stdout
    time (UTC)           attempts  distinct(initiator_ip)  p95(bytes_from_target)
    2026-11-02 00:00:00       210                      69                  522324
    2026-11-02 01:00:00       359                      61                  602.78
    ");
    insta::assert_snapshot!(stdout("group --by target_port --agg 'max(packets_from_target)' --agg 'avg(packets_from_target)' --sort '-avg(packets_from_target)' -n 2 --format csv"), @"
    target_port,max(packets_from_target),avg(packets_from_target)
    443,12410,2655
    80,630,268.7857142857143
    ");
    insta::assert_snapshot!(stdout("group action:rejected --by direction --agg count --from 2026-11-02T01:00Z --to 2026-11-02T02:00Z --compare previous --format ndjson"), @r#"
    {"direction":"I","records":317,"previous":{"records":124}}
    {"direction":"O","records":6,"previous":{"records":9}}
    "#);
    insta::assert_snapshot!(asked("group -q --agg count"), @"
    exit code 0
    --- stdout
    records
        614
    ");
    insta::assert_snapshot!(asked("group --by action --agg 'sum(action)'"), @"
    exit code 2
    --- stderr
    error: action is not a number, so it has no sum, average or percentile
    hint: count its distinct values, or take its least and greatest
    ");
}

/// The id of the newest attempt at the application.
fn row() -> String {
    let found =
        document("search target_port:3000 is:attempt action:accepted --limit 1 --format json --fields id");
    found["rows"][0]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn connection() {
    insta::assert_snapshot!(asked(&format!("connection {}", row())), @"
    exit code 0
    --- stdout
    198.51.100.24:38469 → 10.240.0.4:3000  tcp
    accepted: ended after both sides had spoken
    2026-11-02 01:52:08 to 2026-11-02 01:52:08 UTC, [N] ms
    from initiator: 481 B in 6 packets
    from target:    450 B in 4 packets

    vNIC                                       dir  action    records  from initiator  from target  ended
    0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201  I    accepted        1           481 B        450 B  yes

    time (UTC)           action    dir  initiator               target           service  proto  bytes  packets  id
    2026-11-02 01:52:08  accepted  I    198.51.100.24:38469  →  10.240.0.4:3000           tcp    931 B       10  2ed4dcd0f1058c828ac9b74068454d7c-0
    --- stderr
    1 record of 1 vNIC; counted: records; 2026-11-02 01:52:08 to 2026-11-02 01:52:08 UTC; 1 of 1 file read, [N] ms
    coverage: 100 % of the time of 2 vNICs; source last listed [TIME]
    ");
    let id = row();
    let found = document(&format!("connection {}-{} --format json", &id[..8], &id[33..]));
    assert_eq!(found["connection"]["target_port"], 3000);
    assert_eq!(
        found["rows"].as_array().map(Vec::len),
        found["connection"]["records"].as_u64().map(|n| n as usize)
    );
}

#[test]
fn rows_that_are_not_there() {
    insta::assert_snapshot!(asked("connection ffffffffffffffffffffffffffffffff-0"), @"
    exit code 1
    --- stderr
    error: there is no record ffffffffffffffffffffffffffffffff-0
    hint: ids are printed by `flowglass search`; a record leaves with its object, by retention or a new version
    ");
    insta::assert_snapshot!(asked("show ffffffff-0"), @"
    exit code 1
    --- stderr
    error: no record has an id that begins with ffffffff and ends in -0
    ");
    insta::assert_snapshot!(asked("show 12-0"), @r#"
    exit code 2
    --- stderr
    error: "12-0" is no row id
    hint: a row id is 32 hexadecimal digits, a hyphen and the record's position; 6 or more of the digits do
    "#);
    insta::assert_snapshot!(asked("show today"), @r#"
    exit code 2
    --- stderr
    error: "today" is no row id
    hint: a row id is 32 hexadecimal digits, a hyphen and the record's position; 6 or more of the digits do
    "#);
}

#[test]
fn show_as_written() {
    let id = row();
    insta::assert_snapshot!(stdout(&format!("show {id}")), @r#"{"start_time":"2026-11-02T01:52:08Z","end_time":"2026-11-02T01:52:08Z","connection_start_time":"2026-11-02T01:52:08Z","direction":"I","action":"accepted","initiator_ip":"198.51.100.24","target_ip":"10.240.0.4","initiator_port":38469,"target_port":3000,"transport_protocol":6,"ether_type":"IPv4","was_initiated":true,"was_terminated":true,"bytes_from_initiator":481,"packets_from_initiator":6,"bytes_from_target":450,"packets_from_target":4,"cumulative_bytes_from_initiator":481,"cumulative_packets_from_initiator":6,"cumulative_bytes_from_target":450,"cumulative_packets_from_target":4}"#);
    let found = document(&format!("show {id} --format json"));
    assert_eq!(found["record"]["target_port"], 3000);
    assert_eq!(found["row"]["id"], id.as_str());
    assert_eq!(found["unavailable"], serde_json::Value::Null);
}

#[test]
fn show_when_the_object_is_gone() {
    let id = row();
    let nowhere = empty_folder("show-nowhere");
    let seen = asked(&format!("show {id} --source {}", nowhere.display()));
    assert!(
        seen.starts_with(&format!("exit code 0\n--- stdout\n{{\"id\":\"{id}\"")),
        "the stored row: {seen}"
    );
    assert!(seen.contains("this is the stored row: its object is gone from [DIR]/show-nowhere"), "{seen}");
}

#[test]
fn sql() {
    insta::assert_snapshot!(asked("sql 'SELECT action, count(*) AS n FROM flows GROUP BY action ORDER BY n DESC'"), @"
    exit code 0
    --- stdout
    action       n
    rejected  1086
    accepted   178
    --- stderr
    2 rows; raw: traffic seen from both ends is there twice, closing records too; [N] ms
    ");
    insta::assert_snapshot!(stdout("sql 'SELECT outcome, count(*) AS n FROM objects GROUP BY outcome ORDER BY outcome' --format csv").replace('\r', ""), @"
    outcome,n
    done,74
    empty,21
    ");
    insta::assert_snapshot!(stdout("sql SELECT 1 AS one, NULL AS nothing --format ndjson"), @r#"{"one":1,"nothing":null}"#);
    insta::assert_snapshot!(asked("sql 'SELECT * FROM flows' -n 1 --format csv -q").lines().count(), @"4");
    insta::assert_snapshot!(asked("sql 'DROP TABLE flows'"), @"
    exit code 2
    --- stderr
    error: only a SELECT can be run
    hint: write one SELECT over the tables flows and objects
    ");
    let mut said = Vec::new();
    for statement in [
        "SELECT colour FROM flows",
        "SELECT initiator FROM flows",
        "SELECT source FROM flows JOIN objects USING (object_id) WHERE flows.targetport = 22",
        "SELECT outcom FROM objects",
        "SELECT \"22\" FROM flows",
    ] {
        said.push(asked(&format!("sql '{statement}'")));
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    exit code 2
    --- stderr
    error: there is no column colour
    hint: did you mean collector_crn?

    exit code 2
    --- stderr
    error: there is no column initiator
    hint: did you mean one of initiator_ip, initiator_port, orientation?

    exit code 2
    --- stderr
    error: there is no column flows.targetport
    hint: did you mean target_port or target_ip?

    exit code 2
    --- stderr
    error: there is no column outcom
    hint: did you mean outcome?

    exit code 2
    --- stderr
    error: there is no column "22"
    hint: `SELECT * FROM flows LIMIT 1` shows the columns; text stands in single quotes
    "#);
    let found = document("sql 'SELECT count(*) AS n FROM flows' --format json");
    assert_eq!(found["rows"][0]["n"].to_string(), stdout("search --count -q").trim());
    assert_eq!(found["meta"]["measure"]["name"], "raw");
}

#[test]
fn tail() {
    insta::assert_snapshot!(asked("tail --after 0 -n 2 action:accepted"), @"
    exit code 0
    --- stdout
    time (UTC)           action    dir  initiator                    target                          service  proto   bytes  packets  id
    2026-11-02 00:00:04  accepted  O    0.0.0.0:68 (unspecified)  →  255.255.255.255:67 (multicast)  dhcp     udp    1.4 kB        4  5a4ec7c8886d52c0c56d6387296c742f-0
    2026-11-02 00:00:05  accepted  O    0.0.0.0:68 (unspecified)  →  255.255.255.255:67 (multicast)  dhcp     udp    1.4 kB        4  432e7733cbbf4f55e009ecc93eb6fb63-0
    --- stderr
    waiting for records after version 0 of the lake; Ctrl-C ends it
    ");
    assert_eq!(stdout("tail --after 0 -n 3 --format ndjson --fields action -q").lines().count(), 3);
}

#[test]
fn stats_and_coverage() {
    let stats = asked("lake stats");
    // The last byte of a file's size follows from the order its objects were decoded in.
    let (size, rest): (Vec<&str>, Vec<&str>) = stats.lines().partition(|line| line.starts_with("size "));
    assert!(matches!(*size, [size] if size.ends_with(" bytes a record")), "{stats}");
    insta::assert_snapshot!(rest.join("\n"), @"
    exit code 0
    --- stdout
    what           how much
    version        1
    records        1,264
    files          1
    days           1, at most 1 file in one
    vNICs          2
    oldest record  2026-11-02 00:00:04 UTC
    newest record  2026-11-02 01:56:30 UTC
    last listed [TIME]
    objects done   74
    objects empty  21
    ");
    insta::assert_snapshot!(asked("lake coverage --to 2026-11-02T02:00Z"), @"
    exit code 0
    --- stdout
    range: 2026-11-02 00:00 to 2026-11-02 02:00 UTC
    coverage: 98.9 % of the time of 2 vNICs, 3 gaps, the longest 0727-51f8a3c7-e694-4d0b-a2c5-0d7e84b96f02 egress 2026-11-02 00:44:03 to 2026-11-02 00:49:03: no object; source last listed [TIME]

    vNIC                                       covered  first (UTC)          last                 silent since
    0727-51f8a3c7-e694-4d0b-a2c5-0d7e84b96f02   97.9 %  2026-11-02 00:00:00  2026-11-02 01:59:03  2026-11-02 01:59:03
    0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201    100 %  2026-11-02 00:00:00  2026-11-02 01:58:18  2026-11-02 01:58:18

    gap from (UTC)       to                   vNIC                                       records  reason
    2026-11-02 00:44:03  2026-11-02 00:49:03  0727-51f8a3c7-e694-4d0b-a2c5-0d7e84b96f02  egress   no object
    2026-11-02 01:58:18  now                  0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201           silent
    2026-11-02 01:59:03  now                  0727-51f8a3c7-e694-4d0b-a2c5-0d7e84b96f02           silent

    the provider lost data in 5 min of windows: counts are lower bounds there
    data lost from (UTC)  to                   vNIC                                       records
    2026-11-02 01:08:18   2026-11-02 01:13:18  0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201  ingress
    ");
    insta::assert_snapshot!(asked("lake quarantine list"), @"
    exit code 0
    --- stderr
    0 objects
    ");
    let stats = document("lake stats --format json");
    assert_eq!(stats["rows"].to_string(), stdout("search --count -q").trim());
}

#[test]
fn upkeep() {
    let lake = folder("upkeep").join("lake");
    let _ = std::fs::remove_dir_all(&lake);
    let bucket = sample().bucket.display();
    for vnic in ["0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201", "0727-51f8a3c7-e694-4d0b-a2c5-0d7e84b96f02"] {
        let seen = run(&format!("ingest {bucket} --vnic {vnic} --lake {} -q", lake.display()));
        assert!(seen.starts_with("exit code 0"), "{seen}");
    }
    let lake = lake.display();
    // Bytes depend on how much the random ids of this run compress.
    let compacted = run(&format!("lake compact --lake {lake}"));
    let (merged, bytes) = compacted.split_once(" rows, ").unwrap();
    assert_eq!(merged, "exit code 0\n--- stdout\n4 files became 2: 1,359");
    assert!(bytes.ends_with(" kB now\n0 commits folded into the ledger\n"), "{bytes}");
    insta::assert_snapshot!(run(&format!("lake vacuum --lake {lake}")), @"
    exit code 0
    --- stdout
    deleted 0 data files (0 B) and 0 manifests
    ");
    assert_eq!(
        run(&format!("search --count -q --lake {lake}")),
        format!("exit code 0\n--- stdout\n{}", stdout("search --count -q"))
    );
}
