//! The columns of a batch: one for each field of a flow row.

use std::sync::{Arc, LazyLock};

use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use flowglass_flow::ObjectId;
use flowglass_flow::schema::flow_file;

use crate::column::{Fixed, Text, Words};
use crate::record::{ACTIONS, DIRECTIONS, ETHER_TYPES, MEMBERS, Record, Word};
use crate::value::Address;

/// Text columns with one value for all rows of an object, `object_id` apart.
pub(crate) const CONSTANTS: [&str; 19] = [
    "provider",
    "orientation",
    "state",
    "version",
    "attached_endpoint_type",
    "network_interface_id",
    "collector_crn",
    "instance_crn",
    "vpc_crn",
    "subnet_crn",
    "account_id",
    "region",
    "zone",
    "vpc_id",
    "subnet_id",
    "instance_id",
    "vnic_id",
    "record_type",
    "stream_id",
];

/// What all rows of an object have in common.
#[derive(Debug)]
pub(crate) struct Common<'o> {
    pub object_id: ObjectId,
    /// In the order of [`CONSTANTS`].
    pub constants: [Option<&'o str>; CONSTANTS.len()],
    pub capture_start_time: Option<i64>,
    pub capture_end_time: Option<i64>,
    pub sequence_number: Option<i64>,
}

/// Columns that repeat within a batch.
fn repeats(name: &str) -> bool {
    CONSTANTS.contains(&name) || ["object_id", "direction", "action", "ether_type", "extra"].contains(&name)
}

/// Schema of a decoded batch: [`flow_file`], with a dictionary of 32-bit keys for every text column that repeats.
pub fn batch_schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
        let words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let fields: Vec<_> = flow_file()
            .fields()
            .iter()
            .map(|field| match repeats(field.name()) {
                true => Arc::new(Field::new(field.name(), words.clone(), true)),
                false => Arc::clone(field),
            })
            .collect();
        Arc::new(Schema::new(fields))
    });
    Arc::clone(&SCHEMA)
}

/// Columns being filled.
pub(crate) struct Columns {
    record_index: Fixed<i64>,
    times: [Fixed<i64>; 3],
    words: [Words; 3],
    addresses: [Text; 2],
    ports: [Fixed<i32>; 3],
    flags: [Fixed<bool>; 2],
    counters: [Fixed<i64>; 8],
    // From here on filled once per object, when its header is known.
    time: Fixed<i64>,
    object_id: Words,
    constants: [Words; CONSTANTS.len()],
    captures: [Fixed<i64>; 2],
    sequence_number: Fixed<i64>,
    extra: Words,
}

impl Columns {
    pub(crate) fn new() -> Self {
        Self {
            record_index: Fixed::default(),
            times: Default::default(),
            words: [Words::with(DIRECTIONS), Words::with(ACTIONS), Words::with(ETHER_TYPES)],
            addresses: Default::default(),
            ports: Default::default(),
            flags: Default::default(),
            counters: Default::default(),
            time: Fixed::default(),
            object_id: Words::default(),
            constants: Default::default(),
            captures: Default::default(),
            sequence_number: Fixed::default(),
            extra: Words::default(),
        }
    }

    /// Rows, those of an object not yet completed included.
    pub(crate) fn record_rows(&self) -> usize {
        self.record_index.len()
    }

    /// Bytes of text held.
    pub(crate) fn text_bytes(&self) -> usize {
        let words = self.words.iter().chain(&self.constants).chain([&self.object_id, &self.extra]);
        let words: usize = words.map(Words::text_bytes).sum();
        words + self.addresses.iter().map(Text::text_bytes).sum::<usize>()
    }

    pub(crate) fn reserve(&mut self, records: usize) {
        self.record_index.reserve(records);
        self.times.iter_mut().for_each(|column| column.reserve(records));
        self.words.iter_mut().for_each(|column| column.reserve(records));
        self.addresses.iter_mut().for_each(|column| column.reserve(records));
        self.ports.iter_mut().for_each(|column| column.reserve(records));
        self.flags.iter_mut().for_each(|column| column.reserve(records));
        self.counters.iter_mut().for_each(|column| column.reserve(records));
    }

    /// Appends what the record itself says; [`Self::complete`] does the rest.
    #[inline]
    pub(crate) fn push_record(&mut self, index: i64, record: &Record<'_>) {
        self.record_index.push(Some(index));
        for (column, time) in self.times.iter_mut().zip(&record.times) {
            column.push(*time);
        }
        for (column, word) in self.words.iter_mut().zip(&record.words) {
            match word {
                Word::Preset(key) => column.push_preset(*key),
                Word::Null => column.push(None),
                Word::Other(text) => column.push(Some(text)),
            }
        }
        for (column, address) in self.addresses.iter_mut().zip(&record.addresses) {
            match address {
                Some(Address::Canonical(text)) => column.push_ascii(text),
                Some(Address::Parsed(address)) => column.push_display(address),
                None => column.push_null(),
            }
        }
        for (column, port) in self.ports.iter_mut().zip(&record.ports) {
            column.push(*port);
        }
        for (column, flag) in self.flags.iter_mut().zip(&record.flags) {
            column.push(*flag);
        }
        for (column, counter) in self.counters.iter_mut().zip(&record.counters) {
            column.push(*counter);
        }
    }

