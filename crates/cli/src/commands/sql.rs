//! `sql`: one SELECT, raw.

use std::io::Write;

use flowglass_lake::answer::{SqlAnswer, row_to_json, write_csv, write_ndjson};

use super::search::json;
use crate::args::{Format, SqlArgs};
use crate::context::Context;
use crate::failure::Result;
use crate::output::zone::Zone;
use crate::output::{batch, meta, stdout};

pub(super) async fn run(context: &Context, args: &SqlArgs) -> Result<()> {
    let reader = context.reader(&args.lake, &args.limits).await?;
    let rows = if args.limit == 0 { usize::MAX } else { args.limit };
    let limits = context.limits(&args.limits, rows)?;
    let answer = reader.sql(&args.statement.join(" "), None, limits).await?;
    let fields: Vec<String> = answer.schema.fields().iter().map(|field| field.name().clone()).collect();
    let count: usize = answer.rows.iter().map(|batch| batch.num_rows()).sum();
    let mut out = stdout();
    match args.output.format {
        Format::Json => write_document(&mut out, &answer, &fields, count)?,
        Format::Ndjson => {
            for batch in &answer.rows {
                write_ndjson(&mut out, batch, &fields)?;
            }
        }
        Format::Csv if count == 0 => writeln!(out, "{}", fields.join(","))?,
        Format::Csv => {
            for (at, batch) in answer.rows.iter().enumerate() {
                write_csv(&mut out, batch, &fields, at == 0)?;
            }
        }
        // SQL speaks UTC, in what it is told and in what it says.
        Format::Table => {
            let zone = Zone::named(Some("UTC"))?;
            batch::table(&answer.rows, &fields, &zone).write(&mut out, context.width, context.style)?;
        }
    }
    out.flush()?;
    drop(out);
    if args.output.format != Format::Json {
        context.tell(format!(
            "{}; raw: traffic seen from both ends is there twice, closing records too; {:.0} ms",
            meta::shown(count as u64, "row", "rows", answer.truncated, "--limit 0 for all"),
            answer.elapsed_ms
        ));
    }
    Ok(())
}

fn write_document(out: &mut impl Write, answer: &SqlAnswer, fields: &[String], count: usize) -> Result<()> {
    write!(out, "{{\"fields\":{},\"rows\":[", json(&fields)?)?;
    let mut first = true;
    for batch in &answer.rows {
        for row in 0..batch.num_rows() {
            let comma = if std::mem::take(&mut first) { "\n" } else { ",\n" };
            write!(out, "{comma}{}", row_to_json(batch, row, fields))?;
        }
    }
    let facts = serde_json::json!({
        "lake_version": answer.lake_version,
        "measure": { "name": "raw", "words": "rows as they are stored" },
        "elapsed_ms": answer.elapsed_ms,
        "rows_read": answer.rows_read,
    });
    writeln!(out, "],\"count\":{count},\"more\":{},\"meta\":{facts}}}", answer.truncated)?;
    Ok(())
}
