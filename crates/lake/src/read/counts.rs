//! Counts by key, as indexes tell them.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use hashbrown::HashMap;

use super::summary::Dimension;
use crate::answer::Value;
use crate::index::{Cells, NO_ADDRESS, Quantity};

/// Numbers from 0 that are counted in a list: all ports.
const LISTED: usize = 1 << 16;

/// A value that is grouped by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Null,
    Number(i64),
    Text(Arc<str>),
    /// By value: a text each would take far longer.
    Address(u128),
}

impl Key {
    /// The value as answers give it.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) => Value::Integer(*number),
            Self::Text(text) => Value::Text(text.to_string()),
            Self::Address(bits) => Value::Text(address_of(*bits).to_string()),
        }
    }

    /// The key of a value of a dimension.
    pub(super) fn of(value: &Value, dimension: Dimension<'_>) -> Self {
        match value {
            Value::Integer(number) => Self::Number(*number),
            Value::Text(text) => match (dimension, text.parse::<IpAddr>()) {
                // Written as IPv6 it is another value than the IPv4 address that it maps.
                (Dimension::Address(_), Ok(address)) if address_of(bits_of(address)) == address => {
                    Self::Address(bits_of(address))
                }
                _ => Self::Text(text.as_str().into()),
            },
            _ => Self::Null,
        }
    }
}

fn bits_of(address: IpAddr) -> u128 {
    flowglass_flow::address::to_bits(address)
}

fn address_of(bits: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(bits)).to_canonical()
}

/// Counts by key. No key counts 0.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Of the numbers below [`LISTED`], as soon as one is counted.
    numbers: Vec<u64>,
    /// Of addresses, in their order; several lists until all are added.
    addresses: Vec<Vec<(u128, u64)>>,
    /// Of all other keys.
    others: HashMap<Key, u64>,
}

impl Counts {
    /// Adds to the count of a key.
    pub(super) fn add(&mut self, key: &Key, count: u64) {
        match key {
            Key::Number(number) if self.number(*number).is_some_and(|sum| plus(sum, count)) => {}
            Key::Address(bits) if self.address(*bits).is_some_and(|sum| plus(sum, count)) => {}
            _ if count == 0 => {}
            _ => match self.others.get_mut(key) {
                Some(sum) => *sum = sum.saturating_add(count),
                None => {
                    self.others.insert(key.clone(), count);
                }
            },
        }
    }

    /// Adds to the count of a number.
    pub(super) fn add_number(&mut self, number: Option<i32>, count: u64) {
        self.add(&number.map_or(Key::Null, |number| Key::Number(number.into())), count);
    }

    /// Adds how much there is of some addresses; false if it is nothing.
    pub(super) fn add_addresses(
        &mut self,
        cells: &Cells<u128>,
        counted: &[bool],
        quantity: Quantity,
    ) -> bool {
        let mut list = Vec::with_capacity(cells.keys().len());
        cells.sum(counted, quantity, |address, sum| list.push((*address, sum)));
        // The last, if there.
        let null = list.pop_if(|(address, _)| *address == NO_ADDRESS);
        if let Some((_, count)) = null {
            self.add(&Key::Null, count);
        }
        let found = null.is_some() || !list.is_empty();
        self.addresses.push(list);
        // Lists are merged with others of their size, so that no entry is moved often.
        while let [.., a, b] = self.addresses.as_slice()
            && a.len() / 2 <= b.len()
        {
            self.merge_two();
        }
        found
    }

    /// To be called when all that indexes tell is added, before anything is asked.
    pub(super) fn finish(&mut self) {
        while self.addresses.len() > 1 {
            self.merge_two();
        }
    }

    fn merge_two(&mut self) {
        if let (Some(b), Some(a)) = (self.addresses.pop(), self.addresses.pop()) {
            self.addresses.push(merged(&a, &b));
        }
    }

    fn number(&mut self, number: i64) -> Option<&mut u64> {
        let at = usize::try_from(number).ok().filter(|at| *at < LISTED)?;
        if self.numbers.is_empty() {
            self.numbers = vec![0; LISTED];
        }
        self.numbers.get_mut(at)
    }

    fn address(&mut self, bits: u128) -> Option<&mut u64> {
        let list = self.addresses.last_mut()?;
        let at = list.binary_search_by_key(&bits, |(address, _)| *address).ok()?;
        Some(&mut list[at].1)
    }

    fn each(&self) -> impl Iterator<Item = u64> {
        let numbers = self.numbers.iter().filter(|count| **count > 0);
        let addresses = self.addresses.iter().flatten().map(|(_, count)| count);
        numbers.chain(addresses).chain(self.others.values()).copied()
    }

