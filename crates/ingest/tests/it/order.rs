//! Newest day first, streams, and the hours that watch looks at.

use std::collections::BTreeSet;

use flowglass_ingest::source::{Filter, HourFolder};
use flowglass_test_s3::{Call, Faults};
use futures::StreamExt;

use crate::fixtures::{BUCKET, key, keys, micros, next_key, open, server, spec, stream};

fn streams() -> Vec<String> {
    let pairs = [("0717-1", "egress"), ("0717-1", "ingress"), ("0717-2", "egress")];
    pairs.map(|(vnic, record_type)| stream("A", "us-south", "r006-1", vnic, record_type)).to_vec()
}

fn day(key: &str) -> String {
    let at = key.find("year=").expect("a date");
    key[at..at + "year=2021/month=12/day=14".len()].to_owned()
}

#[tokio::test]
async fn newest_day_first_over_all_streams() {
    let server = server();
    let mut dated = 0;
    for (index, stream) in streams().iter().enumerate() {
        for hour in [
            "2020-12-31T05",
            "2021-01-01T00",
            "2021-02-28T07",
            "2021-12-13T24",
            "2021-12-14T13",
            "2021-12-14T14",
        ] {
            if index != 1 || !hour.starts_with("2020") {
                server.put(BUCKET, &key(stream, hour, 0), "x").expect("stored");
                dated += 1;
            }
        }
    }
    server.put(BUCKET, "ibm_vpc_flowlogs_v0/old", "x").expect("stored");
    server.put(BUCKET, &format!("{}year=20x1/odd", streams()[0]), "x").expect("stored");
    for faults in [Faults::default(), Faults { unsorted: true, duplicate_entries: 0.5, ..Faults::default() }]
    {
        server.set_faults(faults);
        let keys = keys(&open(&spec(&server)).await, &Filter::default()).await;
        assert_eq!(keys.len(), dated + 2);
        let days: Vec<_> = keys[..dated].iter().map(|key| day(key)).collect();
        assert!(days.is_sorted_by(|a, b| a >= b), "{days:#?}");
        assert!(keys[dated..].iter().all(|key| key.ends_with("old") || key.ends_with("odd")));
    }
}

#[tokio::test]
async fn the_first_objects_come_before_the_backlog_is_listed() {
    let server = server();
    for stream in streams() {
        for year in 2010..2022 {
            for month in 1..=12 {
                server
                    .put(BUCKET, &key(&stream, &format!("{year}-{month:02}-03T04"), 0), "x")
                    .expect("stored");
            }
        }
    }
    let source = open(&spec(&server)).await;
    server.reset_counters();
    let mut listing = source.list(&Filter::default());
    for _ in 0..3 {
        let key = next_key(&mut listing).await.expect("an object");
        assert_eq!(day(&key), "year=2021/month=12/day=03");
    }
    drop(listing);
    let calls = server.counters().of(Call::List);
    assert!(
        calls < 60,
        "{calls} calls before the third object: 12 years x 12 months x 3 streams would be 432"
    );
}

#[tokio::test]
async fn few_days_are_asked_for_directly() {
    let server = server();
    for stream in streams() {
        for month in 1..=12 {
            server.put(BUCKET, &key(&stream, &format!("2021-{month:02}-14T13"), 0), "x").expect("stored");
        }
    }
    let source = open(&spec(&server)).await;
    server.reset_counters();
    let filter = Filter {
        since: micros("2021-12-14T12:00:00Z"),
        until: micros("2021-12-14T18:00:00Z"),
        ..Filter::default()
    };
    assert_eq!(keys(&source, &filter).await.len(), 3);
    let counters = server.counters();
    let by_day = counters.recent.iter().filter(|request| request.query.contains("day%3D")).count();
    assert_eq!(by_day, 3);
    assert!(counters.recent.iter().all(|request| by_day == 3 && !request.query.contains("month%3D12%2F&")));
}

#[tokio::test]
async fn streams_are_found_and_their_hours_listed() {
    let server = server();
    let wanted = streams();
    for stream in &wanted {
        for hour in ["2021-12-13T23", "2021-12-13T24", "2021-12-14T00", "2021-12-14T01"] {
            for number in 0..3 {
                server.put(BUCKET, &key(stream, hour, number), "x").expect("stored");
            }
        }
    }
    server.put(BUCKET, "ibm_vpc_flowlogs_v0/old", "x").expect("stored");
    let source = open(&spec(&server)).await;
    let found = source.streams(&Filter::default()).await.expect("streams");
    assert_eq!(found.iter().collect::<BTreeSet<_>>(), wanted.iter().collect());
    let filter = Filter { vnics: vec!["0717-2".into()], ..Filter::default() };
    assert_eq!(source.streams(&filter).await.expect("streams"), wanted[2..]);

    server.set_faults(Faults {
        duplicate_entries: 0.5,
        duplicate_pages: 0.5,
        unsorted: true,
        ..Faults::default()
    });
    server.reset_counters();
    let hours = HourFolder::around(micros("2021-12-14T00:20:00Z").expect("a time"));
    let items: Vec<_> = source.list_recent(&wanted[1], &hours).collect().await;
    let keys: BTreeSet<_> = items.into_iter().map(|item| format!("{:?}", item.expect("an item"))).collect();
    assert_eq!(keys.len(), 9, "hours 23, 24 and 0");
    assert!(server.counters().of(Call::List) <= 6, "one call an hour folder, and pages given twice");
}
