//! Objects as the provider writes them, and as it never did.

/// A small deterministic source of choices (SplitMix64).
pub(crate) struct Choices(pub u64);

impl Choices {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// True in so many of 1000 cases.
    pub(crate) fn chance(&mut self, in_thousand: usize) -> bool {
        self.below(1000) < in_thousand
    }

    pub(crate) fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

const TIMES: &[&str] = &[
    r#""""#,
    "null",
    r#""2021-12-14T12:56:01""#,
    r#""2021-12-14T12:56:01.5Z""#,
    r#""2021-12-14T24:00:00Z""#,
    r#""2021-12-14t12:56:01z""#,
    r#""2021-12-14T12:56:60Z""#,
    r#""2021-02-30T00:00:00Z""#,
    r#""2001-01-01T00:00:00Z""#,
    r#""2021-12-14 12:56:01Z""#,
    r#""2021-12-14T12:56:01+01:00""#,
    r#""2021\u002d12-14T12:56:01Z""#,
    "17",
];
const WORDS: &[&str] = &[
    r#""o""#,
    r#""inbound""#,
    r#""Accepted""#,
    r#""REJECTED""#,
    r#""IPv6""#,
    r#""ipv4""#,
    "null",
    r#""""#,
    r#""\u0049""#,
    r#""\ud800""#,
    r#""ünknown""#,
    "1",
    "{}",
    r#""IPv4x""#,
    r#""acceptedx""#,
];
const ADDRESSES: &[&str] = &[
    r#""0.0.0.0""#,
    r#""255.255.255.255""#,
    r#""2001:db8::1""#,
    r#""2001:DB8:0:0:0:0:0:1""#,
    r#""::ffff:1.2.3.4""#,
    r#""fe80::1%eth0""#,
    r#""1.2.3""#,
    r#""01.2.3.4""#,
    r#""1.2.3.256""#,
    r#""1.2.3.4.5""#,
    r#""""#,
    "null",
    r#""1.2.3.4\u0030""#,
    "5",
    r#""::""#,
    r#""1.2.3.4 ""#,
];
const NUMBERS: &[&str] = &[
    "0",
    "65535",
    "65536",
    "255",
    "256",
    "-1",
    "-0",
    "1e3",
    "1.0",
    "1.5",
    "1E2",
    r#""443""#,
    r#""""#,
    "null",
    "9223372036854775807",
    "9223372036854775808",
    "999999999999999999",
    "1000000000000000000",
    "99999999999999999999999999",
    "1e400",
    "01",
    "+1",
    "true",
    "[]",
];
const FLAGS: &[&str] = &["true", "false", "null", "0", r#""true""#, "tru", "truefalse"];
const UNKNOWN: &[&str] =
    &["1", "1.50", r#""a b""#, "[1, {\"x\" : null}]", "{ }", "null", r#""\ud800""#, "[[[", "1e999"];
const SPACES: &[&str] = &["", " ", "\n", "\t\r\n  "];

/// Members of a record with their odd values, in the provider's order.
fn members(choices: &mut Choices, odd: usize) -> Vec<(String, String)> {
    let mut members = Vec::with_capacity(24);
    let day = if choices.chance(100) { "2021-12-13" } else { "2021-12-14" };
    for name in crate::property::MEMBERS {
        let (usual, pool) = match *name {
            "start_time" | "end_time" | "connection_start_time" => {
                let (h, m, s) = (choices.below(24), choices.below(60), choices.below(60));
                (format!("\"{day}T{h:02}:{m:02}:{s:02}Z\""), TIMES)
            }
            "direction" => (choices.of(&[r#""I""#, r#""O""#]).to_owned(), WORDS),
            "action" => (choices.of(&[r#""accepted""#, r#""rejected""#]).to_owned(), WORDS),
            "ether_type" => (r#""IPv4""#.to_owned(), WORDS),
            "initiator_ip" | "target_ip" => {
                let [a, b, c, d] = [0; 4].map(|_: u8| choices.below(256));
                (format!("\"{a}.{b}.{c}.{d}\""), ADDRESSES)
            }
            "was_initiated" | "was_terminated" => (choices.chance(500).to_string(), FLAGS),
            "transport_protocol" => (choices.of(&["6", "17"]).to_owned(), NUMBERS),
            "initiator_port" | "target_port" => (choices.below(65_536).to_string(), NUMBERS),
            _ => {
                let bits = choices.below(62);
                ((choices.next() >> (2 + bits)).to_string(), NUMBERS)
            }
        };
        let value = if choices.chance(odd) { choices.of(pool).to_owned() } else { usual };
        members.push(((*name).to_owned(), value));
    }
    members
}

/// Drops, repeats, adds and shuffles members.
fn disturb(members: &mut Vec<(String, String)>, choices: &mut Choices, odd: usize) {
    if choices.chance(odd) && !members.is_empty() {
        members.remove(choices.below(members.len()));
    }
    if choices.chance(odd) && !members.is_empty() {
        let (name, value) = members[choices.below(members.len())].clone();
        let value = if choices.chance(500) { value } else { choices.of(NUMBERS).to_owned() };
        members.insert(choices.below(members.len() + 1), (name, value));
    }
    if choices.chance(odd) {
        for _ in 0..1 + choices.below(3) {
            let name =
                choices.of(&["x", "y y", "vpc_internal", r"\u0061ction", r#"q\"uote"#, "ä", r"\ud800"]);
            let value = choices.of(UNKNOWN);
            members.insert(choices.below(members.len() + 1), (name.to_owned(), value.to_owned()));
        }
    }
    if choices.chance(odd) {
        for at in (1..members.len()).rev() {
            members.swap(at, choices.below(at + 1));
        }
    }
}

fn written(members: &[(String, String)], choices: &mut Choices, odd: usize) -> String {
    let spaced = choices.chance(odd);
    let mut space = || if spaced { choices.of(SPACES) } else { "" };
    let mut text = String::from("{");
    for (at, (name, value)) in members.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        for part in [space(), "\"", name, "\"", space(), ":", space(), value, space()] {
            text.push_str(part);
        }
    }
    text.push('}');
    text
}

/// Writes an object of so many records; `odd` of 1000 things are not as usual.
pub(crate) fn object(choices: &mut Choices, records: usize, odd: usize) -> String {
    let mut flows = Vec::with_capacity(records);
    for _ in 0..records {
        if choices.chance(odd / 4) {
            flows.push(
                choices.of(&["null", "1", "[]", r#""x""#, "{}", "[{}]", "true", "1e999", ""]).to_owned(),
            );
            continue;
        }
        let mut members = members(choices, odd / 4);
        disturb(&mut members, choices, odd);
        flows.push(written(&members, choices, odd));
    }
    let separator = if choices.chance(odd) { " , " } else { "," };
    let array = format!("[{}]", flows.join(separator));
    let text = |text: &str| format!("\"{text}\"");
    let mut header: Vec<(String, String)> = [
        ("version", text("0.0.1")),
        ("collector_crn", text("crn:v1:bluemix:public:is:us-south:a/acc::flow-log-collector:c")),
        ("attached_endpoint_type", text("vnic")),
        ("network_interface_id", text("0727-nic")),
        ("instance_crn", text("crn:v1:bluemix:public:is:us-south-2:a/acc::instance:i")),
        ("vpc_crn", text("crn:v1:bluemix:public:is:us-south:a/acc::vpc:v")),
        ("capture_start_time", text("2021-12-14T12:55:00Z")),
        ("capture_end_time", text("2021-12-14T13:00:00Z")),
        ("state", text("ok")),
        ("number_of_flow_logs", records.to_string()),
        ("flow_logs", array),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    for (name, value) in &mut header[..10] {
        if choices.chance(odd / 4) {
            let pool = if name.ends_with("_time") { TIMES } else { WORDS };
            *value = choices.of(pool).to_owned();
        }
    }
    disturb(&mut header, choices, odd);
    let mut body = written(&header, choices, odd);
    if choices.chance(odd / 4) {
        body.insert_str(0, choices.of(&["\n", "\u{feff}", " \u{feff}\n"]));
    }
    if choices.chance(odd / 8) {
        body.push_str(choices.of(&["\n", "{}", "]", "\0", ","]));
    }
    body
}

/// Changes bytes at random.
pub(crate) fn mutate(body: &mut Vec<u8>, choices: &mut Choices) {
    for _ in 0..1 + choices.below(3) {
        if body.is_empty() {
            return;
        }
        let at = choices.below(body.len());
        match choices.below(5) {
            0 => body[at] = choices.next() as u8,
            1 => body[at] ^= 1 << choices.below(8),
            2 => _ = body.remove(at),
            3 => body.insert(
                at,
                choices.of(&[&b'"', &b'{', &b']', &b',', &b'0', &b'-', &b'\\', &0xff]).to_owned(),
            ),
            _ => {
                let to = at + choices.below((body.len() - at).min(60));
                let piece: Vec<u8> = body[at..to].to_vec();
                let into = choices.below(body.len());
                body.splice(into..into, piece);
            }
        }
    }
}
