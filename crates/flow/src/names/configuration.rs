//! Names from a VPC configuration, as the IBM Cloud API and collectors of it print one.

use serde_json::Value;

use super::{IdKind, Names, parse_network};
use crate::address::{self, to_bits};

impl Names {
    /// Reads a VPC configuration. What is read first keeps the address: the nearest thing to what people call a host.
    pub(super) fn read_configuration(&mut self, config: &Value) {
        for instance in list(config, "instances") {
            let Some(name) = text(instance, "name") else { continue };
            self.insert_id(instance, IdKind::Instance, name);
            let interfaces = list(instance, "network_interfaces")
                .chain(list(instance, "network_attachments"))
                .chain(instance.get("primary_network_interface"))
                .chain(instance.get("primary_network_attachment"));
            for interface in interfaces {
                self.insert_id(interface, IdKind::Vnic, name);
                self.insert_address(interface.get("primary_ip"), name);
                list(interface, "ips").for_each(|ip| self.insert_address(Some(ip), name));
                if let Some(vni) = interface.get("virtual_network_interface") {
                    self.insert_id(vni, IdKind::Vnic, name);
                    self.insert_address(vni.get("primary_ip"), name);
                }
            }
        }
        for balancer in list(config, "load_balancers") {
            let Some(name) = text(balancer, "name") else { continue };
            for ip in list(balancer, "private_ips").chain(list(balancer, "public_ips")) {
                self.insert_address(Some(ip), name);
            }
        }
        for gateway in list(config, "endpoint_gateways") {
            let Some(name) = text(gateway, "name") else { continue };
            list(gateway, "ips").for_each(|ip| self.insert_address(Some(ip), name));
        }
        for floating in list(config, "floating_ips") {
            if let Some(name) = text(floating, "name") {
                self.insert_address(Some(floating), name);
            }
        }
        for gateway in list(config, "public_gateways") {
            if let Some(name) = text(gateway, "name") {
                self.insert_address(gateway.get("floating_ip"), name);
            }
        }
        for vni in list(config, "virtual_nis") {
            let Some(name) = text(vni, "name") else { continue };
            self.insert_id(vni, IdKind::Vnic, name);
            list(vni, "ips").chain(vni.get("primary_ip")).for_each(|ip| self.insert_address(Some(ip), name));
        }
        for subnet in list(config, "subnets") {
            let Some(name) = text(subnet, "name") else { continue };
            self.insert_id(subnet, IdKind::Subnet, name);
            if let Some((length, first)) = text(subnet, "ipv4_cidr_block").and_then(parse_network) {
                self.insert_network(length, first, name, false);
            }
        }
        for vpc in list(config, "vpcs") {
            let Some(name) = text(vpc, "name") else { continue };
            self.insert_id(vpc, IdKind::Vpc, name);
            for prefix in list(vpc, "address_prefixes") {
                if let Some((length, first)) = text(prefix, "cidr").and_then(parse_network) {
                    self.insert_network(length, first, name, false);
                }
            }
        }
    }

    fn insert_id(&mut self, thing: &Value, kind: IdKind, name: &str) {
        if let Some(id) = text(thing, "id") {
            self.ids.entry((id.to_owned(), kind)).or_insert_with(|| name.to_owned());
        }
    }

    fn insert_address(&mut self, ip: Option<&Value>, name: &str) {
        let address = ip.and_then(|ip| text(ip, "address")).and_then(address::parse);
        // An interface that waits for its address shows 0.0.0.0.
        if let Some(address) = address.filter(|address| !address.is_unspecified()) {
            self.insert_network(128, to_bits(address), name, false);
        }
    }
}

fn list<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value.get(member).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str).filter(|text| !text.is_empty())
}
