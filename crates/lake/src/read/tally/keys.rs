//! What rows are grouped by: values by number, the same in all files.

use arrow::array::{Array, StringArray};
use hashbrown::HashMap;

use super::columns::{Column, Columns, Texts};
use crate::answer::{Instant, Value};
use crate::read::buckets::Buckets;

/// How the values of a key are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Time,
    Flag,
}

/// The number of the missing value.
const NULL: u32 = 0;
/// The number of all values that are not listed, where some are.
const OTHER: u32 = 1;
/// Not looked up yet.
const UNKNOWN: u32 = u32::MAX;
/// Numbers that are looked up in a table.
const SMALL: usize = 1 << 16;

/// The values of a key, numbered from 1 as they are met; 0 is the missing value.
#[derive(Debug)]
pub(super) struct Interner {
    kind: Kind,
    texts: HashMap<Box<str>, u32>,
    numbers: HashMap<i64, u32>,
    small: Vec<u32>,
    next: u32,
    bytes: usize,
    /// For each number the place in the list, where only listed values are told apart.
    places: Option<Vec<i64>>,
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

    fn number(&mut self, value: i64) -> u32 {
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
    fn text_at(&mut self, column: usize, texts: &Texts, key: usize) -> u32 {
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
    fn turn_to(&mut self, column: usize, texts: &Texts) {
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

/// A key and the numbers of the columns it is read from.
#[derive(Debug)]
pub(super) struct Key {
    from: From,
    pub(super) interner: Interner,
}

#[derive(Debug, Clone)]
pub(super) enum From {
    Column(usize),
    ByDirection { direction: usize, inbound: usize, outbound: usize },
    Bucket { time: usize, buckets: Buckets },
}

impl Key {
    /// A key whose values are told apart, or only some of them.
    pub(super) fn new(from: From, kind: Kind, listed: Option<&[Value]>) -> Self {
        let interner = match listed {
            None => Interner::new(kind),
            Some(values) => Interner::listing(kind, values),
        };
        Self { from, interner }
    }

    /// A value as answers give it: the start of a bucket, the place of a listed value.
    pub(super) fn value(&self, value: KeyValue<'_>) -> Value {
        match (value, &self.from, self.interner.kind) {
            (KeyValue::Null, ..) => Value::Null,
            (KeyValue::Text(text), ..) => Value::Text(text.to_owned()),
            (KeyValue::Number(place), ..) if self.interner.places.is_some() => Value::Integer(place),
            (KeyValue::Number(at), From::Bucket { buckets, .. }, _) => buckets.start(at),
            (KeyValue::Number(number), _, Kind::Time) => Value::Time(Instant(number)),
            (KeyValue::Number(number), _, Kind::Flag) => Value::Boolean(number != 0),
            (KeyValue::Number(number), ..) => Value::Integer(number),
        }
    }

    /// Appends the number of the key's value for each of some rows.
    pub(super) fn numbers(&mut self, batch: &Columns, rows: &[u32], out: &mut Vec<u32>) {
        let interner = &mut self.interner;
        out.reserve(rows.len());
        match &self.from {
            From::Column(column) => match &batch.columns[*column] {
                Column::Text(texts) => {
                    interner.turn_to(0, texts);
                    texts.for_each(rows, |key| {
                        out.push(key.map_or(NULL, |key| interner.text_at(0, texts, key)))
                    });
                }
                Column::Missing => out.extend(rows.iter().map(|_| NULL)),
                Column::Flag(flags) => {
                    let numbers = [false, true].map(|flag| interner.number(flag.into()));
                    out.extend(rows.iter().map(|row| match flags.is_valid(*row as usize) {
                        true => numbers[usize::from(flags.value(*row as usize))],
                        false => NULL,
                    }));
                }
                Column::Number(numbers) => {
                    let mut last = (None, NULL);
                    out.extend(rows.iter().map(|row| {
                        let value = numbers.value(*row as usize);
                        if value != last.0 {
                            last = (value, value.map_or(NULL, |value| interner.number(value)));
                        }
                        last.1
                    }));
                }
            },
            From::ByDirection { direction, inbound, outbound } => {
                let text = |column: usize| match &batch.columns[column] {
                    Column::Text(texts) => Some(texts),
                    _ => None,
                };
                let (direction, sides) = (text(*direction), [text(*inbound), text(*outbound)]);
                for (at, side) in sides.iter().enumerate() {
                    if let Some(side) = side {
                        interner.turn_to(at, side);
                    }
                }
                out.extend(rows.iter().map(|row| {
                    let at = match direction.and_then(|texts| texts.text(*row as usize)) {
                        Some("I") => 0,
                        Some("O") => 1,
                        _ => return NULL,
                    };
                    let key = sides[at].and_then(|texts| Some((texts, texts.key(*row as usize)?)));
                    key.map_or(NULL, |(texts, key)| interner.text_at(at, texts, key))
                }));
            }
            From::Bucket { time, buckets } => {
                let times = &batch.columns[*time];
                // Neighbours lie in one bucket more often than not.
                let mut last = (1, 0, NULL);
                out.extend(rows.iter().map(|row| {
                    let Some(time) = times.number(*row as usize) else { return NULL };
                    if time < last.0 || time >= last.1 {
                        let after = buckets.bounds.partition_point(|bound| *bound <= time);
                        if after == 0 || after == buckets.bounds.len() {
                            return NULL;
                        }
                        let number = interner.number(after as i64 - 1);
                        last = (buckets.bounds[after - 1], buckets.bounds[after], number);
                    }
                    last.2
                }));
            }
        }
    }
}

/// Numbers combinations of keys as groups.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// For each key after the first: the pairs of the group so far and its value.
    levels: Vec<Level>,
}

#[derive(Debug, Default)]
struct Level {
    numbers: HashMap<u64, u32>,
    recent: Recent,
    pairs: Vec<(u32, u32)>,
}

impl Level {
    fn number(&mut self, pair: (u32, u32)) -> u32 {
        let key = word(pair);
        if let Some(number) = self.recent.get(key) {
            return number;
        }
        let pairs = &mut self.pairs;
        let number = *self.numbers.entry(key).or_insert_with(|| {
            pairs.push(pair);
            pairs.len() as u32 - 1
        });
        self.recent.put(key, number);
        number
    }
}

/// Two numbers in one.
pub(super) fn word((high, low): (u32, u32)) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// What was looked up last: few pairs are most of what is met, and these fit in the processor's cache.
#[derive(Debug, Default)]
pub(super) struct Recent(Vec<(u64, u32)>);

impl Recent {
    const BITS: u32 = 12;

    fn slot(key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - Self::BITS)) as usize
    }

    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<u32> {
        self.0.get(Self::slot(key)).filter(|(known, _)| *known == key).map(|(_, number)| *number)
    }

    #[inline]
    pub(super) fn put(&mut self, key: u64, number: u32) {
        if self.0.is_empty() {
            // No pair is of two greatest numbers.
            self.0.resize(1 << Self::BITS, (u64::MAX, 0));
        }
        self.0[Self::slot(key)] = (key, number);
    }
}

impl Groups {
    pub(super) fn new(keys: usize) -> Self {
        Self { levels: std::iter::repeat_with(Level::default).take(keys.saturating_sub(1)).collect() }
    }

