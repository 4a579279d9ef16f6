//! The sample VPC of the walk-through: two instances, seven security-group rules, and the people around it.
//!
//! Ids are our own. Addresses the walk-through names are kept; every other public address is from a range reserved
//! for documentation or benchmarks, so that no real network is made to look like a scanner.

use std::net::Ipv4Addr;

use crate::connection::Tuple;
use crate::record::{Action, Direction};

pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;

/// Account id of everything simulated.
pub const ACCOUNT: &str = "f10391a55f10391a55f10391a55f1039";
/// Region of everything simulated.
pub const REGION: &str = "us-south";
/// UUID part of the VPC's id.
pub(crate) const VPC_ID: &str = "r006-5a3b7c1e-9d24-4f6b-8e10-2c4d6e8fa0b1";
/// Id of the flow-log collector.
pub(crate) const COLLECTOR_ID: &str = "r006-c0113c70-1a2b-4c3d-8e4f-5a6b7c8d9e0f";

/// One instance with its virtual network interface.
#[derive(Debug, Clone, Copy)]
pub struct Instance {
    /// Name, as people call it.
    pub name: &'static str,
    /// Private address: what its flow logs show.
    pub address: Ipv4Addr,
    /// First address of its subnet, where DHCP renewals go.
    pub gateway: Ipv4Addr,
    /// Floating IP; it never occurs in a record, the vNIC only sees the private address.
    pub floating_ip: Option<Ipv4Addr>,
    /// Zone of the subnet.
    pub zone: &'static str,
    /// Name of the subnet.
    pub subnet: &'static str,
    /// CIDR block of the subnet.
    pub cidr: &'static str,
    /// Last segment of the subnet's CRN.
    pub subnet_id: &'static str,
    /// Last segment of the instance's CRN.
    pub instance_id: &'static str,
    /// Id of the vNIC, as the key and `network_interface_id` spell it.
    pub vnic_id: &'static str,
}

/// The front instance: the application on port 3000, open to the world.
pub const VSI1: Instance = Instance {
    name: "vsi1",
    address: Ipv4Addr::new(10, 240, 0, 4),
    gateway: Ipv4Addr::new(10, 240, 0, 1),
    floating_ip: Some(Ipv4Addr::new(52, 116, 136, 250)),
    zone: "us-south-1",
    subnet: "subnet1",
    cidr: "10.240.0.0/24",
    subnet_id: "0717-1f0e8c52-6a41-4b7d-9c3e-70d2b9a45e11",
    instance_id: "0717_3d9a1b74-c85f-4e02-a6b1-1f7c20e4d8a1",
    vnic_id: "0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201",
};

/// The back instance: private, reached from [`VSI1`] only.
pub const VSI2: Instance = Instance {
    name: "vsi2",
    address: Ipv4Addr::new(10, 240, 64, 4),
    gateway: Ipv4Addr::new(10, 240, 64, 1),
    floating_ip: None,
    zone: "us-south-2",
    subnet: "subnet2",
    cidr: "10.240.64.0/24",
    subnet_id: "0727-2c7d9f36-0b85-4d1a-b5e4-8a61f3c07d22",
    instance_id: "0727_84c1e6d9-5f20-4a3b-9b7c-62d80f5a1e32",
    vnic_id: "0727-51f8a3c7-e694-4d0b-a2c5-0d7e84b96f02",
};

/// Both instances; a vNIC's number in the simulation is its place here.
pub const INSTANCES: [Instance; 2] = [VSI1, VSI2];

