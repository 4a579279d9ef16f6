//! The load scenario: any number of vNICs at a steady rate, for load tests.
//!
//! Every record follows from (seed, vNIC, window, position) in constant time: what an earlier window began is
//! recomputed, not remembered.

use std::net::Ipv4Addr;

use crate::random::Random;
use crate::record::{Action, Direction, Record, Volume};
use crate::simulation::{Slot, WINDOW, Window};
use crate::vpc::{TCP, UDP};

/// Windows a long connection lives.
const LONG: i64 = 8;
/// Hosts that are met again and again.
const HOSTS: usize = 4096;

/// What a position in an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A refused connection that begins here; its entry expires in the next window.
    Refused,
    /// The closing record of one refused in the last window.
    RefusedClosing,
    /// An accepted flow that begins here and expires in the next window.
    Idle,
    /// The closing record of one of the last window.
    IdleClosing,
    /// A flow that begins and ends here.
    Short,
    /// A flow with the partner vNIC, which reports it too.
    Pair,
    /// A connection that lives through [`LONG`] windows.
    Long,
}

/// Of 40 records: 6 rejected (15 %), 12 closing (30 %), 6 seen from both ends, 5 long.
const PATTERN: [(Part, usize); 7] = [
    (Part::Refused, 3),
    (Part::RefusedClosing, 3),
    (Part::Idle, 9),
    (Part::IdleClosing, 9),
    (Part::Short, 5),
    (Part::Pair, 6),
    (Part::Long, 5),
];
const PERIOD: usize = 40;

#[derive(Debug)]
pub(crate) struct Load {
    seed: u64,
    vnics: usize,
    /// Records of one object: half of a vNIC's window.
    records: usize,
    /// Kind of each position, and how many of its kind the pattern holds up to there.
    pattern: [(Part, u64); PERIOD],
    per_period: [u64; PATTERN.len()],
    hosts: Vec<Ipv4Addr>,
    ranks: Vec<u16>,
    open_ports: Vec<u16>,
    knocked_ports: Vec<u16>,
}

impl Load {
    pub(crate) fn new(seed: u64, vnics: usize, records_per_window: usize) -> Self {
        let mut random = Random::of(&[seed, 0x6c6f_6164]);
        Self {
            seed,
            vnics,
            records: records_per_window.div_ceil(2),
            pattern: spread(),
            per_period: PATTERN.map(|(_, count)| count as u64),
            hosts: (0..HOSTS).map(|_| public_address(&mut random)).collect(),
            ranks: zipf_ranks(HOSTS),
            open_ports: by_rank(&[
                443, 80, 53, 3000, 8080, 5432, 6379, 9092, 8443, 3306, 9200, 389, 636, 2049, 5671, 27017,
            ]),
            knocked_ports: by_rank(&[
                23, 22, 445, 443, 80, 8080, 3389, 5060, 1433, 3306, 5900, 6379, 2222, 8443, 81, 25, 110, 123,
                161, 139, 1900, 9200, 11211, 27017, 5555, 7547, 8888, 10000, 2375, 2323, 8291, 37215,
            ]),
        }
    }

    /// Seconds from the start to the end of a vNIC's first window: partners share a phase, phases spread evenly.
    pub(crate) fn first_window(&self, vnic: usize) -> i64 {
        let pairs = self.vnics.div_ceil(2).max(1) as i64;
        WINDOW + (vnic as i64 / 2) * WINDOW / pairs
    }

    /// Private address of a vNIC: networks of 250 hosts from 10.0.1.0/24 on.
    pub(crate) fn address(vnic: usize) -> Ipv4Addr {
        let vnic = vnic as u32;
        Ipv4Addr::from((10 << 24) | ((vnic / 250 + 1) << 8) | (4 + vnic % 250))
    }

    pub(crate) fn window(&self, slot: &Slot) -> Window {
        let records: Vec<Record> = (0..self.records).map(|position| self.record(slot, position)).collect();
        Window { state: "ok", declared: records.len(), records }
    }

    fn record(&self, slot: &Slot, position: usize) -> Record {
        let (part, before) = self.pattern[position % PERIOD];
        let number = (position / PERIOD) as u64 * self.per_period[part as usize] + before;
        match part {
            Part::Refused => self.refused(slot, slot.window, number, slot.start),
            Part::RefusedClosing => closing(self.refused(slot, slot.window - 1, number, slot.start - WINDOW)),
            Part::Idle => self.idle(slot, slot.window, number, slot.start),
            Part::IdleClosing => closing(self.idle(slot, slot.window - 1, number, slot.start - WINDOW)),
            Part::Short => self.short(slot, number),
            Part::Pair => self.pair(slot, number),
            Part::Long => self.long(slot, number),
        }
    }

