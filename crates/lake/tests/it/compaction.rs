//! What a merge makes: files cut by time, with true statistics, and nothing else.

use std::collections::HashMap;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray, make_array};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Int64Type};
use flowglass_flow::{ObjectEntry, schema};
use flowglass_lake::maintain::CompactOptions;
use flowglass_lake::{Lake, LakeOptions, Writer};

use crate::support::{DAY, batch, expected, object, read, rows};

const HOURS: i64 = 24;

/// A backlog: each commit holds rows of every hour of the day; some rows have no time, or one far off.
async fn backlog(directory: &tempfile::TempDir, commits: usize) -> (Lake, Vec<ObjectEntry>) {
    let lake =
        Lake::open_or_create(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
    let mut writer = Writer::open(&lake).await.unwrap();
    let mut entries = Vec::new();
    for commit in 0..commits {
        let mut objects = Vec::new();
        for hour in 0..HOURS {
            let (entry, mut rows) = object(&format!("{commit}/{hour}"), "x", DAY, 60 * hour + 7, 5 + commit);
            let time = rows.schema().index_of("time").unwrap();
            let of = |time: Option<i64>| {
                let start = i64::from(DAY) * flowglass_flow::time::DAY + (60 * hour + 7) * 60_000_000;
                let times =
                    (0..rows.num_rows() as i64).map(|row| if row == 3 { time } else { Some(start + row) });
                times.collect::<TimestampMicrosecondArray>().with_timezone("UTC")
            };
            let odd = match hour {
                5 => Some(of(None)),
                6 => Some(of(Some(1_000_000))),
                _ => None,
            };
            if let Some(odd) = odd {
                let mut columns = rows.columns().to_vec();
                columns[time] = make_array(odd.into_data());
                rows = arrow::array::RecordBatch::try_new(rows.schema(), columns).unwrap();
            }
            entries.push(entry.clone());
            objects.push((entry, rows));
        }
        writer.commit(batch(&lake, objects)).await.unwrap();
    }
    lake.fold().await.unwrap();
    (lake, entries)
}

fn cut() -> CompactOptions {
    CompactOptions { target_rows: 200, row_group_rows: 40, ..CompactOptions::full() }
}

/// The hours of a file's rows, in their order; -1 stands for rows without a time, and for what was long before the day.
async fn hours(lake: &Lake, path: &str) -> Vec<i64> {
    let mut hours = Vec::new();
    for batch in read(lake, path).await {
        let times = cast(batch.column_by_name("time").unwrap(), &DataType::Int64).unwrap();
        let times = times.as_primitive::<Int64Type>().clone();
        hours.extend(times.iter().map(|time| {
            time.map_or(-1, |time| (time.div_euclid(3_600_000_000) - i64::from(DAY) * 24).max(-1))
        }));
    }
    hours
}

#[tokio::test]
async fn a_backlog_becomes_files_that_follow_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let (lake, entries) = backlog(&directory, 6).await;
    let report = lake.compact(&cut()).await.unwrap();
    // 45 rows an hour, and 200 are enough: five hours each, but for the last, which takes in the rest.
    assert_eq!((report.removed, report.added), (6, 5));
    assert_eq!(rows(&lake).await, expected(&entries.iter().collect::<Vec<_>>()));
    let snapshot = lake.refresh().await.unwrap();
    let mut files: Vec<Vec<i64>> = Vec::new();
    for file in snapshot.flows.files.values() {
        files.push(hours(&lake, &file.path).await);
    }
    files.sort();
    assert!(files.iter().all(|hours| hours.is_sorted()));
    let ends: Vec<(i64, i64)> = files.iter().map(|hours| (hours[0], hours[hours.len() - 1])).collect();
    assert_eq!(ends, [(-1, 4), (5, 9), (10, 14), (15, 19), (20, 23)]);
    // A second time there is nothing to do.
    let again = lake.compact(&cut()).await.unwrap();
    assert_eq!((again.removed, again.added), (0, 0));
    assert_eq!(lake.refresh().await.unwrap().flows.version, snapshot.flows.version);
    // With another aim there is; and it takes what is cut already.
    let wider = CompactOptions { target_rows: 500, ..cut() };
    assert_eq!(lake.compact(&wider).await.unwrap().removed, 5);
    assert_eq!(rows(&lake).await, expected(&entries.iter().collect::<Vec<_>>()));
}

