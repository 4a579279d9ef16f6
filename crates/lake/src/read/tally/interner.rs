//! Values of a key by number, the same in all files.

use arrow::array::{Array, StringArray};
use hashbrown::HashMap;

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
    texts: HashMap<Box<str>, u32>,
    numbers: HashMap<i64, u32>,
    small: Vec<u32>,
    next: u32,
    bytes: usize,
    /// For each number the place in the list, where only listed values are told apart.
    pub(super) places: Option<Vec<i64>>,
    /// For each column the numbers of the values at hand.
    known: Vec<Known>,
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
            texts: HashMap::new(),
            numbers: HashMap::new(),
            small: Vec::new(),
            next: 1,
            bytes: 0,
            places: None,
            known: vec![Known::default(), Known::default()],
        }
    }

    /// Tells apart only these values.
    pub(super) fn listing(kind: Kind, values: &[Value]) -> Self {
        let mut listing = Self { next: OTHER + 1, ..Self::new(kind) };
        let mut places = vec![-1, -1];
        for (place, value) in (0..).zip(values) {
            match value {
                Value::Text(text) => listing.text(text),
                Value::Integer(number) | Value::Time(Instant(number)) => listing.number(*number),
                Value::Boolean(flag) => listing.number((*flag).into()),
                Value::Null | Value::Float(_) => continue,
            };
            places.resize(listing.next as usize, place);
        }
        listing.places = Some(places);
        listing
    }

    /// How many values there are, the missing one among them.
    pub(super) fn len(&self) -> usize {
        self.next as usize
    }

    /// About how much memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.small.len() * 4
    }

    fn text(&mut self, text: &str) -> u32 {
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        if self.places.is_some() {
            return OTHER;
        }
        self.bytes += text.len() + 48;
        self.texts.insert(text.into(), self.next);
        self.next += 1;
        self.next - 1
    }

    pub(super) fn number(&mut self, value: i64) -> u32 {
        match usize::try_from(value) {
            Ok(at) if at < SMALL => {
                if self.small.is_empty() {
                    self.small.resize(SMALL, UNKNOWN);
                }
                if self.small[at] == UNKNOWN {
                    if self.places.is_some() {
                        return OTHER;
                    }
                    self.small[at] = self.next;
                    self.next += 1;
                }
                self.small[at]
            }
            _ if self.places.is_some() => self.numbers.get(&value).copied().unwrap_or(OTHER),
            _ => {
                let (next, bytes) = (&mut self.next, &mut self.bytes);
                *self.numbers.entry(value).or_insert_with(|| {
                    *bytes += 32;
                    *next += 1;
                    *next - 1
                })
            }
        }
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
            true => self.text(texts.values.value(key)),
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
        let mut values = vec![KeyValue::Null; self.len()];
        for (text, number) in &self.texts {
            values[*number as usize] = KeyValue::Text(text);
        }
        for (value, number) in &self.numbers {
            values[*number as usize] = KeyValue::Number(*value);
        }
        for (value, number) in self.small.iter().enumerate().filter(|(_, number)| **number != UNKNOWN) {
            values[*number as usize] = KeyValue::Number(value as i64);
        }
        values
    }

    /// Takes over the values of another and returns what their numbers are here.
    pub(super) fn absorb(&mut self, other: &Self) -> Vec<u32> {
        if self.places.is_some() {
            return (0..self.next).collect();
        }
        let renumbered = other.values().into_iter().map(|value| match value {
            KeyValue::Null => NULL,
            KeyValue::Text(text) => self.text(text),
            KeyValue::Number(number) => self.number(number),
        });
        renumbered.collect()
    }
}

/// A value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyValue<'i> {
    Number(i64),
    Text(&'i str),
    /// Last in order.
    Null,
}