    fn random(&self, slot: &Slot, part: Part, window: i64, number: u64) -> Random {
        let place = (slot.vnic as u64) << 1 | u64::from(slot.direction == Direction::Outbound);
        Random::of(&[self.seed, place, window as u64, number << 3 | part as u64])
    }

    fn refused(&self, slot: &Slot, window: i64, number: u64, start: i64) -> Record {
        let mut random = self.random(slot, Part::Refused, window, number);
        let bits = random.next();
        // Most who knock are known; one in four is met once.
        let peer = if bits & 3 == 0 { public_address(&mut random) } else { self.host(bits >> 2) };
        let port = if bits >> 60 == 0 {
            1 + (bits >> 44) as u16 % 65_535
        } else {
            ranked(&self.knocked_ports, bits >> 40)
        };
        let packets = if bits >> 57 & 7 == 0 { 2 } else { 1 };
        let at = start + random.below(WINDOW as u64) as i64;
        let volume = Volume {
            bytes_from_initiator: 54 * packets,
            packets_from_initiator: packets,
            ..Volume::default()
        };
        self.begun(
            slot,
            (peer, port),
            at,
            at + packets as i64 - 1,
            Action::Rejected,
            TCP,
            volume,
            &mut random,
        )
    }

    fn idle(&self, slot: &Slot, window: i64, number: u64, start: i64) -> Record {
        let mut random = self.random(slot, Part::Idle, window, number);
        let bits = random.next();
        let (peer, port) = (self.host(bits), ranked(&self.open_ports, bits >> 32));
        let protocol = if port == 53 { UDP } else { TCP };
        let at = start + random.below(WINDOW as u64) as i64;
        self.begun(slot, (peer, port), at, at, Action::Accepted, protocol, volume(bits >> 16), &mut random)
    }

    fn short(&self, slot: &Slot, number: u64) -> Record {
        let mut random = self.random(slot, Part::Short, slot.window, number);
        let bits = random.next();
        let (peer, port) = (self.host(bits), ranked(&self.open_ports, bits >> 32));
        let protocol = if port == 53 { UDP } else { TCP };
        let at = slot.start + random.below(WINDOW as u64 - 8) as i64;
        let end = at + (bits >> 61) as i64;
        let volume = volume(bits >> 16);
        let begun = self.begun(slot, (peer, port), at, end, Action::Accepted, protocol, volume, &mut random);
        Record { was_terminated: true, ..begun }
    }

    /// A flow between partners: made from the pair's name, so that both ends say the same.
    fn pair(&self, slot: &Slot, number: u64) -> Record {
        let partner = slot.vnic ^ 1;
        if partner >= self.vnics {
            return self.short(slot, number + self.records as u64);
        }
        let (from, to) = match slot.direction {
            Direction::Outbound => (slot.vnic, partner),
            Direction::Inbound => (partner, slot.vnic),
        };
        let mut random =
            Random::of(&[self.seed, from as u64, slot.window as u64, number << 3 | Part::Pair as u64]);
        let bits = random.next();
        let at = slot.start + random.below(WINDOW as u64 - 8) as i64;
        let volume = volume(bits);
        Record {
            seen: Some((at, at + (bits >> 61) as i64)),
            connection_start: at,
            direction: slot.direction,
            action: Action::Accepted,
            initiator: Self::address(from),
            target: Self::address(to),
            initiator_port: random.ephemeral_port(),
            target_port: ranked(&self.open_ports, bits >> 32),
            protocol: TCP,
            was_initiated: true,
            was_terminated: true,
            window: volume,
            cumulative: volume,
        }
    }

