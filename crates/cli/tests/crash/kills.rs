//! SIGKILL at random times, with a store that fails now and then, and two ingesters in half of the runs.

use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use crate::bucket::Bucket;
use crate::program::Stage;
use crate::{LakeKind, Repeat, left, number};

/// Kills of one lake: few enough to say what went wrong, enough to die again while another death is repaired.
const KILLS_PER_LAKE: u64 = 5;

/// When a kill comes.
#[derive(Debug)]
enum Moment {
    /// This long after the start.
    After(Duration),
    /// When the server has seen so many requests.
    Requests(u64),
}

#[test]
fn every_record_once_after_kills_at_random_times() {
    let kills = number("FLOWGLASS_KILLS").unwrap_or(10);
    let seed = number("FLOWGLASS_SEED").unwrap_or(1);
    let mut left_to_do = kills;
    let mut run = 0;
    while left_to_do > 0 {
        let now = left_to_do.min(KILLS_PER_LAKE);
        kill_and_check(seed + run, now);
        left_to_do -= now;
        run += 1;
    }
}

fn kill_and_check(seed: u64, kills: u64) {
    // Two ingesters in every second run; both kinds of lake with and without them.
    let kind = if seed % 4 < 2 { LakeKind::Directory } else { LakeKind::Bucket };
    let two = seed % 2 == 1;
    let _repeat = Repeat { what: format!("{kills} kills, {kind:?}, two ingesters: {two}"), seed };
    let mut chance = SmallRng::seed_from_u64(seed);
    let mut bucket = Bucket::new(seed);
    let stage = Stage::new(&bucket, kind);
    bucket.trouble();
    bucket.grow();
    let whole = stage.finish().took;
    let requests = bucket.requests();
    let mut hit = 0;
    for attempt in 0.. {
        assert!(attempt < kills * 4, "{hit} of {attempt} kills met a running process: they come too late");
        if hit == kills {
            break;
        }
        bucket.grow();
        bucket.count_anew();
        let moment = if chance.random_bool(0.5) {
            Moment::After(whole.mul_f64(chance.random_range(0.05..1.0)))
        } else {
            Moment::Requests(chance.random_range(1..requests))
        };
        let first = stage.ingest(None);
        let second = two.then(|| {
            std::thread::sleep(whole.mul_f64(chance.random_range(0.0..0.3)));
            stage.ingest(None)
        });
        // A third party rewrites what they write, now and then.
        let compaction = chance.random_bool(0.3).then(|| stage.start(&["lake", "compact"], None));
        let first = wait_for(&moment, first, &bucket);
        let met = first.kill();
        hit += u64::from(met);
        if let Some(second) = second {
            // The other one goes on alone for a while, or dies with it.
            std::thread::sleep(whole.mul_f64(chance.random_range(0.0..0.5)));
            second.kill();
        }
        drop(compaction);
    }
    stage.finish();
    left::check(&bucket, &stage, kind);
}

fn wait_for(moment: &Moment, mut first: crate::program::Program, bucket: &Bucket) -> crate::program::Program {
    let begun = Instant::now();
    let reached = |begun: Instant| match moment {
        Moment::After(time) => begun.elapsed() >= *time,
        Moment::Requests(count) => bucket.requests() >= *count,
    };
    while !reached(begun) && first.alive() {
        std::thread::sleep(Duration::from_millis(1));
    }
    first
}
