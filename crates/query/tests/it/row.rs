//! A row made of a few words: the oracle's input.

use std::borrow::Cow;
use std::collections::BTreeMap;

use flowglass_flow::{Kind, catalogue};
use flowglass_query::Row;

/// A row with the values given and nulls elsewhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestRow(BTreeMap<&'static str, String>);

impl TestRow {
    /// Reads `column=value` words; a value may hold anything but white space.
    pub(crate) fn of(text: &str) -> Self {
        let mut row = Self::default();
        for word in text.split_whitespace() {
            let (column, value) = word.split_once('=').expect("column=value");
            row.set(column, value.replace('~', " "));
        }
        row
    }

    pub(crate) fn set(&mut self, column: &str, value: String) {
        let field = catalogue::find(column).unwrap_or_else(|| panic!("no column {column}"));
        self.0.insert(field.name, value);
    }

    fn of_kind(&self, column: &str, kinds: &[Kind]) -> Option<&str> {
        let field = catalogue::find(column)?;
        kinds.contains(&field.kind).then(|| self.0.get(column).map(String::as_str)).flatten()
    }
}

impl Row for TestRow {
    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        self.of_kind(column, &[Kind::Text, Kind::Address, Kind::Crn, Kind::Json]).map(Cow::Borrowed)
    }

    fn integer(&self, column: &str) -> Option<i64> {
        if let Some(text) = self.of_kind(column, &[Kind::Time]) {
            return text.parse().ok().or_else(|| flowglass_flow::time::parse(text.as_bytes()));
        }
        self.of_kind(column, &[Kind::Integer, Kind::Port, Kind::Protocol, Kind::Day])?.parse().ok()
    }

    fn boolean(&self, column: &str) -> Option<bool> {
        self.of_kind(column, &[Kind::Boolean])?.parse().ok()
    }
}
