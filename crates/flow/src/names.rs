//! Names people give to addresses, networks, vNICs and instances.

mod configuration;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use crate::address::{self, to_bits};
use crate::crn;

/// What an id is the id of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdKind {
    /// A virtual network interface, by any of its ids (interface, attachment).
    Vnic,
    /// An instance.
    Instance,
    /// A subnet.
    Subnet,
    /// A VPC.
    Vpc,
    /// Not said: taken for whichever kind is asked for.
    Any,
}

/// Names of addresses, networks and ids, as a names file or a VPC configuration gives them.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Name by network: prefix length (of the 128-bit form) and first address.
    networks: HashMap<(u8, u128), String>,
    /// The prefix lengths that occur, longest first.
    lengths: Vec<u8>,
    ids: BTreeMap<(String, IdKind), String>,
}

/// What carries one name: see [`Names::named`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// First and last address of each network, in [`to_bits`] form; a single address is its own first and last.
    pub ranges: Vec<(u128, u128)>,
    /// Ids of vNICs.
    pub vnics: Vec<String>,
    /// Ids of instances.
    pub instances: Vec<String>,
    /// Ids of subnets.
    pub subnets: Vec<String>,
    /// Ids of VPCs.
    pub vpcs: Vec<String>,
}

/// Why a names file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// A line of a text file has no name.
    #[error(
        "line {line} of the names file has a key but no name: {text:?}; write `<address, CIDR or id> <name>` on each line"
    )]
    NoName {
        /// Line number, from 1.
        line: usize,
        /// The line, shortened.
        text: String,
    },
    /// It begins like JSON but is none.
    #[error(
        "the names file is not valid JSON: {reason}; it may be an object of keys and names, or a VPC configuration"
    )]
    Json {
        /// What the reader says.
        reason: String,
    },
    /// A member of a JSON object of names is no text.
    #[error(
        "the name of {key:?} in the names file is not a text; a VPC configuration has a member `instances`"
    )]
    NotText {
        /// The key.
        key: String,
    },
}