#[tokio::test]
async fn statistics_are_those_of_the_rows_of_each_file() {
    let directory = tempfile::tempdir().unwrap();
    let (lake, _) = backlog(&directory, 4).await;
    lake.compact(&cut()).await.unwrap();
    let snapshot = lake.refresh().await.unwrap();
    assert!(snapshot.flows.files.len() > 2);
    for file in snapshot.flows.files.values() {
        let rows = concat_batches(&schema::flow_file(), &read(&lake, &file.path).await).unwrap();
        assert_eq!(file.stats.rows, rows.num_rows() as u64);
        assert!(file.stats.columns.len() > 10);
        for known in &file.stats.columns {
            let column: &ArrayRef = rows.column_by_name(&known.column).unwrap();
            assert_eq!(known.nulls, Some(column.null_count() as u64), "{}", known.column);
            let bounds = |min: String, max: String| {
                let told = |value: &Option<flowglass_lake::delta::Value>| match value {
                    None => "none".to_owned(),
                    Some(flowglass_lake::delta::Value::Integer(value)) => value.to_string(),
                    Some(flowglass_lake::delta::Value::Text(value)) => value.to_string(),
                    Some(flowglass_lake::delta::Value::Boolean(value)) => value.to_string(),
                };
                assert_eq!((told(&known.min), told(&known.max)), (min, max), "{}", known.column);
            };
            let none = || "none".to_owned();
            if column.data_type() == &DataType::Utf8 {
                let text = column.as_string::<i32>();
                let texts = || text.iter().flatten();
                bounds(
                    texts().min().map_or_else(none, str::to_owned),
                    texts().max().map_or_else(none, str::to_owned),
                );
            } else {
                let whole = cast(column, &DataType::Int64).unwrap();
                let whole = whole.as_primitive::<Int64Type>();
                let told = |value: Option<i64>| value.map_or_else(none, |value| value.to_string());
                // The log may round the latest instant up.
                let least = whole.iter().flatten().min();
                let most = whole.iter().flatten().max();
                match (most, &known.max) {
                    (Some(most), Some(flowglass_lake::delta::Value::Integer(told)))
                        if (0..1000).contains(&(told - most)) =>
                    {
                        bounds_of_times(least, most, known);
                    }
                    _ => bounds(told(least), told(most)),
                }
            }
        }
    }
}

fn bounds_of_times(least: Option<i64>, most: i64, known: &flowglass_lake::delta::ColumnStats) {
    use flowglass_lake::delta::Value;
    assert_eq!(known.min, least.map(Value::Integer), "{}", known.column);
    let instant = known.column.ends_with("time") && most % 1000 == 0;
    let told = if instant { most + 999 } else { most };
    assert_eq!(known.max, Some(Value::Integer(told)), "{}", known.column);
}

#[tokio::test]
async fn a_day_too_large_for_one_merge_is_cut_step_by_step() {
    let directory = tempfile::tempdir().unwrap();
    let (lake, entries) = backlog(&directory, 9).await;
    let options = CompactOptions { merge_files: 4, merge_rows: 500, target_rows: 100, ..cut() };
    lake.compact(&options).await.unwrap();
    assert_eq!(rows(&lake).await, expected(&entries.iter().collect::<Vec<_>>()));
    let snapshot = lake.refresh().await.unwrap();
    let mut seen: HashMap<i64, usize> = HashMap::new();
    for file in snapshot.flows.files.values() {
        let mut hours = hours(&lake, &file.path).await;
        hours.dedup();
        hours.into_iter().for_each(|hour| *seen.entry(hour).or_default() += 1);
    }
    assert!(seen.iter().all(|(hour, files)| *hour < 0 || *files <= 2), "{seen:?}");
    assert_eq!(lake.compact(&options).await.unwrap().removed, 0);
}

#[tokio::test]
async fn of_two_compactions_at_once_the_loser_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let (lake, entries) = backlog(&directory, 6).await;
    let other = Lake::open(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
    let (options, wider) = (cut(), CompactOptions { target_rows: 400, ..cut() });
    let (one, two) = tokio::join!(lake.compact(&options), other.compact(&wider));
    assert!(one.unwrap().removed + two.unwrap().removed >= 6);
    assert_eq!(rows(&lake).await, expected(&entries.iter().collect::<Vec<_>>()));
    let snapshot = lake.refresh().await.unwrap();
    let listed = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(directory.path().join("flows").join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let stem = |name: &str| name.replace("-indexed.parquet", "").replace(".fgi", "");
    let active: Vec<String> =
        snapshot.flows.files.keys().map(|path| stem(path.rsplit('/').next().unwrap())).collect();
    let day = format!("day={}", flowglass_flow::time::format_day(DAY));
    lake.vacuum_older_than(Duration::ZERO, false).await.unwrap();
    let mut files: Vec<String> = listed(&day).iter().map(|name| stem(name)).collect();
    let mut indexes: Vec<String> = listed("_flowglass/index").iter().map(|name| stem(name)).collect();
    let mut active = active;
    for names in [&mut files, &mut indexes, &mut active] {
        names.sort();
    }
    assert_eq!(files, active);
    assert_eq!(indexes, active);
}