    /// A long connection: each window moves one more part than the last, so that the sum so far is a formula.
    fn long(&self, slot: &Slot, number: u64) -> Record {
        // Connections are staggered: an eighth of them begins in each window.
        let phase = slot.window + number as i64;
        let age = phase.rem_euclid(LONG) as u64;
        let mut random = self.random(slot, Part::Long, phase.div_euclid(LONG), number);
        let bits = random.next();
        let part = volume(bits >> 16);
        let (peer, port) = (self.host(bits), ranked(&self.open_ports, bits >> 32));
        let offset = random.below(WINDOW as u64 / 2) as i64;
        let began = slot.start - age as i64 * WINDOW + offset;
        let at = slot.start + if age == 0 { offset } else { (bits >> 59) as i64 };
        let end = slot.start + WINDOW - 1 - (bits >> 54 & 31) as i64;
        let begun = self.begun(slot, (peer, port), at, end, Action::Accepted, TCP, part, &mut random);
        Record {
            connection_start: began,
            was_initiated: age == 0,
            was_terminated: age as i64 == LONG - 1,
            window: times(part, age + 1),
            cumulative: times(part, (age + 1) * (age + 2) / 2),
            ..begun
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call a record; a struct for it would be Record again")]
    fn begun(
        &self,
        slot: &Slot,
        (peer, port): (Ipv4Addr, u16),
        at: i64,
        end: i64,
        action: Action,
        protocol: u8,
        volume: Volume,
        random: &mut Random,
    ) -> Record {
        let own = Self::address(slot.vnic);
        let (initiator, target) = match slot.direction {
            Direction::Inbound => (peer, own),
            Direction::Outbound => (own, peer),
        };
        Record {
            seen: Some((at, end)),
            connection_start: at,
            direction: slot.direction,
            action,
            initiator,
            target,
            initiator_port: random.ephemeral_port(),
            target_port: port,
            protocol,
            was_initiated: true,
            was_terminated: false,
            window: volume,
            cumulative: volume,
        }
    }

    /// A known host, the first ones by far the most often.
    fn host(&self, bits: u64) -> Ipv4Addr {
        self.hosts[usize::from(self.ranks[bits as usize & 0xffff])]
    }
}

fn closing(begun: Record) -> Record {
    Record { seen: None, was_initiated: false, was_terminated: true, window: Volume::default(), ..begun }
}

/// A few packets each way, now and then thousands.
fn volume(bits: u64) -> Volume {
    let scale = 1 << (bits & 7).min(bits >> 3 & 7);
    let (sent, answered) = (3 + (bits >> 8 & 7) * scale, 2 + (bits >> 11 & 15) * scale);
    Volume {
        packets_from_initiator: sent,
        bytes_from_initiator: sent * 66 + (bits >> 15 & 0x3ff),
        packets_from_target: answered,
        bytes_from_target: answered * 66 + (answered - 1) * (200 + (bits >> 15 & 0x3ff)),
    }
}

fn times(part: Volume, factor: u64) -> Volume {
    Volume {
        bytes_from_initiator: part.bytes_from_initiator * factor,
        packets_from_initiator: part.packets_from_initiator * factor,
        bytes_from_target: part.bytes_from_target * factor,
        packets_from_target: part.packets_from_target * factor,
    }
}

/// Mixes the kinds over the period, so that an object of any length holds them in proportion.
fn spread() -> [(Part, u64); PERIOD] {
    let mut pattern = [(Part::Short, 0); PERIOD];
    let mut given = [0; PATTERN.len()];
    for (position, place) in pattern.iter_mut().enumerate() {
        // The kind that lags most behind its share comes next.
        let lag = |kind: &usize| (PATTERN[*kind].1 * (position + 1)) as i64 - (given[*kind] * PERIOD) as i64;
        let kind = (0..PATTERN.len()).max_by_key(lag).unwrap_or_default();
        *place = (PATTERN[kind].0, given[kind] as u64);
        given[kind] += 1;
    }
    pattern
}

/// For 16 random bits, a rank below `count`, rank n about n times rarer than the first (Zipf, exponent 1).
fn zipf_ranks(count: usize) -> Vec<u16> {
    let total: f64 = (1..=count).map(|rank| 1.0 / rank as f64).sum();
    let mut ranks = Vec::with_capacity(1 << 16);
    let mut share = 0.0;
    for rank in 0..count {
        share += 1.0 / (rank + 1) as f64 / total;
        while (ranks.len() as f64) < share * 65_536.0 && ranks.len() < 1 << 16 {
            ranks.push(rank as u16);
        }
    }
    ranks.resize(1 << 16, 0);
    ranks
}

/// 256 entries, the first of `ports` the most often.
fn by_rank(ports: &[u16]) -> Vec<u16> {
    let ranks = zipf_ranks(ports.len());
    ranks.iter().step_by(256).map(|rank| ports[usize::from(*rank)]).collect()
}

fn ranked(ports: &[u16], bits: u64) -> u16 {
    ports[bits as usize & 0xff]
}

/// An address that is not private, local or multicast.
fn public_address(random: &mut Random) -> Ipv4Addr {
    loop {
        let address = Ipv4Addr::from(random.next() as u32);
        let class = flowglass_flow::address::classify(address.into());
        if class == flowglass_flow::AddressClass::Public && (1..224).contains(&address.octets()[0]) {
            return address;
        }
    }
}
