//! Rows of our own making, in a lake and as the query language sees them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::DataType;
use flowglass_flow::{ObjectEntry, ObjectFacts, ObjectId, Outcome, RowId, SourceName, schema, time};
use flowglass_lake::read::{Reader, ReaderOptions};
use flowglass_lake::{Batch, Lake, LakeOptions, LakeViews, Writer};
use flowglass_query::{Context, Query, Row};

/// A value of a test row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum V {
    T(String),
    I(i64),
    B(bool),
}

impl From<&str> for V {
    fn from(text: &str) -> Self {
        Self::T(text.to_owned())
    }
}

impl From<String> for V {
    fn from(text: String) -> Self {
        Self::T(text)
    }
}

impl From<i64> for V {
    fn from(number: i64) -> Self {
        Self::I(number)
    }
}

impl From<bool> for V {
    fn from(truth: bool) -> Self {
        Self::B(truth)
    }
}

/// A row: columns that are not named are null.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestRow(pub(crate) BTreeMap<String, V>);

impl TestRow {
    pub(crate) fn with(mut self, column: &str, value: impl Into<V>) -> Self {
        assert!(flowglass_flow::catalogue::find(column).is_some(), "{column}");
        self.0.insert(column.to_owned(), value.into());
        self
    }
}

impl Row for TestRow {
    fn text(&self, column: &str) -> Option<Cow<'_, str>> {
        match self.0.get(column)? {
            V::T(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn integer(&self, column: &str) -> Option<i64> {
        match self.0.get(column)? {
            V::I(number) => Some(*number),
            _ => None,
        }
    }

    fn boolean(&self, column: &str) -> Option<bool> {
        match self.0.get(column)? {
            V::B(truth) => Some(*truth),
            _ => None,
        }
    }
}

fn column(name: &str, data_type: &DataType, rows: &[TestRow]) -> ArrayRef {
    match data_type {
        DataType::Utf8 => Arc::new(StringArray::from_iter(rows.iter().map(|row| row.text(name)))),
        DataType::Boolean => Arc::new(BooleanArray::from_iter(rows.iter().map(|row| row.boolean(name)))),
        DataType::Int32 => {
            let small = |row: &TestRow| row.integer(name).map(|number| i32::try_from(number).unwrap());
            Arc::new(Int32Array::from_iter(rows.iter().map(small)))
        }
        DataType::Int64 => Arc::new(Int64Array::from_iter(rows.iter().map(|row| row.integer(name)))),
        DataType::Timestamp(..) => {
            let times = TimestampMicrosecondArray::from_iter(rows.iter().map(|row| row.integer(name)));
            Arc::new(times.with_timezone("UTC"))
        }
        other => panic!("{name} is {other}"),
    }
}

/// An object to commit: what it says of itself and its rows, which get their object's id and their position.
pub(crate) struct TestObject {
    pub(crate) key: String,
    pub(crate) outcome: Outcome,
    pub(crate) facts: ObjectFacts,
    pub(crate) rows: Vec<TestRow>,
}

impl TestObject {
    pub(crate) fn new(
        key: &str,
        vnic: &str,
        record_type: &str,
        (start, end): (i64, i64),
        rows: Vec<TestRow>,
    ) -> Self {
        let facts = ObjectFacts {
            day: time::day_of(start),
            capture_start_time: Some(start),
            capture_end_time: Some(end),
            vnic_id: Some(vnic.to_owned()),
            record_type: Some(record_type.to_owned()),
            state: Some("ok".to_owned()),
            records: rows.len() as u64,
            ..ObjectFacts::default()
        };
        let outcome = if rows.is_empty() { Outcome::Empty } else { Outcome::Done };
        Self { key: key.to_owned(), outcome, facts, rows }
    }

    pub(crate) fn id(&self) -> ObjectId {
        ObjectId::of(&SourceName("test".to_owned()), &self.key, "1")
    }

    pub(crate) fn row_id(&self, index: u32) -> RowId {
        RowId { object: self.id(), index }
    }

    /// The rows as the lake holds them.
    pub(crate) fn finished(&self) -> Vec<TestRow> {
        let finish = |(index, row): (usize, &TestRow)| {
            row.clone().with("object_id", self.id().to_string()).with("record_index", index as i64)
        };
        self.rows.iter().enumerate().map(finish).collect()
    }
}

/// A lake that objects were committed to, one commit each.
pub(crate) struct TestLake {
    pub(crate) lake: Lake,
    pub(crate) writer: Writer,
    pub(crate) reader: Reader,
    /// A reader that keeps no columns.
    pub(crate) forgetful: Reader,
}

impl TestLake {
    pub(crate) async fn new(objects: &[TestObject]) -> Self {
        Self::at("memory:///lake", objects).await
    }

    pub(crate) async fn at(location: &str, objects: &[TestObject]) -> Self {
        let lake = Lake::open_or_create(location, &LakeOptions::default()).await.unwrap();
        let writer = Writer::open(&lake).await.unwrap();
        let views = Arc::new(LakeViews::new(lake.clone()));
        let options = ReaderOptions { threads: 2, column_cache_bytes: 1 << 20, ..ReaderOptions::default() };
        let forgetful =
            Reader::new(Arc::clone(&views) as _, &ReaderOptions { column_cache_bytes: 0, ..options.clone() })
                .unwrap();
        let reader = Reader::new(views, &options).unwrap();
        let mut made = Self { lake, writer, reader, forgetful };
        for object in objects {
            made.commit(object).await;
        }
        made
    }

    pub(crate) async fn commit(&mut self, object: &TestObject) {
        let rows = object.finished();
        let schema = schema::flow_file();
        let columns =
            schema.fields().iter().map(|field| column(field.name(), field.data_type(), &rows)).collect();
        let batch = RecordBatch::try_new(schema, columns).unwrap();
        let entry = ObjectEntry {
            object_id: object.id(),
            source: SourceName("test".to_owned()),
            key: object.key.clone(),
            etag: "1".to_owned(),
            size: 100,
            last_modified: None,
            recorded_at: 0,
            outcome: object.outcome,
            reason: None,
            replaces: None,
            content_hash: None,
            facts: object.facts.clone(),
        };
        let rows = if rows.is_empty() { vec![] } else { vec![(object.facts.day, batch)] };
        self.writer
            .commit(Batch { shard: 0, objects: vec![entry], rows, again: HashSet::new() })
            .await
            .unwrap();
    }
}

pub(crate) fn parse(text: &str) -> Query {
    flowglass_query::parse(text, &Context::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
}
