//! Reports against a model that knows nothing of intervals, and cases with their expected words.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowglass_flow::{ObjectFacts, ObjectId, Outcome};
use proptest::prelude::*;

use super::*;
use crate::answer::Range;

const S: i64 = 1_000_000;

fn facts(vnic: &str, record_type: &str, from: i64, to: i64) -> ObjectFacts {
    ObjectFacts {
        vnic_id: Some(vnic.to_owned()),
        record_type: Some(record_type.to_owned()),
        capture_start_time: Some(from * S),
        capture_end_time: Some(to * S),
        state: Some("ok".to_owned()),
        ..ObjectFacts::default()
    }
}

fn id(at: usize) -> ObjectId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(at as u64).to_le_bytes());
    ObjectId(id)
}

fn add(index: &mut CoverageIndex, at: usize, outcome: Outcome, facts: &ObjectFacts) {
    index.add(&ObjectSpan { object_id: id(at), outcome, facts, own_addresses: &[] });
}

fn report(index: &CoverageIndex, from: i64, to: i64, now: i64) -> CoverageReport {
    let question =
        CoverageQuestion { range: Range::new(from * S, to * S), now: now * S, ..Default::default() };
    index.report(&question)
}

/// `kind from..to` in seconds, longest first.
fn gaps(report: &CoverageReport) -> Vec<String> {
    let gap = |gap: &Gap| format!("{:?} {}..{}", gap.kind, gap.from.0 / S, gap.to.0 / S);
    report.gaps.iter().map(gap).collect()
}

#[test]
fn full_coverage_says_so() {
    let mut index = CoverageIndex::default();
    for at in 0..10 {
        // Windows three seconds apart leave no gap.
        add(&mut index, at, Outcome::Done, &facts("a", "ingress", at as i64 * 303, at as i64 * 303 + 300));
    }
    let report = report(&index, 0, 3000, 3300);
    assert_eq!(report.fraction, Some(1.0));
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.vnic_count, 1);
}

#[test]
fn every_reason_has_its_word() {
    let mut index = CoverageIndex::default();
    let windows = [
        Outcome::Expired,
        Outcome::Done,
        Outcome::Quarantined,
        Outcome::Empty,
        Outcome::Gone,
        Outcome::Partial,
    ];
    for (at, outcome) in windows.into_iter().enumerate() {
        let from = at as i64 * 300;
        add(&mut index, at, outcome, &facts("a", "ingress", from, from + 300));
    }
    add(&mut index, 9, Outcome::Done, &facts("a", "ingress", 2400, 2700));
    assert_eq!(
        gaps(&report(&index, 0, 3600, 3000)),
        ["Missing 1800..2400", "BeforeRetention 0..300", "Quarantined 600..900"]
    );
    assert_eq!(report(&index, 0, 3600, 3000).fraction, Some(1500.0 / 2700.0));
    // Two windows after its last object the vNIC is silent; its life ends there.
    let late = report(&index, 0, 3600, 3301);
    assert_eq!(gaps(&late)[0], "Silent 2700..3301");
    assert_eq!(late.fraction, Some(1500.0 / 2700.0));
    // The retried object is read: its gap closes.
    add(&mut index, 2, Outcome::Done, &facts("a", "ingress", 600, 900));
    assert_eq!(gaps(&report(&index, 0, 3600, 3000)), ["Missing 1800..2400", "BeforeRetention 0..300"]);
}

#[test]
fn unread_objects_subtract() {
    let mut index = CoverageIndex::default();
    add(&mut index, 1, Outcome::Done, &facts("a", "ingress", 0, 3600));
    let unread = [Unread { vnic_id: "a".into(), record_type: "ingress".into(), from: 600 * S, to: 900 * S }];
    let range = Range::new(0, 3600 * S);
    let report = index.report(&CoverageQuestion { range, now: 3700 * S, unread: &unread, vnics: None });
    assert_eq!(gaps(&report), ["NotRead 600..900"]);
    assert_eq!(report.fraction, Some(3300.0 / 3600.0));
}

