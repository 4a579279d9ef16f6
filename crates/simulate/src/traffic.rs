//! The shapes traffic takes: one function a shape, each returns one whole connection.

use std::net::Ipv4Addr;

use crate::connection::{Burst, Connection, Tuple, burst};
use crate::random::Random;
use crate::record::Action;
use crate::vpc::{self, MIRROR, RESOLVERS, TCP, UDP};

/// Ethernet, IPv4 and TCP headers with timestamps: what a segment without data weighs.
const SEGMENT: u64 = 14 + 20 + 32;
/// Ethernet, IPv4 and UDP headers.
const DATAGRAM: u64 = 14 + 20 + 8;
/// Ethernet frames carry 1448 bytes of a TCP stream.
const STREAM: u64 = 1448;

/// One HTTP exchange over a connection of its own: six packets one way, four the other, ended by FIN.
pub(crate) fn http(
    random: &mut Random,
    at: i64,
    client: Ipv4Addr,
    server: Ipv4Addr,
    path: &str,
) -> Connection {
    let tuple = Tuple::tcp(client, random.ephemeral_port(), server, vpc::APP_PORT);
    let syn = if vpc::instance_of(client).is_some() { 74 } else { 66 };
    let request = 84 + path.len() as u64;
    let answer = match path {
        "/" => 178,
        "/info" => 293,
        _ => 402,
    };
    let end = at + i64::from(random.chance(10));
    let mut bursts = vec![burst(at, (3, syn + 2 * SEGMENT + request), (2, 74 + SEGMENT))];
    bursts.push(burst(end, (3, 3 * SEGMENT), (2, 2 * SEGMENT + answer)));
    Connection::new(tuple, bursts, end)
}

/// A connection kept open: a request of `request` and an answer of `answer` bytes every `every` seconds for `length`
/// seconds. Every window in between has its record; the cumulative counters run on.
pub(crate) fn keep_alive(
    random: &mut Random,
    at: i64,
    (client, server): (Ipv4Addr, Ipv4Addr),
    (length, every): (i64, i64),
    (request, answer): (u64, u64),
) -> Connection {
    let tuple = Tuple::tcp(client, random.ephemeral_port(), server, vpc::APP_PORT);
    let mut bursts = vec![burst(at, (2, 74 + SEGMENT), (1, 74))];
    let end = at + length;
    let mut next = at;
    while next < end {
        bursts.push(burst(next, (2, 2 * SEGMENT + request), (1, SEGMENT + answer)));
        next += every;
    }
    bursts.push(burst(end, (2, 2 * SEGMENT), (1, SEGMENT)));
    Connection::new(tuple, bursts, end)
}

/// A download of about `bytes` from the package mirror, spread over `length` seconds.
pub(crate) fn download(
    random: &mut Random,
    at: i64,
    host: Ipv4Addr,
    port: u16,
    bytes: u64,
    length: i64,
) -> Connection {
    let tuple = Tuple::tcp(host, random.ephemeral_port(), MIRROR, port);
    let steps = (length / 10).max(1);
    let mut bursts = vec![burst(at, (3, 74 + 2 * SEGMENT + 517), (2, 74 + SEGMENT))];
    for step in 0..steps {
        let part = bytes / steps as u64 + random.below(9_000);
        let packets = part.div_ceil(STREAM);
        let acknowledged = packets.div_ceil(2);
        let at = at + step * length / steps;
        bursts.push(burst(at, (acknowledged, acknowledged * SEGMENT), (packets, packets * SEGMENT + part)));
    }
    let end = at + length;
    bursts.push(burst(end, (2, 2 * SEGMENT), (1, SEGMENT)));
    Connection::new(tuple, bursts, end)
}

/// One question to a resolver. Its entry expires when idle: often in the window that saw it, else in the next.
pub(crate) fn dns(random: &mut Random, at: i64, host: Ipv4Addr) -> Connection {
    let resolver = RESOLVERS[usize::from(random.chance(30))];
    let tuple = Tuple::udp(host, random.ephemeral_port(), resolver, 53);
    let name = 26 + random.below(20);
    // Both address families are asked for, each answered.
    let question = (2, 2 * (DATAGRAM + name));
    let answer = (2, 2 * (DATAGRAM + name) + 16 * (1 + random.below(6)));
    let end = at + i64::from(random.chance(15));
    let mut bursts = vec![burst(at, question, (0, 0))];
    bursts.push(burst(end, (0, 0), answer));
    let idle = random.between(60, 200);
    Connection::new(tuple, bursts, end + idle)
}

/// A DHCP renewal to the subnet's first address.
pub(crate) fn dhcp_renewal(random: &mut Random, at: i64, host: Ipv4Addr, gateway: Ipv4Addr) -> Connection {
    let packets = 1 + random.below(4);
    let mut bursts = Vec::new();
    for number in 0..packets {
        bursts.push(burst(at + number as i64 * 37, (1, 342), (1, 320)));
    }
    let last = at + (packets as i64 - 1) * 37;
    Connection::new(Tuple::udp(host, 68, gateway, 67), bursts, last + random.between(100, 200))
}

/// DHCP at boot, before there is an address: four broadcasts, no reply the vNIC could see.
pub(crate) fn dhcp_boot(at: i64, vnic: usize) -> Connection {
    let bursts = (0..4).map(|number| burst(at + number * 5, (1, 342), (0, 0))).collect();
    let tuple = Tuple::udp(Ipv4Addr::UNSPECIFIED, 68, Ipv4Addr::BROADCAST, 67);
    let mut connection = Connection::new(tuple, bursts, at + 15 + 120);
    let direction = crate::record::Direction::Outbound;
    connection.sides = vec![vpc::Side { vnic, direction, action: Action::Accepted, lag: 0 }];
    connection
}

/// Packets nobody may answer: the rejected entry lives 277 to 292 seconds from its first packet, and every
/// retransmission within that time counts into it.
pub(crate) fn refused(random: &mut Random, at: i64, tuple: Tuple, size: u64, retries: &[i64]) -> Connection {
    let mut bursts: Vec<Burst> = vec![burst(at, (1, size), (0, 0))];
    bursts.extend(retries.iter().map(|after| burst(at + after, (1, size), (0, 0))));
    Connection::new(tuple, bursts, at + random.between(277, 292))
}

/// A scanner's packet: refused, or on an open port answered and then reset.
pub(crate) fn knock(
    random: &mut Random,
    at: i64,
    scanner: Ipv4Addr,
    host: usize,
    port: u16,
    size: u64,
) -> Connection {
    let target = vpc::INSTANCES[host].address;
    let protocol = if vpc::UDP_PORTS.contains(&port) { UDP } else { TCP };
    let source = 40_000 + random.below(20_000) as u16;
    let tuple = Tuple { initiator: scanner, initiator_port: source, target, target_port: port, protocol };
    match vpc::verdict(host, crate::record::Direction::Inbound, protocol, port, scanner) {
        Action::Accepted => {
            Connection::new(tuple, vec![burst(at, (1, size), (1, 58)), burst(at, (1, 54), (0, 0))], at)
        }
        // One in six scanners sends its SYN again.
        Action::Rejected if random.chance(16) => refused(random, at, tuple, size, &[1 + (at & 1)]),
        Action::Rejected => refused(random, at, tuple, size, &[]),
    }
}
