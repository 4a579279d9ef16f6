//! `search`: records, newest first.

use std::io::Write;
use std::time::Duration;

use arrow::array::RecordBatch;
use flowglass_lake::answer::{
    Limits, Meta, Nearest, Range, SearchOptions, row_to_json, write_csv, write_ndjson,
};
use flowglass_lake::read::{Reader, SearchStream};
use futures::StreamExt;
use serde_json::json;

use crate::args::{Format, SearchArgs};
use crate::context::{Context, Question};
use crate::failure::Result;
use crate::output::flow_table::{self, FlowTable};
use crate::output::table::Layout;
use crate::output::{batch, meta, number, say, stdout, table::Table};
use crate::settings::TIMEOUT;

/// Records of a table, unless told.
const TABLE_ROWS: usize = 100;
/// Rows that decide how wide the columns of a table are.
const LAYOUT_ROWS: usize = 1000;

pub(super) async fn run(context: &Context, args: &SearchArgs) -> Result<()> {
    let question = context.question(&args.question, &args.query)?;
    if args.explain {
        context.tell_notes(&question.scope.query);
        return explain(args, &question);
    }
    let reader = context.reader(&args.question.lake, &args.question.limits).await?;
    if args.count {
        return count(context, args, &question, &reader).await;
    }
    let limit = match (args.limit, args.output.format) {
        (Some(0), _) | (None, Format::Ndjson | Format::Json | Format::Csv) => None,
        (None, Format::Table) => Some(TABLE_ROWS),
        (Some(limit), _) => Some(limit),
    };
    let mut limits = context.limits(&args.question.limits, usize::MAX)?;
    // Whoever asks for everything waits for everything, unless a time-out is set.
    if limit.is_none() && context.settings.text(&TIMEOUT, args.question.limits.timeout.as_deref())?.is_none()
    {
        limits.timeout = Duration::from_secs(365 * 86_400);
    }
    let options = SearchOptions {
        // One more tells whether there are more.
        limit: limit.map(|limit| limit.saturating_add(1)),
        sort: args
            .sort
            .iter()
            .filter(|key| !key.is_empty())
            .map(|key| key.parse().unwrap_or_else(|never| match never {}))
            .collect(),
        fields: fields(args),
        cursor: None,
        limits,
    };
    let stream = reader.search_stream(&question.scope, &options).await?;
    Answer { context, args, question: &question, limit, reader: &reader, rows: 0, more: false }
        .write(stream)
        .await
}

/// The columns to ask for; none means all. `id` is made of two that always come.
fn fields(args: &SearchArgs) -> Vec<String> {
    let asked = || args.fields.iter().filter(|name| !name.is_empty());
    if asked().any(|name| name == "all") {
        return vec![];
    }
    if asked().next().is_none() {
        let of_table: Vec<String> = flow_table::FIELDS.iter().map(|name| (*name).to_owned()).collect();
        return if args.output.format == Format::Table { of_table } else { vec![] };
    }
    let parts = |name: &String| match name.as_str() {
        "id" => vec!["object_id".to_owned(), "record_index".to_owned()],
        _ => vec![name.clone()],
    };
    let mut columns: Vec<String> = asked().flat_map(parts).collect();
    let mut seen = std::collections::HashSet::new();
    columns.retain(|name| seen.insert(name.clone()));
    columns
}

/// The columns to show. JSON has `id` in front anyway; CSV has its two parts.
fn shown(args: &SearchArgs, fields: Vec<String>) -> Vec<String> {
    let named: Vec<String> = args.fields.iter().filter(|name| !name.is_empty()).cloned().collect();
    let all = named.iter().any(|name| name == "all");
    match args.output.format {
        Format::Table if !all && !named.is_empty() => named,
        Format::Ndjson | Format::Json if !all => {
            let of_id = |name: &String| matches!(name.as_str(), "object_id" | "record_index");
            let mut fields = fields;
            if named.iter().any(|name| name == "id") {
                fields.retain(|name| !of_id(name) || named.contains(name));
            }
            fields
        }
        _ => fields,
    }
}

