//! `lake stats`.

use std::io::Write;

use crate::args::{LimitArgs, StatsArgs, TextFormat};
use crate::commands::search::json;
use crate::context::Context;
use crate::failure::Result;
use crate::output::table::{Cell, Column, Table};
use crate::output::{number, stdout};

pub(super) async fn run(context: &Context, args: &StatsArgs) -> Result<()> {
    let reader = context.reader(&args.lake, &LimitArgs::default()).await?;
    let stats = reader.stats().await?;
    let mut out = stdout();
    if args.output.format == TextFormat::Json {
        writeln!(out, "{}", json(&stats)?)?;
        return Ok(out.flush()?);
    }
    let zone = context.zone(None)?;
    let time = |at: Option<flowglass_lake::answer::Instant>| {
        at.map_or_else(|| "never".to_owned(), |at| zone.with_offset(at.0))
    };
    let mut lines = vec![
        ("version", stats.lake_version.to_string()),
        ("records", number::grouped(stats.rows)),
        ("files", number::grouped(stats.files)),
        ("size", format!("{}, {:.1} bytes a record", number::bytes(stats.bytes), stats.bytes_per_record)),
        (
            "days",
            format!(
                "{}, at most {} in one",
                stats.days,
                number::counted(stats.most_files_in_a_day, "file", "files")
            ),
        ),
        ("vNICs", number::grouped(stats.vnics)),
        ("oldest record", time(stats.oldest)),
        ("newest record", time(stats.newest)),
        ("last listed", time(stats.last_listed)),
    ];
    let outcomes: Vec<_> = stats
        .objects
        .iter()
        .map(|count| (format!("objects {}", count.outcome), number::grouped(count.objects)))
        .collect();
    lines.extend(outcomes.iter().map(|(name, value)| (name.as_str(), value.clone())));
    let mut table = Table::new(vec![Column::text("what"), Column::text("how much")]);
    table.rows.extend(lines.into_iter().map(|(name, value)| vec![Cell::plain(name), Cell::plain(value)]));
    table.write(&mut out, context.width, context.style)?;
    Ok(out.flush()?)
}
