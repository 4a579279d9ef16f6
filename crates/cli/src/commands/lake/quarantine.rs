//! `lake quarantine`: what could not be read.

mod retry;

use std::io::Write;

use arrow::array::RecordBatch;
use flowglass_lake::answer::{Limits, SqlAnswer};
use serde_json::{Value, json};

use crate::args::{LimitArgs, QuarantineCommand, QuarantineListArgs, TextFormat};
use crate::context::Context;
use crate::failure::Result;
use crate::output::batch::Values;
use crate::output::style::Ink;
use crate::output::table::{Cell, Column, Table};
use crate::output::{meta, stdout};

pub(super) async fn run(context: &Context, command: &QuarantineCommand) -> Result<()> {
    match command {
        QuarantineCommand::List(args) => list(context, args).await,
        QuarantineCommand::Retry(args) => retry::run(context, args).await,
    }
}

/// An object that could not be read, or not wholly.
struct Entry {
    object_id: String,
    source: String,
    key: String,
    outcome: String,
    reason: String,
    problems: Value,
    unreadable: u64,
    recorded_at: i64,
}

async fn list(context: &Context, args: &QuarantineListArgs) -> Result<()> {
    let reader = context.reader(&args.lake, &LimitArgs::default()).await?;
    let rows = if args.limit == 0 { usize::MAX } else { args.limit };
    let limits = Limits { max_rows: rows, ..context.limits(&LimitArgs::default(), rows)? };
    let statement = "SELECT object_id, source, key, outcome, reason, problems, unreadable, recorded_at FROM objects \
                     WHERE outcome IN ('quarantined', 'partial') ORDER BY recorded_at DESC, key";
    let answer = reader.sql(statement, None, limits).await?;
    let entries: Vec<Entry> = answer.rows.iter().flat_map(entries).collect();
    let mut out = stdout();
    match args.output.format {
        TextFormat::Json => writeln!(out, "{}", document(&answer, &entries))?,
        TextFormat::Text if entries.is_empty() => {}
        TextFormat::Text => {
            let zone = context.zone(None)?;
            let mut table = Table::new(vec![
                Column::text("outcome"),
                Column::number("unreadable").expendable(2),
                Column::text(format!("read ({})", zone.name())).expendable(1),
                Column::text("reason"),
                Column::text("object"),
            ]);
            for entry in &entries {
                let unreadable = if entry.outcome == "quarantined" {
                    "all".to_owned()
                } else {
                    entry.unreadable.to_string()
                };
                table.rows.push(vec![
                    Cell::new(Ink::Warning, &entry.outcome),
                    Cell::plain(unreadable),
                    Cell::plain(zone.instant(entry.recorded_at - entry.recorded_at.rem_euclid(1_000_000))),
                    Cell::plain(entry.why()),
                    Cell::key(format!("{} {}", entry.source, entry.key)),
                ]);
            }
            table.write(&mut out, context.width, context.style)?;
        }
    }
    out.flush()?;
    drop(out);
    if args.output.format == TextFormat::Text {
        let count = entries.len() as u64;
        context.tell(meta::shown(count, "object", "objects", answer.truncated, "--limit 0 for all"));
    }
    Ok(())
}

impl Entry {
    /// Why it could not be read; of several records, the first.
    fn why(&self) -> String {
        let problems = self.problems.as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |problem: &Value| {
            let reason = problem["reason"].as_str().unwrap_or_default();
            problem["index"]
                .as_u64()
                .map_or_else(|| reason.to_owned(), |index| format!("record {index}: {reason}"))
        };
        let first = problems.iter().find(|problem| problem["index"].is_u64()).or(problems.first());
        match (self.reason.is_empty(), first) {
            (false, _) => self.reason.clone(),
            (true, Some(problem)) if self.unreadable > 1 => {
                format!("{}, and {} more", text(problem), self.unreadable - 1)
            }
            (true, Some(problem)) => text(problem),
            (true, None) => "not said".to_owned(),
        }
    }
}

fn entries(batch: &RecordBatch) -> Vec<Entry> {
    let values = Values::of(batch);
    let entry = |row| {
        let text = |column| values.text(column, row).unwrap_or_default().to_owned();
        let integer = |column| values.integer(column, row).unwrap_or_default();
        Entry {
            object_id: text("object_id"),
            source: text("source"),
            key: text("key"),
            outcome: text("outcome"),
            reason: text("reason"),
            problems: serde_json::from_str(&text("problems")).unwrap_or(Value::Null),
            unreadable: integer("unreadable").unsigned_abs(),
            recorded_at: integer("recorded_at"),
        }
    };
    (0..batch.num_rows()).map(entry).collect()
}

fn document(answer: &SqlAnswer, entries: &[Entry]) -> Value {
    let objects: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "object_id": entry.object_id, "source": entry.source, "key": entry.key, "outcome": entry.outcome,
                "reason": if entry.reason.is_empty() { Value::Null } else { entry.reason.clone().into() },
                "problems": entry.problems, "unreadable": entry.unreadable,
                "recorded_at": flowglass_flow::time::format(entry.recorded_at),
            })
        })
        .collect();
    json!({ "objects": objects, "more": answer.truncated, "lake_version": answer.lake_version })
}
