//! One flow record, before it is written as JSON.

use std::net::Ipv4Addr;

/// What the security group, the network ACL and the connection state decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Let through.
    Accepted,
    /// Dropped.
    Rejected,
}

/// Who sent the connection's first packet, seen from the vNIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// The other side: `I`, written into `ingress` objects.
    Inbound,
    /// The vNIC: `O`, written into `egress` objects.
    Outbound,
}

impl Direction {
    /// The record type of the objects that hold this direction, as the key spells it.
    pub fn record_type(self) -> &'static str {
        match self {
            Self::Inbound => "ingress",
            Self::Outbound => "egress",
        }
    }
}

/// Packets and bytes both ways. Bytes include the 14-byte Ethernet header of each packet, as the provider counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Volume {
    /// Bytes the initiator sent.
    pub bytes_from_initiator: u64,
    /// Packets the initiator sent.
    pub packets_from_initiator: u64,
    /// Bytes the target sent.
    pub bytes_from_target: u64,
    /// Packets the target sent.
    pub packets_from_target: u64,
}

impl std::ops::AddAssign for Volume {
    fn add_assign(&mut self, other: Self) {
        self.bytes_from_initiator += other.bytes_from_initiator;
        self.packets_from_initiator += other.packets_from_initiator;
        self.bytes_from_target += other.bytes_from_target;
        self.packets_from_target += other.packets_from_target;
    }
}

/// One entry of `flow_logs`. Times are seconds since the epoch, UTC: the provider writes whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Record {
    /// First and last packet in the window; none is written as two empty strings.
    pub seen: Option<(i64, i64)>,
    /// First packet of the connection.
    pub connection_start: i64,
    /// Who began it.
    pub direction: Direction,
    /// The verdict.
    pub action: Action,
    /// The side that sent the first packet.
    pub initiator: Ipv4Addr,
    /// The other side.
    pub target: Ipv4Addr,
    /// Port of the initiator.
    pub initiator_port: u16,
    /// Port of the target.
    pub target_port: u16,
    /// IANA protocol number: 6 or 17.
    pub protocol: u8,
    /// The connection began in this window.
    pub was_initiated: bool,
    /// The connection ended, or its entry expired, in this window.
    pub was_terminated: bool,
    /// This window.
    pub window: Volume,
    /// Since the connection's start, to the end of this window.
    pub cumulative: Volume,
}

impl Record {
    /// True for a record that only ends an earlier flow: neither traffic nor an attempt.
    pub fn is_closing(&self) -> bool {
        self.was_terminated && !self.was_initiated && self.window == Volume::default()
    }
}
