//! `tail`: records as they are added.

use std::io::Write;
use std::time::Duration;

use arrow::array::RecordBatch;
use flowglass_lake::answer::{Range, Scope};

use super::reading;
use super::search::RowWriter;
use crate::args::{Format, TailArgs};
use crate::context::{Context, Question};
use crate::failure::Result;
use crate::output::flow_table::FIELDS;
use crate::output::{number, stdout};

/// How often the lake is looked at.
const EVERY: Duration = Duration::from_millis(250);
/// Most records printed of one look; older ones are skipped, and said to be.
const BATCH: usize = 10_000;

pub(super) async fn run(context: &Context, args: &TailArgs) -> Result<()> {
    let zone = context.zone(args.shown.time_zone.as_deref())?;
    let names = context.names(args.shown.names.as_deref())?;
    let query = context.query(&args.query.join(" "), &names, &zone)?;
    context.tell_notes(&query);
    let question = Question { scope: Scope::new(query, Range::default()), zone, names };
    let reader = context.reader(&args.lake, &args.limits).await?;
    let mut version = match args.after {
        Some(version) => version,
        None => reader.version().await?,
    };
    let fields = fields(args);
    let mut writer = RowWriter::new(args.output.format, fields, args.fields.is_empty());
    let mut left = args.limit.unwrap_or(usize::MAX);
    context.tell(format!("waiting for records after version {version} of the lake; Ctrl-C ends it"));
    let stop = reading::stop_on_signal(context);
    loop {
        let newest = reader.version().await?;
        if newest > version {
            let added = reader.added(version, newest, Some(&question.scope.query), BATCH).await?;
            if added.skipped > 0 {
                context.tell(format!(
                    "{} skipped: more came at once than can be shown",
                    number::counted(added.skipped, "record", "records")
                ));
            }
            let mut out = stdout();
            for batch in added.rows {
                let batch = first(batch, &mut left);
                writer.add(&mut out, batch, context, &question)?;
            }
            writer.end(&mut out, context, &question)?;
            out.flush()?;
            version = added.version;
        }
        if left == 0 {
            return Ok(());
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

fn first(batch: RecordBatch, left: &mut usize) -> RecordBatch {
    let rows = batch.num_rows().min(*left);
    *left -= rows;
    batch.slice(0, rows)
}

fn fields(args: &TailArgs) -> Vec<String> {
    match (args.fields.as_slice(), args.output.format) {
        ([], Format::Table) => FIELDS.iter().map(|name| (*name).to_owned()).collect(),
        ([], _) => vec![],
        (fields, _) if fields.iter().any(|name| name == "all") => vec![],
        (fields, _) => fields.iter().filter(|name| *name != "id").cloned().collect(),
    }
}
