//! What queries find on rows.

use flowglass_query::{parse, word_in};

use super::row::TestRow;
use super::{context, names, query};

/// Rows of a small VPC, by letter. `~` stands for a space.
const ROWS: &[(char, &str)] = &[
    // Refused SSH from outside, twice the same probe: the attempt and its closing record.
    (
        'a',
        "time=2020-06-04T13:42:39Z start_time=2020-06-04T13:42:39Z direction=I action=rejected initiator_ip=24.22.68.94 target_ip=10.240.0.4 \
         initiator_port=52000 target_port=22 transport_protocol=6 ether_type=IPv4 was_initiated=true was_terminated=false \
         bytes_from_initiator=78 packets_from_initiator=1 bytes_from_target=0 packets_from_target=0 state=ok \
         vnic_id=0717-aa instance_id=0717_bb vpc_crn=crn:v1:bluemix:public:is:us-south:a/7::vpc:r006-v zone=us-south-1",
    ),
    (
        'b',
        "time=2020-06-04T13:45:00Z direction=I action=rejected initiator_ip=24.22.68.94 target_ip=10.240.0.4 initiator_port=52000 \
         target_port=22 transport_protocol=6 was_initiated=false was_terminated=true bytes_from_initiator=0 packets_from_initiator=0 \
         bytes_from_target=0 packets_from_target=0 state=ok vnic_id=0717-aa",
    ),
    // From one instance to the other, seen by both.
    (
        'c',
        "time=2020-06-04T13:50:00Z direction=O action=accepted initiator_ip=10.240.0.4 target_ip=10.240.64.4 initiator_port=41000 \
         target_port=3000 transport_protocol=6 was_initiated=true was_terminated=true bytes_from_initiator=1000 packets_from_initiator=10 \
         bytes_from_target=9000 packets_from_target=12 state=ok vnic_id=0717-aa instance_id=0717_bb",
    ),
    (
        'd',
        "time=2020-06-04T13:50:00Z direction=I action=accepted initiator_ip=10.240.0.4 target_ip=10.240.64.4 initiator_port=41000 \
         target_port=3000 transport_protocol=6 was_initiated=true was_terminated=true bytes_from_initiator=1000 packets_from_initiator=10 \
         bytes_from_target=9000 packets_from_target=12 state=skip~data vnic_id=0727-cc",
    ),
    // DNS to the provider's servers, and an address that looks alike.
    (
        'e',
        "time=2020-06-05T00:10:00Z direction=O action=accepted initiator_ip=10.240.64.4 target_ip=161.26.0.10 initiator_port=5353 \
         target_port=53 transport_protocol=17 was_initiated=true was_terminated=true bytes_from_initiator=90 packets_from_initiator=1 \
         bytes_from_target=150 packets_from_target=1 vnic_id=0727-cc",
    ),
    (
        'f',
        "time=2020-06-05T01:00:00Z direction=I action=accepted initiator_ip=92.63.197.61 target_ip=10.240.0.40 initiator_port=40000 \
         target_port=443 transport_protocol=6 was_initiated=true extra={\"vpc_internal\":false,\"ttl\":64,\"tags\":[\"Edge\",\"x\"],\"a\":{\"b\":\"c\"}}",
    ),
    // Almost everything is missing.
    ('n', "time=2020-06-05T02:00:00Z bytes_from_target=20000000"),
    // IPv6.
    (
        'v',
        "time=2020-06-05T03:00:00Z direction=O action=accepted initiator_ip=fd00::5 target_ip=2001:db8::1 initiator_port=1 target_port=22 \
         was_initiated=true",
    ),
];

fn found(text: &str, context: &flowglass_query::Context<'_>) -> String {
    let query = parse(text, context).unwrap_or_else(|error| panic!("{}", error.render(text)));
    ROWS.iter().filter(|(_, row)| query.matches(&TestRow::of(row))).map(|(letter, _)| *letter).collect()
}

