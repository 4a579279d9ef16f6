//! Addresses: canonical text, order, and what kind of network they are in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

/// What is known of an address from the address alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressClass {
    /// 0.0.0.0 or `::`: no address yet (DHCP).
    Unspecified,
    /// Loopback.
    Loopback,
    /// 169.254.0.0/16, fe80::/10.
    LinkLocal,
    /// RFC 1918, 100.64.0.0/10 and unique local fc00::/7.
    Private,
    /// Multicast or broadcast.
    Multicast,
    /// The provider's own service networks: 161.26.0.0/16 and 166.8.0.0/14 on IBM Cloud.
    ProviderService,
    /// Anything else.
    Public,
}

/// Parses an address; accepts exactly what `std` does, plus an IPv6 zone, which is dropped.
pub fn parse(text: &str) -> Option<IpAddr> {
    if let Some(v4) = parse_v4(text.as_bytes()) {
        return Some(IpAddr::V4(v4));
    }
    match text.parse() {
        Ok(address) => Some(address),
        Err(_) => {
            text.split_once('%').and_then(|(address, _)| address.parse::<Ipv6Addr>().ok()).map(IpAddr::V6)
        }
    }
}

/// Parses `a.b.c.d`: most addresses are so, and `std` takes several times as long.
fn parse_v4(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut octets, mut at, mut octet, mut digits) = ([0_u8; 4], 0, 0_u32, 0);
    for byte in text {
        match byte {
            // A leading zero is none of ours: some read the rest as octal.
            b'0'..=b'9' if digits < 3 && !(digits == 1 && octet == 0) => {
                octet = octet * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && at < 3 => {
                octets[at] = u8::try_from(octet).ok()?;
                (at, octet, digits) = (at + 1, 0, 0);
            }
            _ => return None,
        }
    }
    octets[3] = u8::try_from(octet).ok()?;
    (at == 3 && digits > 0).then(|| Ipv4Addr::from(octets))
}

/// Returns the 128-bit value used for order and ranges: IPv4 as its IPv4-mapped IPv6 address.
pub fn to_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

/// Returns the class of an address.
pub fn classify(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => classify_v4(v4),
            None => classify_v6(v6),
        },
    }
}

/// True for RFC 1918, 100.64.0.0/10, link-local and unique local addresses: what `is:internal` asks of both sides.
pub fn is_internal(address: IpAddr) -> bool {
    matches!(classify(address), AddressClass::Private | AddressClass::LinkLocal)
}

/// The networks of [`is_internal`], in CIDR notation.
pub const INTERNAL_NETWORKS: &[&str] = &[
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

/// IBM Cloud's service networks (IBM Cloud "Service endpoints for VPC").
pub const PROVIDER_SERVICE_NETWORKS: &[&str] = &["161.26.0.0/16", "166.8.0.0/14"];

fn classify_v4(v4: Ipv4Addr) -> AddressClass {
    let [a, b, ..] = v4.octets();
    if v4.is_unspecified() {
        AddressClass::Unspecified
    } else if v4.is_loopback() {
        AddressClass::Loopback
    } else if v4.is_link_local() {
        AddressClass::LinkLocal
    } else if v4.is_private() || (a == 100 && b & 0xc0 == 64) {
        AddressClass::Private
    } else if v4.is_multicast() || v4.is_broadcast() {
        AddressClass::Multicast
    } else if (a == 161 && b == 26) || (a == 166 && b & 0xfc == 8) {
        AddressClass::ProviderService
    } else {
        AddressClass::Public
    }
}

fn classify_v6(v6: Ipv6Addr) -> AddressClass {
    let first = v6.segments()[0];
    if v6.is_unspecified() {
        AddressClass::Unspecified
    } else if v6.is_loopback() {
        AddressClass::Loopback
    } else if first & 0xffc0 == 0xfe80 {
        AddressClass::LinkLocal
    } else if first & 0xfe00 == 0xfc00 {
        AddressClass::Private
    } else if v6.is_multicast() {
        AddressClass::Multicast
    } else {
        AddressClass::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn addresses_are_read_as_by_std(bits in proptest::num::u32::ANY, text in "[0-9]{1,4}(\\.[0-9]{0,4}){2,4}") {
            let address = Ipv4Addr::from(bits);
            proptest::prop_assert_eq!(parse(&address.to_string()), Some(IpAddr::V4(address)));
            proptest::prop_assert_eq!(parse(&text), text.parse().ok(), "{}", text);
        }
    }

    #[test]
    fn classes() {
        for (text, class) in [
            ("0.0.0.0", AddressClass::Unspecified),
            ("10.240.0.4", AddressClass::Private),
            ("100.127.1.1", AddressClass::Private),
            ("100.128.1.1", AddressClass::Public),
            ("169.254.1.1", AddressClass::LinkLocal),
            ("161.26.0.10", AddressClass::ProviderService),
            ("166.11.255.1", AddressClass::ProviderService),
            ("166.12.0.1", AddressClass::Public),
            ("92.63.197.61", AddressClass::Public),
            ("255.255.255.255", AddressClass::Multicast),
            ("fd00::1", AddressClass::Private),
            ("fe80::1%eth0", AddressClass::LinkLocal),
            ("::ffff:10.0.0.1", AddressClass::Private),
            ("2001:db8::1", AddressClass::Public),
        ] {
            assert_eq!(parse(text).map(classify), Some(class), "{text}");
        }
    }
}
