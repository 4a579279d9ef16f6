//! What happens in the sample VPC, hour by hour: the connections that begin in each hour since boot.
//!
//! An hour depends on nothing but the seed and its number, so any window can be made alone.

use std::net::Ipv4Addr;

use crate::connection::{Connection, Tuple};
use crate::random::Random;
use crate::traffic::{dhcp_boot, dhcp_renewal, dns, download, http, keep_alive, knock, refused};
use crate::vpc::{
    self, FLOODER, INSTANCES, LAPTOP, MONITOR, SCANNER, SPECIALISTS, TIME_SERVERS, VENDOR, VSI1, VSI2,
};

/// Seconds in an hour.
pub(crate) const HOUR: i64 = 3600;
/// No connection lives longer, its expiry included.
pub(crate) const LONGEST_LIFE: i64 = 3 * HOUR;

/// Ports that are knocked at most, for noise from everywhere.
const NOISY_PORTS: [u16; 24] = [
    23, 22, 445, 443, 80, 8080, 3389, 3306, 5432, 6379, 1433, 5900, 8443, 9200, 2222, 81, 8000, 8888, 25,
    5060, 123, 161, 1900, 53,
];

/// What an hour is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hours {
    pub(crate) seed: u64,
    /// Boot of both instances, seconds since the epoch.
    pub(crate) boot: i64,
}

impl Hours {
    /// The connections that begin in hour `number` since boot.
    pub(crate) fn connections(&self, number: i64) -> Vec<Connection> {
        let mut hour = Hour {
            start: self.boot + number * HOUR,
            number,
            random: Random::of(&[self.seed, number as u64, 0x0068_6f75_7273]),
            out: Vec::with_capacity(400),
        };
        if number == 0 {
            hour.boot();
        }
        hour.background();
        hour.application();
        hour.laptop();
        hour.mistakes();
        hour.scanners();
        hour.out
    }

    /// The burst of SYNs that overwhelms the collector of vsi1 between two instants: the lossy window.
    pub(crate) fn flood(&self, start: i64, end: i64) -> Vec<Connection> {
        let mut random = Random::of(&[self.seed, start as u64, 0x0066_6c6f_6f64]);
        let length = (end - start).max(2);
        (0..FLOOD_PACKETS)
            .map(|_| {
                let at = start + 1 + random.below(length as u64 - 1) as i64;
                let port = 1 + random.below(2999) as u16;
                let tuple = Tuple::tcp(FLOODER, random.ephemeral_port(), VSI1.address, port);
                refused(&mut random, at, tuple, 54, &[])
            })
            .collect()
    }
}

/// SYNs in a lossy window; the collector reports about half of them.
const FLOOD_PACKETS: usize = 400;

struct Hour {
    start: i64,
    number: i64,
    random: Random,
    out: Vec<Connection>,
}

impl Hour {
    fn any_time(&mut self) -> i64 {
        self.start + self.random.below(HOUR as u64) as i64
    }

    /// How busy people are: few at night, most in the afternoon (UTC), 10 to 40.
    fn bustle(&self) -> u64 {
        const BY_HOUR: [u64; 24] =
            [14, 12, 10, 10, 10, 11, 13, 16, 20, 24, 28, 30, 32, 35, 38, 40, 40, 38, 35, 31, 27, 23, 19, 16];
        BY_HOUR[(self.start.div_euclid(HOUR)).rem_euclid(24) as usize]
    }

    /// Both instances get an address, look names up and install the application's packages.
    fn boot(&mut self) {
        for (vnic, instance) in INSTANCES.iter().enumerate() {
            let at = self.start + 4 + vnic as i64;
            self.out.push(dhcp_boot(at, vnic));
            let random = &mut self.random;
            for number in 0..6 {
                self.out.push(dns(random, at + 20 + number * 4, instance.address));
            }
            for number in 0..3 {
                self.out.push(download(random, at + 30 + number * 9, instance.address, 80, 900_000, 14));
            }
            self.out.push(download(random, at + 70, instance.address, 443, 38_000_000, 640));
            self.out.push(download(random, at + 75, instance.address, 443, 90_000, 6));
        }
    }

    /// What an idle Linux instance does: DHCP, DNS, NTP (refused), packages, calling its vendor (refused).
    fn background(&mut self) {
        for (vnic, instance) in INSTANCES.iter().enumerate() {
            let at = self.start + 1500 + vnic as i64 * 211 + self.random.below(300) as i64;
            self.out.push(dhcp_renewal(&mut self.random, at, instance.address, instance.gateway));
            for _ in 0..5 {
                let at = self.any_time();
                self.out.push(dns(&mut self.random, at, instance.address));
            }
            for _ in 0..3 {
                let at = self.any_time();
                self.out.push(dns(&mut self.random, at, instance.address));
                let server = self.random.pick(&TIME_SERVERS);
                let tuple = Tuple::udp(instance.address, self.random.ephemeral_port(), server, 123);
                self.out.push(refused(&mut self.random, at + 1, tuple, 90, &[]));
            }
            if self.number % 6 == 3 {
                let at = self.any_time();
                self.out.push(dns(&mut self.random, at, instance.address));
                self.out.push(download(&mut self.random, at + 1, instance.address, 80, 260_000, 9));
            }
            if self.number % 4 == 0 {
                let at = self.start + 1900 + self.random.below(900) as i64;
                let tuple = Tuple::tcp(instance.address, self.random.ephemeral_port(), VENDOR, 443);
                self.out.push(refused(&mut self.random, at, tuple, 74, &[1, 3, 7, 15]));
            }
        }
    }

