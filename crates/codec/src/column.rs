//! Growing columns that can be cut back: an object that turns out unreadable leaves no trace.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Int32Type};
use arrow_array::{ArrayRef, BooleanArray, DictionaryArray, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

/// Which rows hold a value; made only when the first null comes.
#[derive(Default)]
struct Validity(Option<Vec<bool>>);

impl Validity {
    #[inline]
    fn valid(&mut self) {
        if let Some(rows) = &mut self.0 {
            rows.push(true);
        }
    }

    fn extend(&mut self, before: usize, valid: bool, n: usize) {
        if valid && self.0.is_none() {
            return;
        }
        let rows = self.0.get_or_insert_with(|| vec![true; before]);
        rows.resize(rows.len() + n, valid);
    }

    #[cold]
    fn null(&mut self, before: usize) {
        self.extend(before, false, 1);
    }

    fn get(&self, row: usize) -> bool {
        self.0.as_ref().is_none_or(|rows| rows[row])
    }

    fn truncate(&mut self, rows: usize) {
        if let Some(valid) = &mut self.0 {
            valid.truncate(rows);
        }
    }

    fn finish(&mut self) -> Option<NullBuffer> {
        let rows = self.0.take()?;
        let nulls = NullBuffer::new(BooleanBuffer::collect_bool(rows.len(), |row| rows[row]));
        (nulls.null_count() > 0).then_some(nulls)
    }
}

/// Takes the values out and leaves a little more room, for the next batch is about as long as this one.
fn take<T>(values: &mut Vec<T>) -> Vec<T> {
    let room = values.len() + values.len() / 16;
    std::mem::replace(values, Vec::with_capacity(room))
}

/// Numbers and instants.
#[derive(Default)]
pub(crate) struct Fixed<T> {
    values: Vec<T>,
    validity: Validity,
}

impl<T: Copy + Default> Fixed<T> {
    #[inline]
    pub(crate) fn push(&mut self, value: Option<T>) {
        match value {
            Some(_) => self.validity.valid(),
            None => self.validity.null(self.values.len()),
        }
        self.values.push(value.unwrap_or_default());
    }

    pub(crate) fn push_n(&mut self, value: Option<T>, n: usize) {
        self.validity.extend(self.values.len(), value.is_some(), n);
        self.values.resize(self.values.len() + n, value.unwrap_or_default());
    }

    pub(crate) fn reserve(&mut self, rows: usize) {
        self.values.reserve(rows);
    }

    pub(crate) fn get(&self, row: usize) -> Option<T> {
        self.validity.get(row).then(|| self.values[row])
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.validity.truncate(rows);
    }

    pub(crate) fn move_tail(&mut self, from: usize, into: &mut Self) {
        for row in from..self.len() {
            into.push(self.get(row));
        }
        self.truncate(from);
    }
}

impl<T: Copy + Default + arrow_buffer::ArrowNativeType> Fixed<T> {
    pub(crate) fn finish<A: ArrowPrimitiveType<Native = T>>(&mut self) -> PrimitiveArray<A> {
        PrimitiveArray::new(ScalarBuffer::from(take(&mut self.values)), self.validity.finish())
    }
}

impl Fixed<bool> {
    pub(crate) fn finish_flags(&mut self) -> ArrayRef {
        let values = take(&mut self.values);
        let bits = BooleanBuffer::collect_bool(values.len(), |row| values[row]);
        Arc::new(BooleanArray::new(bits, self.validity.finish()))
    }
}

/// Text that seldom repeats.
pub(crate) struct Text {
    ends: Vec<i32>,
    bytes: Vec<u8>,
    validity: Validity,
}

impl Default for Text {
    fn default() -> Self {
        Self { ends: vec![0], bytes: Vec::new(), validity: Validity::default() }
    }
}

impl Text {
    #[inline]
    fn end(&mut self) {
        // The decoder seals a batch long before its text nears 2 GiB.
        self.ends.push(self.bytes.len() as i32);
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) {
        self.push_ascii(text.as_bytes());
    }

    /// Appends a text of ASCII characters. Anything else would make [`Self::finish`] panic.
    #[inline]
    pub(crate) fn push_ascii(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.validity.valid();
        self.end();
    }

    pub(crate) fn push_display(&mut self, value: impl std::fmt::Display) {
        use std::io::Write as _;
        write!(self.bytes, "{value}").expect("a vector takes every write");
        self.validity.valid();
        self.end();
    }

    pub(crate) fn push_null(&mut self) {
        self.validity.null(self.len());
        self.end();
    }

    /// Makes room for rows of about the length of an IPv4 address.
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.ends.reserve(rows);
        self.bytes.reserve(rows * 15);
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len() - 1
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.bytes.len()
    }

    fn bytes_of(&self, row: usize) -> &[u8] {
        &self.bytes[self.ends[row] as usize..self.ends[row + 1] as usize]
    }

    fn get(&self, row: usize) -> Option<&str> {
        self.validity.get(row).then(|| std::str::from_utf8(self.bytes_of(row)).expect("only text was pushed"))
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.ends.truncate(rows + 1);
        self.bytes.truncate(self.ends[rows] as usize);
        self.validity.truncate(rows);
    }

    pub(crate) fn move_tail(&mut self, from: usize, into: &mut Self) {
        for row in from..self.len() {
            match self.get(row) {
                Some(text) => into.push(text),
                None => into.push_null(),
            }
        }
        self.truncate(from);
    }

    pub(crate) fn finish(&mut self) -> StringArray {
        let room = self.ends.len();
        let mut next = Vec::with_capacity(room);
        next.push(0);
        let ends = std::mem::replace(&mut self.ends, next);
        StringArray::new(
            OffsetBuffer::new(ScalarBuffer::from(ends)),
            Buffer::from_vec(take(&mut self.bytes)),
            self.validity.finish(),
        )
    }
}

