//! What a check says of a source.

use flowglass_codec::Limits;
use flowglass_ingest::source::Filter;
use flowglass_ingest::{WatchOptions, check};
use flowglass_test_s3::Call;

use crate::fixtures::{BUCKET, key, open, server, spec, stream};

/// An object of some records.
pub(crate) fn object(records: usize) -> String {
    let record = r#"{"start_time":"2021-12-14T13:00:01Z","end_time":"2021-12-14T13:00:02Z",
        "connection_start_time":"2021-12-14T13:00:01Z","direction":"I","action":"rejected","initiator_ip":"92.63.197.61",
        "target_ip":"10.240.0.4","initiator_port":44000,"target_port":22,"transport_protocol":6,"ether_type":"IPv4",
        "was_initiated":true,"was_terminated":false,"bytes_from_initiator":54,"packets_from_initiator":1,
        "bytes_from_target":0,"packets_from_target":0,"cumulative_bytes_from_initiator":54,
        "cumulative_packets_from_initiator":1,"cumulative_bytes_from_target":0,"cumulative_packets_from_target":0}"#;
    format!(
        r#"{{"version":"0.0.1","capture_start_time":"2021-12-14T13:00:00Z","capture_end_time":"2021-12-14T13:05:00Z",
            "state":"ok","number_of_flow_logs":{records},"flow_logs":[{}]}}"#,
        vec![record; records].join(",")
    )
}

#[tokio::test]
async fn a_small_source_is_counted() {
    let server = server();
    let mut bytes = 0;
    for (vnic, record_type) in [("0717-1", "egress"), ("0717-1", "ingress"), ("0717-2", "egress")] {
        let stream = stream("A", "us-south", "r006-1", vnic, record_type);
        for hour in ["2021-12-13T23", "2021-12-14T13"] {
            bytes += object(2).len() as u64;
            server.put(BUCKET, &key(&stream, hour, 0), object(2)).expect("stored");
        }
    }
    server.put(BUCKET, "a/../b", "x").expect("stored");
    let source = open(&spec(&server)).await;
    let report = check(&source, &Filter::default(), Limits::default(), &WatchOptions::default())
        .await
        .expect("a report");
    assert_eq!((report.vnics, report.streams, report.objects, report.bytes), (2, 3, 6, bytes));
    assert!(report.exact && report.how == "every object was listed", "{report:#?}");
    assert_eq!(
        (report.first_day.as_deref(), report.last_day.as_deref()),
        (Some("2021-12-13"), Some("2021-12-14"))
    );
    assert_eq!(report.samples.len(), 6);
    assert!(
        report.samples.iter().all(|sample| sample.records == 2 && sample.problem.is_none()),
        "{report:#?}"
    );
    assert_eq!((report.expected_records, report.expected_lake_bytes), (12, 12 * 26 + 600));
    assert_eq!(report.warnings, ["a/../b: name that cannot be written in UTF-8 or in a URL"]);
    assert!(report.list_calls_a_day > 3 * 2 * 1440, "{}", report.list_calls_a_day);
    let counters = server.counters();
    assert_eq!(
        counters.of(Call::Put) + counters.of(Call::Delete) + counters.of(Call::Multipart),
        0,
        "writes nothing"
    );
}

#[tokio::test]
async fn a_large_source_is_estimated() {
    let server = server();
    let streams: Vec<_> =
        (0..20).map(|vnic| stream("A", "us-south", "r006-1", &format!("0717-{vnic:02}"), "egress")).collect();
    for stream in &streams {
        for day in 1..=4 {
            for number in 0..288_u32 {
                let hour = format!("2021-12-{day:02}T{:02}", number / 12);
                server.put(BUCKET, &key(stream, &hour, number), object(1)).expect("stored");
            }
        }
    }
    let source = open(&spec(&server)).await;
    let report = check(&source, &Filter::default(), Limits::default(), &WatchOptions::default())
        .await
        .expect("a report");
    assert_eq!((report.objects, report.exact), (20 * 4 * 288, false), "{report:#?}");
    assert!(
        report.how.starts_with("estimated: the objects of one recent day in 8 of 20 streams"),
        "{}",
        report.how
    );
    assert_eq!(
        (report.first_day.as_deref(), report.last_day.as_deref()),
        (Some("2021-12-01"), Some("2021-12-04"))
    );
    assert_eq!(report.expected_records, report.objects);
    assert!(report.calls.lists < 400, "{:?}", report.calls);
}

/// Most vNICs are quiet: most objects are empty, and the records are in a few.
#[tokio::test]
async fn records_are_estimated_where_most_objects_are_empty() {
    let root = tempfile::tempdir().expect("a folder");
    let mut records = 0;
    for number in 0..600_usize {
        // Gaps of no rhythm: busy objects of 1 to 400 records, 1 in about 15.
        let busy = (number * 7919) % 97 < 6;
        let count = if busy { 1 + (number * 31) % 400 } else { 0 };
        records += count as u64;
        std::fs::write(root.path().join(format!("{number:04}.json")), object(count)).expect("a file");
    }
    let source = open(&flowglass_ingest::SourceSpec::new(root.path().to_str().expect("UTF-8"))).await;
    let report = check(&source, &Filter::default(), Limits::default(), &WatchOptions::default())
        .await
        .expect("a report");
    let (least, most) = (records * 9 / 10, records * 11 / 10);
    assert!((least..=most).contains(&report.expected_records), "{records} records; {report:#?}");
    assert!(report.samples.len() <= 10 && report.samples.iter().any(|sample| sample.records == 0));
}

#[tokio::test]
async fn an_object_that_cannot_be_decoded_is_told() {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::write(root.path().join("note.txt"), "no flow log").expect("a file");
    let source = open(&flowglass_ingest::SourceSpec::new(root.path().to_str().expect("UTF-8"))).await;
    let report = check(&source, &Filter::default(), Limits::default(), &WatchOptions::default())
        .await
        .expect("a report");
    assert_eq!((report.objects, report.streams, report.list_calls_a_day), (1, 0, 0));
    assert!(
        report.samples[0].problem.as_ref().is_some_and(|problem| problem.contains("not one JSON")),
        "{report:#?}"
    );
}
