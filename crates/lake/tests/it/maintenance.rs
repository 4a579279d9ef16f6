//! Upkeep: what is merged, expired and removed, and what is not.

use std::time::Duration;

use flowglass_lake::maintain::CompactOptions;
use flowglass_lake::{Known, Lake, LakeOptions, Writer};

use crate::support::{DAY, batch, expected, ledger, object, read, rows};

async fn filled(directory: &tempfile::TempDir) -> (Lake, Writer, Vec<flowglass_flow::ObjectEntry>) {
    let lake =
        Lake::open_or_create(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
    let mut writer = Writer::open(&lake).await.unwrap();
    let mut entries = Vec::new();
    for i in 0..20 {
        let made = object(&format!("a/{i}"), "x", DAY + i / 10, 5 * i64::from(i % 10), 30 + i as usize);
        entries.push(made.0.clone());
        writer.commit(batch(&lake, vec![made])).await.unwrap();
    }
    (lake, writer, entries)
}

fn data_files(directory: &tempfile::TempDir, table: &str) -> usize {
    let days = std::fs::read_dir(directory.path().join(table)).unwrap().map(|entry| entry.unwrap().path());
    let days = days.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("day="));
    days.map(|day| std::fs::read_dir(day).unwrap().count()).sum()
}

#[tokio::test]
async fn compaction_keeps_every_row_and_order() {
    let directory = tempfile::tempdir().unwrap();
    let (lake, _, entries) = filled(&directory).await;
    lake.fold().await.unwrap();
    let before = lake.snapshot();
    let report = lake.compact(&CompactOptions::full()).await.unwrap();
    assert_eq!((report.removed, report.added), (20, 2));
    assert_eq!(rows(&lake).await, expected(&entries.iter().collect::<Vec<_>>()));
    let after = lake.refresh().await.unwrap();
    assert_eq!(after.flows.files.len(), 2);
    assert_eq!(after.flows.rows(), before.flows.rows());
    for file in after.flows.files.values() {
        let mut last = Vec::new();
        for batch in read(&lake, &file.path).await {
            use arrow::array::AsArray;
            let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
            let instants = |name: &str| {
                let column = batch.column_by_name(name).unwrap();
                column.as_primitive::<arrow::datatypes::TimestampMicrosecondType>().clone()
            };
            let (initiators, targets, directions) =
                (text("initiator_ip"), text("target_ip"), text("direction"));
            let (times, began) = (instants("time"), instants("connection_start_time"));
            let initiated = batch.column_by_name("was_initiated").unwrap().as_boolean().clone();
            for row in 0..batch.num_rows() {
                let inbound = directions.value(row) == "I";
                let own: std::net::IpAddr =
                    if inbound { targets.value(row) } else { initiators.value(row) }.parse().unwrap();
                let at = if initiated.value(row) { times.value(row) } else { began.value(row) };
                last.push((times.value(row) / 3_600_000_000, own, inbound, initiated.value(row), at));
            }
            // Values the merge did not sort by came along: row i of an object has its time in microsecond i.
            let index = batch.column_by_name("record_index").unwrap();
            let index = index.as_primitive::<arrow::datatypes::Int64Type>().clone();
            assert!((0..batch.num_rows()).all(|row| times.value(row) % 1_000_000 == index.value(row)));
        }
        assert!(last.is_sorted());
        let inputs = before.flows.files.values().filter(|f| f.day == file.day);
        let bounds: Vec<_> = inputs.map(|f| f.stats.integer_bounds("time").unwrap()).collect();
        let wanted = (bounds.iter().map(|b| b.0).min().unwrap(), bounds.iter().map(|b| b.1).max().unwrap());
        assert_eq!(file.stats.integer_bounds("time"), Some(wanted));
    }
    // Nothing is left to do, and the readers of before still find their files.
    assert_eq!(lake.compact(&CompactOptions::full()).await.unwrap().removed, 0);
    for file in before.flows.files.values() {
        assert!(!read(&lake, &file.path).await.is_empty());
    }
}

