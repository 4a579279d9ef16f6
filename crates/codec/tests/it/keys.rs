//! Object keys.

use flowglass_codec::parse_key;
use flowglass_flow::time::format_day;

use crate::support::KEY;

fn shown(key: &str) -> String {
    let Some(f) = parse_key(key) else { return "no key of the layout".to_owned() };
    let day = f.day.map(format_day).unwrap_or_else(|| "-".to_owned());
    let hour = f.hour.map_or_else(|| "-".to_owned(), |hour| hour.to_string());
    let sequence = f.sequence_number.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let texts = [
        f.account_id,
        f.region,
        f.zone,
        f.vpc_crn,
        f.subnet_crn,
        f.instance_crn,
        f.vnic_id,
        f.record_type,
        f.stream_id,
    ];
    let mut lines: Vec<String> = texts.map(|text| text.unwrap_or_else(|| "-".to_owned())).into();
    lines.push(format!("{day} {hour} {sequence}"));
    lines.join("\n")
}

#[test]
fn of_today() {
    let expected = shown(KEY);
    insta::assert_snapshot!(expected, @r"
    acc
    us-south
    -
    crn:v1:bluemix:public:is:us-south:a/acc::vpc:r006-vpc
    crn:v1:bluemix:public:is:us-south-2:a/acc::subnet:0727-sub
    crn:v1:bluemix:public:is:us-south-2:a/acc::instance:0727_ins
    0727-nic
    ingress
    20211210T183830Z
    2021-12-14 13 10
    ");
    let raw = KEY.replace("%3A", ":").replace("%2F", "/");
    assert_eq!(shown(&raw), expected, "raw colons and slashes");
    assert_eq!(shown(&KEY.replace("%3A", ":")), expected, "raw colons");
    assert_eq!(shown(&KEY.replace("%3A", "%3a").replace("%2F", "%2f")), expected, "lower-case digits");
    assert_eq!(shown(&format!("backup/2022/{KEY}")), expected, "below a prefix");
    assert_eq!(shown(KEY.strip_prefix("ibm_vpc_flowlogs_v1/").expect("the root")), expected, "root cut off");
    let encoded = KEY.replace('%', "%25").replace('/', "%2F").replace('=', "%3D");
    assert_eq!(shown(&encoded), expected, "encoded whole");
}

#[test]
fn labels_count_not_positions() {
    let key = "ibm_vpc_flowlogs_v1/record-type=egress/new-label=x/vnic-id=0727-n/day=31/month=12/year=2021/hour=24/7.json";
    insta::assert_snapshot!(shown(key), @r"
    -
    -
    -
    -
    -
    -
    0727-n
    egress
    -
    2022-01-01 0 7
    ");
    insta::assert_snapshot!(shown("ibm_vpc_flowlogs_v1/vnic-id=n/year=2021/month=13/day=1/x.gz"), @r"
    -
    -
    -
    -
    -
    -
    n
    -
    -
    - - -
    ");
}

#[test]
fn of_2020() {
    let key = "ibm_vpc_flowlogs_v0/acc/us-south-2/crn:v1:bluemix:public:is:us-south:a/acc::vpc:r006-vpc/crn:v1:bluemix:public:is:us-south-2:a/acc::subnet:0727-sub/vnics/crn:v1:bluemix:public:is:us-south-2:a/acc::instance:0727_ins/0727-nic/egress/20200608T144744Z/00002665.gz";
    let expected = shown(key);
    insta::assert_snapshot!(expected, @r"
    acc
    us-south
    us-south-2
    crn:v1:bluemix:public:is:us-south:a/acc::vpc:r006-vpc
    crn:v1:bluemix:public:is:us-south-2:a/acc::subnet:0727-sub
    crn:v1:bluemix:public:is:us-south-2:a/acc::instance:0727_ins
    0727-nic
    egress
    20200608T144744Z
    2020-06-08 14 2665
    ");
    assert_eq!(shown(&key.replace(":a/acc", "%3Aa%2Facc")), expected, "encoded CRNs");
}

#[test]
fn not_of_the_layout() {
    for key in ["", "a/b.gz", "flow-log-1.json", "ibm_vpc_flowlogs_v0/a/b", "%2F", "ibm_vpc_flowlogs_v1%zz"] {
        assert_eq!(shown(key), "no key of the layout", "{key}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(key in "(ibm_vpc_flowlogs_v[01]/)?([a-z%:=/0-9é]|crn:|:a/|vnic-id=|year=|month=1/|day=3/|hour=){0,40}") {
        let _ = parse_key(&key);
    }
}
