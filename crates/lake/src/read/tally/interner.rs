//! Values of a key by number, the same in all files.

use std::hash::BuildHasher;
use std::ops::Range;

use arrow::array::{Array, StringArray};
use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::columns::Texts;
use crate::answer::{Instant, Value};

/// How the values of a key are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Time,
    Flag,
}

/// The number of the missing value.
pub(super) const NULL: u32 = 0;
/// The number of all values that are not listed, where some are.
const OTHER: u32 = 1;
/// Not looked up yet.
const UNKNOWN: u32 = u32::MAX;
/// Numbers that are looked up in a table.
const SMALL: usize = 1 << 16;

/// The values of a key, numbered from 1 as they are met; 0 is the missing value.
#[derive(Debug)]
pub(super) struct Interner {
    pub(super) kind: Kind,
    values: Vec<Stored>,
    /// All texts, one after another.
    text: String,
    /// The numbers of values, by hash; those of IPv4 addresses with the address, which is most of what there is many of.
    numbers: HashTable<u32>,
    addresses: HashTable<(u32, u32)>,
    hasher: DefaultHashBuilder,
    /// Those of small numbers, by the number: most are ports.
    small: Vec<u32>,
    /// What was looked up last of the others.
    last: Option<(i64, u32)>,
    /// For each number the place in the list, where only listed values are told apart.
    pub(super) places: Option<Vec<i64>>,
    /// For each column the numbers of the values at hand.
    known: Vec<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stored {
    /// The missing value, or any that is not listed.
    None,
    Number(i64),
    /// Where it is among the texts.
    Text(Range<usize>),
}

#[derive(Debug, Default)]
struct Known {
    values: Option<StringArray>,
    numbers: Vec<u32>,
}

impl Interner {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            values: vec![Stored::None],
            text: String::new(),
            numbers: HashTable::new(),
            addresses: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            small: Vec::new(),
            last: None,
            places: None,
            known: vec![Known::default(), Known::default()],
        }
    }

    /// Tells apart only these values.
    pub(super) fn listing(kind: Kind, values: &[Value]) -> Self {
        let mut listing = Self { values: vec![Stored::None; 2], ..Self::new(kind) };
        let mut places = vec![-1, -1];
        for (place, value) in (0..).zip(values) {
            match value {
                Value::Text(text) => listing.hashed(KeyValue::Text(text)),
                Value::Integer(number) | Value::Time(Instant(number)) => listing.number(*number),
                Value::Boolean(flag) => listing.number((*flag).into()),
                Value::Null | Value::Float(_) => continue,
            };
            places.resize(listing.len(), place);
        }
        listing.places = Some(places);
        listing
    }

    /// How many values there are, the missing one among them.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// About how much memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<Stored>()
            + self.text.capacity()
            + self.numbers.capacity() * 6
            + self.addresses.capacity() * 10
            + self.small.len() * 4
    }

    /// The number of a value that is there, by hash.
    fn hashed(&mut self, value: KeyValue<'_>) -> u32 {
        let Self { values, text, numbers, addresses, hasher, .. } = self;
        if let KeyValue::Text(some) = value
            && let Some(address) = ipv4(some)
        {
            let hash = |address: u32| hasher.hash_one(address);
            let entry = addresses.entry(hash(address), |known| known.0 == address, |known| hash(known.0));
            return match entry {
                Entry::Occupied(known) => known.get().1,
                Entry::Vacant(_) if self.places.is_some() => OTHER,
                Entry::Vacant(place) => {
                    let number = values.len() as u32;
                    place.insert((address, number));
                    values.push(stored(value, text));
                    number
                }
            };
        }
        let hash = |value| hasher.hash_one(value);
        let of = |number: &u32| values[*number as usize].of(text);
        match numbers.entry(hash(value), |known| of(known) == value, |known| hash(of(known))) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(_) if self.places.is_some() => OTHER,
            Entry::Vacant(place) => {
                let number = values.len() as u32;
                place.insert(number);
                values.push(stored(value, text));
                number
            }
        }
    }

    /// The number of a value that is a number.
    #[inline]
    pub(super) fn number(&mut self, value: i64) -> u32 {
        match usize::try_from(value).ok().and_then(|at| self.small.get(at)) {
            Some(number) if *number != UNKNOWN => *number,
            _ => self.other_number(value),
        }
    }

    fn other_number(&mut self, value: i64) -> u32 {
        // Neighbours, instants above all, are the same more often than not.
        if let Some((_, number)) = self.last.filter(|(last, _)| *last == value) {
            return number;
        }
        let number = self.hashed(KeyValue::Number(value));
        self.last = Some((value, number));
        if let Some(at) = usize::try_from(value).ok().filter(|at| *at < SMALL) {
            if self.small.is_empty() {
                self.small.resize(SMALL, UNKNOWN);
            }
            self.small[at] = number;
        }
        number
    }

    /// The number of a text, by its number in the first or second column of the key.
    #[inline]
    pub(super) fn text_at(&mut self, column: usize, texts: &Texts, key: usize) -> u32 {
        match self.known[column].numbers.get(key) {
            Some(number) if *number != UNKNOWN => return *number,
            // All rows lack a value.
            None => return NULL,
            _ => {}
        }
        let number = match texts.values.is_valid(key) {
            true => self.hashed(KeyValue::Text(texts.values.value(key))),
            false => NULL,
        };
        self.known[column].numbers[key] = number;
        number
    }

    /// Makes ready for the texts of another batch.
    pub(super) fn turn_to(&mut self, column: usize, texts: &Texts) {
        let known = &mut self.known[column];
        if known.values.as_ref().is_none_or(|values| !texts.shares_values(values)) {
            known.numbers.clear();
            known.numbers.resize(texts.values.len(), UNKNOWN);
            known.values = Some(texts.values.clone());
        }
    }

    /// All values by number.
    pub(super) fn values(&self) -> Vec<KeyValue<'_>> {
        if let Some(places) = &self.places {
            let places = places.iter().map(|place| KeyValue::Number(*place));
            return [KeyValue::Null].into_iter().chain(places.skip(1)).collect();
        }
        self.values.iter().map(|value| value.of(&self.text)).collect()
    }

    /// Takes over the values of another and returns what their numbers are here.
    pub(super) fn absorb(&mut self, other: &Self) -> Vec<u32> {
        if self.places.is_some() {
            return (0..self.len() as u32).collect();
        }
        let renumbered = other.values().into_iter().map(|value| match value {
            KeyValue::Null => NULL,
            value => self.hashed(value),
        });
        renumbered.collect()
    }
}

