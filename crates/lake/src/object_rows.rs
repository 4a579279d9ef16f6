//! Rows of the `objects` table: ledger entries to Arrow and back.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use flowglass_flow::{ObjectEntry, ObjectFacts, SourceName, schema};

use crate::error::{LakeError, Result};

/// Makes the rows of ledger entries, in the columns of an `objects` data file.
///
/// # Errors
/// If the columns do not fit the schema, which would be a defect.
pub(crate) fn to_batch(entries: &[(&ObjectEntry, u32, i64)]) -> Result<RecordBatch> {
    let text = |get: &dyn Fn(&ObjectEntry) -> Option<String>| -> ArrayRef {
        Arc::new(entries.iter().map(|(entry, ..)| get(entry)).collect::<StringArray>())
    };
    let long = |get: &dyn Fn(&ObjectEntry) -> Option<i64>| -> ArrayRef {
        Arc::new(entries.iter().map(|(entry, ..)| get(entry)).collect::<Int64Array>())
    };
    let time = |get: &dyn Fn(&ObjectEntry) -> Option<i64>| -> ArrayRef {
        let values = entries.iter().map(|(entry, ..)| get(entry)).collect::<TimestampMicrosecondArray>();
        Arc::new(values.with_timezone("UTC"))
    };
    let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let mut columns: Vec<ArrayRef> = Vec::new();
    for field in schema::object_file().fields() {
        columns.push(match field.name().as_str() {
            "object_id" => text(&|e| Some(e.object_id.to_string())),
            "source" => text(&|e| Some(e.source.0.clone())),
            "key" => text(&|e| Some(e.key.clone())),
            "etag" => text(&|e| Some(e.etag.clone())),
            "outcome" => text(&|e| Some(e.outcome.as_str().to_owned())),
            "reason" => text(&|e| e.reason.clone()),
            "replaces" => text(&|e| e.replaces.map(|id| id.to_string())),
            "size" => long(&|e| Some(count(e.size))),
            "last_modified" => time(&|e| e.last_modified),
            "recorded_at" => time(&|e| Some(e.recorded_at)),
            "records" => long(&|e| Some(count(e.facts.records))),
            "unreadable" => long(&|e| Some(count(e.facts.unreadable))),
            "declared_records" => long(&|e| e.facts.declared_records),
            "odd_times" => long(&|e| Some(count(e.facts.odd_times))),
            "problems" => text(&|e| {
                (!e.facts.problems.is_empty())
                    .then(|| serde_json::to_string(&e.facts.problems).unwrap_or_default())
            }),
            "provider" => text(&|e| e.facts.provider.clone()),
            "state" => text(&|e| e.facts.state.clone()),
            "capture_start_time" => time(&|e| e.facts.capture_start_time),
            "capture_end_time" => time(&|e| e.facts.capture_end_time),
            "account_id" => text(&|e| e.facts.account_id.clone()),
            "region" => text(&|e| e.facts.region.clone()),
            "zone" => text(&|e| e.facts.zone.clone()),
            "vpc_id" => text(&|e| e.facts.vpc_id.clone()),
            "subnet_id" => text(&|e| e.facts.subnet_id.clone()),
            "instance_id" => text(&|e| e.facts.instance_id.clone()),
            "vnic_id" => text(&|e| e.facts.vnic_id.clone()),
            "record_type" => text(&|e| e.facts.record_type.clone()),
            "stream_id" => text(&|e| e.facts.stream_id.clone()),
            "sequence_number" => long(&|e| e.facts.sequence_number),
            "own_addresses" => {
                text(&|e| (!e.facts.own_addresses.is_empty()).then(|| e.facts.own_addresses.join(",")))
            }
            "content_hash" => text(&|e| e.content_hash.clone()),
            "shard" => {
                Arc::new(entries.iter().map(|(_, shard, _)| Some(i64::from(*shard))).collect::<Int64Array>())
            }
            "manifest" => Arc::new(entries.iter().map(|(.., number)| Some(*number)).collect::<Int64Array>()),
            other => unreachable!("column {other} of the ledger has no value"),
        });
    }
    RecordBatch::try_new(schema::object_file(), columns)
        .map_err(|source| LakeError::Arrow { doing: "make ledger rows", source })
}

/// Makes the rows of ledger entries in the columns of the table `objects`, the partition included.
///
/// # Errors
/// As [`to_batch`].
pub(crate) fn to_batch_with_day(entries: &[(&ObjectEntry, u32, i64)]) -> Result<RecordBatch> {
    let mut columns = to_batch(entries)?.columns().to_vec();
    columns.push(Arc::new(entries.iter().map(|(entry, ..)| Some(entry.facts.day)).collect::<Date32Array>()));
    RecordBatch::try_new(schema::objects(), columns)
        .map_err(|source| LakeError::Arrow { doing: "make ledger rows", source })
}

