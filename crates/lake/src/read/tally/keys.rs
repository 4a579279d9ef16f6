//! What rows are grouped by.

use arrow::array::Array;

use super::columns::{Column, Columns};
use super::interner::{Interner, KeyValue, Kind, NULL};
use crate::answer::{Instant, Value};
use crate::read::buckets::Buckets;

/// A key and the numbers of the columns it is read from.
#[derive(Debug)]
pub(super) struct Key {
    from: KeyColumns,
    pub(super) interner: Interner,
}

/// The columns it is read from, by number.
#[derive(Debug, Clone)]
pub(super) enum KeyColumns {
    Column(usize),
    ByDirection { direction: usize, inbound: usize, outbound: usize },
    Bucket { time: usize, buckets: Buckets },
}

impl Key {
    /// A key whose values are told apart, or only some of them.
    pub(super) fn new(from: KeyColumns, kind: Kind, listed: Option<&[Value]>) -> Self {
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
            (KeyValue::Number(at), KeyColumns::Bucket { buckets, .. }, _) => buckets.start(at),
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
            KeyColumns::Column(column) => match &batch.columns[*column] {
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
                    numbers
                        .for_each(rows, |value| out.push(value.map_or(NULL, |value| interner.number(value))));
                }
            },
            KeyColumns::ByDirection { direction, inbound, outbound } => {
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
            KeyColumns::Bucket { time, buckets } => {
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