/// Where the person of the walk-through sits: uses the application, and tries SSH in vain.
pub const LAPTOP: Ipv4Addr = Ipv4Addr::new(24, 22, 68, 94);
/// A monitoring service that holds one long connection to the application after the other.
pub const MONITOR: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 24);
/// The provider's package mirror.
pub const MIRROR: Ipv4Addr = Ipv4Addr::new(161, 26, 0, 6);
/// The provider's resolvers.
pub const RESOLVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(161, 26, 0, 10), Ipv4Addr::new(161, 26, 0, 11)];
/// Time servers the instances ask in vain: no rule allows NTP.
pub const TIME_SERVERS: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 2, 123), Ipv4Addr::new(192, 0, 2, 124)];
/// A service the instances' operating system calls home to in vain: no rule allows it.
pub const VENDOR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);
/// The scanner of the walk-through: sweeps all ports, all day.
pub const SCANNER: Ipv4Addr = Ipv4Addr::new(92, 63, 197, 61);
/// Scanners with a taste: remote shells; Windows; web and proxies; data stores.
pub const SPECIALISTS: [(Ipv4Addr, &[u16]); 4] = [
    (Ipv4Addr::new(198, 51, 100, 87), &[22, 23, 2222, 2323]),
    (Ipv4Addr::new(203, 0, 113, 201), &[445, 3389, 139, 5985]),
    (Ipv4Addr::new(192, 0, 2, 66), &[443, 80, 8080, 8443, 3128, 3000]),
    (Ipv4Addr::new(198, 51, 100, 14), &[3306, 5432, 6379, 9200, 27017, 1433]),
];
/// The scanner whose burst of SYNs makes a window lossy (`skip data`).
pub const FLOODER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
/// The port the application listens on.
pub const APP_PORT: u16 = 3000;
/// Ports scanners try with UDP; all others with TCP.
pub(crate) const UDP_PORTS: [u16; 5] = [53, 123, 161, 1900, 5060];

/// Whom a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remote {
    /// Anyone: 0.0.0.0/0.
    Any,
    /// One address.
    Address(Ipv4Addr),
    /// The members of a security group.
    Group(&'static str),
}

/// One rule of a security group.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The group it belongs to: `sg1` (vsi1), `sg2` (vsi2) or `install_software` (both).
    pub group: &'static str,
    /// Inbound or outbound.
    pub direction: Direction,
    /// IANA protocol number.
    pub protocol: u8,
    /// Target port.
    pub port: u16,
    /// Whom it allows.
    pub remote: Remote,
}

const fn rule(group: &'static str, direction: Direction, protocol: u8, port: u16, remote: Remote) -> Rule {
    Rule { group, direction, protocol, port, remote }
}

/// The seven rules of the sample VPC. There is none for SSH, ICMP or NTP.
pub const RULES: [Rule; 7] = [
    rule("sg1", Direction::Inbound, TCP, APP_PORT, Remote::Any),
    rule("sg1", Direction::Outbound, TCP, APP_PORT, Remote::Group("sg2")),
    rule("sg2", Direction::Inbound, TCP, APP_PORT, Remote::Group("sg1")),
    rule("install_software", Direction::Outbound, TCP, 443, Remote::Address(MIRROR)),
    rule("install_software", Direction::Outbound, TCP, 80, Remote::Address(MIRROR)),
    rule("install_software", Direction::Outbound, UDP, 53, Remote::Address(RESOLVERS[0])),
    rule("install_software", Direction::Outbound, UDP, 53, Remote::Address(RESOLVERS[1])),
];

/// Returns the verdict of the rules on a connection, seen from one instance (its number in [`INSTANCES`]).
pub fn verdict(
    instance: usize,
    direction: Direction,
    protocol: u8,
    target_port: u16,
    peer: Ipv4Addr,
) -> Action {
    let member = |group: &str, number: usize| match group {
        "sg1" => number == 0,
        "sg2" => number == 1,
        _ => true,
    };
    let allows = |rule: &Rule| {
        rule.direction == direction
            && rule.protocol == protocol
            && rule.port == target_port
            && member(rule.group, instance)
            && match rule.remote {
                Remote::Any => true,
                Remote::Address(address) => address == peer,
                Remote::Group(group) => instance_of(peer).is_some_and(|number| member(group, number)),
            }
    };
    if RULES.iter().any(allows) { Action::Accepted } else { Action::Rejected }
}