impl Names {
    /// Reads names from the text of a file, in one of three forms:
    ///
    /// - lines of `key name`, separated by white space or one comma; `#` begins a comment line; the name may be
    ///   quoted. A key is an address, a CIDR, a CRN, or an id, which may say its kind: `vnic:`, `instance:`,
    ///   `subnet:`, `vpc:`.
    /// - a JSON object of such keys and their names.
    /// - a VPC configuration (members `instances`, `subnets`, `vpcs`, … as the IBM Cloud API prints them): instances
    ///   name their interfaces' addresses; then load balancers, endpoint and public gateways, floating IPs, virtual
    ///   network interfaces, subnets and VPCs name theirs.
    ///
    /// # Errors
    /// If the text has none of these forms. Where two lines name one key, the later holds.
    pub fn parse(text: &str) -> Result<Self, NamesError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut names = Self::default();
        if text.trim_start().starts_with('{') {
            names.read_json(text)?;
        } else {
            names.read_lines(text)?;
        }
        Ok(names)
    }

    /// Gives a name to an address, a CIDR, a CRN or an id; a later name of the same key replaces the earlier.
    pub fn insert(&mut self, key: &str, name: &str) {
        if let Some((length, first)) = parse_network(key) {
            self.insert_network(length, first, name, true);
            return;
        }
        let (kind, id) = match key.split_once(':') {
            Some(("vnic", id)) => (IdKind::Vnic, id),
            Some(("instance", id)) => (IdKind::Instance, id),
            Some(("subnet", id)) => (IdKind::Subnet, id),
            Some(("vpc", id)) => (IdKind::Vpc, id),
            Some(("crn", _)) => {
                let kind = match crn::Crn::parse(key).map_or("", |crn| crn.resource_type) {
                    "instance" => IdKind::Instance,
                    "subnet" => IdKind::Subnet,
                    "vpc" => IdKind::Vpc,
                    "virtual-network-interface" | "vni" => IdKind::Vnic,
                    _ => IdKind::Any,
                };
                (kind, crn::last_segment(key))
            }
            _ => (IdKind::Any, key),
        };
        self.ids.insert((id.to_owned(), kind), name.to_owned());
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.ids.is_empty()
    }

    /// Returns how many keys have a name.
    pub fn len(&self) -> usize {
        self.networks.len() + self.ids.len()
    }

    /// Returns the name of an address: its own, else that of the smallest named network it lies in.
    pub fn of_address(&self, address: IpAddr) -> Option<&str> {
        let bits = to_bits(address);
        self.lengths
            .iter()
            .find_map(|&length| self.networks.get(&(length, bits & mask(length))).map(String::as_str))
    }

    /// Returns the name of a vNIC id.
    pub fn of_vnic(&self, id: &str) -> Option<&str> {
        self.of_id(id, IdKind::Vnic)
    }

    /// Returns the name of an instance id.
    pub fn of_instance(&self, id: &str) -> Option<&str> {
        self.of_id(id, IdKind::Instance)
    }

    /// Returns the name of a subnet id.
    pub fn of_subnet(&self, id: &str) -> Option<&str> {
        self.of_id(id, IdKind::Subnet)
    }

    /// Returns the name of a VPC id.
    pub fn of_vpc(&self, id: &str) -> Option<&str> {
        self.of_id(id, IdKind::Vpc)
    }

    /// Returns what carries each name that passes the test, by name.
    pub fn named(&self, test: impl Fn(&str) -> bool) -> BTreeMap<&str, Named> {
        let mut all: BTreeMap<&str, Named> = BTreeMap::new();
        for (&(length, first), name) in &self.networks {
            if test(name) {
                all.entry(name).or_default().ranges.push((first, first | !mask(length)));
            }
        }
        for ((id, kind), name) in &self.ids {
            if test(name) {
                let found = all.entry(name).or_default();
                let kinds = match kind {
                    IdKind::Any => &[IdKind::Vnic, IdKind::Instance, IdKind::Subnet, IdKind::Vpc][..],
                    one => std::slice::from_ref(one),
                };
                for kind in kinds {
                    match kind {
                        IdKind::Vnic => found.vnics.push(id.clone()),
                        IdKind::Instance => found.instances.push(id.clone()),
                        IdKind::Subnet => found.subnets.push(id.clone()),
                        IdKind::Vpc | IdKind::Any => found.vpcs.push(id.clone()),
                    }
                }
            }
        }
        all.values_mut().for_each(|found| found.ranges.sort_unstable());
        all
    }

    /// Returns the distinct names, sorted.
    pub fn names(&self) -> Vec<&str> {
        let all: BTreeSet<&str> =
            self.networks.values().chain(self.ids.values()).map(String::as_str).collect();
        all.into_iter().collect()
    }

    fn of_id(&self, id: &str, kind: IdKind) -> Option<&str> {
        [kind, IdKind::Any]
            .into_iter()
            .find_map(|kind| self.ids.get(&(id.to_owned(), kind)).map(String::as_str))
    }

    fn insert_network(&mut self, length: u8, first: u128, name: &str, replace: bool) {
        match self.networks.entry((length, first)) {
            std::collections::hash_map::Entry::Occupied(mut entry) => {
                if replace {
                    entry.insert(name.to_owned());
                }
            }
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(name.to_owned());
            }
        }
        if let Err(at) = self.lengths.binary_search_by(|known| length.cmp(known)) {
            self.lengths.insert(at, length);
        }
    }

    fn read_lines(&mut self, text: &str) -> Result<(), NamesError> {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, name) = line.split_once(|c: char| c.is_whitespace() || c == ',').unwrap_or((line, ""));
            let name = name.trim_start_matches(|c: char| c.is_whitespace() || c == ',').trim();
            let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
            if name.is_empty() {
                return Err(NamesError::NoName { line: index + 1, text: line.chars().take(80).collect() });
            }
            self.insert(key, name);
        }
        Ok(())
    }

    fn read_json(&mut self, text: &str) -> Result<(), NamesError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| NamesError::Json { reason: error.to_string() })?;
        if ["instances", "subnets", "vpcs"]
            .iter()
            .any(|member| value.get(member).is_some_and(Value::is_array))
        {
            self.read_configuration(&value);
            return Ok(());
        }
        for (key, name) in value.as_object().into_iter().flatten() {
            let name = name.as_str().ok_or_else(|| NamesError::NotText { key: key.clone() })?;
            self.insert(key, name);
        }
        Ok(())
    }
}

