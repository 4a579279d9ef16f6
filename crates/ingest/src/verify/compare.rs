//! Rows as sums of hashes, and what differs where the sums do.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use arrow::row::{RowConverter, SortField};
use arrow::util::display::array_value_to_string;
use flowglass_codec::{BatchDecoder, Limits};
use flowglass_flow::{ObjectEntry, ObjectId, Outcome, schema};
use flowglass_lake::as_stored;

use crate::source::Fetched;

/// A sum over the hashes of some rows: equal for the same rows in any order, different when one is missing, changed or
/// there twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) rows: u64,
    sum: u128,
}

/// Digests of rows by object.
#[derive(Default)]
pub(super) struct Rows {
    digests: HashMap<ObjectId, Digest>,
    converter: Option<RowConverter>,
}

/// An object that was decoded again.
pub(super) struct Decoded {
    pub(super) entry: ObjectEntry,
    pub(super) digest: Digest,
    /// What is wrong beside the rows.
    pub(super) problem: Option<String>,
    fetched: Fetched,
}

/// Rows of a few objects.
pub(super) struct Picked {
    wanted: HashSet<ObjectId>,
    rows: HashMap<ObjectId, Vec<RecordBatch>>,
}

impl Decoded {
    /// Gives the bytes up: nobody will look into them.
    pub(super) fn forget_bytes(&mut self) {
        self.fetched.bytes = bytes::Bytes::new();
    }
}

impl Rows {
    /// Adds rows in the columns of [`schema::flow_file`].
    pub(super) fn add(&mut self, rows: &RecordBatch) {
        let converter = self.converter.get_or_insert_with(|| {
            let fields = schema::flow_file()
                .fields()
                .iter()
                .map(|field| SortField::new(field.data_type().clone()))
                .collect();
            RowConverter::new(fields).expect("all columns are plain")
        });
        let encoded = converter.convert_columns(rows.columns()).expect("the columns are those of the schema");
        let ids = column(rows, "object_id");
        let ids = ids.as_string::<i32>();
        let mut last: Option<(&str, ObjectId)> = None;
        for (row, encoded) in encoded.iter().enumerate() {
            let text = if ids.is_valid(row) { ids.value(row) } else { "" };
            let id = match last {
                Some((known, id)) if known == text => id,
                // A row without a proper id belongs to no object: it is told as one of the id of zeros.
                _ => text.parse().unwrap_or(ObjectId([0; 16])),
            };
            last = Some((text, id));
            let hash = blake3::hash(encoded.as_ref());
            let number =
                u128::from_le_bytes(*hash.as_bytes().first_chunk::<16>().expect("a hash has 32 bytes"));
            let digest = self.digests.entry(id).or_default();
            digest.rows += 1;
            digest.sum = digest.sum.wrapping_add(number);
        }
    }

    /// Returns the digests.
    pub(super) fn digests(self) -> HashMap<ObjectId, Digest> {
        self.digests
    }
}

impl Picked {
    pub(super) fn of(wanted: HashSet<ObjectId>) -> Self {
        Self { wanted, rows: HashMap::new() }
    }

    /// Keeps the rows of the wanted objects; some thousands of each.
    pub(super) fn add(&mut self, rows: &RecordBatch) {
        const MOST_BATCHES: usize = 64;
        for (id, start, length) in runs(rows) {
            if self.wanted.contains(&id) {
                let kept = self.rows.entry(id).or_default();
                if kept.len() < MOST_BATCHES {
                    kept.push(rows.slice(start, length));
                }
            }
        }
    }

    /// Says the first difference between the rows kept here and those of an object.
    pub(super) fn difference(&self, decoded: &Decoded, limits: Limits) -> Option<String> {
        let here = by_index(self.rows.get(&decoded.entry.object_id).map_or(&[][..], Vec::as_slice));
        if let Some((index, rows)) = here.iter().find(|(_, rows)| rows.len() > 1) {
            return Some(format!("record {index} is in the lake {} times", rows.len()));
        }
        let mut decoder = BatchDecoder::new(limits);
        decoder.push(decoded.entry.object_id, &decoded.entry.key, &decoded.fetched.bytes).ok()?;
        let there: Vec<RecordBatch> =
            decoder.finish().iter().map(|rows| as_stored(&rows.batch)).collect::<Result<_, _>>().ok()?;
        let there = by_index(&there);
        if let Some((index, _)) = there.iter().find(|(index, _)| !here.contains_key(index)) {
            return Some(format!("record {index} is not in the lake"));
        }
        if let Some((index, _)) = here.iter().find(|(index, _)| !there.contains_key(index)) {
            return Some(format!("the lake has a record {index}, the bucket has none"));
        }
        there.iter().find_map(|(index, theirs)| different_column(*index, &here[index][0], &theirs[0]))
    }
}

