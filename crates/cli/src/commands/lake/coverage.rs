//! `lake coverage`.

use std::io::Write;

use flowglass_lake::coverage::{CoverageReport, GapKind};

use crate::args::{CoverageArgs, TextFormat};
use crate::commands::search::json;
use crate::context::{Context, Question};
use crate::failure::Result;
use crate::output::style::Ink;
use crate::output::table::{Cell, Column, Table};
use crate::output::{coverage, meta, number, stdout};

pub(super) async fn run(context: &Context, args: &CoverageArgs) -> Result<()> {
    let question = context.question(&args.question, &args.query)?;
    let reader = context.reader(&args.question.lake, &args.question.limits).await?;
    let report = reader.coverage(&question.scope).await?;
    let mut out = stdout();
    match args.output.format {
        TextFormat::Json => writeln!(out, "{}", json(&report)?)?,
        TextFormat::Text => write(&mut out, &report, context, &question)?,
    }
    Ok(out.flush()?)
}

fn write(
    out: &mut impl Write,
    report: &CoverageReport,
    context: &Context,
    question: &Question,
) -> Result<()> {
    let zone = &question.zone;
    writeln!(out, "range: {}", meta::range(&report.range, zone))?;
    writeln!(out, "{}", coverage::line(report, zone))?;
    if !report.vnics.is_empty() {
        let mut table = Table::new(vec![
            Column::text("vNIC"),
            Column::number("covered"),
            Column::text(format!("first ({})", zone.name())),
            Column::text("last"),
            Column::text("silent since").expendable(1),
        ]);
        for vnic in &report.vnics {
            let id = vnic.vnic_id.as_deref().unwrap_or("(none)");
            let name = question.names.of_vnic(id).map_or(id.to_owned(), |name| format!("{id} ({name})"));
            let whole = vnic.fraction.is_none_or(|fraction| fraction >= 1.0);
            let covered = vnic.fraction.map_or_else(|| "-".to_owned(), number::percent);
            table.rows.push(vec![
                Cell::plain(name),
                Cell::new(if whole { Ink::Plain } else { Ink::Warning }, covered),
                Cell::plain(zone.instant(vnic.first.0)),
                Cell::plain(zone.instant(vnic.last.0)),
                Cell::plain(vnic.silent_since.map_or_else(String::new, |at| zone.instant(at.0))),
            ]);
        }
        writeln!(out)?;
        table.write(out, context.width, context.style)?;
        more(out, report.vnic_count, report.vnics.len(), "vNIC", "vNICs")?;
    }
    if !report.gaps.is_empty() {
        let mut table = Table::new(vec![
            Column::text(format!("gap from ({})", zone.name())),
            Column::text("to"),
            Column::text("vNIC"),
            Column::text("records").expendable(1),
            Column::text("reason"),
        ]);
        for gap in &report.gaps {
            table.rows.push(vec![
                Cell::plain(zone.instant(gap.from.0)),
                Cell::plain(if gap.kind == GapKind::Silent {
                    "now".to_owned()
                } else {
                    zone.instant(gap.to.0)
                }),
                Cell::plain(gap.vnic_id.as_deref().unwrap_or("(none)")),
                Cell::plain(gap.record_type.as_deref().unwrap_or("")),
                Cell::plain(coverage::reason(gap.kind)),
            ]);
        }
        writeln!(out)?;
        table.write(out, context.width, context.style)?;
        more(out, report.gap_count, report.gaps.len(), "gap", "gaps")?;
    }
    if !report.lossy.is_empty() {
        let mut table = Table::new(vec![
            Column::text(format!("data lost from ({})", zone.name())),
            Column::text("to"),
            Column::text("vNIC"),
            Column::text("records").expendable(1),
        ]);
        for window in &report.lossy {
            table.rows.push(vec![
                Cell::plain(zone.instant(window.from.0)),
                Cell::plain(zone.instant(window.to.0)),
                Cell::plain(window.vnic_id.as_deref().unwrap_or("(none)")),
                Cell::plain(window.record_type.as_deref().unwrap_or("")),
            ]);
        }
        let lost = number::lasting(std::time::Duration::from_secs(report.lossy_seconds));
        writeln!(out, "\nthe provider lost data in {lost} of windows: counts are lower bounds there")?;
        table.write(out, context.width, context.style)?;
        more(out, report.lossy_windows, report.lossy.len(), "window", "windows")?;
    }
    Ok(())
}

/// Says how many there are beside those listed.
fn more(out: &mut impl Write, all: u64, listed: usize, one: &str, many: &str) -> Result<()> {
    let rest = all.saturating_sub(listed as u64);
    if rest > 0 {
        writeln!(out, "and {} more", number::counted(rest, one, many))?;
    }
    Ok(())
}