    /// The sum of all counts, and the number of keys.
    pub(super) fn total(&self) -> (u64, u64) {
        self.each().fold((0, 0), |(sum, keys), count| (sum.saturating_add(count), keys + 1))
    }

    /// The values that count most, and all others that count as much as the last of them, in no order.
    pub(super) fn greatest(&self, n: usize) -> Vec<(Value, u64)> {
        let mut counts: Vec<u64> = self.each().collect();
        let least = match counts.len().checked_sub(n) {
            _ if n == 0 => return Vec::new(),
            Some(0) | None => 0,
            Some(below) => *counts.select_nth_unstable(below).1,
        };
        // Only what reaches the n-th greatest count is turned into values.
        let reaches = |count: u64| count > 0 && count >= least;
        let numbers = (0_i64..).zip(&self.numbers).filter(|(_, count)| reaches(**count));
        let addresses = self.addresses.iter().flatten().filter(|(_, count)| reaches(*count));
        let others = self.others.iter().filter(|(_, count)| reaches(**count));
        numbers
            .map(|(number, count)| (Value::Integer(number), *count))
            .chain(addresses.map(|(bits, count)| (Key::Address(*bits).value(), *count)))
            .chain(others.map(|(key, count)| (key.value(), *count)))
            .collect()
    }
}

fn plus(sum: &mut u64, count: u64) -> bool {
    *sum = sum.saturating_add(count);
    true
}

/// Two lists in order as one.
fn merged(a: &[(u128, u64)], b: &[(u128, u64)]) -> Vec<(u128, u64)> {
    let mut all = Vec::with_capacity(a.len() + b.len());
    let (mut x, mut y) = (0, 0);
    while let (Some(left), Some(right)) = (a.get(x), b.get(y)) {
        match left.0.cmp(&right.0) {
            std::cmp::Ordering::Less => all.push(*left),
            std::cmp::Ordering::Greater => all.push(*right),
            std::cmp::Ordering::Equal => all.push((left.0, left.1.saturating_add(right.1))),
        }
        x += usize::from(left.0 <= right.0);
        y += usize::from(right.0 <= left.0);
    }
    all.extend_from_slice(&a[x..]);
    all.extend_from_slice(&b[y..]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_all_kinds() {
        let mut counts = Counts::default();
        counts.add_number(Some(443), 3);
        counts.add(&Key::Number(443), 4);
        counts.add_number(Some(-1), 1);
        counts.add_number(Some(70_000), 2);
        counts.add_number(None, 5);
        counts.add(&Key::Number(80), 0);
        counts.add(&Key::Text("a".into()), 6);
        assert_eq!(counts.total(), (21, 5));
        let mut greatest = counts.greatest(2);
        greatest.sort_by_key(|(_, count)| *count);
        assert_eq!(greatest, [(Value::Text("a".to_owned()), 6), (Value::Integer(443), 7)]);
        assert_eq!(counts.greatest(0), []);
        assert_eq!(counts.greatest(9).len(), 5);
    }

    proptest::proptest! {
        #[test]
        fn addresses_of_many_files(files in proptest::collection::vec(proptest::collection::btree_map(0_u128..40, 1_u64..9, 0..20), 0..9)) {
            let mut counts = Counts::default();
            let mut wanted = std::collections::BTreeMap::new();
            for file in &files {
                let mut cells = Cells::default();
                let mut out = crate::varint::Writer::default();
                out.0.extend(file.iter().map(|_| 0));
                file.values().for_each(|rows| out.number(*rows));
                out.0.extend(file.iter().flat_map(|_| [0, 0]));
                for (address, rows) in file {
                    // The greatest stands for rows without one.
                    let address = if *address == 39 { NO_ADDRESS } else { *address };
                    cells.push(address, 1).expect("few");
                    *wanted.entry(address).or_insert(0) += rows;
                }
                cells.read_amounts(&mut crate::varint::Reader(&out.0)).expect("whole");
                proptest::prop_assert_eq!(counts.add_addresses(&cells, &[true], Quantity::Rows), !file.is_empty());
            }
            counts.finish();
            // Rows that are read later.
            counts.add(&Key::Address(7), 100);
            *wanted.entry(7).or_insert(0) += 100;
            proptest::prop_assert_eq!(counts.total(), (wanted.values().sum(), wanted.len() as u64));
            let value = |address: u128| if address == NO_ADDRESS { Value::Null } else { Key::Address(address).value() };
            let mut found: Vec<_> = counts.greatest(usize::MAX).into_iter().map(|(value, n)| (value.to_string(), n)).collect();
            let mut wanted: Vec<_> = wanted.into_iter().map(|(address, n)| (value(address).to_string(), n)).collect();
            found.sort();
            wanted.sort();
            proptest::prop_assert_eq!(found, wanted);
        }
    }
}