/// Reads ledger entries, with their shard and manifest number, from rows in the columns of an `objects` data file.
///
/// # Errors
/// [`LakeError::Damaged`] if a column is missing or a value is not what the ledger writes.
pub(crate) fn from_batch(batch: &RecordBatch, day: i32, path: &str) -> Result<Vec<(ObjectEntry, u32, i64)>> {
    let damaged = |reason: String| LakeError::Damaged { path: path.to_owned(), reason };
    let batch = crate::parquet_file::conform(batch, &schema::object_file())?;
    let column = |name: &str| {
        batch.column_by_name(name).cloned().ok_or_else(|| damaged(format!("it has no column {name}")))
    };
    let text = |name: &str| -> Result<Vec<Option<String>>> {
        Ok(column(name)?.as_string::<i32>().iter().map(|v| v.map(str::to_owned)).collect())
    };
    let long = |name: &str| -> Result<Vec<Option<i64>>> {
        Ok(column(name)?.as_primitive::<Int64Type>().iter().collect())
    };
    let time = |name: &str| -> Result<Vec<Option<i64>>> {
        Ok(column(name)?.as_primitive::<TimestampMicrosecondType>().iter().collect())
    };
    let (mut source, mut key, mut etag) = (text("source")?, text("key")?, text("etag")?);
    let (object_id, outcome, replaces) = (text("object_id")?, text("outcome")?, text("replaces")?);
    let (mut reason, problems, mut hash) = (text("reason")?, text("problems")?, text("content_hash")?);
    let own = text("own_addresses")?;
    let (size, modified, recorded) = (long("size")?, time("last_modified")?, time("recorded_at")?);
    let (records, unreadable, odd) = (long("records")?, long("unreadable")?, long("odd_times")?);
    let (declared, sequence) = (long("declared_records")?, long("sequence_number")?);
    let (start, end) = (time("capture_start_time")?, time("capture_end_time")?);
    let mut facts = Vec::new();
    for name in [
        "provider",
        "state",
        "account_id",
        "region",
        "zone",
        "vpc_id",
        "subnet_id",
        "instance_id",
        "vnic_id",
        "record_type",
        "stream_id",
    ] {
        facts.push(text(name)?);
    }
    let (shard, number) = (long("shard")?, long("manifest")?);
    let unsigned = |value: Option<i64>| value.and_then(|v| u64::try_from(v).ok()).unwrap_or(0);
    let mut entries = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let need = |value: &Option<String>, name: &str| {
            value.clone().ok_or_else(|| damaged(format!("row {row} has no {name}")))
        };
        let id = |text: String| text.parse().map_err(|error| damaged(format!("row {row}: {error}")));
        let mut fact = facts.iter_mut().map(|values| values[row].take());
        let mut next = || fact.next().flatten();
        let entry = ObjectEntry {
            object_id: id(need(&object_id[row], "object_id")?)?,
            source: SourceName(source[row].take().unwrap_or_default()),
            key: key[row].take().unwrap_or_default(),
            etag: etag[row].take().unwrap_or_default(),
            size: unsigned(size[row]),
            last_modified: modified[row],
            recorded_at: recorded[row].unwrap_or(0),
            outcome: need(&outcome[row], "outcome")?
                .parse()
                .map_err(|error| damaged(format!("row {row}: {error}")))?,
            reason: reason[row].take(),
            replaces: match &replaces[row] {
                Some(text) => Some(id(text.clone())?),
                None => None,
            },
            content_hash: hash[row].take(),
            facts: ObjectFacts {
                day,
                provider: next(),
                state: next(),
                capture_start_time: start[row],
                capture_end_time: end[row],
                account_id: next(),
                region: next(),
                zone: next(),
                vpc_id: next(),
                subnet_id: next(),
                instance_id: next(),
                vnic_id: next(),
                record_type: next(),
                stream_id: next(),
                sequence_number: sequence[row],
                records: unsigned(records[row]),
                unreadable: unsigned(unreadable[row]),
                declared_records: declared[row],
                odd_times: unsigned(odd[row]),
                own_addresses: own[row].iter().flat_map(|list| list.split(',')).map(str::to_owned).collect(),
                problems: match &problems[row] {
                    Some(text) => serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?,
                    None => Vec::new(),
                },
            },
        };
        let shard = u32::try_from(shard[row].unwrap_or(0)).unwrap_or(0);
        entries.push((entry, shard, number[row].unwrap_or(0)));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use flowglass_flow::{ObjectId, Outcome, Problem};

    use super::*;

    #[test]
    fn round_trip() {
        let source = SourceName("s3://b".to_owned());
        let entry = ObjectEntry {
            object_id: ObjectId::of(&source, "k", "e"),
            source,
            key: "k".to_owned(),
            etag: "e".to_owned(),
            size: 7,
            last_modified: Some(5),
            recorded_at: 9,
            outcome: Outcome::Partial,
            reason: Some("why".to_owned()),
            replaces: None,
            content_hash: None,
            facts: ObjectFacts {
                day: 18_000,
                state: Some("ok".to_owned()),
                own_addresses: vec!["10.0.0.4".to_owned(), "fd00::1".to_owned()],
                stream_id: Some("20200101T000000Z".to_owned()),
                problems: vec![Problem { index: Some(3), reason: "bad".to_owned() }],
                ..ObjectFacts::default()
            },
        };
        let batch = to_batch(&[(&entry, 2, 11)]).unwrap();
        assert_eq!(from_batch(&batch, 18_000, "x").unwrap(), [(entry, 2, 11)]);
    }
}
