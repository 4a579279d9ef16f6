//! `check`: can a source be read, and what is to be expected?

use std::io::Write;

use flowglass_codec::Limits;
use flowglass_ingest::{CheckReport, check};

use super::reading;
use super::search::json;
use super::source::{Access, filter};
use crate::args::{CheckArgs, TextFormat};
use crate::context::Context;
use crate::failure::Result;
use crate::output::table::{Cell, Column, Table};
use crate::output::{number, stdout};

pub(super) async fn run(context: &Context, args: &CheckArgs) -> Result<()> {
    let filter = filter(&args.filter, &context.zone(None)?)?;
    let access = Access::new(context, &args.access, &args.store, args.filter.region.as_deref())?;
    let sources = access.open_some(context, std::slice::from_ref(&args.source)).await?;
    let watch = reading::watch_options(context, None, None, filter.clone())?;
    let mut out = stdout();
    for source in &sources {
        let report = check(source, &filter, Limits::default(), &watch).await?;
        match args.output.format {
            TextFormat::Json => writeln!(out, "{}", json(&report)?)?,
            TextFormat::Text => write(&mut out, &report, context)?,
        }
    }
    Ok(out.flush()?)
}

fn write(out: &mut impl Write, report: &CheckReport, context: &Context) -> Result<()> {
    let about = if report.exact { "" } else { "about " };
    let days = match (&report.first_day, &report.last_day) {
        (Some(first), Some(last)) if first == last => first.clone(),
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "not told by the keys".to_owned(),
    };
    let lines = [
        ("source", format!("{} ({})", report.location, report.source)),
        ("login", report.login.clone()),
        (
            "vNICs",
            format!(
                "{}, {}",
                number::grouped(report.vnics),
                number::counted(report.streams, "stream", "streams")
            ),
        ),
        (
            "objects",
            format!(
                "{about}{}, {} ({})",
                number::grouped(report.objects),
                number::bytes(report.bytes),
                report.how
            ),
        ),
        ("days", days),
        (
            "expect",
            format!(
                "about {} and {} in the lake",
                number::counted(report.expected_records, "record", "records"),
                number::bytes(report.expected_lake_bytes)
            ),
        ),
        (
            "watching",
            match report.list_calls_a_day {
                0 => "costs no listing calls".to_owned(),
                calls => format!(
                    "{} a day, every {} s",
                    number::counted(calls, "listing call", "listing calls"),
                    report.poll_seconds
                ),
            },
        ),
    ];
    let mut table = Table::new(vec![Column::text("what"), Column::text("found")]);
    table.rows.extend(lines.into_iter().map(|(what, found)| vec![Cell::plain(what), Cell::plain(found)]));
    for sample in &report.samples {
        let found = match (&sample.problem, sample.unreadable) {
            (Some(problem), _) => format!("unreadable: {problem}"),
            (None, 0) => number::counted(sample.records, "record", "records"),
            (None, bad) => format!(
                "{}, {} unreadable",
                number::counted(sample.records, "record", "records"),
                number::grouped(bad)
            ),
        };
        table.rows.push(vec![Cell::plain("read"), Cell::key(format!("{found}: {}", sample.key))]);
    }
    for warning in &report.warnings {
        table.rows.push(vec![Cell::plain("warning"), Cell::plain(warning)]);
    }
    table.write(out, context.width, context.style)?;
    Ok(())
}