    /// Earliest start of the rows from `begin` on.
    pub(crate) fn earliest_start(&self, begin: usize) -> Option<i64> {
        (begin..self.record_rows()).filter_map(|row| self.times[0].get(row)).min()
    }

    /// Fills the columns that all rows from `begin` on have in common.
    ///
    /// `seen_time` is called with every `time`; `extras` are the texts of rows (counted from `begin`) with unknown members of
    /// their own, in row order, and `extra` is that of all others.
    pub(crate) fn complete(
        &mut self,
        begin: usize,
        common: &Common<'_>,
        extra: Option<&str>,
        extras: &[(usize, String)],
        mut seen_time: impl FnMut(i64),
    ) {
        let n = self.record_rows() - begin;
        if n == 0 {
            return;
        }
        for row in begin..begin + n {
            let time = self.times[0].get(row).or(common.capture_start_time);
            time.into_iter().for_each(&mut seen_time);
            self.time.push(time);
        }
        let id = common.object_id.to_hex();
        self.object_id.push_fresh(std::str::from_utf8(&id).expect("hexadecimal digits are ASCII"), n);
        for (column, value) in self.constants.iter_mut().zip(common.constants) {
            column.push_n(value, n);
        }
        self.captures[0].push_n(common.capture_start_time, n);
        self.captures[1].push_n(common.capture_end_time, n);
        self.sequence_number.push_n(common.sequence_number, n);
        let mut at = 0;
        for (row, text) in extras {
            self.extra.push_n(extra, row - at);
            self.extra.push(Some(text));
            at = row + 1;
        }
        self.extra.push_n(extra, n - at);
    }

    /// Cuts back to so many rows.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.record_index.truncate(rows);
        self.times.iter_mut().for_each(|column| column.truncate(rows));
        self.words.iter_mut().for_each(|column| column.truncate(rows));
        self.addresses.iter_mut().for_each(|column| column.truncate(rows));
        self.ports.iter_mut().for_each(|column| column.truncate(rows));
        self.flags.iter_mut().for_each(|column| column.truncate(rows));
        self.counters.iter_mut().for_each(|column| column.truncate(rows));
    }

    /// Moves the rows of a not yet completed object, from `from` on, to the columns of another day.
    pub(crate) fn move_tail(&mut self, from: usize, into: &mut Self) {
        fn each<T>(ours: &mut [T], theirs: &mut [T], mut move_tail: impl FnMut(&mut T, &mut T)) {
            ours.iter_mut().zip(theirs).for_each(|(a, b)| move_tail(a, b));
        }
        self.record_index.move_tail(from, &mut into.record_index);
        each(&mut self.times, &mut into.times, |a, b| a.move_tail(from, b));
        each(&mut self.words, &mut into.words, |a, b| a.move_tail(from, b));
        each(&mut self.addresses, &mut into.addresses, |a, b| a.move_tail(from, b));
        each(&mut self.ports, &mut into.ports, |a, b| a.move_tail(from, b));
        each(&mut self.flags, &mut into.flags, |a, b| a.move_tail(from, b));
        each(&mut self.counters, &mut into.counters, |a, b| a.move_tail(from, b));
    }

    /// Takes the rows out as a batch.
    pub(crate) fn finish(&mut self) -> RecordBatch {
        let mut columns: Vec<(&str, ArrayRef)> = Vec::with_capacity(64);
        columns.push(("record_index", Arc::new(self.record_index.finish::<Int64Type>())));
        let mut times = |name, column: &mut Fixed<i64>| {
            let array: PrimitiveArray<TimestampMicrosecondType> = column.finish();
            columns.push((name, Arc::new(array.with_timezone("UTC"))));
        };
        times("time", &mut self.time);
        times("capture_start_time", &mut self.captures[0]);
        times("capture_end_time", &mut self.captures[1]);
        for (name, column) in MEMBERS[..3].iter().zip(&mut self.times) {
            times(name, column);
        }
        for (name, column) in [3, 4, 10].into_iter().zip(&mut self.words) {
            columns.push((MEMBERS[name], column.finish()));
        }
        for (name, column) in MEMBERS[5..7].iter().zip(&mut self.addresses) {
            columns.push((name, Arc::new(column.finish())));
        }
        for (name, column) in MEMBERS[7..10].iter().zip(&mut self.ports) {
            columns.push((name, Arc::new(column.finish::<Int32Type>())));
        }
        for (name, column) in MEMBERS[11..13].iter().zip(&mut self.flags) {
            columns.push((name, column.finish_flags()));
        }
        for (name, column) in MEMBERS[13..].iter().zip(&mut self.counters) {
            columns.push((name, Arc::new(column.finish::<Int64Type>())));
        }
        for (name, column) in CONSTANTS.iter().zip(&mut self.constants) {
            columns.push((name, column.finish()));
        }
        columns.push(("object_id", self.object_id.finish()));
        columns.push(("sequence_number", Arc::new(self.sequence_number.finish::<Int64Type>())));
        columns.push(("extra", self.extra.finish()));
        // The catalogue gives the order; a field that nothing here fills is a bug that any test would find.
        let ordered = batch_schema()
            .fields()
            .iter()
            .map(|field| {
                let found = columns.iter().find(|(name, _)| name == field.name());
                Arc::clone(&found.expect("every field of the catalogue is filled").1)
            })
            .collect();
        RecordBatch::try_new(batch_schema(), ordered)
            .expect("columns have the types and length of the schema")
    }
}