fn stored(value: KeyValue<'_>, texts: &mut String) -> Stored {
    match value {
        KeyValue::Null => Stored::None,
        KeyValue::Number(number) => Stored::Number(number),
        KeyValue::Text(text) => {
            texts.push_str(text);
            Stored::Text(texts.len() - text.len()..texts.len())
        }
    }
}

/// An IPv4 address in the one form that it is printed in; none for any other text, so that equal addresses are equal texts.
#[inline]
fn ipv4(text: &str) -> Option<u32> {
    let (mut address, mut part, mut digits, mut dots) = (0_u32, 0_u32, 0, 0);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' if digits < 3 && (digits == 0 || part > 0) => {
                part = part * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && part < 256 => {
                address = address << 8 | part;
                (part, digits) = (0, 0);
                dots += 1;
            }
            _ => return None,
        }
    }
    (dots == 3 && digits > 0 && part < 256).then_some(address << 8 | part)
}

impl Stored {
    fn of<'t>(&self, text: &'t str) -> KeyValue<'t> {
        match self {
            Self::None => KeyValue::Null,
            Self::Number(number) => KeyValue::Number(*number),
            Self::Text(place) => KeyValue::Text(&text[place.clone()]),
        }
    }
}

/// A value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum KeyValue<'i> {
    Number(i64),
    Text(&'i str),
    /// Last in order.
    Null,
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn addresses_are_those_of_the_standard_library(
            text in "((25[0-9]|2[0-9]{2}|1?[0-9]{1,2}|0[0-9])\\.){2,4}[0-9]{0,3}|[0-9.]{0,16}",
            address in proptest::prelude::any::<u32>(),
        ) {
            let known = |text: &str| text.parse::<std::net::Ipv4Addr>().ok().map(u32::from);
            proptest::prop_assert_eq!(ipv4(&text), known(&text));
            let printed = std::net::Ipv4Addr::from(address).to_string();
            proptest::prop_assert_eq!(ipv4(&printed), Some(address));
        }
    }

    #[test]
    fn values_of_two_workers_are_joined() {
        let mut ours = Interner::new(Kind::Number);
        let mut theirs = Interner::new(Kind::Number);
        let large = SMALL as i64;
        assert_eq!([443, large, -1, large, 443].map(|number| ours.number(number)), [1, 2, 3, 2, 1]);
        assert_eq!([-1, 22, large + 1, 443].map(|number| theirs.number(number)), [1, 2, 3, 4]);
        assert_eq!(ours.absorb(&theirs), [NULL, 3, 4, 5, 1]);
        let numbers = [443, large, -1, 22, large + 1].map(KeyValue::Number);
        assert_eq!(ours.values(), [&[KeyValue::Null], numbers.as_slice()].concat());
    }

    #[test]
    fn values_that_are_not_listed_are_one() {
        let listed = [Value::Text("a".to_owned()), Value::Null, Value::Integer(7)];
        let mut listing = Interner::listing(Kind::Text, &listed);
        assert_eq!(["a", "b", "a"].map(|text| listing.hashed(KeyValue::Text(text))), [2, OTHER, 2]);
        assert_eq!([8, 7, 8, i64::MAX, 7].map(|number| listing.number(number)), [OTHER, 3, OTHER, OTHER, 3]);
        assert_eq!(listing.len(), 4);
        assert_eq!(
            listing.values(),
            [KeyValue::Null, KeyValue::Number(-1), KeyValue::Number(0), KeyValue::Number(2)]
        );
    }
}
