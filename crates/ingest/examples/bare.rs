//! The bare pipeline that ingestion is measured against: the same decoder, order, columns and encoder, and nothing else.
//! No ledger, no commit, nothing written through to the disk.
//!
//! `bare BUCKET OUT THREADS`, both directories. Prints how many records it wrote.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program for benchmarks")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use flowglass_codec::{BatchDecoder, Limits};
use flowglass_flow::{ObjectId, SourceName};

/// Rows of a file, as the ingester's commits have them.
const ROWS: usize = 1 << 17;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("bare BUCKET OUT THREADS");
    let (bucket, out, threads) = (PathBuf::from(next()), PathBuf::from(next()), next());
    let threads: usize = threads.parse().expect("a number of threads");
    std::fs::create_dir_all(&out).expect("a directory to write to");
    let mut objects = Vec::new();
    walk(&bucket, &mut objects);
    let source = SourceName("bare".to_owned());
    let (at, records, files) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicUsize::new(0));
    let work = || {
        let mut decoder = BatchDecoder::new(Limits::default());
        let write = |decoder: &mut BatchDecoder| {
            let mut days: Vec<(i32, Vec<_>)> = Vec::new();
            for rows in decoder.finish() {
                records.fetch_add(rows.batch.num_rows() as u64, Ordering::Relaxed);
                match days.last_mut() {
                    Some((day, batches)) if *day == rows.day => batches.push(rows.batch),
                    _ => days.push((rows.day, vec![rows.batch])),
                }
            }
            for (day, batches) in days {
                let file = flowglass_lake::encode_flows(day, &batches).expect("rows of a flow table");
                let name = format!("{}.parquet", files.fetch_add(1, Ordering::Relaxed));
                std::fs::write(out.join(name), file).expect("room for a file");
            }
        };
        while let Some(path) = objects.get(at.fetch_add(1, Ordering::Relaxed)) {
            let body = std::fs::read(path).expect("a readable object");
            let key = path.strip_prefix(&bucket).expect("a path in the bucket").to_string_lossy();
            let id = ObjectId::of(&source, &key, "");
            decoder.push(id, &key, &body).expect("an object of the provider's");
            if decoder.rows() >= ROWS {
                write(&mut decoder);
            }
        }
        write(&mut decoder);
    };
    std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
    println!("{} records", records.into_inner());
}

fn walk(directory: &Path, objects: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("a readable directory") {
        let entry = entry.expect("a readable directory");
        match entry.file_type().expect("a readable directory").is_dir() {
            true => walk(&entry.path(), objects),
            false => objects.push(entry.path()),
        }
    }
}
