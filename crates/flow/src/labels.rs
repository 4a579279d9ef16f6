//! Built-in labels of addresses, shown where no name is known.

use std::net::IpAddr;

use crate::address::{self, AddressClass};

/// Returns the built-in label of an address: `private`, `link-local`, `provider service`, …; none for public ones.
pub fn of_address(address: IpAddr) -> Option<&'static str> {
    match address::classify(address) {
        AddressClass::Public => None,
        AddressClass::Private => Some("private"),
        AddressClass::LinkLocal => Some("link-local"),
        AddressClass::ProviderService => Some("provider service"),
        AddressClass::Loopback => Some("loopback"),
        AddressClass::Multicast => Some("multicast"),
        AddressClass::Unspecified => Some("unspecified"),
    }
}

/// The labels that stand for addresses in a query, with their networks in CIDR notation. `public` is not among them:
/// it is every address outside these.
pub const NETWORKS: &[(&str, &[&str])] = &[
    ("private", &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]),
    ("link-local", &["169.254.0.0/16", "fe80::/10"]),
    ("provider-service", address::PROVIDER_SERVICE_NETWORKS),
    ("loopback", &["127.0.0.0/8", "::1/128"]),
    ("multicast", &["224.0.0.0/4", "255.255.255.255/32", "ff00::/8"]),
    ("unspecified", &["0.0.0.0/32", "::/128"]),
];

/// Returns what to show for an address: the given name, else the built-in label.
pub fn name_or_label(names: Option<&crate::names::Names>, address: IpAddr) -> Option<&str> {
    names.and_then(|names| names.of_address(address)).or_else(|| of_address(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_name_goes_before_the_label() {
        let names = crate::names::Names::parse("10.240.0.0/24 subnet1").expect("names");
        let show = |text: &str| name_or_label(Some(&names), text.parse().expect("an address"));
        assert_eq!(show("10.240.0.9"), Some("subnet1"));
        assert_eq!(show("10.241.0.9"), Some("private"));
        assert_eq!(show("161.26.0.10"), Some("provider service"));
        assert_eq!(show("169.254.169.254"), Some("link-local"));
        assert_eq!(show("92.63.197.61"), None);
    }
}
