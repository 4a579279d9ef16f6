//! `lake verify`: the bucket against the lake.

use std::io::Write;
use std::sync::Arc;

use flowglass_ingest::source::Source;
use flowglass_ingest::{Verdict, VerifyOptions, VerifyReport, verify};
use flowglass_lake::{Lake, Writer};
use parking_lot::Mutex;
use serde_json::json;

use crate::args::{TextFormat, VerifyArgs};
use crate::commands::source::{Access, filter};
use crate::context::Context;
use crate::failure::{Failure, Kind, Result};
use crate::output::progress::{Amount, Progress};
use crate::output::style::Ink;
use crate::output::table::{Cell, Column, Table};
use crate::output::{number, stdout};

/// How often progress is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(200);

pub(super) async fn run(context: &Context, args: &VerifyArgs) -> Result<()> {
    let filter = filter(&args.filter, &context.zone(None)?)?;
    let access = Access::new(context, &args.access, &args.lake.store, args.filter.region.as_deref())?;
    let lake = context.lake(&args.lake).await?;
    let sources = sources(context, &access, args, &lake).await?;
    let writer = Writer::open(&lake).await?;
    let options = VerifyOptions { filter, ..VerifyOptions::default() };
    let mut reports = Vec::with_capacity(sources.len());
    for source in &sources {
        let report = with_progress(context, &writer, source, &options).await?;
        reports.push((source.name().to_string(), report));
    }
    let differing: u64 = reports.iter().map(|(_, report)| report.of(Verdict::Differs)).sum();
    let mut out = stdout();
    match args.output.format {
        TextFormat::Json => {
            let sources: Vec<_> = reports
                .iter()
                .map(|(source, report)| json!({ "source": source, "report": report }))
                .collect();
            writeln!(out, "{}", json!({ "passed": differing == 0, "sources": sources }))?;
        }
        TextFormat::Text => {
            for (source, report) in &reports {
                write(&mut out, source, report, context)?;
            }
        }
    }
    out.flush()?;
    if differing > 0 {
        let objects = number::counted(differing, "object differs", "objects differ");
        return Err(Failure::new(Kind::Incomplete, format!("{objects} from what the lake holds of it")));
    }
    Ok(())
}

/// The sources named, else those of the settings file, else those the lake was read from.
async fn sources(
    context: &Context,
    access: &Access,
    args: &VerifyArgs,
    lake: &Lake,
) -> Result<Vec<Arc<dyn Source>>> {
    let named = access.open(context, &args.sources).await?;
    if !named.is_empty() {
        return Ok(named);
    }
    let known: Vec<String> = lake.statuses().await?.into_iter().map(|status| status.location).collect();
    access.open_some(context, &known).await
}

async fn with_progress(
    context: &Context,
    writer: &Writer,
    source: &Arc<dyn Source>,
    options: &VerifyOptions,
) -> Result<VerifyReport> {
    let reached = Mutex::new(Amount::default());
    let told = |report: &VerifyReport| {
        *reached.lock() = Amount {
            objects: report.counts.values().sum(),
            records: report.rows,
            bytes: report.bytes,
            ..Amount::default()
        };
    };
    let mut progress = Progress::new("verifying", context.quiet, context.verbose > 0);
    let mut work = std::pin::pin!(verify(writer, source, options, &told));
    let report = loop {
        tokio::select! {
            report = &mut work => break report,
            () = tokio::time::sleep(LOOK) => progress.show(&reached.lock()),
        }
    };
    progress.finish();
    Ok(report?)
}

fn write(out: &mut impl Write, source: &str, report: &VerifyReport, context: &Context) -> Result<()> {
    let counts: Vec<String> = report
        .counts
        .iter()
        .map(|(verdict, count)| format!("{} {verdict}", number::grouped(*count)))
        .collect();
    writeln!(
        out,
        "{source}: {}; {} compared, {} read, {:.1} s",
        if counts.is_empty() { "no objects".to_owned() } else { counts.join(", ") },
        number::counted(report.rows, "record", "records"),
        number::bytes(report.bytes),
        report.seconds
    )?;
    if report.findings.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(vec![Column::text("verdict"), Column::text("reason"), Column::text("object")]);
    for finding in &report.findings {
        let ink = if finding.verdict == Verdict::Differs { Ink::Rejected } else { Ink::Plain };
        table.rows.push(vec![
            Cell::new(ink, finding.verdict.to_string()),
            Cell::plain(finding.reason.as_deref().unwrap_or_default()),
            Cell::key(&finding.key),
        ]);
    }
    table.write(out, context.width, context.style)?;
    Ok(())
}
