//! Records a second that the load scenario writes: in memory, and into a directory.
//!
//! `cargo bench -p flowglass-simulate`; no statistics, one line a case: the figure wanted is an order of magnitude.

#![expect(clippy::print_stdout, reason = "a benchmark's result")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use flowglass_simulate::{Config, Scenario, SimulateError, Simulation, Writer, write_directory};

fn main() -> Result<(), SimulateError> {
    let start = 1_762_041_600_000_000;
    let end = start + 3_600_000_000;
    let load = Config {
        scenario: Scenario::Load,
        start,
        end,
        vnics: 200,
        records_per_window: 1000,
        ..Config::default()
    };
    for threads in [1, 2] {
        let simulation = Simulation::new(load.clone())?;
        let slots = Mutex::new(simulation.slots(i64::MIN, end));
        let records = AtomicU64::new(0);
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let mut writer = Writer::new();
                    loop {
                        let slot = slots.lock().unwrap_or_else(PoisonError::into_inner).next();
                        let Some(slot) = slot else { break };
                        let object = simulation.object(&slot, &mut writer);
                        records.fetch_add(object.records as u64, Ordering::Relaxed);
                    }
                });
            }
        });
        tell(&format!("load, in memory, {threads} threads"), records.into_inner(), began);
    }
    let root = std::env::temp_dir().join(format!("flowglass-bench-{}", std::process::id()));
    let day = Config { start, end: start + 86_400_000_000, ..Config::default() };
    for (name, config) in [("load", &load), ("walkthrough, one day", &day)] {
        let began = Instant::now();
        let written = write_directory(config, &root, 2, &|_| ())?;
        tell(&format!("{name}, into a directory, 2 threads"), written.records, began);
        println!(
            "  {} objects, {} MB of JSON, {} MB stored",
            written.objects,
            written.json_bytes >> 20,
            written.bytes >> 20
        );
        std::fs::remove_dir_all(&root)
            .map_err(|source| SimulateError::Write { path: root.clone(), source })?;
    }
    Ok(())
}

fn tell(name: &str, records: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!("{name}: {records} records in {seconds:.2} s, {:.0} records/s", records as f64 / seconds);
}
