//! A connection over its whole life, and what one vNIC's record of it says in one window.

use std::net::Ipv4Addr;

use crate::record::{Record, Volume};
use crate::vpc::{self, Side, TCP, UDP};

/// Packets of one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Burst {
    pub(crate) at: i64,
    pub(crate) volume: Volume,
}

/// A connection: everything any window will ever say of it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) initiator: Ipv4Addr,
    pub(crate) target: Ipv4Addr,
    pub(crate) initiator_port: u16,
    pub(crate) target_port: u16,
    pub(crate) protocol: u8,
    /// In order of time, never empty; the first holds the connection's first packet.
    pub(crate) bursts: Vec<Burst>,
    /// When it ends or its entry expires: not before the last burst.
    pub(crate) closed: i64,
    /// The vNICs that see it.
    pub(crate) sides: Vec<Side>,
}

/// The five values that name a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tuple {
    pub(crate) initiator: Ipv4Addr,
    pub(crate) initiator_port: u16,
    pub(crate) target: Ipv4Addr,
    pub(crate) target_port: u16,
    pub(crate) protocol: u8,
}

impl Tuple {
    pub(crate) fn tcp(initiator: Ipv4Addr, initiator_port: u16, target: Ipv4Addr, target_port: u16) -> Self {
        Self { initiator, initiator_port, target, target_port, protocol: TCP }
    }

    pub(crate) fn udp(initiator: Ipv4Addr, initiator_port: u16, target: Ipv4Addr, target_port: u16) -> Self {
        Self { initiator, initiator_port, target, target_port, protocol: UDP }
    }
}

impl Connection {
    pub(crate) fn new(tuple: Tuple, bursts: Vec<Burst>, closed: i64) -> Self {
        debug_assert!(
            bursts.is_sorted_by_key(|burst| burst.at) && bursts.last().is_some_and(|b| b.at <= closed)
        );
        let sides = vpc::sides(&tuple, bursts.first().map_or(closed, |burst| burst.at));
        let Tuple { initiator, initiator_port, target, target_port, protocol } = tuple;
        Self { initiator, target, initiator_port, target_port, protocol, bursts, closed, sides }
    }

    /// What the vNIC of `side` says of this connection in the window `[start, end)`; none when it has nothing to say.
    pub(crate) fn record(&self, side: &Side, start: i64, end: i64) -> Option<Record> {
        // The far end sees everything a moment later; it is asked in the near end's time.
        let (start, end) = (start - side.lag, end - side.lag);
        let began = self.bursts.first()?.at;
        let first = self.bursts.partition_point(|burst| burst.at < start);
        let last = self.bursts.partition_point(|burst| burst.at < end);
        let was_terminated = (start..end).contains(&self.closed);
        if first == last && !was_terminated {
            return None;
        }
        let seen = &self.bursts[first..last];
        Some(Record {
            seen: seen.first().zip(seen.last()).map(|(a, b)| (a.at + side.lag, b.at + side.lag)),
            connection_start: began + side.lag,
            direction: side.direction,
            action: side.action,
            initiator: self.initiator,
            target: self.target,
            initiator_port: self.initiator_port,
            target_port: self.target_port,
            protocol: self.protocol,
            was_initiated: (start..end).contains(&began),
            was_terminated,
            window: sum(seen),
            cumulative: sum(&self.bursts[..last]),
        })
    }
}

fn sum(bursts: &[Burst]) -> Volume {
    let mut total = Volume::default();
    for burst in bursts {
        total += burst.volume;
    }
    total
}

/// A burst at a time: packets and bytes of the initiator, then of the target.
pub(crate) fn burst(at: i64, initiator: (u64, u64), target: (u64, u64)) -> Burst {
    Burst {
        at,
        volume: Volume {
            packets_from_initiator: initiator.0,
            bytes_from_initiator: initiator.1,
            packets_from_target: target.0,
            bytes_from_target: target.1,
        },
    }
}