#[test]
fn queries_find_rows() {
    for (text, expected) in [
        ("", "abcdefnv"),
        ("-*", ""),
        // The reference's flow queries, unchanged.
        ("target_ip:10.240.0.4 action:rejected", "ab"),
        ("initiator_ip:10.240.64.4 -target_port:67 -target_port:123 -target_port:53", ""),
        ("action:rejected direction:I -initiator_ip:10.", "ab"),
        ("(host:x label.database:postgresql )  -metrics -unknown client:1.2.3.4", ""),
        ("robots.txt OR favicon.ico OR .well-known", ""),
        ("app:ops AND -\"establish new stream\"", ""),
        ("host:x app:app[web] [event] -host:y", ""),
        ("-host:y", "abcdefnv"),
        // Addresses match whole: not 10.240.0.40.
        ("target_ip:10.240.0.4", "ab"),
        ("10.240.0.4", "abcd"),
        ("10.240.0.40", "f"),
        ("10.240.0.", "abcdf"),
        ("initiator_ip:10.", "cde"),
        ("10.0.0.0/8", "abcdef"),
        ("target_ip:10.240.0.1..10.240.0.39", "ab"),
        ("target_ip:[161.26.0.0/16,10.240.64.4]", "cde"),
        ("2001:db8::/32", "v"),
        ("target_ip:2001:0DB8::1", "v"),
        ("fd00::5", "v"),
        ("target_ip:*", "abcdefv"),
        ("-target_ip:*", "n"),
        ("local_ip:10.240.0.4", "abc"),
        ("peer_ip:10.240.0.4", "d"),
        ("local_ip:*", "abcdefv"),
        ("peer_ip:public", "abfv"),
        ("peer_ip:private", "cd"),
        ("ip:provider-service", "e"),
        ("peer_port:22", "v"),
        ("local_port:22", "ab"),
        // A missing value: false, and its negation true.
        ("action:rejected", "ab"),
        ("-action:rejected", "cdefnv"),
        ("-target_port:>=1", "n"),
        ("-local_ip:10.0.0.0/8", "nv"),
        // Ports, protocols, numbers.
        ("22", "abv"),
        ("port:ssh", "abv"),
        ("target_port:ssh", "abv"),
        ("1..1023", "abefv"),
        ("port:(>3000 <42000)", "cdef"),
        ("port:(>=3000 <=3000)", "cd"),
        ("target_port:(>=22 <=443 -53)", "abfv"),
        ("protocol:udp", "e"),
        ("protocol:tcp", "abcdf"),
        ("bytes:10kB", "cd"),
        ("bytes:>1MB", "n"),
        ("bytes:0", "b"),
        ("packets:>1", "cde"),
        ("-bytes:*", "fv"),
        ("bytes_from_target:>=9kB bytes_from_target:<10MiB", "cd"),
        // Text.
        ("action:REJ", "ab"),
        ("action:=REJ", ""),
        ("action:==rej", ""),
        ("action:==REJECTED", "ab"),
        ("action:===rejected", "ab"),
        ("action:[acc,rej]", "abcdefv"),
        ("action:(accepted OR rejected)", "abcdefv"),
        ("state:\"skip data\" OR state:skip", "d"),
        ("direction:inbound", "abdf"),
        ("vpc_crn:crn:v1:bluemix:", "a"),
        ("vpc_crn:r006-v", "a"),
        ("vpc_crn:r006", ""),
        ("vpc_crn:===R006-v", ""),
        ("vpc_crn:R006-V", "a"),
        // Words: token prefixes of text columns.
        ("rejected", "ab"),
        ("REJ", "ab"),
        ("jected", ""),
        ("south", "a"),
        ("==us-south", "a"),
        ("==us-sou", ""),
        ("===Us-south", ""),
        ("data", "d"),
        ("\"skip d\"", "d"),
        ("\"skip x\"", ""),
        ("-rejected", "cdefnv"),
        ("edge", "f"),
        // Times.
        ("time:2020-06-04", "abcd"),
        ("time:>2020-06-04", "efnv"),
        ("time:>=2020-06-04T13:50 time:<2020-06-05T01:00", "cde"),
        ("time:>2020-06-04T13:50", "efnv"),
        ("start_time:2020-06-04T13:42", "a"),
        ("-start_time:*", "bcdefnv"),
        // Flags and properties.
        ("was_initiated:true", "acdefv"),
        ("was_initiated:false", "b"),
        ("-was_initiated:true", "bn"),
        ("is:attempt", "acdefv"),
        ("is:closing", "b"),
        ("is:internal", "cd"),
        ("is:public", "abfv"),
        ("-is:public -is:internal", "en"),
        ("is:one_way", "a"),
        ("sides:both is:internal", "cd"),
        // Members the catalogue does not know.
        ("extra.vpc_internal:false", "f"),
        ("extra.ttl:64", "f"),
        ("extra.ttl:6", ""),
        ("extra.ttl:\"6\"", "f"),
        ("extra.ttl:(>60 <=64)", "f"),
        ("extra.tags:edge", "f"),
        ("extra.tags:=edge", ""),
        ("extra.a.b:===c", "f"),
        ("extra.a:*", "f"),
        ("-extra.zz:*", "abcdefnv"),
        // Precedence.
        ("action:rejected target_port:53 OR target_port:22", "ab"),
        ("(action:rejected target_port:53) OR target_port:443", "f"),
        ("-(action:rejected OR action:accepted)", "n"),
    ] {
        assert_eq!(found(text, &context()), expected, "{text}");
    }
}

