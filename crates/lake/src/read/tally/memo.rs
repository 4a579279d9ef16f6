//! What is asked of texts: once per value of a dictionary.

use std::borrow::Cow;
use std::collections::HashSet;

use arrow::array::{Array, StringArray};
use flowglass_flow::address::{self, AddressClass};
use flowglass_query::{AddressSet, Predicate, Row};

use super::columns::{Keys, Texts};
use super::rows::Mask;

/// What is asked of a text.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// The language's own test, of a predicate that looks at one column.
    Predicate {
        column: &'static str,
        predicate: Predicate,
    },
    /// One of few texts.
    OneOf(Vec<String>),
    /// One of many texts.
    OneOfMany(HashSet<String>),
    /// An address in a set.
    Inside(AddressSet),
    Internal,
    Public,
    Address,
}

/// What was found of the values of the texts at hand.
#[derive(Debug, Clone, Default)]
pub(super) struct Memo {
    values: Option<StringArray>,
    found: Vec<u8>,
    /// The first that pass, one more than few, once all are known.
    passing: Option<Vec<usize>>,
}

/// So many texts are compared one after another.
const FEW: usize = 4;

const UNKNOWN: u8 = 0;
const FAILS: u8 = 1;
const PASSES: u8 = 2;

impl Memo {
    /// The rows whose text passes a test.
    pub(super) fn mask(&mut self, texts: &Texts, test: &Test, among: &Mask) -> Mask {
        if self.values.as_ref().is_none_or(|values| !texts.shares_values(values)) {
            self.found.clear();
            self.found.resize(texts.values.len(), UNKNOWN);
            self.values = Some(texts.values.clone());
            self.passing = None;
        }
        if self.passing.as_ref().is_some_and(Vec::is_empty) {
            return Mask::None;
        }
        let found = &mut self.found;
        let mask = if among.is_sparse() {
            Mask::by_row(texts.keys.len(), among, |row| {
                let key = texts.keys.key(row);
                let Some(found) = found.get_mut(key) else { return false };
                if *found == UNKNOWN {
                    *found = test.ask(&texts.values, key);
                }
                *found == PASSES
            })
        } else {
            let passing = self.passing.get_or_insert_with(|| {
                test.ask_all(&texts.values, found);
                let passing = found.iter().enumerate().filter(|(_, found)| **found == PASSES);
                passing.map(|(key, _)| key).take(FEW + 1).collect()
            });
            let passes = |key: usize| found.get(key).is_some_and(|found| *found == PASSES);
            match &texts.keys {
                Keys::Byte(keys) if passing.len() <= FEW => one_of(keys, among, passing),
                Keys::Narrow(keys) if passing.len() <= FEW => one_of(keys, among, passing),
                Keys::Wide(keys) if passing.len() <= FEW => one_of(keys, among, passing),
                Keys::Byte(keys) => Mask::by_value(keys, among, |key| passes(usize::from(key))),
                Keys::Narrow(keys) => Mask::by_value(keys, among, |key| passes(usize::from(key))),
                Keys::Wide(keys) => Mask::by_value(keys, among, |key| passes(key as usize)),
            }
        };
        mask.valid(texts.nulls.as_ref())
    }
}

impl Test {
    pub(super) fn one_of(texts: Vec<String>) -> Self {
        if texts.len() > FEW { Self::OneOfMany(texts.into_iter().collect()) } else { Self::OneOf(texts) }
    }

    /// What is found of a value.
    fn ask(&self, values: &StringArray, key: usize) -> u8 {
        if values.is_valid(key) && self.passes(values.value(key)) { PASSES } else { FAILS }
    }

    /// Notes what is found of all values of which it is not known.
    fn ask_all(&self, values: &StringArray, found: &mut [u8]) {
        let Self::OneOf(texts) = self else {
            let unknown = found.iter_mut().enumerate().filter(|(_, found)| **found == UNKNOWN);
            return unknown.for_each(|(key, found)| *found = self.ask(values, key));
        };
        // The length alone tells most texts apart.
        found.fill(FAILS);
        let (places, bytes) = (values.value_offsets(), values.value_data());
        for wanted in texts.iter().map(String::as_bytes) {
            for (key, place) in places.windows(2).enumerate() {
                let (start, end) = (place[0] as usize, place[1] as usize);
                if end - start == wanted.len() && bytes[start..end] == *wanted {
                    found[key] = self.ask(values, key);
                }
            }
        }
    }

