//! Text to tree: what is read, how it is explained, what is refused.

use flowglass_query::{Context, parse};

use super::{context, names, query, read};

/// Text and its canonical form.
#[test]
fn readings() {
    for (text, canonical) in [
        // Everything.
        ("", "*"),
        (" \t\n", "*"),
        ("*", "*"),
        ("* action:rejected", "action:rejected"),
        ("* OR a", "*"),
        ("-*", "-*"),
        // Precedence: parentheses, then NOT, then OR, then AND.
        ("me myself OR I", r#""me" ("myself" OR "I")"#),
        ("me AND myself OR I", r#""me" ("myself" OR "I")"#),
        ("(me AND myself) OR I", r#"("me" "myself") OR "I""#),
        ("healthcheck -successful OR ping", r#""healthcheck" (-"successful" OR "ping")"#),
        ("a OR NOT b c", r#"("a" OR -"b") "c""#),
        ("a OR b OR c AND d OR e", r#"("a" OR "b" OR "c") ("d" OR "e")"#),
        ("((a)) (b (c))", r#""a" "b" "c""#),
        ("NOT NOT a", r#""a""#),
        ("--a -(b OR c)", r#""a" -("b" OR "c")"#),
        ("NOT(a b)", r#"-("a" "b")"#),
        // Keywords in upper case only, and only alone.
        ("a or b", r#""a" "or" "b""#),
        ("ORDER ANDY NOTE", r#""ORDER" "ANDY" "NOTE""#),
        (r#""OR" x"#, r#""OR" "x""#),
        // Words.
        ("a-b - c", r#""a-b" "-" "c""#),
        ("app[web] [event] f(x)", r#""app[web]" "[event]" "f(x)""#),
        ("don't = %VAR%", r#""don't" "=" "%VAR%""#),
        ("=a ==b ===c", r#"="a" =="b" ==="c""#),
        (r#"'it\'s' "a \"b\" \\c""#, r#""it's" "a \"b\" \\c""#),
        (r#"-"a b"'c'"#, r#"-"a b" "c""#),
        ("crn:v1:bluemix:x", r#""crn:v1:bluemix:x""#),
        ("70000", r#""70000""#),
        // Text fields.
        ("action:rej", "action:rej"),
        ("action:=rej", "action:=rej"),
        ("action:==Rejected", "action:==Rejected"),
        ("action:===rejected", "action:===rejected"),
        ("zone:*", "zone:*"),
        ("-zone:*", "-zone:*"),
        ("_zone:us Zone:us", "zone:us zone:us"),
        ("zone:[us-south-1,us-south-2]", "zone:[us-south-1,us-south-2]"),
        (r#"zone:===[us-south-1, " b",'']"#, r#"zone:===[us-south-1," b",""]"#),
        (r#"state:"skip data""#, r#"state:"skip data""#),
        ("action:(accepted OR rejected)", "action:accepted OR action:rejected"),
        ("region:(us -us-east (=EU OR ===x))", "region:us -region:us-east (region:=EU OR region:===x)"),
        ("direction:[inbound,O]", "direction:[I,O]"),
        ("stream_id:20211210T000000Z", "stream_id:20211210T000000Z"),
        // CRNs: values with colons need no quotes.
        (
            "vpc_crn:crn:v1:bluemix:public:is:us:a/1::vpc:r6",
            "vpc_crn:crn:v1:bluemix:public:is:us:a/1::vpc:r6",
        ),
        ("vpc:r006-x", "vpc_id:r006-x"),
        // Addresses.
        ("target_ip:10.240.0.4", "target_ip:10.240.0.4"),
        ("target_ip:=10.240.0.4", "target_ip:10.240.0.4"),
        ("target_ip:==10.240.0.4", "target_ip:10.240.0.4"),
        ("target_ip:===10.240.0.4", "target_ip:10.240.0.4"),
        ("target_ip:10.240.", "target_ip:10.240.0.0/16"),
        ("target_ip:10.", "target_ip:10.0.0.0/8"),
        ("target_ip:10.240.64.", "target_ip:10.240.64.0/24"),
        ("target_ip:10.240.0.9/16", "target_ip:10.240.0.0/16"),
        ("target_ip:0.0.0.0/0", "target_ip:0.0.0.0/0"),
        ("target_ip:::/0", "target_ip:::/0"),
        ("target_ip:2001:db8::1", "target_ip:2001:db8::1"),
        ("target_ip:2001:DB8:0::/33", "target_ip:2001:db8::/33"),
        ("target_ip:::ffff:10.0.0.1", "target_ip:10.0.0.1"),
        ("target_ip:10.0.0.3..10.0.0.9", "target_ip:10.0.0.3..10.0.0.9"),
        ("target_ip:2001:db8::..2001:db8::ffff", "target_ip:2001:db8::/112"),
        (
            "target_ip:[10.0.0.1, 10.0.0.2,10.1.,fe80::/10]",
            "target_ip:[10.0.0.1..10.0.0.2,10.1.0.0/16,fe80::/10]",
        ),
        ("initiator:10.0.0.1 target:10.0.0.2", "initiator_ip:10.0.0.1 target_ip:10.0.0.2"),
        ("ip:10.0.0.1 local_ip:10.0.0.2 peer_ip:10.0.0.3", "ip:10.0.0.1 local_ip:10.0.0.2 peer_ip:10.0.0.3"),
        (
            "ip:(10. -10.240.)",
            "(initiator_ip:10.0.0.0/8 -initiator_ip:10.240.0.0/16) OR (target_ip:10.0.0.0/8 -target_ip:10.240.0.0/16)",
        ),
        (
            "10.240.0.4 10.240. 2001:db8::1 fe80::1",
            "ip:10.240.0.4 ip:10.240.0.0/16 ip:2001:db8::1 ip:fe80::1",
        ),
        ("ip:link-local", "ip:[169.254.0.0/16,fe80::/10]"),
        ("target:Provider_Service", "target_ip:[161.26.0.0/16,166.8.0.0/14]"),
        (
            "peer_ip:[private,8.8.8.8]",
            "peer_ip:[8.8.8.8,10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16,fc00::/7]",
        ),
        ("fd00::/8 10.0.0.1..10.0.0.4 =1.2.3.4", "ip:fd00::/8 ip:10.0.0.1..10.0.0.4 ip:1.2.3.4"),
        (r#""10.240.0.4""#, r#""10.240.0.4""#),
        // Numbers.
        ("443 1..1023 60000.. =22", "port:443 port:1..1023 port:60000.. port:22"),
        ("target_port:ssh", "target_port:22"),
        ("target_port:SSH..http port:[ssh,8080..8090,8091]", "target_port:22..80 port:[22,8080..8091]"),
        ("target_port:(>=400 <500 -404)", "target_port:400.. target_port:..499 -target_port:404"),
        ("target_port:(>100 AND <= 503)", "target_port:101.. target_port:..503"),
        ("target_port:(ssh OR >=https)", "target_port:22 OR target_port:443.."),
        (
            "port:(>400 <500)",
            "(initiator_port:401.. initiator_port:..499) OR (target_port:401.. target_port:..499)",
        ),
        ("target_port:<1024 target_port:> 5", "target_port:..1023 target_port:6.."),
        ("bytes_from_target:>10MB", "bytes_from_target:10000001.."),
        ("bytes:>=10MiB bytes:1.5GB bytes:<2k", "bytes:10485760.. bytes:1500000000 bytes:..1999"),
        ("packets:1_000..2_000 packets:>1.5 packets:<=1.5", "packets:1000..2000 packets:2.. packets:..1"),
        ("bytes:[5..,..9]", "bytes:[..0,1..]"),
        ("bytes:* port:*", "bytes:* port:*"),
        ("record_index:-5", "record_index:-5"),
        (
            "transport_protocol:tcp proto:[udp,6] protocol:47",
            "transport_protocol:6 transport_protocol:[6,17] transport_protocol:47",
        ),
        // Times, in UTC.
        ("start_time:>2020-06-04T13:00", "start_time:2020-06-04T13:00:00.000001Z.."),
        ("start_time:>=2020-06-04T13:00+02:00", "start_time:2020-06-04T11:00:00Z.."),
        ("start_time:<2020-06-04", "start_time:..2020-06-04T00:00:00Z"),
        ("start_time:>2020-06-04", "start_time:2020-06-05T00:00:00Z.."),
        ("start_time:<=2020-06-04", "start_time:..2020-06-05T00:00:00Z"),
        ("end_time:2020-06-04T13:42", "end_time:2020-06-04T13:42:00Z..2020-06-04T13:43:00Z"),
        ("time:2020-06-04..2020-06-05", "time:2020-06-04T00:00:00Z..2020-06-06T00:00:00Z"),
        ("time:2020-06-04T10:00..2020-06-04T11:00", "time:2020-06-04T10:00:00Z..2020-06-04T11:00:00Z"),
        ("time:1591278159", "time:2020-06-04T13:42:39Z..2020-06-04T13:42:40Z"),
        (r#"time:>="2 days ago""#, "time:2020-11-11T12:00:00Z.."),
        (
            "day:2020-06-04 day:2020-06 day:>=yesterday",
            "day:2020-06-04 day:2020-06-01..2020-06-30 day:2020-11-12..",
        ),
        // Booleans and the rest.
        ("was_initiated:true was_terminated:no", "was_initiated:true was_terminated:false"),
        ("was_initiated:1 was_initiated:F", "was_initiated:true was_initiated:false"),
        ("is:attempt is:one-way", "is:attempt is:one_way"),
        ("is:[closing,internal] -is:public", "(is:closing OR is:internal) -is:public"),
        ("sides:both action:rejected", "sides:both action:rejected"),
        (
            "extra.a.B:x extra.n:5 extra.n:>5 extra.s:'5' extra.z:*",
            r#"extra.a.B:"x" extra.n:5 extra.n:6.. extra.s:"5" extra.z:*"#,
        ),
        ("extra:*", "extra:*"),
    ] {
        assert_eq!(query(text).to_text(), canonical, "{text}");
    }
}

/// The reference's own queries, unchanged.
#[test]
fn reference_queries_explain() {
    let check = |text: &str, expected: &str| assert_eq!(query(text).explain(), expected, "{text}");
    check(
        "target_ip:10.240.0.4 action:rejected",
        "AND\n  target_ip is 10.240.0.4\n  action starts with \"rejected\"\n",
    );
    check(
        "initiator_ip:10.240.64.4 -target_port:67 -target_port:123 -target_port:53",
        "AND\n  initiator_ip is 10.240.64.4\n  NOT target_port is 67 (dhcp)\n  NOT target_port is 123 (ntp)\n  NOT target_port is 53 (dns)\n",
    );
    check(
        "action:rejected direction:I -initiator_ip:10.",
        "AND\n  action starts with \"rejected\"\n  direction starts with \"I\"\n  NOT initiator_ip in 10.0.0.0/8\n",
    );
    check(
        "(host:x label.database:postgresql )  -metrics -unknown client:1.2.3.4",
        "AND\n  false: flows have no host (host:x)\n  false: flows have no label.database (label.database:postgresql)\n  \
         NOT any text has a word that starts with \"metrics\"\n  NOT any text has a word that starts with \"unknown\"\n  \
         false: flows have no client (client:1.2.3.4)\n",
    );
    check(
        "robots.txt OR favicon.ico OR .well-known",
        "OR\n  any text has a word that starts with \"robots.txt\"\n  any text has a word that starts with \"favicon.ico\"\n  \
         any text has a word that starts with \".well-known\"\n",
    );
    check(
        "app:ops AND -\"establish new stream\"",
        "AND\n  false: flows have no app (app:ops)\n  NOT any text has a word that starts with \"establish new stream\"\n",
    );
    check("logSourceCRN:\"crn:v1:...\"", "false: flows have no logSourceCRN (logSourceCRN:\"crn:v1:...\")\n");
    check("_platform:'Code Engine'", "false: flows have no _platform (_platform:\"Code Engine\")\n");
    check(
        "host:x app:app[web] [event] -host:y",
        "AND\n  false: flows have no host (host:x)\n  false: flows have no app (app:app[web])\n  \
         any text has a word that starts with \"[event]\"\n  NOT false: flows have no host (host:y)\n",
    );
    // The expression table's forms on log lines.
    for text in [
        "_mezmo_line_size:>4000",
        "level:(warn OR error)",
        "host:iam (action read)",
        "meta.f:v label.f:===[a,b] tag:* file:\"a b\" env:=x",
        "message:\"Host \\\"x\\\" not found\"",
    ] {
        let query = query(text);
        assert_eq!(read(&query.to_text()).map(|again| again.tree), Ok(query.tree), "{text}");
    }
}

#[test]
fn explanation_shows_groups_and_ranges() {
    let text = "-(is:closing OR bytes:>1kB) target_port:[ssh,1000..2000] time:2020-06-04 vpc_crn:==r6 peer_ip:[10.,1.1.1.1] day:<2020";
    assert_eq!(
        query(text).explain(),
        "AND
  NOT
    OR
      is closing (ends an earlier flow: no traffic, no attempt)
      bytes of both directions >= 1001
  target_port is 22 (ssh) or from 1000 through 2000 (cisco-sccp)
  time from 2020-06-04T00:00:00Z to 2020-06-05T00:00:00Z
  vpc_crn is \"r6\" in any case, or its last segment is that
  peer_ip in 1.1.1.1 or 10.0.0.0/8
  day <= 2019-12-31
"
    );
    assert_eq!(query("").explain(), "everything\n");
    assert_eq!(
        query("a -port:22").explain_json(),
        serde_json::json!({"op": "and", "terms": [
            {"op": "term", "text": "any text has a word that starts with \"a\"", "source": "a", "span": [0, 1],
             "columns": *flowglass_query::WORD_COLUMNS},
            {"op": "not", "term": {"op": "term", "text": "initiator_port or target_port is 22 (ssh)", "source": "port:22",
             "span": [3, 10], "columns": ["initiator_port", "target_port"]}},
        ]})
    );
}

#[test]
fn names_are_resolved() {
    let names = names();
    let with = Context { names: Some(&names), ..context() };
    for (text, canonical) in [
        ("target:vsi1", "target_ip:10.240.0.4"),
        ("initiator_ip:VSI2", "initiator_ip:10.240.64.4"),
        ("initiator_ip:===vsi2", "initiator_ip:10.240.64.4"),
        ("ip:zone1", "ip:10.240.0.0/18"),
        ("ip:[vsi1,vsi2,1.2.3.4]", "ip:[1.2.3.4,10.240.0.4,10.240.64.4]"),
        ("ip:scanner", "ip:92.63.197.61..92.63.197.62"),
        ("-target:(vsi1 OR vsi2)", "-(target_ip:10.240.0.4 OR target_ip:10.240.64.4)"),
        // Names of ids: the side of the row's own vNIC.
        ("initiator:bastion", "direction:===O (vnic_id:===0717-aa OR instance_id:===0717_bb)"),
        ("target:bastion", "direction:===I (vnic_id:===0717-aa OR instance_id:===0717_bb)"),
        ("ip:bastion", "vnic_id:===0717-aa OR instance_id:===0717_bb"),
        ("local_ip:bastion", "vnic_id:===0717-aa OR instance_id:===0717_bb"),
        ("vnic:bastion", "vnic_id:bastion OR vnic_id:===0717-aa"),
        ("instance_id:==bastion", "instance_id:==bastion OR instance_id:===0717_bb"),
        ("vpc:sample", "vpc_id:sample OR vpc_id:===r006-v"),
        ("vsi1", r#""vsi1" OR ip:10.240.0.4"#),
        ("-vsi1", r#"-("vsi1" OR ip:10.240.0.4)"#),
        (r#""vsi1""#, r#""vsi1""#),
    ] {
        let query = parse(text, &with).unwrap_or_else(|error| panic!("{}", error.render(text)));
        assert_eq!(query.to_text(), canonical, "{text}");
    }
    let refused = |text: &str| parse(text, &with).expect_err(text).to_string();
    assert_eq!(
        refused("ip:vsi3"),
        "\"vsi3\" is neither an address nor a known name (did you mean `ip:vsi1`?)"
    );
    assert_eq!(
        refused("ip:===VSI1"),
        "\"VSI1\" is neither an address nor a known name (did you mean `ip:vsi1`?)"
    );
    assert_eq!(
        refused("peer_ip:bastion"),
        "\"bastion\" names an id without an address \
         (a flow tells only its own vNIC's id: use `local_ip:`, or give the name an address)"
    );
}

#[test]
fn remarks() {
    let names = names();
    let with = Context { names: Some(&names), ..context() };
    for (text, remark) in [
        ("action:denied", "action is never \"denied\" (did you mean `action:rejected`?)"),
        ("action:acepted", "action is never \"acepted\" (did you mean `action:accepted`?)"),
        ("state:lossy", "state is never \"lossy\" (did you mean `state:\"skip data\"`?)"),
        ("record_type:x", "record_type is never \"x\" (it is one of all, ingress, egress)"),
        ("direction:inbound", "`direction:inbound` is read as `direction:I`"),
        ("action:rej*", "`*` within a value stands for itself (a value is a prefix already: `action:rej`)"),
        ("10.0.0.9/8", "10.0.0.9/8 has host bits set and stands for 10.0.0.0/8"),
        (
            "protocol:icmp",
            "flow logs hold TCP and UDP only, never ICMP (nothing found does not mean that there was none)",
        ),
        (
            "transport_protocol:47",
            "flow logs hold TCP and UDP only, never GRE (nothing found does not mean that there was none)",
        ),
        (
            "zone:[a, b]",
            "spaces around list items are ignored (LogDNA kept the space; quote the item to keep it: \" b\")",
        ),
        ("70000", "70000 is no port, so it is searched for as text"),
        ("ssh", "`ssh` is searched for as text (`port:ssh` for port 22 on either side)"),
        ("tcp", "`tcp` is searched for as text (`protocol:tcp` for protocol 6)"),
        (
            "action",
            "`action` is searched for as text (`action:value` for the field, `action:*` for any value)",
        ),
        ("a or b", "`or` is a word here (write OR in upper case to join terms)"),
        ("host:x", "flows have no host, a field of log lines: this is false on every flow"),
        (
            "ip:scanner",
            "\"scanner\" stands for 2 names: scanner-1, scanner-2 (`ip:==scanner-1` for one of them)",
        ),
    ] {
        let query = parse(text, &with).unwrap_or_else(|error| panic!("{}", error.render(text)));
        let remarks: Vec<String> = query.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(remarks, [remark], "{text}");
    }
    for text in [
        "action:rejected",
        "action:REJ",
        "10.240.",
        "port:ssh",
        "protocol:tcp",
        "protocol:1..20",
        "zone:[a,b]",
        "x",
    ] {
        assert_eq!(query(text).warnings, [], "{text}");
    }
}

/// Text, the part the error points at, and the message with its hint.
#[test]
fn refusals() {
    for (text, part, message) in [
        (
            "10.240",
            "10.240",
            "10.240 is not a whole address (a prefix needs its trailing dot: 10.240. (octet by octet); quote it to search for it as text)",
        ),
        (
            "target_ip:10.240",
            "10.240",
            "10.240 is not a whole address (a prefix needs its trailing dot: 10.240. (octet by octet); quote it to search for it as text)",
        ),
        (
            "ip:10.240.0.300",
            "10.240.0.300",
            "10.240.0.300 is not an address: \"300\" is no octet (0 to 255) (quote it to search for it as text)",
        ),
        ("ip:10.240.*", "10.240.*", "10.240.* is not an address (a prefix ends with a dot: 10.240.)"),
        ("ip:1.2.3.4.", "1.2.3.4.", "1.2.3.4. has a dot after a whole address (write 1.2.3.4)"),
        (
            "ip:1.2.3.4.5",
            "1.2.3.4.5",
            "1.2.3.4.5 is not an address: more than four parts (quote it to search for it as text)",
        ),
        (
            "ip:10.0.0.0/33",
            "10.0.0.0/33",
            "\"33\" is no prefix length of an IPv4 network (a number from 0 to 32, such as 10.0.0.0/24)",
        ),
        (
            "ip:2001:db8:",
            "2001:db8:",
            "2001:db8: is not an address (a part of an IPv6 address is written as a network: 2001:db8::/32)",
        ),
        (
            "ip:10.0.0.9..10.0.0.1",
            "10.0.0.9..10.0.0.1",
            "the range 10.0.0.9..10.0.0.1 ends before it begins (write the lower address first)",
        ),
        (
            "ip:10.0.0.1..::1",
            "10.0.0.1..::1",
            "the range 10.0.0.1..::1 goes from one IP version to the other",
        ),
        (
            "ip:web",
            "web",
            "\"web\" is not an address, and no names are loaded (an address, a network such as 10.0.0.0/8, a range a..b, a prefix such as 10.240., or --names FILE)",
        ),
        (
            "ip:>1.2.3.4",
            "ip:>1.2.3.4",
            "ip is not a number and cannot be compared with < or > (use `:` for the start of a value, `:==` for all of it; ports, counters and times can be compared)",
        ),
        (
            "action:>5",
            "action:>5",
            "action is not a number and cannot be compared with < or > (use `:` for the start of a value, `:==` for all of it; ports, counters and times can be compared)",
        ),
        (
            "targt_port:22",
            "targt_port",
            "there is no field targt_port (did you mean `target_port:`? Quote the word to search for a colon in text)",
        ),
        (
            "src_ip:1.2.3.4",
            "src_ip",
            "there is no field src_ip (did you mean `initiator_ip:`? Quote the word to search for a colon in text)",
        ),
        ("https://x", "https", "there is no field https (quote the text to search for it: \"name:value\")"),
        (
            "target_port:sssh",
            "sssh",
            "\"sssh\" is neither a port nor a service known by name (did you mean `target_port:ssh`?)",
        ),
        ("port:70000", "70000", "70000 is no port: they go from 0 to 65535"),
        ("port:>-1", "-1", "-1 is no port: they go from 0 to 65535"),
        ("protocol:300", "300", "300 is no protocol: they go from 0 to 255"),
        (
            "protocol:xyz",
            "xyz",
            "\"xyz\" is no protocol known by name (tcp, udp, or the number the Internet Assigned Numbers Authority gave it)",
        ),
        ("port:9..1", "9..1", "the range 9..1 ends before it begins (write the lower number first)"),
        ("port:..", "..", "a range needs a bound (such as 1..1023, 1024.. or ..1023; `*` for any value)"),
        (
            "port:>1..5",
            "1..5",
            "1..5 is a range and cannot be compared (write one number after the operator)",
        ),
        (
            "bytes:10XB",
            "10XB",
            "\"XB\" is no unit of bytes (kB, MB, GB, TB count in 1000s, KiB, MiB, GiB, TiB in 1024s)",
        ),
        (
            "packets:1MB",
            "1MB",
            "\"1MB\" has a unit of bytes, but this field does not count bytes (such as `packets:>1000`, `packets:10..20` or `packets:*`)",
        ),
        ("bytes:1.5", "1.5", "the field holds whole numbers (compare with > or <)"),
        (
            "bytes:9223372036854775808",
            "9223372036854775808",
            "\"9223372036854775808\" is above 9223372036854775807, the largest number a field holds (such as `bytes:>1000`, `bytes:10..20` or `bytes:*`)",
        ),
        ("was_initiated:maybe", "maybe", "\"maybe\" is neither true nor false"),
        ("time:2020-02-30", "2020-02-30", "there is no day 2020-02-30"),
        (
            "day:2020-06-04T10:00",
            "2020-06-04T10:00",
            "\"2020-06-04T10:00\" is not a day (such as 2020-06-04, 2020-06 or yesterday; compare `time:` for a time of day)",
        ),
        (
            "time:2020-06-04T11:00..2020-06-04T10:00",
            "2020-06-04T11:00..2020-06-04T10:00",
            "no time is in the range 2020-06-04T11:00..2020-06-04T10:00 (write the earlier time first; the end is not in the range unless it is a day)",
        ),
        ("is:clsing", "clsing", "`is:` does not know \"clsing\" (did you mean `is:closing`?)"),
        ("is:*", "is:*", "`is:` takes a word, not `*`"),
        (
            "sides:one",
            "sides:one",
            "`sides:` takes only `both` (without it, volume and connections between two vNICs are counted once)",
        ),
        (
            "a OR sides:both",
            "sides:both",
            "`sides:both` is about the whole query, not a part of it (move it out of OR, NOT and groups: `sides:both (a OR b)`)",
        ),
        (
            "x -sides:both",
            "sides:both",
            "`sides:both` is about the whole query, not a part of it (move it out of OR, NOT and groups: `sides:both (a OR b)`)",
        ),
        ("x (a", "(", "this parenthesis is not closed (add `)`)"),
        (
            "a) b",
            ")",
            "this closing parenthesis has no opening one (remove it, or quote it to search for it)",
        ),
        ("x \"a b", "\"a b", "this quote is not closed (add `\"` at its end)"),
        (
            "a OR",
            "OR",
            "OR has no term on its right (write it in lower case or in quotes to search for the word: \"OR\")",
        ),
        (
            "OR a",
            "OR",
            "OR has no term on its left (write it in lower case or in quotes to search for the word: \"OR\")",
        ),
        (
            "a AND )",
            "AND",
            "AND has no term on its right (write it in lower case or in quotes to search for the word: \"AND\")",
        ),
        (
            "a OR AND b",
            "AND",
            "AND has no term on its left (write it in lower case or in quotes to search for the word: \"AND\")",
        ),
        (
            "NOT",
            "NOT",
            "NOT has no term on its right (write it in lower case or in quotes to search for the word: \"NOT\")",
        ),
        (
            "port: 22",
            ":",
            "no value after the colon (write the value directly after the colon, `*` for any value, or quote the word to search for a colon)",
        ),
        (
            "port:>",
            ">",
            "no value after the operator (write the value directly after it; quote a value with spaces)",
        ),
        (
            "port:()",
            "()",
            "no condition between the parentheses (such as `target_port:(>=400 <500)` or `action:(accepted OR rejected)`)",
        ),
        ("port:[22", "[", "this list is not closed (add `]`)"),
        ("port:[22]x", "[22]", "a space belongs after this list"),
        (
            "zone:[a,,b]",
            "zone:[a,,b]",
            "a list item is empty (remove the comma, or write \"\" for the empty text)",
        ),
        ("zone:[\"a\"é]", "é", "a comma or `]` belongs after a quoted list item"),
        (">400", ">400", "a comparison needs a field (such as `target_port:>400` or `bytes:>10MB`)"),
        ("\"\"", "\"\"", "an empty phrase finds nothing (`*` stands for everything)"),
    ] {
        let error = read(text).expect_err(text);
        assert_eq!(&text[error.span.clone()], part, "{text}");
        assert_eq!(error.to_string(), message, "{text}");
    }
}

#[test]
fn an_error_is_drawn() {
    let text = "é action:rejected targt_port:22";
    assert_eq!(
        read(text).expect_err(text).render(text),
        "  é action:rejected targt_port:22\n                    ^^^^^^^^^^ there is no field targt_port\n\
         hint: did you mean `target_port:`? Quote the word to search for a colon in text"
    );
    let long = format!("{} foo:bar {}", "x ".repeat(500), "y ".repeat(500));
    let drawn = read(&long).expect_err("no such field").render(&long);
    assert!(drawn.lines().all(|line| line.len() < 160), "{drawn}");
    assert!(drawn.contains("foo:bar"));
}

#[test]
fn bounds() {
    let refused = |text: &str| read(text).expect_err("too much").message;
    assert_eq!(refused(&"(".repeat(65)), "more than 64 levels of parentheses and negations");
    assert_eq!(refused(&"-".repeat(40_000)), "more than 64 levels of parentheses and negations");
    assert_eq!(refused(&"NOT ".repeat(10_000)), "more than 64 levels of parentheses and negations");
    assert_eq!(refused(&"a".repeat(65_537)), "the query is 65537 bytes long, more than 65536");
    assert_eq!(refused(&"a ".repeat(10_001)), "more than 10000 terms and list items");
    assert_eq!(refused(&format!("port:[{}1]", "1,".repeat(10_000))), "more than 10000 terms and list items");
    assert_eq!(query(&format!("port:[{}22]", "22,".repeat(9_000))).to_text(), "port:22");
    let deep = format!("{}a{}", "(".repeat(64), ")".repeat(64));
    assert_eq!(query(&deep).to_text(), "\"a\"");
}