/// Text that repeats: each value is kept once.
#[derive(Default)]
pub(crate) struct Words {
    keys: Fixed<i32>,
    values: Text,
    known: HashMap<Box<str>, i32>,
    last: Option<i32>,
    preset: &'static [&'static str],
}

impl Words {
    /// Makes a column whose first values are known beforehand, so that [`Self::push_preset`] can name them.
    pub(crate) fn with(preset: &'static [&'static str]) -> Self {
        let mut words = Self { preset, ..Self::default() };
        words.begin();
        words
    }

    fn begin(&mut self) {
        self.known.clear();
        self.last = None;
        for word in self.preset {
            self.key(word);
        }
    }

    pub(crate) fn reserve(&mut self, rows: usize) {
        self.keys.reserve(rows);
    }

    fn key(&mut self, text: &str) -> i32 {
        if let Some(last) = self.last
            && self.values.bytes_of(last as usize) == text.as_bytes()
        {
            return last;
        }
        let key = match self.known.get(text) {
            Some(&key) => key,
            None => {
                let key = self.fresh(text);
                self.known.insert(text.into(), key);
                key
            }
        };
        self.last = Some(key);
        key
    }

    fn fresh(&mut self, text: &str) -> i32 {
        self.values.push(text);
        // A batch has fewer rows than i32::MAX, and each row brings at most one value.
        self.values.len() as i32 - 1
    }

    /// Appends the preset value of that position.
    #[inline]
    pub(crate) fn push_preset(&mut self, key: i32) {
        assert!(key >= 0 && (key as usize) < self.preset.len(), "a word that is not preset");
        self.keys.push(Some(key));
    }

    pub(crate) fn push(&mut self, text: Option<&str>) {
        self.push_n(text, 1);
    }

    pub(crate) fn push_n(&mut self, text: Option<&str>, n: usize) {
        let key = text.map(|text| self.key(text));
        self.keys.push_n(key, n);
    }

    /// Appends a value that is known not to have come before.
    pub(crate) fn push_fresh(&mut self, text: &str, n: usize) {
        let key = self.fresh(text);
        self.keys.push_n(Some(key), n);
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.values.text_bytes()
    }

    pub(crate) fn truncate(&mut self, rows: usize) {
        self.keys.truncate(rows);
    }

    pub(crate) fn move_tail(&mut self, from: usize, into: &mut Self) {
        for row in from..self.keys.len() {
            into.push(self.keys.get(row).and_then(|key| self.values.get(key as usize)));
        }
        self.truncate(from);
    }

    pub(crate) fn finish(&mut self) -> ArrayRef {
        let keys = self.keys.finish::<Int32Type>();
        let values = self.values.finish();
        self.begin();
        // SAFETY: keys are positions in `values`: `key` and `fresh` return no others, preset ones are checked and are put into
        // every batch, and where there is no value the key is 0 and not looked at. Checking each again takes 2 % of ingestion.
        Arc::new(unsafe { DictionaryArray::new_unchecked(keys, Arc::new(values)) })
    }
}
