//! Reading again what could not be read, and forgetting what is old.

use std::path::Path;

use crate::support::{empty_folder, flowglass, run};

/// Copies the first object with records of a simulated bucket, whole or cut, under a plain name.
fn put(from: &Path, to: &Path, cut: bool) {
    let mut folders = vec![from.to_owned()];
    let mut found: Vec<(u64, std::path::PathBuf)> = vec![];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("readable").flatten() {
            match entry.file_type().expect("a type").is_dir() {
                true => folders.push(entry.path()),
                false => found.push((entry.metadata().expect("metadata").len(), entry.path())),
            }
        }
    }
    let (size, path) = found.into_iter().max().expect("an object");
    let bytes = std::fs::read(path).expect("readable");
    let bytes = if cut { &bytes[..size as usize / 2] } else { &bytes[..] };
    std::fs::write(to, bytes).expect("writable");
}

/// The summary line of a command that prints one JSON object.
fn summary(line: &str) -> serde_json::Value {
    let output = flowglass(line).output().expect("the binary runs");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{line}: {error}: {output:?}"))
}

#[test]
fn quarantined_objects_are_read_again() {
    let folder = empty_folder("again");
    let (made, bucket, lake) = (folder.join("made"), folder.join("bucket"), folder.join("lake"));
    std::fs::create_dir_all(&bucket).expect("writable");
    run(&format!("simulate {} --start 2026-11-02 --hours 1 --seed 7", made.display()));
    let object = bucket.join("one.gz");
    put(&made, &object, true);
    let (bucket, lake) = (bucket.display(), lake.display());
    assert_eq!(summary(&format!("ingest {bucket} --lake {lake} --format json"))["quarantined"], 1);
    // As long as it is cut, it stays in quarantine, once.
    let retry = |what: &str| summary(&format!("lake quarantine retry {what} --lake {lake} --format json"));
    let again = retry("one.gz");
    assert_eq!((&again["new"], &again["quarantined"]), (&1.into(), &1.into()), "{again}");
    put(&made, &object, false);
    let again = retry("--all");
    assert_eq!((&again["new"], &again["quarantined"]), (&1.into(), &0.into()), "{again}");
    let records = again["records"].as_u64().expect("a number");
    assert!(records > 0);
    assert_eq!(
        run(&format!("search --count -q --lake {lake}")),
        format!("exit code 0\n--- stdout\n{records}\n")
    );
    let listed = summary(&format!("lake quarantine list --lake {lake} --format json"));
    assert_eq!(listed["objects"], serde_json::json!([]));
    // What is unknown is a mistake; what left the bucket stays as it is.
    let unknown = run(&format!("lake quarantine retry two.gz --lake {lake}"));
    assert!(
        unknown.starts_with("exit code 1") && unknown.contains("the lake knows no object \"two.gz\""),
        "{unknown}"
    );
    std::fs::remove_file(&object).expect("removable");
    let gone = run(&format!("lake quarantine retry one.gz --lake {lake} --source {bucket}"));
    assert!(gone.starts_with("exit code 1") && gone.contains("it is no longer in its source"), "{gone}");
    assert_eq!(
        run(&format!("search --count -q --lake {lake}")),
        format!("exit code 0\n--- stdout\n{records}\n")
    );
}

#[test]
fn days_to_keep_are_a_setting() {
    let folder = empty_folder("keep");
    let (bucket, lake) = (folder.join("bucket").display().to_string(), folder.join("lake"));
    run(&format!("simulate {bucket} --start 2026-11-02 --hours 1 --seed 7"));
    let line = format!("ingest {bucket} --lake {} --format json", lake.display());
    let mut command = flowglass(&line);
    command.env("FLOWGLASS_KEEP_DAYS", "3");
    let output = command.output().expect("the binary runs");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(answer["objects"].as_u64().is_some_and(|objects| objects > 20), "{answer}");
    assert_eq!(answer["new"], 0, "all of them are years or weeks old");
    assert_ne!(summary(&line)["new"], 0, "without the setting they are read");
    for days in ["0", "-1", "soon"] {
        let mut command = flowglass(&line);
        command.env("FLOWGLASS_KEEP_DAYS", days);
        assert_eq!(command.output().expect("the binary runs").status.code(), Some(2), "{days}");
    }
}
