//! Helpers of the tests.

use std::fmt::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use flowglass_codec::{DayBatch, DecodeError, Limits, ObjectFacts};
use flowglass_flow::time;

use crate::agree::agreed;

pub(crate) const KEY: &str = "ibm_vpc_flowlogs_v1/account=acc/region=us-south/vpc-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south%3Aa%2Facc%3A%3Avpc%3Ar006-vpc/subnet-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south-2%3Aa%2Facc%3A%3Asubnet%3A0727-sub/endpoint-type=vnics/instance-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south-2%3Aa%2Facc%3A%3Ainstance%3A0727_ins/vnic-id=0727-nic/record-type=ingress/year=2021/month=12/day=14/hour=13/stream-id=20211210T183830Z/00000010.gz";

pub(crate) const HEADER: &str = r#""version":"0.0.1","collector_crn":"crn:v1:bluemix:public:is:us-south:a/acc::flow-log-collector:r006-col","attached_endpoint_type":"vnic","network_interface_id":"0727-nic","instance_crn":"crn:v1:bluemix:public:is:us-south-2:a/acc::instance:0727_ins","vpc_crn":"crn:v1:bluemix:public:is:us-south:a/acc::vpc:r006-vpc","capture_start_time":"2021-12-14T12:55:00Z","capture_end_time":"2021-12-14T13:00:00Z","state":"ok""#;

pub(crate) const RECORD: &str = r#"{"start_time":"2021-12-14T12:56:01Z","end_time":"2021-12-14T12:56:09Z","connection_start_time":"2021-12-14T12:56:01Z","direction":"I","action":"rejected","initiator_ip":"24.22.68.94","target_ip":"10.240.0.4","initiator_port":51515,"target_port":22,"transport_protocol":6,"ether_type":"IPv4","was_initiated":true,"was_terminated":false,"bytes_from_initiator":132,"packets_from_initiator":2,"bytes_from_target":0,"packets_from_target":0,"cumulative_bytes_from_initiator":132,"cumulative_packets_from_initiator":2,"cumulative_bytes_from_target":0,"cumulative_packets_from_target":0}"#;

/// An object with the usual header and the given records.
pub(crate) fn object(records: &[&str]) -> String {
    let count = records.len();
    format!(r#"{{{HEADER},"number_of_flow_logs":{count},"flow_logs":[{}]}}"#, records.join(","))
}

/// Decodes one object on both paths.
pub(crate) fn decode(key: &str, body: &[u8]) -> (Result<ObjectFacts, DecodeError>, Vec<DayBatch>) {
    let (mut facts, batches) = agreed(Limits::default(), &[(key, body)]);
    (facts.remove(0), batches)
}

/// Decodes one readable object with rows.
pub(crate) fn rows(key: &str, body: &str) -> (ObjectFacts, RecordBatch) {
    let (facts, mut batches) = decode(key, body.as_bytes());
    assert_eq!(batches.len(), 1, "{facts:?}");
    (facts.expect("a readable object"), batches.remove(0).batch)
}

/// The object's only problem.
pub(crate) fn problem(body: &str) -> String {
    let (facts, _) = decode(KEY, body.as_bytes());
    let facts = facts.expect("a readable object");
    let [problem] = facts.problems.as_slice() else { panic!("{:?}", facts.problems) };
    match problem.index {
        Some(index) => format!("{index}: {}", problem.reason),
        None => problem.reason.clone(),
    }
}

/// One cell as text; `-` for null.
pub(crate) fn cell(batch: &RecordBatch, column: &str, row: usize) -> String {
    let array = batch.column_by_name(column).unwrap_or_else(|| panic!("no column {column}"));
    if array.is_null(row) {
        return "-".to_owned();
    }
    match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        DataType::Dictionary(..) => {
            let words = array.as_dictionary::<Int32Type>();
            words.values().as_string::<i32>().value(words.keys().value(row) as usize).to_owned()
        }
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Timestamp(..) => time::format(array.as_primitive::<TimestampMicrosecondType>().value(row)),
        other => panic!("no text for {other}"),
    }
}

/// A row, one column a line, nulls left out.
pub(crate) fn shown(batch: &RecordBatch, row: usize) -> String {
    let mut text = String::new();
    for field in batch.schema().fields() {
        let value = cell(batch, field.name(), row);
        if value != "-" {
            writeln!(text, "{}: {value}", field.name()).expect("text takes every write");
        }
    }
    text
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut out = vec![0; compressor.gzip_compress_bound(body.len())];
    let length = compressor.gzip_compress(body, &mut out).expect("room for the result");
    out.truncate(length);
    out
}