#[test]
fn names_find_rows() {
    let names = names();
    let with = flowglass_query::Context { names: Some(&names), ..context() };
    for (text, expected) in [
        ("target:vsi1", "ab"),
        ("vsi1", "abcd"),
        ("ip:zone1 -ip:vsi1", "f"),
        ("initiator:bastion", "c"),
        ("target:bastion", "ab"),
        ("ip:bastion", "abc"),
        ("peer_ip:vsi2", "c"),
        ("scanner", "f"),
        ("instance:bastion", "ac"),
    ] {
        assert_eq!(found(text, &with), expected, "{text}");
    }
}

#[test]
fn sums_do_not_wrap() {
    let row = TestRow::of(&format!("bytes_from_initiator={0} bytes_from_target={0}", i64::MAX));
    assert!(query("bytes:>1TB").matches(&row));
    assert!(!query("bytes:<0").matches(&row));
    assert!(query(&format!("bytes:>={}", i64::MAX)).matches(&row));
}

#[test]
fn columns_and_sides() {
    let columns = |text: &str| query(text).columns().into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(
        columns("peer_ip:1.2.3.4 -bytes:>5"),
        "bytes_from_initiator bytes_from_target direction initiator_ip target_ip"
    );
    assert_eq!(columns("is:one_way OR zone:x"), "packets_from_initiator packets_from_target zone");
    assert_eq!(columns("* sides:both"), "");
    assert!(query("sides:both a").wants_both_sides());
    assert!(!query("a").wants_both_sides());
}

#[test]
fn words_are_found_where_tokens_start() {
    use flowglass_query::Match::{Prefix, PrefixCase, Whole, WholeCase};
    for (text, word, how, expected) in [
        ("barrier", "bar", Prefix, true),
        ("crowbar", "bar", Prefix, false),
        ("crow-bar", "bar", Prefix, true),
        ("crow bar", "BAR", Prefix, true),
        ("crow bar", "BAR", PrefixCase, false),
        ("crowbar bar", "bar", Whole, true),
        ("barrier", "bar", Whole, false),
        ("a:bar:b", "Bar", Whole, true),
        ("a:bar:b", "Bar", WholeCase, false),
        ("ébar", "bar", Prefix, false),
        ("x%VAR%", "%VAR%", Prefix, true),
        ("abc", "abcd", Prefix, false),
        ("", "", Prefix, false),
        ("bar", "", Prefix, false),
    ] {
        assert_eq!(word_in(text, word, how), expected, "{text} {word} {how:?}");
    }
}