/// Prefix length and first address, both of the 128-bit form, of an address or CIDR.
fn parse_network(key: &str) -> Option<(u8, u128)> {
    if let Some(address) = address::parse(key) {
        return Some((128, to_bits(address)));
    }
    let network: IpNet = key.parse().ok()?;
    let length = match network {
        IpNet::V4(_) => network.prefix_len() + 96,
        IpNet::V6(_) => network.prefix_len(),
    };
    Some((length, to_bits(network.addr()) & mask(length)))
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn lines() {
        let names = Names::parse(
            "# hosts\n10.240.0.4 vsi1\n10.240.0.0/18, zone 1\n10.0.0.0/8\tcompany\n\
             0717-11aa vsi1\ninstance:0717_22bb \"the second\"\n2001:db8::/32 lab\n10.240.0.4 web\n",
        )
        .expect("names");
        assert_eq!(names.of_address(address("10.240.0.4")), Some("web"));
        assert_eq!(names.of_address(address("10.240.63.1")), Some("zone 1"));
        assert_eq!(names.of_address(address("10.9.9.9")), Some("company"));
        assert_eq!(names.of_address(address("11.0.0.1")), None);
        assert_eq!(names.of_address(address("2001:db8:1::1")), Some("lab"));
        assert_eq!(names.of_vnic("0717-11aa"), Some("vsi1"));
        assert_eq!(names.of_instance("0717_22bb"), Some("the second"));
        assert_eq!(names.of_vnic("0717_22bb"), None);
        assert_eq!(names.len(), 6);
        assert_eq!(names.names(), ["company", "lab", "the second", "vsi1", "web", "zone 1"]);
    }

    #[test]
    fn found_by_name() {
        let names = Names::parse("10.240.0.4 vsi1\n10.240.64.4 vsi2\ninstance:i1 vsi1\nvnic:v1 vsi1\n")
            .expect("names");
        let found = names.named(|name| name == "vsi1")["vsi1"].clone();
        let bits = to_bits(address("10.240.0.4"));
        assert_eq!(
            (found.ranges, found.vnics, found.instances),
            (vec![(bits, bits)], vec!["v1".into()], vec!["i1".into()])
        );
        let prefixed = names.named(|name| name.starts_with("vsi"));
        assert_eq!(prefixed.into_keys().collect::<Vec<_>>(), ["vsi1", "vsi2"]);
        assert!(names.named(|_| false).is_empty());
    }

    #[test]
    fn json_object() {
        let names = Names::parse(
            r#"{"10.240.0.4": "vsi1", "crn:v1:bluemix:public:is:us-south-1:a/7::instance:0717_x": "vsi1"}"#,
        )
        .expect("names");
        assert_eq!(names.of_address(address("10.240.0.4")), Some("vsi1"));
        assert_eq!(names.of_instance("0717_x"), Some("vsi1"));
    }

    #[test]
    fn configuration() {
        let config = r#"{"provider": "ibm",
            "vpcs": [{"id": "r006-v", "name": "sample", "address_prefixes": [{"cidr": "10.240.0.0/16"}]}],
            "subnets": [{"id": "0717-s", "name": "subnet1", "ipv4_cidr_block": "10.240.0.0/24"}],
            "instances": [{"id": "0717_i", "name": "vsi1",
                "network_interfaces": [{"id": "0717-n", "name": "eth0", "primary_ip": {"address": "10.240.0.4"}}],
                "network_attachments": [{"id": "0717-a", "virtual_network_interface": {"id": "0717-vni"}}]}],
            "virtual_nis": [{"id": "0717-vni", "name": "vsi1-vni", "ips": [{"address": "10.240.0.4"}]}],
            "endpoint_gateways": [{"name": "db", "ips": [{"address": "10.240.30.7"}]}],
            "load_balancers": [{"name": "front", "private_ips": [{"address": "10.240.0.9"}], "public_ips": [{"address": "150.1.1.9"}]}],
            "public_gateways": [{"name": "gw", "floating_ip": {"address": "150.1.1.2"}}],
            "floating_ips": [{"name": "vsi1-fip", "address": "150.1.1.1"}]}"#;
        let names = Names::parse(config).expect("names");
        for (text, name) in [
            ("10.240.0.4", "vsi1"),
            ("10.240.0.200", "subnet1"),
            ("10.240.77.1", "sample"),
            ("10.240.30.7", "db"),
            ("10.240.0.9", "front"),
            ("150.1.1.9", "front"),
            ("150.1.1.1", "vsi1-fip"),
            ("150.1.1.2", "gw"),
        ] {
            assert_eq!(names.of_address(address(text)), Some(name), "{text}");
        }
        assert_eq!(names.of_vnic("0717-n"), Some("vsi1"));
        assert_eq!(names.of_vnic("0717-vni"), Some("vsi1"));
        assert_eq!(names.of_instance("0717_i"), Some("vsi1"));
        assert_eq!(names.of_subnet("0717-s"), Some("subnet1"));
        assert_eq!(names.of_vpc("r006-v"), Some("sample"));
    }

    #[test]
    fn collected_configurations() {
        let folder =
            std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/samples/ibm/config"));
        let Ok(entries) = std::fs::read_dir(folder) else {
            #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
            {
                eprintln!("skipped: no sample configurations beside the repository");
            }
            return;
        };
        let mut files = 0;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.to_string_lossy().ends_with(".config.json") {
                let names = Names::parse(&std::fs::read_to_string(&path).expect("readable")).expect("names");
                assert!(names.len() > 10, "{}", path.display());
                files += 1;
                if path.ends_with("np-guard-vni_basic.config.json") {
                    assert_eq!(names.of_address(address("10.240.12.5")), Some("wl-b1"));
                    assert_eq!(names.of_address(address("150.240.167.94")), Some("wl-b2-fip"));
                }
            }
        }
        assert!(files >= 4, "{files} configurations");
    }

    #[test]
    fn refusals() {
        assert_eq!(
            Names::parse("10.0.0.1 a\n10.0.0.2\n").expect_err("no name").to_string(),
            "line 2 of the names file has a key but no name: \"10.0.0.2\"; write `<address, CIDR or id> <name>` on each line"
        );
        assert!(matches!(Names::parse("{nonsense"), Err(NamesError::Json { .. })));
        assert_eq!(
            Names::parse(r#"{"a": 1}"#).expect_err("no text"),
            NamesError::NotText { key: "a".into() }
        );
        assert!(Names::parse("").expect("empty is fine").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(\\PC|[\\n,{}:/.0-9 ]){0,80}") {
            let _ = Names::parse(&text);
        }
    }
}
