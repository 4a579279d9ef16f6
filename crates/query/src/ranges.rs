//! Sets of addresses and of numbers, as ranges.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use flowglass_flow::address;
use serde::Serialize;

/// Addresses `first` to `last`, both included, as [`address::to_bits`] orders them: IPv4 as `::ffff:a.b.c.d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressRange {
    /// Lowest address.
    pub first: u128,
    /// Highest address.
    pub last: u128,
}

/// A set of addresses: sorted ranges that neither overlap nor touch. May be empty, which matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AddressSet(Vec<AddressRange>);

impl AddressSet {
    /// Makes the set of some ranges, in any order; a range whose `first` is above its `last` is dropped.
    pub fn new(ranges: impl IntoIterator<Item = AddressRange>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|range| range.first <= range.last).collect();
        ranges.sort_unstable();
        let mut merged: Vec<AddressRange> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(previous) if range.first <= previous.last.saturating_add(1) => {
                    previous.last = previous.last.max(range.last);
                }
                _ => merged.push(range),
            }
        }
        Self(merged)
    }

    /// Returns every address that is not in it.
    pub fn complement(&self) -> Self {
        let mut outside = Vec::with_capacity(self.0.len() + 1);
        let mut next = Some(0);
        for range in &self.0 {
            if let Some(first) = next.filter(|first| *first < range.first) {
                outside.push(AddressRange { first, last: range.first - 1 });
            }
            next = range.last.checked_add(1);
        }
        outside.extend(next.map(|first| AddressRange { first, last: u128::MAX }));
        Self(outside)
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> &[AddressRange] {
        &self.0
    }

    /// True if nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.contains_bits(address::to_bits(address))
    }

    /// True if the address of these [`address::to_bits`] is in it.
    pub fn contains_bits(&self, bits: u128) -> bool {
        let at = self.0.partition_point(|range| range.last < bits);
        self.0.get(at).is_some_and(|range| range.first <= bits)
    }
}

/// Whole numbers `low` to `high`, both included; none = no bound on that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct NumberRange {
    /// Lowest number.
    pub low: Option<i64>,
    /// Highest number.
    pub high: Option<i64>,
}

impl NumberRange {
    /// The range of one number.
    pub fn only(number: i64) -> Self {
        Self { low: Some(number), high: Some(number) }
    }

    /// True if the number is in it.
    pub fn contains(self, number: i128) -> bool {
        self.low.is_none_or(|low| i128::from(low) <= number)
            && self.high.is_none_or(|high| number <= i128::from(high))
    }

    /// True if no number is in it.
    pub fn is_empty(self) -> bool {
        matches!((self.low, self.high), (Some(low), Some(high)) if low > high)
    }
}

/// Sorts ranges, joins those that overlap or touch, and drops empty ones. An empty result matches nothing.
pub fn merge_numbers(ranges: impl IntoIterator<Item = NumberRange>) -> Vec<NumberRange> {
    let mut ranges: Vec<_> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
    ranges.sort_unstable_by_key(|range| range.low.unwrap_or(i64::MIN));
    let mut merged: Vec<NumberRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(previous)
                if previous
                    .high
                    .is_none_or(|high| range.low.unwrap_or(i64::MIN) <= high.saturating_add(1)) =>
            {
                previous.high = previous.high.zip(range.high).map(|(a, b)| a.max(b));
            }
            _ => merged.push(range),
        }
    }
    merged
}

impl fmt::Display for AddressRange {
    /// Writes an address, a network in CIDR notation, or `first..last`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (from_bits(self.first), from_bits(self.last));
        if self.first == self.last {
            return write!(f, "{first}");
        }
        let differing = self.first ^ self.last;
        let is_network = differing & (differing.wrapping_add(1)) == 0 && self.first & differing == 0;
        let host_bits = 128 - differing.leading_zeros();
        match (first, last) {
            (IpAddr::V4(_), IpAddr::V4(_)) if is_network && host_bits <= 32 => {
                write!(f, "{first}/{}", 32 - host_bits)
            }
            (IpAddr::V6(_), IpAddr::V6(_)) if is_network => write!(f, "{first}/{}", 128 - host_bits),
            // One end is an IPv4 address as IPv6 has it.
            _ if first.is_ipv4() != last.is_ipv4() => {
                write!(f, "{}..{}", Ipv6Addr::from(self.first), Ipv6Addr::from(self.last))
            }
            _ => write!(f, "{first}..{last}"),
        }
    }
}

fn from_bits(bits: u128) -> IpAddr {
    IpAddr::V6(bits.into()).to_canonical()
}
