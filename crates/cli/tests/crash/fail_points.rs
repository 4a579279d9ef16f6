//! Dying at each step of the protocol, alone and beside another ingester.

use std::os::unix::process::ExitStatusExt;

use crate::bucket::Bucket;
use crate::program::Stage;
use crate::{LakeKind, Repeat, left, number};

const PLACES: [&str; 4] = ["after-file", "after-manifest", "after-commit", "before-fold"];
/// What `abort` sends.
const SIGABRT: i32 = 6;

fn die_everywhere(kind: LakeKind, beside_another: bool) {
    let seed = number("FLOWGLASS_SEED").unwrap_or(1);
    for (at, place) in PLACES.iter().enumerate() {
        let _repeat = Repeat { what: format!("{place}, {kind:?}, another: {beside_another}"), seed };
        let mut bucket = Bucket::new(seed + at as u64);
        let stage = Stage::new(&bucket, kind);
        // At once, in a lake that this very process makes; then in one that holds something, after other commits.
        for time in [1, 3] {
            bucket.grow();
            let other = beside_another.then(|| stage.ingest(None));
            // A run folds once, at its end.
            let fail_point =
                if *place == "before-fold" { (*place).to_owned() } else { format!("{place}:{time}") };
            let died = stage.ingest(Some(&fail_point)).wait();
            if let Some(other) = other {
                // Either may have done all the work, so the fail point need not have been reached.
                let other = other.wait();
                assert!(other.status.success(), "{other:?}");
            } else {
                assert_eq!(died.status.signal(), Some(SIGABRT), "{place} was not reached: {died:?}");
            }
        }
        stage.finish();
        left::check(&bucket, &stage, kind);
    }
}

#[test]
fn dying_at_every_step_with_a_lake_in_a_directory() {
    die_everywhere(LakeKind::Directory, false);
}

#[test]
fn dying_at_every_step_with_a_lake_in_a_bucket() {
    die_everywhere(LakeKind::Bucket, false);
}

#[test]
fn dying_beside_another_ingester_with_a_lake_in_a_directory() {
    die_everywhere(LakeKind::Directory, true);
}

#[test]
fn dying_beside_another_ingester_with_a_lake_in_a_bucket() {
    die_everywhere(LakeKind::Bucket, true);
}

/// The files of a merge are written, and nothing names them; the next merge writes them again.
fn die_after_a_merge(kind: LakeKind) {
    let seed = number("FLOWGLASS_SEED").unwrap_or(1);
    let _repeat = Repeat { what: format!("after-merge, {kind:?}"), seed };
    let mut bucket = Bucket::new(seed);
    let stage = Stage::new(&bucket, kind);
    for _ in 0..3 {
        bucket.grow();
        stage.ingest(None).wait();
    }
    let died = stage.start(&["lake", "compact"], Some("after-merge")).wait();
    assert_eq!(died.status.signal(), Some(SIGABRT), "nothing was merged: {died:?}");
    left::check(&bucket, &stage, kind);
    let done = stage.run(&["lake", "compact"]);
    assert!(done.status.success(), "{done:?}");
    left::check(&bucket, &stage, kind);
    bucket.grow();
    stage.finish();
    left::check(&bucket, &stage, kind);
}

#[test]
fn dying_before_a_merge_is_committed_with_a_lake_in_a_directory() {
    die_after_a_merge(LakeKind::Directory);
}

#[test]
fn dying_before_a_merge_is_committed_with_a_lake_in_a_bucket() {
    die_after_a_merge(LakeKind::Bucket);
}