#[test]
fn record_types_are_expected_once_seen() {
    let mut index = CoverageIndex::default();
    add(&mut index, 1, Outcome::Done, &facts("a", "ingress", 0, 600));
    add(&mut index, 2, Outcome::Done, &facts("a", "egress", 0, 300));
    let one = report(&index, 0, 600, 700);
    assert_eq!((one.fraction, gaps(&one)), (Some(0.75), vec!["Missing 300..600".to_owned()]));
    // `all` stands for both.
    add(&mut index, 3, Outcome::Done, &facts("a", "all", 300, 600));
    assert!(report(&index, 0, 600, 700).is_complete());
}

#[test]
fn lossy_windows_are_counted() {
    let mut index = CoverageIndex::default();
    add(&mut index, 1, Outcome::Done, &facts("a", "ingress", 0, 600));
    let lossy = ObjectFacts { state: Some("skip data".to_owned()), ..facts("a", "ingress", 600, 900) };
    add(&mut index, 2, Outcome::Done, &lossy);
    let report = report(&index, 0, 700, 900);
    assert_eq!((report.fraction, report.lossy_seconds, report.lossy_windows), (Some(1.0), 100, 1));
    assert!(!report.is_complete());
    assert!(index.is_lossy("a", 650 * S, 660 * S) && !index.is_lossy("a", 0, 600 * S));
}

#[test]
fn queries_pin_vnics() {
    let mut index = CoverageIndex::default();
    for (at, (vnic, instance, address)) in
        [("0717-a", "0717_i1", "10.240.0.4"), ("0717-b", "0717_i2", "10.240.64.4")].into_iter().enumerate()
    {
        let facts = ObjectFacts { instance_id: Some(instance.to_owned()), ..facts(vnic, "ingress", 0, 300) };
        let own = [address.parse().expect("valid")];
        index.add(&ObjectSpan {
            object_id: id(at),
            outcome: Outcome::Done,
            facts: &facts,
            own_addresses: &own,
        });
    }
    let asked = |text: &str| {
        let query = flowglass_query::parse(text, &flowglass_query::Context::default()).expect("valid");
        index
            .asked([&query])
            .map(|names| names.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" "))
    };
    for (query, expected) in [
        ("", None),
        ("action:rejected", None),
        ("vnic_id:0717-b", Some("0717-b")),
        ("-vnic_id:0717-b", Some("0717-a")),
        ("instance_id:0717_i1 action:rejected", Some("0717-a")),
        ("target_ip:10.240.0.4", Some("0717-a")),
        ("10.240.0.0/16", Some("0717-a 0717-b")),
        ("initiator_ip:24.22.68.94", None),
        ("initiator_ip:24.22.68.94 target_ip:10.240.64.4", Some("0717-b")),
        ("vnic_id:0717-a OR action:rejected", None),
        ("vnic_id:nowhere", Some("")),
    ] {
        assert_eq!(asked(query).as_deref(), expected, "{query}");
    }
}

#[test]
fn own_addresses_are_learned_from_the_vnics_side() {
    use arrow::array::{ArrayRef, StringArray};
    let column = |values: [Option<&str>; 5]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let rows = arrow::record_batch::RecordBatch::try_from_iter([
        ("direction", column([Some("I"), Some("O"), Some("O"), None, Some("I")])),
        (
            "initiator_ip",
            column([Some("1.1.1.1"), Some("10.0.0.4"), Some("0.0.0.0"), Some("9.9.9.9"), Some("2.2.2.2")]),
        ),
        (
            "target_ip",
            column([Some("10.0.0.4"), Some("8.8.8.8"), Some("255.255.255.255"), Some("7.7.7.7"), None]),
        ),
    ])
    .expect("columns of one length");
    assert_eq!(own_addresses(&rows), ["10.0.0.4".parse::<std::net::IpAddr>().expect("valid")]);
}

