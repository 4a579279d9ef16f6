//! Names for what rows hold as numbers: services, protocols, hosts, kinds of networks.

use std::net::{IpAddr, Ipv6Addr};

use axum::Json;
use axum::extract::State;
use flowglass_flow::labels::NETWORKS;
use flowglass_flow::services::{TCP, UDP, protocols, service_name, services};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, Permission};
use crate::problem::ApiError;

/// A service's usual name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceName {
    /// Its port.
    port: u16,
    /// IANA number of the protocol.
    protocol: u8,
    /// Its name.
    name: &'static str,
}

/// A protocol's usual name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProtocolName {
    /// IANA number.
    protocol: u8,
    /// Its name.
    name: &'static str,
}

/// A name given to addresses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressName {
    /// First address.
    first: String,
    /// Last address; where ranges lie in each other, the smallest one's name holds.
    last: String,
    /// The name.
    name: String,
}

/// A name given to a vNIC, an instance, a subnet or a VPC.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IdName {
    /// The id.
    id: String,
    /// The name.
    name: String,
}

/// What a kind of network is called.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NetworkLabel {
    /// Such as `private`; `public` is every address outside all of these.
    label: &'static str,
    /// Its networks in CIDR notation.
    #[schema(value_type = Vec<String>)]
    networks: &'static [&'static str],
}

/// Names for what rows hold as numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamesAnswer {
    /// Services, by port.
    services: Vec<ServiceName>,
    /// Protocols.
    protocols: Vec<ProtocolName>,
    /// Hosts and networks, as the server was told with `--names`.
    addresses: Vec<AddressName>,
    /// vNICs, instances, subnets and VPCs, as the server was told.
    ids: Vec<IdName>,
    /// What addresses without a name are called.
    labels: Vec<NetworkLabel>,
}

/// List the names of services, protocols, hosts and networks.
#[utoipa::path(get, path = "/api/v1/names", tag = "language", responses((status = 200, body = NamesAnswer)))]
pub(crate) async fn names(State(app): State<App>, caller: Caller) -> Result<Json<NamesAnswer>, ApiError> {
    caller.require(Permission::Read)?;
    let named_ports = services().flat_map(|(_, port)| [(port, TCP), (port, UDP)]);
    let mut services: Vec<_> = named_ports
        .filter_map(|(port, protocol)| {
            service_name(port, protocol).map(|name| ServiceName { port, protocol, name })
        })
        .collect();
    services.dedup_by_key(|service| (service.port, service.protocol));
    let (mut addresses, mut ids) = (Vec::new(), Vec::new());
    for (name, named) in app.names.named(|_| true) {
        addresses.extend(named.ranges.iter().map(|&(first, last)| AddressName {
            first: address(first),
            last: address(last),
            name: name.to_owned(),
        }));
        let mut carriers: Vec<_> =
            [named.vnics, named.instances, named.subnets, named.vpcs].into_iter().flatten().collect();
        carriers.sort_unstable();
        carriers.dedup();
        ids.extend(carriers.into_iter().map(|id| IdName { id, name: name.to_owned() }));
    }
    let labels = NETWORKS.iter().map(|&(label, networks)| NetworkLabel { label, networks }).collect();
    let protocols = protocols().map(|(name, protocol)| ProtocolName { protocol, name }).collect();
    Ok(Json(NamesAnswer { services, protocols, addresses, ids, labels }))
}

/// An address from its 128-bit form.
fn address(bits: u128) -> String {
    let v6 = Ipv6Addr::from(bits);
    v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4).to_string()
}