/// Returns the number of the instance with this private address.
pub fn instance_of(address: Ipv4Addr) -> Option<usize> {
    INSTANCES.iter().position(|instance| instance.address == address)
}

/// Returns names for the addresses of the sample VPC, as the text of a `--names` file: `address,name` lines.
pub fn names() -> String {
    let mut names = String::from("# address, network, vNIC or instance -> name\n");
    let mut add = |what: &str, name: &str| {
        names.push_str(what);
        names.push(',');
        names.push_str(name);
        names.push('\n');
    };
    for instance in &INSTANCES {
        add(&instance.address.to_string(), instance.name);
        add(instance.vnic_id, instance.name);
        add(instance.instance_id, instance.name);
        add(instance.cidr, instance.subnet);
        add(instance.subnet_id, instance.subnet);
    }
    add(&LAPTOP.to_string(), "laptop");
    add(&MONITOR.to_string(), "monitor");
    add(&MIRROR.to_string(), "mirror");
    add(&RESOLVERS[0].to_string(), "resolver1");
    add(&RESOLVERS[1].to_string(), "resolver2");
    names
}

/// One vNIC's part in a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side {
    pub(crate) vnic: usize,
    pub(crate) direction: Direction,
    pub(crate) action: Action,
    /// Seconds this side's clock reads later than the initiator's.
    pub(crate) lag: i64,
}

/// The vNICs that see a connection: the initiator's if it is ours, and the target's unless the initiator's own rules
/// stopped the packets.
pub(crate) fn sides(tuple: &Tuple, start: i64) -> Vec<Side> {
    let mut sides = Vec::with_capacity(2);
    if let Some(vnic) = instance_of(tuple.initiator) {
        let action = if is_dhcp(tuple) {
            Action::Accepted
        } else {
            verdict(vnic, Direction::Outbound, tuple.protocol, tuple.target_port, tuple.target)
        };
        sides.push(Side { vnic, direction: Direction::Outbound, action, lag: 0 });
        if action == Action::Rejected {
            return sides;
        }
    }
    if let Some(vnic) = instance_of(tuple.target) {
        let action = verdict(vnic, Direction::Inbound, tuple.protocol, tuple.target_port, tuple.initiator);
        // Clocks of two hosts differ: now and then the far end reads a second more.
        let lag = i64::from(!sides.is_empty() && start % 5 == 0);
        sides.push(Side { vnic, direction: Direction::Inbound, action, lag });
    }
    sides
}

/// DHCP is the platform's and passes although no rule allows it.
fn is_dhcp(tuple: &Tuple) -> bool {
    (tuple.protocol, tuple.initiator_port, tuple.target_port) == (UDP, 68, 67)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_decide_as_the_walk_through_says() {
        use Action::{Accepted, Rejected};
        use Direction::{Inbound, Outbound};
        for (instance, direction, protocol, port, peer, expected) in [
            (0, Inbound, TCP, 3000, LAPTOP, Accepted),
            (0, Inbound, TCP, 22, LAPTOP, Rejected),
            (0, Inbound, UDP, 3000, LAPTOP, Rejected),
            (0, Outbound, TCP, 3000, VSI2.address, Accepted),
            (0, Outbound, TCP, 22, VSI2.address, Rejected),
            (0, Outbound, TCP, 3000, LAPTOP, Rejected),
            (1, Inbound, TCP, 3000, VSI1.address, Accepted),
            (1, Inbound, TCP, 3000, LAPTOP, Rejected),
            (1, Outbound, TCP, 3000, VSI1.address, Rejected),
            (1, Outbound, TCP, 443, MIRROR, Accepted),
            (1, Outbound, UDP, 53, RESOLVERS[1], Accepted),
            (1, Outbound, UDP, 123, TIME_SERVERS[0], Rejected),
        ] {
            assert_eq!(
                verdict(instance, direction, protocol, port, peer),
                expected,
                "{direction:?} {port} {peer}"
            );
        }
    }
}
