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
