//! The ledger at size: a lake of many objects is made, then opened by another process and asked.
//!
//! `cargo bench -p flowglass-lake --bench ledger` makes a million objects; `FLOWGLASS_OBJECTS=10000000` the ten million
//! that the promise speaks of. Prints a Markdown table: what the first opening takes, which merges the index's
//! segments (upkeep after an ingestion does so otherwise), and what the next ones do.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used)]

use std::process::Command;
use std::time::Instant;

use flowglass_flow::{ObjectEntry, ObjectFacts, ObjectId, Outcome, SourceName};
use flowglass_lake::maintain::CompactOptions;
use flowglass_lake::{Batch, Known, Lake, LakeOptions, Writer, version_tag};

const PER_COMMIT: usize = 20_000;

/// Names the lake that a process of its own is to open: what it then takes of memory is what a writer takes.
const OPENED: &str = "FLOWGLASS_BENCH_LAKE";

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let wanted = std::env::var("FLOWGLASS_OBJECTS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    match std::env::var(OPENED) {
        Ok(address) => runtime.block_on(open(&address, wanted)),
        Err(_) => {
            let directory = tempfile::tempdir().unwrap();
            let address = directory.path().to_str().unwrap();
            let made = Instant::now();
            runtime.block_on(make(address, wanted));
            println!("made in {:.0?}\n", made.elapsed());
            println!("| objects | opening | opened in | 2,000 checks | memory, all of the process at most |");
            println!("|---|---|---|---|---|");
            for which in ["first", "second"] {
                let opened =
                    Command::new(std::env::current_exe().unwrap()).env(OPENED, address).output().unwrap();
                assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
                println!("| {wanted} | {which} | {} |", String::from_utf8_lossy(&opened.stdout).trim());
            }
        }
    }
}

async fn make(address: &str, wanted: usize) {
    let lake = Lake::open_or_create(address, &LakeOptions::default()).await.unwrap();
    let mut writer = Writer::open(&lake).await.unwrap();
    for start in (0..wanted).step_by(PER_COMMIT) {
        let objects = (start..(start + PER_COMMIT).min(wanted)).map(|i| entry(&source(), i)).collect();
        writer.commit(Batch { objects, ..Batch::default() }).await.unwrap();
        // As an ingester does.
        lake.fold().await.unwrap();
    }
    lake.compact(&CompactOptions::full()).await.unwrap();
    lake.checkpoint_if_due().await.unwrap();
}

async fn open(address: &str, objects: usize) {
    let opened = Instant::now();
    let lake = Lake::open(address, &LakeOptions::default()).await.unwrap();
    let writer = Writer::open(&lake).await.unwrap();
    let opened = opened.elapsed();
    let asked = Instant::now();
    for i in 0..1_000 {
        let entry = entry(&source(), i * (objects / 1_000));
        let tag = version_tag(Some(&entry.etag), entry.size, entry.last_modified);
        assert_eq!(writer.ledger().check(&source(), &entry.key, &tag), Known::Same);
        assert_eq!(writer.ledger().check(&source(), &format!("{}x", entry.key), &tag), Known::New);
    }
    println!("{opened:.0?} | {:.1?} | {} MB", asked.elapsed(), greatest_memory() / 1_000_000);
}

fn source() -> SourceName {
    SourceName("s3://bench".to_owned())
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

/// The most memory this process has had, in bytes; 0 where the system does not tell.
fn greatest_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}