    /// One request to vsi1; `/remote` makes vsi1 ask vsi2, which both of their vNICs report.
    fn request(&mut self, at: i64, client: Ipv4Addr, path: &str) {
        self.out.push(http(&mut self.random, at, client, VSI1.address, path));
        if path == "/remote" {
            self.out.push(http(&mut self.random, at, VSI1.address, VSI2.address, "/info"));
        }
    }

    fn application(&mut self) {
        for _ in 0..self.bustle() {
            let at = self.any_time();
            let client = match self.random.below(24) as u8 {
                few @ 0..10 => Ipv4Addr::new(198, 51, 100, 20 + few),
                rest => Ipv4Addr::new(203, 0, 113, 30 + rest),
            };
            let path = self.random.pick(&["/", "/", "/", "/info", "/remote"]);
            self.request(at, client, path);
        }
        let at = self.start + self.random.below(600) as i64;
        let length = self.random.between(50 * 60, 110 * 60);
        self.out.push(keep_alive(&mut self.random, at, (MONITOR, VSI1.address), (length, 20), (96, 293)));
        if self.number % 3 == 0 {
            let at = self.start + 900 + self.random.below(300) as i64;
            self.out.push(keep_alive(
                &mut self.random,
                at,
                (VSI1.address, VSI2.address),
                (2400, 15),
                (91, 293),
            ));
        }
    }

    /// The person of the walk-through: uses the application, tries SSH and is refused, tries again.
    fn laptop(&mut self) {
        let begins = self.start + 900 + self.random.below(300) as i64;
        if self.number == 0 || self.random.chance(60) {
            for (after, path) in [(0, "/"), (11, "/info"), (25, "/remote"), (63, "/remote")] {
                self.request(begins + after, LAPTOP, path);
            }
        }
        if self.number == 0 || self.random.chance(50) {
            let attempts = 2 + self.random.below(3) as i64;
            let mut at = begins + 180;
            for _ in 0..attempts {
                let tuple = Tuple::tcp(LAPTOP, 49_152 + self.random.below(16_000) as u16, VSI1.address, 22);
                self.out.push(refused(&mut self.random, at, tuple, 66, &[1, 3, 7, 15]));
                at += self.random.between(40, 150);
            }
        }
    }

    /// Things the rules forbid that someone on vsi1 tries anyway.
    fn mistakes(&mut self) {
        if self.number % 4 == 0 {
            let at = self.start + 2300 + self.random.below(400) as i64;
            let tuple = Tuple::tcp(VSI1.address, self.random.ephemeral_port(), VSI2.address, 22);
            self.out.push(refused(&mut self.random, at, tuple, 74, &[1, 3, 7]));
            let tuple =
                Tuple::tcp(VSI1.address, self.random.ephemeral_port(), Ipv4Addr::new(192, 0, 2, 80), 443);
            self.out.push(refused(&mut self.random, at + 50, tuple, 74, &[1, 3]));
        }
    }

    fn scanners(&mut self) {
        // The sweep returns to the favourites and walks the rest of the range at random.
        const FAVOURITES: [u16; 6] = [443, 22, 23, 445, 3389, 8080];
        for number in 0..42_usize {
            let at = self.any_time();
            let port = match FAVOURITES.get(number) {
                Some(port) => *port,
                None => 1 + self.random.below(65_535) as u16,
            };
            self.out.push(knock(&mut self.random, at, SCANNER, 0, port, 54));
        }
        for (scanner, ports) in SPECIALISTS {
            for _ in 0..9 {
                let (at, port) = (self.any_time(), self.random.pick(ports));
                self.out.push(knock(&mut self.random, at, scanner, 0, port, 58));
            }
        }
        for _ in 0..46 {
            let (at, port) = (self.any_time(), self.random.pick(&NOISY_PORTS));
            let [_, _, c, d] = (self.random.next() as u32).to_be_bytes();
            let scanner = Ipv4Addr::new(198, 18 + (c & 1), c, d);
            let size = if vpc::UDP_PORTS.contains(&port) { 82 } else { self.random.pick(&[54, 58, 66]) };
            self.out.push(knock(&mut self.random, at, scanner, 0, port, size));
        }
    }
}