fn explain(args: &SearchArgs, question: &Question) -> Result<()> {
    let query = &question.scope.query;
    let mut out = stdout();
    if matches!(args.output.format, Format::Json | Format::Ndjson) {
        let document = json!({
            "query": query.text,
            "tree": query.explain_json(),
            "range": question.scope.range,
            "notes": query.warnings,
        });
        writeln!(out, "{document}")?;
    } else {
        writeln!(out, "{}", query.explain().trim_end())?;
        writeln!(out, "time: {}", meta::range(&question.scope.range, &question.zone))?;
    }
    Ok(out.flush()?)
}

async fn count(context: &Context, args: &SearchArgs, question: &Question, reader: &Reader) -> Result<()> {
    let limits = context.limits(&args.question.limits, Limits::default().max_rows)?;
    let answer = reader.count(&question.scope, None, limits).await?;
    let mut out = stdout();
    match args.output.format {
        Format::Json => writeln!(out, "{}", json(&answer)?)?,
        _ => writeln!(out, "{}", answer.count)?,
    }
    out.flush()?;
    if context.quiet || args.output.format == Format::Json {
        return Ok(());
    }
    if answer.count == 0 {
        meta::nearest(answer.nearest.as_ref(), &answer.meta, &question.zone);
    }
    let summary = number::counted(answer.count, "record", "records");
    meta::write(&summary, &answer.meta, &question.zone, context.side_style);
    Ok(())
}

/// A value as JSON text.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| crate::failure::Failure::error(format!("cannot write the answer as JSON: {error}")))
}

/// Writes an answer as it comes.
struct Answer<'a> {
    context: &'a Context,
    args: &'a SearchArgs,
    question: &'a Question,
    limit: Option<usize>,
    reader: &'a Reader,
    rows: usize,
    more: bool,
}

impl Answer<'_> {
    async fn write(mut self, stream: SearchStream) -> Result<()> {
        let SearchStream { meta, fields, mut batches, .. } = stream;
        let mut out = stdout();
        let mut writer =
            RowWriter::new(self.args.output.format, shown(self.args, fields), self.table_is_of_flows());
        writer.begin(&mut out)?;
        while let Some(batch) = batches.next().await {
            let batch = self.cut(batch?);
            writer.add(&mut out, batch, self.context, self.question)?;
            if self.more {
                break;
            }
        }
        drop(batches);
        let nearest = match self.rows {
            0 => self.nearest().await?,
            _ => None,
        };
        writer.end(&mut out, self.context, self.question)?;
        if self.args.output.format == Format::Json {
            let nearest = json(&nearest)?;
            writeln!(
                out,
                "],\"count\":{},\"more\":{},\"nearest\":{nearest},\"meta\":{}}}",
                self.rows,
                self.more,
                json(&meta)?
            )?;
        }
        out.flush()?;
        drop(out);
        self.tell(&meta, nearest.as_ref());
        Ok(())
    }

    /// True if the table shows who spoke to whom, not columns asked for.
    fn table_is_of_flows(&self) -> bool {
        self.args.fields.is_empty()
    }

    /// Takes the row away that was only asked for to know whether there are more.
    fn cut(&mut self, batch: RecordBatch) -> RecordBatch {
        let room = self.limit.map_or(usize::MAX, |limit| limit - self.rows);
        self.more = batch.num_rows() > room;
        let batch = if self.more { batch.slice(0, room) } else { batch };
        self.rows += batch.num_rows();
        batch
    }

    async fn nearest(&self) -> Result<Option<Nearest>> {
        if self.question.scope.range == Range::default() {
            return Ok(None);
        }
        let limits = self.context.limits(&self.args.question.limits, 1)?;
        let options = SearchOptions { limit: Some(1), limits, ..SearchOptions::default() };
        Ok(self.reader.search(&self.question.scope, &options).await?.nearest)
    }

    fn tell(&self, meta: &Meta, nearest: Option<&Nearest>) {
        if self.context.quiet {
            return;
        }
        if self.args.output.format == Format::Ndjson {
            let told = json!({ "count": self.rows, "more": self.more, "nearest": nearest, "meta": meta });
            return say(told);
        }
        if self.args.output.format == Format::Json {
            return;
        }
        let zone = &self.question.zone;
        if self.rows == 0 {
            meta::nearest(nearest, meta, zone);
        }
        let all = "--limit 0 for all, --count to count";
        let summary = meta::shown(self.rows as u64, "record", "records", self.more, all);
        meta::write(&summary, meta, zone, self.context.side_style);
    }
}