#[tokio::test]
async fn upkeep_merges_the_ledger_and_its_index() {
    let directory = tempfile::tempdir().unwrap();
    let address = directory.path().to_str().unwrap();
    let lake = Lake::open_or_create(address, &LakeOptions::default()).await.unwrap();
    let mut writer = Writer::open(&lake).await.unwrap();
    for i in 0..14_i64 {
        // One vNIC or none, one window or another: what is merged is not in order as it comes.
        let mut made = object(&format!("a/{:02}", i * 5 % 14), "x", DAY, i % 3 * 5, 2);
        made.0.facts.vnic_id = (i % 4 > 0).then(|| format!("vnic-{}", i % 4));
        made.0.reason = (i == 3).then(|| "odd".to_owned());
        writer.commit(batch(&lake, vec![made])).await.unwrap();
        lake.fold().await.unwrap();
    }
    let by_id = |mut entries: Vec<flowglass_flow::ObjectEntry>| {
        entries.sort_by_key(|entry| entry.object_id);
        entries
    };
    let before = by_id(lake.ledger_entries().await.unwrap());
    let index = directory.path().join("objects/_flowglass/ledger");
    let segments = || std::fs::read_dir(&index).unwrap().count();
    assert_eq!((lake.snapshot().objects.files.len(), segments()), (14, 14));
    let report = lake.upkeep().await.unwrap();
    assert_eq!(report.compacted.rows, 14 * 2 + 14);
    let entries = lake.ledger_entries().await.unwrap();
    let order = |entry: &flowglass_flow::ObjectEntry| {
        (entry.facts.vnic_id.clone(), entry.facts.capture_start_time, entry.key.clone())
    };
    assert!(entries.is_sorted_by_key(order), "{entries:#?}");
    assert_eq!(by_id(entries), before);
    let snapshot = lake.snapshot();
    assert_eq!((snapshot.objects.files.len(), segments()), (1, 1));
    let file = snapshot.objects.files.values().next().unwrap();
    assert_eq!(file.stats.rows, 14);
    assert_eq!(file.stats.column("key").unwrap().nulls, Some(0));
    assert_eq!(file.stats.column("vnic_id").unwrap().nulls, Some(4));
    let fresh = Writer::open(&Lake::open(address, &LakeOptions::default()).await.unwrap()).await.unwrap();
    for entry in &before {
        assert_eq!(fresh.ledger().check(&entry.source, &entry.key, "x"), Known::Same, "{}", entry.key);
    }
}

#[tokio::test]
async fn vacuum_removes_only_what_nothing_names() {
    let directory = tempfile::tempdir().unwrap();
    let (lake, _, entries) = filled(&directory).await;
    lake.fold().await.unwrap();
    lake.compact(&CompactOptions::full()).await.unwrap();
    let orphan =
        directory.path().join(format!("flows/day={}/orphan.parquet", flowglass_flow::time::format_day(DAY)));
    std::fs::write(&orphan, b"a writer died here").unwrap();
    let indexes = || std::fs::read_dir(directory.path().join("flows/_flowglass/index")).unwrap().count();
    std::fs::write(directory.path().join("flows/_flowglass/index/orphan.fgi"), b"of a file long gone")
        .unwrap();
    assert_eq!(indexes(), 3);
    assert_eq!(data_files(&directory, "flows"), 23);
    let young = lake.vacuum_older_than(Duration::from_secs(3600), false).await.unwrap();
    assert_eq!(young.files, 0);
    let tell = lake.vacuum_older_than(Duration::ZERO, true).await.unwrap();
    assert_eq!((tell.files, data_files(&directory, "flows")), (21, 23));
    let done = lake.vacuum_older_than(Duration::ZERO, false).await.unwrap();
    assert_eq!(done, tell);
    assert_eq!(data_files(&directory, "flows"), 2);
    assert_eq!(indexes(), 2, "those of the files that are left");
    assert_eq!(rows(&lake).await, expected(&entries.iter().collect::<Vec<_>>()));
    let reopened = Lake::open(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
    assert_eq!(ledger(&reopened).await.len(), 20);
}

#[tokio::test]
async fn retention_expires_whole_days_and_does_not_read_them_again() {
    let directory = tempfile::tempdir().unwrap();
    for folded in [false, true] {
        let directory = tempfile::tempdir_in(directory.path()).unwrap();
        let (lake, _, entries) = filled(&directory).await;
        if folded {
            lake.fold().await.unwrap();
        }
        assert!(!lake.expire_before(DAY).await.unwrap());
        assert!(lake.expire_before(DAY + 1).await.unwrap());
        assert!(!lake.expire_before(DAY + 1).await.unwrap(), "it is done once");
        let kept: Vec<_> = entries.iter().filter(|entry| entry.facts.day > DAY).collect();
        assert_eq!(rows(&lake).await, expected(&kept));
        let outcomes: Vec<_> = ledger(&lake).await.into_iter().map(|(.., outcome)| outcome).collect();
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "expired").count(), 10);
        let fresh = Writer::open(&lake).await.unwrap();
        for entry in &entries {
            assert_eq!(fresh.ledger().check(&entry.source, &entry.key, "x"), Known::Same);
        }
    }
}

#[tokio::test]
async fn a_lake_opens_from_its_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let (lake, mut writer, mut entries) = filled(&directory).await;
    lake.fold().await.unwrap();
    lake.flows().checkpoint().await.unwrap();
    lake.objects().checkpoint().await.unwrap();
    let made = object("a/last", "x", DAY, 100, 7);
    entries.push(made.0.clone());
    writer.commit(batch(&lake, vec![made])).await.unwrap();
    // The entries before the checkpoint are not needed.
    for version in 0..20 {
        std::fs::remove_file(directory.path().join(format!("flows/_delta_log/{version:020}.json"))).unwrap();
    }
    let reopened = Lake::open(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
    assert_eq!(reopened.snapshot().flows.transaction("flowglass-shard-000"), 21);
    assert_eq!(reopened.snapshot().flows.files, lake.refresh().await.unwrap().flows.files);
    assert_eq!(rows(&reopened).await, expected(&entries.iter().collect::<Vec<_>>()));
    let mut writer = Writer::open(&reopened).await.unwrap();
    let again = writer.commit(batch(&reopened, vec![object("a/3", "x", DAY, 15, 33)])).await.unwrap();
    assert_eq!((again.objects, again.known), (0, 1));
}