    /// How many combinations there are; none for a single key, whose values are the groups.
    pub(super) fn len(&self) -> Option<usize> {
        self.levels.last().map(|level| level.pairs.len())
    }

    /// About how much memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.levels.iter().map(|level| level.pairs.len() * 32).sum()
    }

    /// Turns the groups so far into those with one more key, whose values are given.
    pub(super) fn narrow(&mut self, level: usize, groups: &mut [u32], values: &[u32]) {
        let level = &mut self.levels[level];
        let mut last = None;
        for (group, value) in groups.iter_mut().zip(values) {
            let pair = (*group, *value);
            *group = match last {
                Some((same, number)) if same == pair => number,
                _ => {
                    let number = level.number(pair);
                    last = Some((pair, number));
                    number
                }
            };
        }
    }

    /// Takes over the groups of another, whose keys' numbers were changed so, and returns what their numbers are here.
    pub(super) fn absorb(&mut self, other: &Self, renumbered: &[Vec<u32>]) -> Vec<u32> {
        let mut groups = renumbered.first().cloned().unwrap_or_else(|| vec![0]);
        for ((level, theirs), values) in
            self.levels.iter_mut().zip(&other.levels).zip(&renumbered[1.min(renumbered.len())..])
        {
            let pairs = theirs.pairs.iter();
            groups = pairs
                .map(|(group, value)| level.number((groups[*group as usize], values[*value as usize])))
                .collect();
        }
        groups
    }

    /// The number of each key's value in a group.
    pub(super) fn keys_of(&self, keys: usize, mut group: u32) -> Vec<u32> {
        let mut values = vec![0; keys];
        for (at, level) in self.levels.iter().enumerate().rev() {
            let (before, value) = level.pairs[group as usize];
            values[at + 1] = value;
            group = before;
        }
        if let Some(first) = values.first_mut() {
            *first = group;
        }
        values
    }
}
