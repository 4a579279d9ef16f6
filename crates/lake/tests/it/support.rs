//! Objects and rows made for the tests.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int64Type;
use flowglass_flow::object::shard_of;
use flowglass_flow::{ObjectEntry, ObjectFacts, ObjectId, Outcome, SourceName, schema};
use flowglass_lake::{Batch, Lake};

pub(crate) const DAY: i32 = 20_000;

/// Makes an object of `rows` records in a window that starts `minute` minutes into `day`.
pub(crate) fn object(
    key: &str,
    etag: &str,
    day: i32,
    minute: i64,
    rows: usize,
) -> (ObjectEntry, RecordBatch) {
    let source = SourceName("test".to_owned());
    let id = ObjectId::of(&source, key, etag);
    let start = i64::from(day) * flowglass_flow::time::DAY + minute * 60 * flowglass_flow::time::SECOND;
    let entry = ObjectEntry {
        object_id: id,
        source,
        key: key.to_owned(),
        etag: etag.to_owned(),
        size: 100,
        last_modified: Some(start),
        recorded_at: start,
        outcome: if rows == 0 { Outcome::Empty } else { Outcome::Done },
        reason: None,
        replaces: None,
        content_hash: None,
        facts: ObjectFacts {
            day,
            capture_start_time: Some(start),
            capture_end_time: Some(start + 300 * flowglass_flow::time::SECOND),
            vnic_id: Some("vnic-1".to_owned()),
            record_type: Some("ingress".to_owned()),
            records: rows as u64,
            ..ObjectFacts::default()
        },
    };
    let text = |value: String| -> ArrayRef { Arc::new(StringArray::from(vec![value; rows])) };
    let schema = schema::flow_file();
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "object_id" => text(id.to_string()),
            "record_index" => Arc::new(Int64Array::from_iter_values(0..rows as i64)),
            "time" => {
                let times = (0..rows as i64).map(|row| start + row);
                Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
            }
            "direction" => text("I".to_owned()),
            "vnic_id" => text("vnic-1".to_owned()),
            "initiator_ip" => {
                Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("192.0.2.{}", row % 250))))
            }
            "target_ip" => text("10.0.0.4".to_owned()),
            "target_port" => Arc::new(Int32Array::from(vec![22; rows])),
            _ => arrow::array::new_null_array(field.data_type(), rows),
        }
    });
    let batch = RecordBatch::try_new(std::sync::Arc::clone(&schema), columns.collect()).unwrap();
    (entry, batch)
}

pub(crate) fn batch(lake: &Lake, objects: Vec<(ObjectEntry, RecordBatch)>) -> Batch {
    let shard = shard_of(&objects[0].0.source, &objects[0].0.key, lake.shards());
    let rows = objects.iter().map(|(entry, rows)| (entry.facts.day, rows.clone())).collect();
    Batch {
        shard,
        objects: objects.into_iter().map(|(entry, _)| entry).collect(),
        rows,
        again: HashSet::new(),
    }
}

/// Reads every row of the lake as (object id, record index), sorted.
pub(crate) async fn rows(lake: &Lake) -> Vec<(String, i64)> {
    let snapshot = lake.refresh().await.unwrap();
    let mut found = Vec::new();
    for file in snapshot.flows.files.values() {
        for batch in read(lake, &file.path).await {
            let ids = arrow::compute::cast(
                batch.column_by_name("object_id").unwrap(),
                &arrow::datatypes::DataType::Utf8,
            );
            let ids = ids.unwrap();
            let index = batch.column_by_name("record_index").unwrap().as_primitive::<Int64Type>().clone();
            let ids = ids.as_string::<i32>();
            found.extend((0..batch.num_rows()).map(|row| (ids.value(row).to_owned(), index.value(row))));
        }
    }
    found.sort();
    found
}

pub(crate) async fn read(lake: &Lake, path: &str) -> Vec<RecordBatch> {
    use object_store::ObjectStoreExt;
    let body = lake.flows().store().get(&path.into()).await.unwrap().bytes().await.unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(body)
        .unwrap()
        .build()
        .unwrap();
    reader.map(|batch| batch.unwrap()).collect()
}

/// The rows objects should have.
pub(crate) fn expected(objects: &[&ObjectEntry]) -> Vec<(String, i64)> {
    let rows = |entry: &&ObjectEntry| {
        let id = entry.object_id.to_string();
        (0..entry.facts.records as i64).map(move |row| (id.clone(), row)).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = objects.iter().flat_map(rows).collect();
    all.sort();
    all
}

/// The ledger's rows as (key, etag, outcome), sorted: folded ones from the table, others from manifests.
pub(crate) async fn ledger(lake: &Lake) -> Vec<(String, String, String)> {
    let entries = lake.ledger_entries().await.unwrap();
    let mut rows: Vec<_> =
        entries.into_iter().map(|e| (e.key, e.etag, e.outcome.as_str().to_owned())).collect();
    rows.sort();
    rows
}