    fn passes(&self, text: &str) -> bool {
        match self {
            Self::Predicate { column, predicate } => predicate.matches(&OneText { column, text }),
            Self::OneOf(texts) => texts.iter().any(|wanted| wanted == text),
            Self::OneOfMany(texts) => texts.contains(text),
            Self::Inside(set) => address::parse(text).is_some_and(|address| set.contains(address)),
            Self::Internal => address::parse(text).is_some_and(address::is_internal),
            Self::Public => {
                address::parse(text).is_some_and(|address| address::classify(address) == AddressClass::Public)
            }
            Self::Address => address::parse(text).is_some(),
        }
    }
}

/// The rows whose text is one of few.
fn one_of<T: Copy + PartialEq + TryFrom<usize>>(keys: &[T], among: &Mask, wanted: &[usize]) -> Mask {
    let keys_of = |wanted: &usize| T::try_from(*wanted).ok();
    let each =
        wanted.iter().filter_map(keys_of).map(|wanted| Mask::by_value(keys, among, |key| key == wanted));
    each.fold(Mask::None, Mask::or)
}

/// A row of which one column is known.
struct OneText<'t> {
    column: &'static str,
    text: &'t str,
}

impl Row for OneText<'_> {
    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        (column == self.column).then_some(Cow::Borrowed(self.text))
    }

    fn integer(&self, _: &str) -> Option<i64> {
        None
    }

    fn boolean(&self, _: &str) -> Option<bool> {
        None
    }
}

#[cfg(test)]
mod tests {
    use arrow::buffer::{NullBuffer, ScalarBuffer};
    use proptest::prelude::*;

    use super::*;

    fn texts(keys: &[Option<usize>], values: usize, width: usize) -> Texts {
        let number = |key: &Option<usize>| key.unwrap_or(0);
        let keys_of = match width {
            1 => Keys::Byte(keys.iter().map(|key| number(key) as u8).collect()),
            2 => Keys::Narrow(keys.iter().map(|key| number(key) as u16).collect()),
            _ => Keys::Wide(ScalarBuffer::from_iter(keys.iter().map(|key| number(key) as i32))),
        };
        let nulls: NullBuffer = keys.iter().map(Option::is_some).collect();
        let nulls = Some(nulls).filter(|nulls| nulls.null_count() > 0);
        Texts {
            keys: keys_of,
            nulls,
            values: (0..values).map(|value| Some(format!("10.0.0.{value}"))).collect(),
        }
    }

    proptest! {
        #[test]
        fn texts_are_asked_once_and_rows_follow(
            runs in proptest::collection::vec((proptest::option::weighted(0.9, 0_usize..200), 1_usize..90), 1..30),
            values in 1_usize..200, width in 1_usize..4,
            wanted in proptest::collection::vec(0_usize..250, 0..8),
            asked in proptest::collection::vec(any::<bool>(), 3000), all in any::<bool>(), few in any::<bool>(),
        ) {
            let keys: Vec<Option<usize>> =
                runs.iter().flat_map(|(key, rows)| vec![key.map(|key| key % values); *rows]).collect();
            // None but those of a run, or those by chance.
            let place = |row: usize| row.is_multiple_of(if few { 97 } else { 2 }) && asked[row];
            let among = if all { Mask::All } else { Mask::by_row(keys.len(), &Mask::All, place) };
            let texts = texts(&keys, values, width);
            let test = Test::one_of(wanted.iter().map(|value| format!("10.0.0.{value}")).collect());
            let mut memo = Memo::default();
            let mut found = Vec::new();
            // Asked a second time, it remembers; asked of all rows in between, it knows all values.
            for among in [&among, &Mask::All, &among] {
                memo.mask(&texts, &test, among).and(among.clone()).numbers(keys.len(), &mut found);
                let mut rows = Vec::new();
                among.numbers(keys.len(), &mut rows);
                rows.retain(|row| keys[*row as usize].is_some_and(|key| wanted.contains(&key)));
                prop_assert_eq!(&found, &rows);
            }
        }
    }

    #[test]
    fn a_dictionary_without_the_text_has_no_row() {
        let mut memo = Memo::default();
        let test = Test::one_of(vec!["192.0.2.1".to_owned()]);
        assert!(memo.mask(&texts(&[Some(0), None, Some(1)], 2, 1), &test, &Mask::All).is_none());
        // What was found is not held of the next dictionary.
        let found = memo.mask(
            &texts(&[Some(0), None, Some(1)], 2, 2),
            &Test::one_of(vec!["10.0.0.1".to_owned()]),
            &Mask::All,
        );
        let mut rows = Vec::new();
        found.numbers(3, &mut rows);
        assert_eq!(rows, [2]);
    }
}