/// Decodes objects on a thread.
pub(super) async fn decode(bodies: Vec<(ObjectEntry, Fetched)>, limits: Limits) -> Vec<Decoded> {
    let decoding = tokio::task::spawn_blocking(move || {
        let mut decoder = BatchDecoder::new(limits);
        bodies.into_iter().map(|(entry, fetched)| decode_one(&mut decoder, entry, fetched)).collect()
    });
    match decoding.await {
        Ok(decoded) => decoded,
        Err(stopped) => std::panic::resume_unwind(stopped.into_panic()),
    }
}

fn decode_one(decoder: &mut BatchDecoder, entry: ObjectEntry, fetched: Fetched) -> Decoded {
    let decoded = decoder.push(entry.object_id, &entry.key, &fetched.bytes);
    let batches = decoder.finish();
    let mut rows = Rows::default();
    let mut problem = None;
    for batch in &batches {
        match as_stored(&batch.batch) {
            Ok(batch) => rows.add(&batch),
            Err(error) => problem = Some(error.to_string()),
        }
    }
    let digest = rows.digests().remove(&entry.object_id).unwrap_or_default();
    let facts = match decoded {
        Ok(facts) => facts,
        Err(error) => {
            let problem = Some(format!("the ledger says {}, but the object {error}", entry.outcome.as_str()));
            return Decoded { entry, digest, problem, fetched };
        }
    };
    let outcome = match (facts.unreadable, facts.records) {
        (0, 0) => Outcome::Empty,
        (0, _) => Outcome::Done,
        _ => Outcome::Partial,
    };
    if outcome != entry.outcome {
        let (ledger, bucket) = (entry.outcome.as_str(), outcome.as_str());
        problem.get_or_insert_with(|| format!("the ledger says {ledger}, the bucket's object is {bucket}"));
    }
    if facts.day != entry.facts.day {
        let day = flowglass_flow::time::format_day;
        let (ledger, bucket) = (day(entry.facts.day), day(facts.day));
        problem.get_or_insert_with(|| format!("it lies in day {ledger} and belongs to {bucket}"));
    }
    Decoded { entry, digest, problem, fetched }
}

fn column<'a>(rows: &'a RecordBatch, name: &str) -> &'a ArrayRef {
    rows.column_by_name(name).expect("the columns are those of the schema")
}

/// Returns the stretches of rows of one object: id, start, length.
fn runs(rows: &RecordBatch) -> Vec<(ObjectId, usize, usize)> {
    let ids = column(rows, "object_id").as_string::<i32>();
    let mut found = Vec::new();
    let mut start = 0;
    while start < rows.num_rows() {
        let end = (start..rows.num_rows())
            .find(|&row| ids.value(row) != ids.value(start))
            .unwrap_or(rows.num_rows());
        if let Ok(id) = ids.value(start).parse() {
            found.push((id, start, end - start));
        }
        start = end;
    }
    found
}

/// Returns the rows by their position in the object, as batches of one row.
fn by_index(batches: &[RecordBatch]) -> BTreeMap<i64, Vec<RecordBatch>> {
    let mut found: BTreeMap<i64, Vec<RecordBatch>> = BTreeMap::new();
    for batch in batches {
        let index = arrow::compute::cast(column(batch, "record_index"), &arrow::datatypes::DataType::Int64);
        let index = index.expect("a position is a number");
        for (row, index) in index.as_primitive::<Int64Type>().iter().enumerate() {
            found.entry(index.unwrap_or(-1)).or_default().push(batch.slice(row, 1));
        }
    }
    found
}

fn different_column(index: i64, here: &RecordBatch, there: &RecordBatch) -> Option<String> {
    let shown = |rows: &RecordBatch, at: usize| {
        let column = rows.column(at);
        if column.is_null(0) { Ok("null".to_owned()) } else { array_value_to_string(column, 0) }
    };
    here.schema().fields().iter().enumerate().find_map(|(at, field)| {
        if here.column(at).to_data() == there.column(at).to_data() {
            return None;
        }
        let (here, there) = (shown(here, at).ok()?, shown(there, at).ok()?);
        (here != there)
            .then(|| format!("record {index}: {} is {here} in the lake, {there} in the bucket", field.name()))
    })
}
