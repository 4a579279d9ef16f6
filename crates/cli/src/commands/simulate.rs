//! `simulate`: a bucket of a VPC that never was.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flowglass_flow::time::{SECOND, now};
use flowglass_simulate::{
    Clock, Config, Scenario, Simulation, Written, started, write_directory, write_object,
};
use parking_lot::Mutex;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::reading::stop_on_signal;
use crate::args::{ScenarioName, ShapeArgs, SimulateArgs, TextFormat};
use crate::context::{Context, instant};
use crate::failure::{Failure, Result};
use crate::output::progress::{Amount, Progress};
use crate::output::{number, stdout};

/// A vNIC's window, seconds.
const WINDOW: f64 = 300.0;

pub(super) async fn run(context: &Context, args: &SimulateArgs) -> Result<()> {
    if args.target.contains("://") {
        return Err(Failure::usage(format!("cannot simulate into {}", args.target))
            .hint("simulate into a directory, and copy it to a bucket with the store's own tool"));
    }
    let root = PathBuf::from(&args.target);
    let config = config(context, &args.shape, &root)?;
    let start = std::time::Instant::now();
    let written = history(context, config.clone(), root.clone()).await?;
    let seconds = start.elapsed().as_secs_f64();
    let mut out = stdout();
    match args.output.format {
        TextFormat::Json => writeln!(
            out,
            "{}",
            json!({
                "objects": written.objects, "present": written.present, "records": written.records,
                "bytes": written.bytes, "json_bytes": written.json_bytes, "seconds": seconds,
            })
        )?,
        TextFormat::Text => writeln!(out, "{}", summary(&written, &root))?,
    }
    out.flush()?;
    drop(out);
    if args.realtime {
        context.tell("writing each object when its window ends; Ctrl-C ends it");
        realtime(context, &config, &root, &stop_on_signal(context)).await?;
    }
    Ok(())
}

/// What to simulate.
pub(super) fn config(context: &Context, args: &ShapeArgs, root: &Path) -> Result<Config> {
    if !(args.hours > 0.0 && args.hours <= 24.0 * 3660.0) {
        return Err(Failure::usage(format!("{} hours of history cannot be written", args.hours))
            .hint("use more than 0 and at most ten years"));
    }
    let length = (args.hours * 3600.0 * SECOND as f64) as i64;
    let start =
        args.start.as_deref().map(|text| instant("--start", text, &context.zone(None)?)).transpose()?;
    let scenario = match args.scenario {
        ScenarioName::Walkthrough => Scenario::Walkthrough,
        ScenarioName::Load => Scenario::Load,
    };
    if !(args.rate > 0.0 && args.rate.is_finite()) {
        return Err(Failure::usage(format!("a rate of {} records a second is none", args.rate)));
    }
    let vnics = args.vnics.max(1);
    let records_per_window = (args.rate * WINDOW / vnics as f64).ceil().max(1.0) as usize;
    let minute = 60 * SECOND;
    let begin = start.unwrap_or_else(|| (now() - length).div_euclid(minute) * minute);
    let config = Config {
        seed: args.seed,
        scenario,
        start: begin,
        end: begin + length,
        vnics: args.vnics,
        records_per_window,
    };
    match (start, started(&config, root)?) {
        // A directory begun earlier goes on as it began: up to now.
        (None, Some(earlier)) => Ok(Config { start: earlier, end: now().max(earlier), ..config }),
        _ => Ok(config),
    }
}

/// Writes the history, with a progress bar.
pub(super) async fn history(context: &Context, config: Config, root: PathBuf) -> Result<Written> {
    let mut progress = Progress::new("simulating", context.quiet, context.verbose > 0);
    let reached = Arc::new(Mutex::new(Written::default()));
    let threads = context.threads;
    let told = Arc::clone(&reached);
    let mut work = tokio::task::spawn_blocking(move || {
        write_directory(&config, &root, threads, &|written| *told.lock() = written)
    });
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            () = tokio::time::sleep(Duration::from_millis(200)) => {
                let written = *reached.lock();
                progress.show(&Amount {
                    objects: written.objects + written.present,
                    records: written.records,
                    bytes: written.json_bytes,
                    ..Amount::default()
                });
            }
        }
    };
    progress.finish();
    match result {
        Ok(written) => Ok(written?),
        Err(error) => Err(Failure::error(format!("the simulation stopped: {error}"))),
    }
}

/// Writes each object when its window ends, until stopped.
pub(super) async fn realtime(
    context: &Context,
    config: &Config,
    root: &Path,
    stop: &CancellationToken,
) -> Result<()> {
    let simulation = Simulation::new(config.clone())?;
    let mut clock = Clock::new(&simulation, config.end);
    loop {
        for object in clock.due(now()) {
            write_object(root, &object)?;
            if context.verbose > 0 {
                context.tell(format!(
                    "{} {}",
                    number::counted(object.records as u64, "record", "records"),
                    object.key
                ));
            }
        }
        let wait = clock.next_due().saturating_sub(now()).clamp(SECOND / 100, 3600 * SECOND);
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(Duration::from_micros(wait.unsigned_abs())) => {}
        }
    }
}

/// What was written, in words.
pub(super) fn summary(written: &Written, root: &Path) -> String {
    let mut text = format!(
        "{} with {} ({}) in {}",
        number::counted(written.objects, "object", "objects"),
        number::counted(written.records, "record", "records"),
        number::bytes(written.bytes),
        root.display()
    );
    if written.present > 0 {
        text.push_str(&format!("; {} were there", number::grouped(written.present)));
    }
    text
}
