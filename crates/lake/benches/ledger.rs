//! The ledger at size: a lake of many objects is made, then opened by a fresh writer and asked.
//!
//! `cargo bench -p flowglass-lake --bench ledger` makes a million objects; `FLOWGLASS_OBJECTS=10000000` the ten million
//! that the promise speaks of. Prints a Markdown table.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::time::Instant;

use flowglass_flow::{ObjectEntry, ObjectFacts, ObjectId, Outcome, SourceName};
use flowglass_lake::maintain::CompactOptions;
use flowglass_lake::{Batch, Known, Lake, LakeOptions, Writer, version_tag};

const PER_COMMIT: usize = 20_000;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run());
}

async fn run() {
    let wanted = std::env::var("FLOWGLASS_OBJECTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let directory = tempfile::tempdir().unwrap();
    let address = directory.path().to_str().unwrap().to_owned();
    let source = SourceName("s3://bench".to_owned());
    let lake = Lake::open_or_create(&address, &LakeOptions::default()).await.unwrap();
    let made = Instant::now();
    let mut writer = Writer::open(&lake).await.unwrap();
    for start in (0..wanted).step_by(PER_COMMIT) {
        let objects = (start..(start + PER_COMMIT).min(wanted)).map(|i| entry(&source, i)).collect();
        writer.commit(Batch { objects, ..Batch::default() }).await.unwrap();
        if (start / PER_COMMIT).is_multiple_of(10) {
            lake.fold().await.unwrap();
        }
    }
    lake.fold().await.unwrap();
    lake.compact(&CompactOptions::full()).await.unwrap();
    lake.checkpoint_if_due().await.unwrap();
    drop((writer, lake));
    // Merges the index's segments, as the next writer after any would.
    drop(Writer::open(&Lake::open(&address, &LakeOptions::default()).await.unwrap()).await.unwrap());
    let made = made.elapsed();

    let before = resident();
    let opened = Instant::now();
    let lake = Lake::open(&address, &LakeOptions::default()).await.unwrap();
    let writer = Writer::open(&lake).await.unwrap();
    let opened = opened.elapsed();
    let held = resident().saturating_sub(before);
    let asked = Instant::now();
    for i in 0..1_000 {
        let entry = entry(&source, i * (wanted / 1_000));
        let tag = version_tag(Some(&entry.etag), entry.size, entry.last_modified);
        assert_eq!(writer.ledger().check(&source, &entry.key, &tag), Known::Same);
        assert_eq!(writer.ledger().check(&source, &format!("{}x", entry.key), &tag), Known::New);
    }
    let asked = asked.elapsed();
    println!("| objects | made in | opened in | memory | 2,000 checks |");
    println!("|---|---|---|---|---|");
    println!("| {wanted} | {made:.1?} | {opened:.0?} | {} MB | {asked:.1?} |", held / 1_000_000);
}

/// Objects of 2,000 vNICs, five minutes apart.
fn entry(source: &SourceName, i: usize) -> ObjectEntry {
    let (vnic, window) = (i % 2_000, i / 2_000);
    let start = 1_700_000_000_000_000 + window as i64 * 300_000_000;
    let day = flowglass_flow::time::day_of(start);
    let date = flowglass_flow::time::format_day(day);
    let key = format!(
        "ibm_vpc_flowlogs_v1/account=713c/region=us-south/vpc-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south%3Aa%2F713c%3A\
         %3Avpc%3Ar006-1/vnic-id=0717-{vnic:06}/record-type=ingress/{date}/{window:08}.gz"
    );
    let etag = format!("{:032x}", (i as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    ObjectEntry {
        object_id: ObjectId::of(source, &key, &etag),
        source: source.clone(),
        key,
        etag,
        size: 4_000,
        last_modified: Some(start),
        recorded_at: start,
        outcome: Outcome::Empty,
        reason: None,
        replaces: None,
        content_hash: None,
        facts: ObjectFacts {
            day,
            capture_start_time: Some(start),
            capture_end_time: Some(start + 300_000_000),
            vnic_id: Some(format!("0717-{vnic:06}")),
            record_type: Some("ingress".to_owned()),
            state: Some("ok".to_owned()),
            ..ObjectFacts::default()
        },
    }
}

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}