proptest! {
    /// The fraction, against flags per second.
    #[test]
    fn fraction_as_a_bitmap(
        objects in prop::collection::vec((0..3_usize, 0..200_i64, 1..60_i64, 0..6_usize), 1..40),
        (from, length) in (0..250_i64, 1..250_i64),
    ) {
        const OUTCOMES: [Outcome; 6] = [
            Outcome::Done, Outcome::Done, Outcome::Empty, Outcome::Partial, Outcome::Quarantined, Outcome::Expired,
        ];
        let mut index = CoverageIndex::default();
        let mut model: std::collections::BTreeMap<usize, ([bool; 300], [bool; 300], i64, i64)> = Default::default();
        // Expired objects come last: an object does not come back from retention by itself.
        let mut objects = objects;
        objects.sort_by_key(|object| object.3 == 5);
        for (at, &(vnic, start, window, outcome)) in objects.iter().enumerate() {
            let end = start + window;
            add(&mut index, at, OUTCOMES[outcome], &facts(&vnic.to_string(), "ingress", start, end));
            let (good, bad, first, last) =
                model.entry(vnic).or_insert(([false; 300], [false; 300], i64::MAX, i64::MIN));
            for second in start as usize..end as usize {
                if outcome < 4 { good[second] = true } else { bad[second] = true }
            }
            if outcome != 4 {
                (*first, *last) = ((*first).min(start), (*last).max(end));
            }
        }
        let to = from + length;
        let (mut alive, mut covered) = (0, 0);
        for (good, bad, first, last) in model.values_mut() {
            if first >= last { continue }
            // Gaps of less than five seconds between windows are none.
            let ones: Vec<usize> = (0..good.len()).filter(|at| good[*at]).collect();
            for pair in ones.windows(2) {
                if pair[1] - pair[0] - 1 < 5 { good[pair[0]..pair[1]].fill(true) }
            }
            for second in (*first).max(from)..(*last).min(to) {
                alive += 1;
                covered += i64::from(good[second as usize] && !bad[second as usize]);
            }
        }
        let expired = objects.iter().any(|object| object.3 == 5);
        let report = report(&index, from, to, 500);
        if !expired {
            prop_assert_eq!(report.fraction, (alive > 0).then(|| covered as f64 / alive as f64));
        } else if let Some(fraction) = report.fraction {
            // Short gaps close between expired windows too, so the model is an upper bound.
            prop_assert!(fraction <= covered as f64 / alive as f64 + 1e-9);
        }
        let bounds: Vec<i64> = (0..=10).map(|at| (from + at * length) * S).collect();
        let question = CoverageQuestion { now: 500 * S, ..Default::default() };
        for (bucket, fraction) in bounds.windows(2).zip(index.fractions(&question, &bounds)) {
            let range = Range::new(bucket[0], bucket[1]);
            let alone = index.report(&CoverageQuestion { range, now: 500 * S, ..Default::default() }).fraction;
            prop_assert_eq!(fraction.is_some(), alone.is_some());
            prop_assert!((fraction.unwrap_or(0.0) - alone.unwrap_or(0.0)).abs() < 1e-9);
        }
    }
}

#[test]
fn pinned_vnics_only() {
    let mut index = CoverageIndex::default();
    add(&mut index, 1, Outcome::Done, &facts("a", "ingress", 0, 300));
    add(&mut index, 2, Outcome::Done, &facts("b", "ingress", 0, 100));
    add(&mut index, 3, Outcome::Done, &facts("b", "ingress", 200, 300));
    let only: BTreeSet<Arc<str>> = [Arc::from("b")].into();
    let range = Range::new(0, 300 * S);
    let report = index.report(&CoverageQuestion { range, vnics: Some(&only), now: 300 * S, unread: &[] });
    assert_eq!((report.vnic_count, report.pinned, report.fraction), (1, true, Some(200.0 / 300.0)));
}
