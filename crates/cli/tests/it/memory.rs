//! What ingestion may cost of memory, whatever the backlog.

use std::time::Duration;

use crate::support::{empty_folder, flowglass, run};

/// Peak resident memory of a process so far, in bytes; none once it has ended or where the system does not tell.
fn peak(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[test]
fn ingestion_stays_under_500_mb() {
    let folder = empty_folder("memory");
    let (bucket, lake) = (folder.join("bucket").display().to_string(), folder.join("lake"));
    // More than a commit's worth of records, so that one is written while the next is gathered.
    let shape = "--scenario load --vnics 50 --rate 400 --hours 0.25 --start 2026-11-02";
    assert!(run(&format!("simulate {bucket} {shape}")).starts_with("exit code 0"));
    let mut child =
        flowglass(&format!("ingest {bucket} --lake {} -q", lake.display())).spawn().expect("the binary runs");
    let mut most = 0;
    let status = loop {
        most = most.max(peak(child.id()).unwrap_or_default());
        match child.try_wait().expect("it can be waited for") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    assert!(status.success());
    assert!(most < 500_000_000, "{} MB", most / 1_000_000);
    let count = run(&format!("search --count -q --lake {}", lake.display()));
    let records: u64 = count.lines().last().and_then(|line| line.parse().ok()).expect("a number");
    assert!(records > 200_000, "{records} records fit one commit");
    std::fs::remove_dir_all(&folder).expect("removable");
}
