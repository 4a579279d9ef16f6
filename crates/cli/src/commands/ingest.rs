//! `ingest`: the objects of sources, once each.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use flowglass_ingest::{Counters, IngestReport, PipelineOptions, first_kept_day, ingest};
use flowglass_lake::Writer;
use serde_json::json;

use super::reading;
use super::source::{Access, apart, filter};
use crate::args::{IngestArgs, TextFormat};
use crate::context::Context;
use crate::failure::{Failure, Kind, Result};
use crate::memory;
use crate::output::{number, say, stdout};

pub(super) async fn run(context: &Context, args: &IngestArgs) -> Result<()> {
    memory::keep_columns();
    let filter = filter(&args.filter, &context.zone(None)?)?;
    let access = Access::new(context, &args.access, &args.lake.store, args.filter.region.as_deref())?;
    apart(context, &args.sources, &args.lake)?;
    let sources = access.open_some(context, &args.sources).await?;
    let lake = context.lake_or_new(&args.lake).await?;
    let mut writer = Writer::open(&lake).await?;
    let counters = Arc::new(Counters::default());
    let stop = reading::stop_on_signal(context);
    if !context.quiet && std::io::stderr().is_terminal() {
        reading::count_beside(&sources, &filter, &writer, &counters);
    }
    let expire_before = reading::keep_days(context, None)?.map(first_kept_day);
    let options = PipelineOptions { expire_before, ..reading::pipeline(context) };
    let work = ingest(&mut writer, &sources, &filter, &options, &counters, &stop);
    let report = reading::with_progress(context, "ingesting", &counters, work).await?;
    drop((writer, sources));
    memory::give_back_now();
    // The records are in; files that many small runs leave behind are merged when it is worth it.
    if !report.stopped && !args.no_upkeep {
        memory::keep_giving_back();
        if let Err(error) = lake.upkeep().await {
            tracing::warn!(%error, "the lake's upkeep failed; the records are in");
        }
    }
    tell(context, args.output.format, &report)?;
    result(args, &report)
}

pub(super) fn tell(context: &Context, format: TextFormat, report: &IngestReport) -> Result<()> {
    let mut out = stdout();
    match format {
        TextFormat::Json => {
            let line = json!({
                "objects": report.objects,
                "new": report.new,
                "records": report.records,
                "empty": report.empty,
                "partial": report.partial,
                "quarantined": report.quarantined,
                "seconds": (report.seconds * 1000.0).round() / 1000.0,
            });
            writeln!(out, "{line}")?;
        }
        TextFormat::Text => writeln!(out, "{}", summary(report))?,
    }
    out.flush()?;
    drop(out);
    if !context.quiet {
        if report.filtered > 0 && format == TextFormat::Json {
            let objects = number::counted(report.filtered, "object", "objects");
            say(format!("{objects} left out by the filter: their keys do not tell, they do"));
        }
        for failure in &report.failures {
            say(format!("not read: {} {}: {}", failure.source, failure.key, failure.reason));
        }
        if report.partial + report.quarantined > 0 {
            say("what could not be read, and why: flowglass lake quarantine list");
        }
    }
    Ok(())
}

fn summary(report: &IngestReport) -> String {
    let mut text = format!(
        "{}: {} new with {}",
        number::counted(report.objects, "object", "objects"),
        number::grouped(report.new),
        number::counted(report.records, "record", "records")
    );
    let remarks = [
        (report.empty, "empty"),
        (report.partial, "partly unreadable"),
        (report.quarantined, "unreadable"),
        (report.expired, "older than retention"),
        (report.filtered, "left out by the filter"),
        (report.pending, "to be tried again"),
    ];
    for (number, what) in remarks {
        if number > 0 {
            text.push_str(&format!(", {} {what}", number::grouped(number)));
        }
    }
    text.push_str(&format!(", {:.1} s", report.seconds));
    text
}

fn result(args: &IngestArgs, report: &IngestReport) -> Result<()> {
    if report.stopped {
        return Err(Failure::new(Kind::Interrupted, "stopped before the end")
            .hint("run it again: it goes on where it was"));
    }
    if report.pending > 0 {
        let objects = number::counted(report.pending, "object", "objects");
        return Err(Failure::new(Kind::Incomplete, format!("{objects} could not be read for now"))
            .hint("run it again: only they are read"));
    }
    let bad = report.partial + report.quarantined;
    if args.strict && bad > 0 {
        let objects = number::counted(bad, "object", "objects");
        return Err(Failure::new(Kind::Incomplete, format!("{objects} could not be read, or not wholly"))
            .hint("`flowglass lake quarantine list` says which and why"));
    }
    Ok(())
}
