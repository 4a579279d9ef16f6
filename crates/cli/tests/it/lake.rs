//! A small lake, made once for all tests: two hours of the sample VPC, always the same.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{empty_folder, flowglass, run, show};

/// The bucket and the lake.
pub(crate) struct Sample {
    pub(crate) bucket: PathBuf,
    pub(crate) lake: PathBuf,
}

/// Makes the sample, or returns the one made.
pub(crate) fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let folder = empty_folder("sample");
        let sample = Sample { bucket: folder.join("bucket"), lake: folder.join("lake") };
        let bucket = sample.bucket.display();
        let written = run(&format!("simulate {bucket} --start 2026-11-02 --hours 2 --seed 7"));
        assert!(written.starts_with("exit code 0"), "{written}");
        let read = run(&format!("ingest {bucket} --lake {} -q", sample.lake.display()));
        assert!(read.starts_with("exit code 0"), "{read}");
        sample
    })
}

/// A command that asks the sample lake.
pub(crate) fn ask(line: &str) -> Command {
    let mut command = flowglass(line);
    command.env("FLOWGLASS_LAKE", &sample().lake);
    command
}

/// What a user sees who asks the sample lake.
pub(crate) fn asked(line: &str) -> String {
    show(ask(line))
}

/// Standard output of a question that succeeds.
pub(crate) fn stdout(line: &str) -> String {
    let output = ask(line).output().expect("the binary runs");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The JSON document that a question prints.
pub(crate) fn document(line: &str) -> serde_json::Value {
    serde_json::from_str(&stdout(line)).expect("one JSON document")
}
