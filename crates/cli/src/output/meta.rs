//! What is said beside an answer: its measure, its coverage, what it cost.

use flowglass_lake::answer::{Measure, Meta, Nearest, Range, Sides};

use super::style::{Ink, Style};
use super::zone::Zone;
use super::{coverage, number, say};
use crate::args::Format;
use crate::context::Context;
use crate::failure::Result;

/// How much of an answer is printed; `all` says how to get the rest, if there is one.
pub(crate) fn shown(count: u64, one: &str, many: &str, more: bool, all: &str) -> String {
    let counted = number::counted(count, one, many);
    if more { format!("{counted} shown, there are more ({all})") } else { counted }
}

/// Says an answer's measure, coverage and warnings on standard error.
pub(crate) fn write(summary: &str, meta: &Meta, zone: &Zone, style: Style) {
    let mut line = format!("{summary}; counted: {}", meta.measure.words);
    let counts_traffic =
        matches!(meta.measure.name, Measure::Bytes | Measure::Packets | Measure::Connections);
    if counts_traffic && meta.measure.sides == Sides::Both && !meta.measure.words.contains("both") {
        line.push_str(", from both sides");
    }
    line.push_str(&format!(
        "; {}; {} of {} read, {:.0} ms",
        range(&meta.range, zone),
        meta.files_read,
        number::counted(meta.files_total, "file", "files"),
        meta.elapsed_ms
    ));
    say(line);
    say(coverage::line(&meta.coverage, zone));
    for warning in &meta.warnings {
        say(style.paint(Ink::Warning, &format!("warning: {warning}")));
    }
}

/// Says beside a list of values what its answer says of itself, unless the JSON document has said it already.
///
/// `nothing` is given when nothing was found: the nearest matches outside the range, if they were looked for.
pub(crate) fn end(
    context: &Context,
    format: Format,
    summary: &str,
    meta: &Meta,
    nothing: Option<Option<&Nearest>>,
    zone: &Zone,
) -> Result<()> {
    match format {
        _ if context.quiet => {}
        Format::Json => {}
        Format::Ndjson => say(serde_json::json!({ "meta": meta, "nearest": nothing.flatten() })),
        Format::Table | Format::Csv => {
            if let Some(found) = nothing {
                nearest(found, meta, zone);
            }
            write(summary, meta, zone, context.side_style);
        }
    }
    Ok(())
}

/// A range in words: `all time`, `from … to … (Europe/Berlin)`.
pub(crate) fn range(range: &Range, zone: &Zone) -> String {
    match (range.from, range.to) {
        (None, None) => format!("all time, {}", zone.name()),
        (Some(from), None) => format!("from {} on", zone.with_offset(from)),
        (None, Some(to)) => format!("before {}", zone.with_offset(to)),
        (Some(from), Some(to)) => format!("{} to {}", zone.minute(from), zone.with_offset(to)),
    }
}

/// Says where else the query matches, when it matches nothing in the range.
pub(crate) fn nearest(nearest: Option<&Nearest>, meta: &Meta, zone: &Zone) {
    say("nothing found");
    if let Some(nearest) = nearest {
        let told = [("before", &nearest.before), ("after", &nearest.after)];
        for (side, row) in told {
            match row {
                Some(row) => {
                    say(format!("  nearest match {side} it: {}  {}", zone.with_offset(row.time.0), row.id))
                }
                None => say(format!("  no match {side} it")),
            }
        }
    }
    match (meta.coverage.held_from, meta.coverage.held_to) {
        (Some(from), Some(to)) => {
            say(format!("  held: {} to {}", zone.minute(from.0), zone.with_offset(to.0)));
        }
        _ => say("  held: nothing yet"),
    }
}