/// Writes rows in one of the formats.
pub(super) struct RowWriter {
    format: Format,
    fields: Vec<String>,
    flows: bool,
    first: bool,
    table: Option<Table>,
    waiting: Vec<RecordBatch>,
    layout: Option<Layout>,
}

impl RowWriter {
    /// `flows`: the table shows who spoke to whom.
    pub(super) fn new(format: Format, fields: Vec<String>, flows: bool) -> Self {
        Self { format, fields, flows, first: true, table: None, waiting: vec![], layout: None }
    }

    /// Writes what comes before the rows.
    pub(super) fn begin(&mut self, out: &mut impl Write) -> Result<()> {
        if self.format == Format::Json {
            write!(out, "{{\"fields\":{},\"rows\":[", json(&self.fields)?)?;
        }
        Ok(())
    }

    /// Writes rows. A table waits for enough of them to know how wide its columns are.
    pub(super) fn add(
        &mut self,
        out: &mut impl Write,
        batch: RecordBatch,
        context: &Context,
        question: &Question,
    ) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        match self.format {
            Format::Ndjson => write_ndjson(out, &batch, &self.fields)?,
            Format::Csv => write_csv(out, &batch, &self.fields, self.first)?,
            Format::Json => {
                for row in 0..batch.num_rows() {
                    let comma = if self.first && row == 0 { "\n" } else { ",\n" };
                    write!(out, "{comma}{}", row_to_json(&batch, row, &self.fields))?;
                }
            }
            Format::Table => {
                self.waiting.push(batch);
                let waiting: usize = self.waiting.iter().map(RecordBatch::num_rows).sum();
                if self.layout.is_some() || waiting >= LAYOUT_ROWS {
                    self.flush_table(out, context, question)?;
                }
            }
        }
        self.first = false;
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn end(&mut self, out: &mut impl Write, context: &Context, question: &Question) -> Result<()> {
        match self.format {
            Format::Table if !self.waiting.is_empty() => self.flush_table(out, context, question)?,
            Format::Csv if self.first => write!(out, "{}\r\n", self.fields.join(","))?,
            _ => {}
        }
        Ok(())
    }

    /// Writes the rows of a table that wait; the first ones with the header.
    pub(super) fn flush_table(
        &mut self,
        out: &mut impl Write,
        context: &Context,
        question: &Question,
    ) -> Result<()> {
        let batches = std::mem::take(&mut self.waiting);
        let table = if self.flows {
            let flow_table = FlowTable {
                zone: &question.zone,
                names: &question.names,
                short_ids: context.width.is_some(),
            };
            let mut table = flow_table.table();
            batches.iter().for_each(|batch| flow_table.add(&mut table, batch));
            table
        } else {
            batch::table(&batches, &self.fields, &question.zone)
        };
        let layout = match self.layout.take() {
            Some(layout) => layout,
            None => {
                let layout = table.layout(context.width);
                table.write_header(out, &layout, context.style)?;
                layout
            }
        };
        for row in &table.rows {
            table.write_row(out, &layout, context.style, row)?;
        }
        self.layout = Some(layout);
        self.table = Some(Table { rows: vec![], ..table });
        Ok(())
    }
}
