//! What is said to wrong usage.

use crate::support::{flowglass, folder, run, show};

#[test]
fn no_lake() {
    insta::assert_snapshot!(run("search"), @r#"
    exit code 2
    --- stderr
    error: no lake is named
    hint: use --lake URL, set FLOWGLASS_LAKE, or write lake = "..." into flowglass.toml; `flowglass demo` makes one to try
    "#);
    insta::assert_snapshot!(run("search --lake no-such-lake"), @"
    exit code 1
    --- stderr
    error: there is no lake at file://[DIR]/cwd/no-such-lake/
    hint: make one with `flowglass ingest SOURCE --lake URL`, or try `flowglass demo`
    ");
    let file = folder("no-lake").join("file");
    std::fs::write(&file, "x").expect("writable");
    let mut said = Vec::new();
    for command in ["search", "ingest .", "lake stats"] {
        said.push(run(&format!("{command} --lake {}", file.display())));
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    exit code 2
    --- stderr
    error: "[DIR]/no-lake/file" is no lake address: it is a file, and a lake is a directory
    hint: give a directory, file:///path, or s3://bucket/prefix

    exit code 2
    --- stderr
    error: "[DIR]/no-lake/file" is no lake address: it is a file, and a lake is a directory
    hint: give a directory, file:///path, or s3://bucket/prefix

    exit code 2
    --- stderr
    error: "[DIR]/no-lake/file" is no lake address: it is a file, and a lake is a directory
    hint: give a directory, file:///path, or s3://bucket/prefix
    "#);
    insta::assert_snapshot!(run("search --lake ftp://x"), @r#"
    exit code 2
    --- stderr
    error: "ftp://x" is no lake address: its scheme is unknown
    hint: give a directory, file:///path, or s3://bucket/prefix
    "#);
}

#[test]
fn queries_that_cannot_be_understood() {
    insta::assert_snapshot!(run("search action:rejected targt_port:22 --lake x"), @"
    exit code 2
    --- stderr
    error: the query cannot be understood
      action:rejected targt_port:22
                      ^^^^^^^^^^ there is no field targt_port
    hint: did you mean `target_port:`? Quote the word to search for a colon in text
    ");
    insta::assert_snapshot!(run("search 'initiator_ip:10.240 action:rejected' --lake x"), @"
    exit code 2
    --- stderr
    error: the query cannot be understood
      initiator_ip:10.240 action:rejected
                   ^^^^^^ 10.240 is not a whole address
    hint: a prefix needs its trailing dot: 10.240. (octet by octet); quote it to search for it as text
    ");
    insta::assert_snapshot!(run("search 'target_port:(1 2' --lake x --format json"), @r#"
    exit code 2
    --- stderr
    {"type":"urn:flowglass:problem:usage","title":"the query cannot be understood","detail":"this parenthesis is not closed","text":"target_port:(1 2","span":[12,13],"hint":"add `)`","exit_code":2}
    "#);
    insta::assert_snapshot!(run("tail 'a OR' --lake x"), @r#"
    exit code 2
    --- stderr
    error: the query cannot be understood
      a OR
        ^^ OR has no term on its right
    hint: write it in lower case or in quotes to search for the word: "OR"
    "#);
}

#[test]
fn times_that_cannot_be_understood() {
    insta::assert_snapshot!(run("search --from tomorrowish --lake x"), @r#"
    exit code 2
    --- stderr
    error: --from cannot be understood
      tomorrowish
      ^^^^^^^^^^^ "tomorrowish" is not a time
    hint: such as 2020-06-04T13:00:00Z, 2020-06-04, yesterday 10am, last friday, 2 days ago, Oct 6 at 5pm, or seconds since 1970
    "#);
    insta::assert_snapshot!(run("search --from 2026-11-02 --to '31 Feb' --lake x"), @"
    exit code 2
    --- stderr
    error: --to cannot be understood
      31 Feb
      ^^^^^^ there is no day 2/31
    ");
    insta::assert_snapshot!(run("search --from 2026-11-02 --to 2026-11-01T00:00:00Z --lake x"), @"
    exit code 2
    --- stderr
    error: the range ends at 2026-11-01T00:00:00Z, not after its start 2026-11-02T00:00:00Z
    hint: a range holds its start but not its end
    ");
    insta::assert_snapshot!(run("search --last '6 parsecs' --lake x"), @r#"
    exit code 2
    --- stderr
    error: --last cannot be understood
      6 parsecs
      ^^^^^^^^^ "6 parsecs" is not a time
    hint: such as 2020-06-04T13:00:00Z, 2020-06-04, yesterday 10am, last friday, 2 days ago, Oct 6 at 5pm, or seconds since 1970
    "#);
    insta::assert_snapshot!(run("search --last -5m --lake x"), @r#"
    exit code 2
    --- stderr
    error: --last cannot be understood
      -5m
      ^^^ "-5m" is not a length of time
    hint: a length has no sign: write 5m
    "#);
    insta::assert_snapshot!(run("search --last 0s --lake x"), @r#"
    exit code 2
    --- stderr
    error: --last cannot be understood
      0s
      ^^ "0s" is no time at all
    hint: give how far back to look, such as 30s, 15m, 6h or 7d
    "#);
    insta::assert_snapshot!(run("search --last 0s --to 2026-11-01 --lake x"), @r#"
    exit code 2
    --- stderr
    error: --last cannot be understood
      0s
      ^^ "0s" is no time at all
    hint: give how far back to look, such as 30s, 15m, 6h or 7d
    "#);
    insta::assert_snapshot!(run("search --tz Mars/Olympus --lake x"), @r#"
    exit code 2
    --- stderr
    error: the time zone cannot be understood
      Mars/Olympus
      ^^^^^^^^^^^^ "Mars/Olympus" is not a time zone
    hint: an IANA name such as Europe/Berlin, UTC, local, or an offset such as +02:00
    "#);
    insta::assert_snapshot!(run("search --last 6h --from 2026-11-02 --lake x"), @"
    exit code 2
    --- stderr
    error: the argument '--last <DURATION>' cannot be used with '--from <TIME>'

    Usage: flowglass search --last <DURATION> --lake <URL> [QUERY]...

    For more information, try '--help'.
    ");
}

#[test]
fn words_beginning_with_a_hyphen() {
    insta::assert_snapshot!(run("search -target_port:22 --explain -action:accepted -- -ssh"), @r#"
    exit code 0
    --- stdout
    AND
      NOT target_port is 22 (ssh)
      NOT action starts with "accepted"
      NOT any text has a word that starts with "ssh"
    time: all time, UTC
    --- stderr
    note:
      -target_port:22 -action:accepted -ssh
                                        ^^^ `ssh` is searched for as text
    hint: `port:ssh` for port 22 on either side
    "#);
    insta::assert_snapshot!(run("search --no-such-flag"), @"
    exit code 2
    --- stderr
    error: unexpected argument '--no-such-flag' found

      tip: to pass '--no-such-flag' as a value, use '-- --no-such-flag'

    Usage: flowglass search [OPTIONS] [QUERY]...

    For more information, try '--help'.
    ");
    // -v is a flag, not a word.
    insta::assert_snapshot!(run("search -v --explain"), @"
    exit code 0
    --- stdout
    everything
    time: all time, UTC
    ");
}

#[test]
fn explanations() {
    insta::assert_snapshot!(run("search --explain"), @"
    exit code 0
    --- stdout
    everything
    time: all time, UTC
    ");
    insta::assert_snapshot!(
        run("search --explain 'target_port:ssh OR target_port:1..1023 -is:internal' --from 2026-11-02 --to 2026-11-02T12:00 --tz Europe/Berlin"), @"
    exit code 0
    --- stdout
    AND
      OR
        target_port is 22 (ssh)
        target_port from 1 through 1023
      NOT is internal (both addresses are private or link-local)
    time: 2026-11-02 00:00 to 2026-11-02 12:00 +01:00
    "
    );
    insta::assert_snapshot!(run("search --explain --format json 'bytes_from_target:>10MB'"), @r#"
    exit code 0
    --- stdout
    {"query":"bytes_from_target:>10MB","tree":{"op":"term","text":"bytes_from_target >= 10000001","source":"bytes_from_target:>10MB","span":[0,23],"columns":["bytes_from_target"]},"range":{"from":null,"to":null},"notes":[]}
    "#);
    insta::assert_snapshot!(run("search --explain host:web1"), @"
    exit code 0
    --- stdout
    false: flows have no host (host:web1)
    time: all time, UTC
    --- stderr
    note:
      host:web1
      ^^^^^^^^^ flows have no host, a field of log lines: this is false on every flow
    ");
}

#[test]
fn usage_errors_as_json() {
    insta::assert_snapshot!(run("top --format json"), @r#"
    exit code 2
    --- stderr
    {"type":"urn:flowglass:problem:usage","title":"the following required arguments were not provided:\n  <FIELD>\n\nUsage: flowglass top --format <FORMAT> <FIELD> [QUERY]...\n\nFor more information, try '--help'.","exit_code":2}
    "#);
    insta::assert_snapshot!(run("histogram --by 1ms --lake x --format=ndjson"), @r#"
    exit code 2
    --- stderr
    {"type":"urn:flowglass:problem:usage","title":"a bucket of 1ms is too narrow","hint":"use 1s or more","exit_code":2}
    "#);
}

#[test]
fn values_that_make_no_sense() {
    insta::assert_snapshot!(run("group --agg 'median(target_port)' --lake x"), @r#"
    exit code 2
    --- stderr
    error: "median(target_port)" is no aggregate
    hint: use a measure (attempts, records, all_records, connections, bytes, packets), count, sum(F), distinct(F), min(F), max(F), avg(F) or a percentile such as p95(F)
    "#);
    insta::assert_snapshot!(run("group --agg bytes --sort -packets --lake x"), @r#"
    exit code 2
    --- stderr
    error: "packets" is not among the aggregates
    hint: add --agg 'packets', or sort by keys
    "#);
    insta::assert_snapshot!(run("histogram --measure hits --lake x"), @r#"
    exit code 2
    --- stderr
    error: "hits" is no measure; use one of attempts, records, all_records, connections, bytes, packets
    "#);
    insta::assert_snapshot!(run("top target_port --limit 0 --lake x"), @"
    exit code 2
    --- stderr
    error: a list of 0 values says nothing
    hint: use --limit 1 or more
    ");
    insta::assert_snapshot!(run("search --threads 0"), @"
    exit code 2
    --- stderr
    error: 0 threads cannot work
    hint: use 1 to 1024
    ");
    insta::assert_snapshot!(run("search --color sometimes"), @r#"
    exit code 2
    --- stderr
    error: --color cannot be used: "sometimes" is neither auto, always nor never
    "#);
    insta::assert_snapshot!(run("simulate x --hours 0"), @"
    exit code 2
    --- stderr
    error: 0 hours of history cannot be written
    hint: use more than 0 and at most ten years
    ");
    insta::assert_snapshot!(run("simulate s3://bucket"), @"
    exit code 2
    --- stderr
    error: cannot simulate into s3://bucket
    hint: simulate into a directory, and copy it to a bucket with the store's own tool
    ");
}

#[test]
fn fields() {
    insta::assert_snapshot!(run("fields port"), @"
    exit code 0
    --- stdout
    name                kind      from    meaning
    initiator_port      port      record  Port of the initiator.
    target_port         port      record  Port of the target: the service asked for.
    transport_protocol  protocol  record  IANA protocol number: 6 TCP, 17 UDP.
    ");
    insta::assert_snapshot!(run("fields was_init --format csv"), @"
    exit code 0
    --- stdout
    name,kind,origin,meaning
    was_initiated,boolean,record,The connection began in this window.
    ");
    insta::assert_snapshot!(run("fields nonsense"), @r#"
    exit code 1
    --- stderr
    error: no field's name or meaning contains "nonsense"
    hint: `flowglass fields` lists all
    "#);
    let mut narrow = flowglass("fields cumulative_packets");
    narrow.env("COLUMNS", "72");
    insta::assert_snapshot!(show(narrow), @"
    exit code 0
    --- stdout
    name                         kind     from    meaning
    cumulative_packets_from_in…  integer  record  Packets from the initiato…
    cumulative_packets_from_ta…  integer  record  Packets from the target s…
    ");
}
