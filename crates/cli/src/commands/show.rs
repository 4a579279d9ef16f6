//! `show`: a record as the provider wrote it.

use std::io::Write;

use flowglass_codec::record_text;
use flowglass_flow::{ObjectEntry, RowId};
use flowglass_ingest::source::{Listed, open};
use flowglass_lake::Lake;
use flowglass_lake::answer::{Limits, row_to_json};
use serde_json::value::RawValue;

use super::source::Access;
use super::{row, search};
use crate::args::{AccessArgs, ShowArgs, TextFormat};
use crate::context::Context;
use crate::failure::{Failure, Kind, Result};
use crate::output::stdout;

/// Most bytes of an object that are read.
const MAX_BYTES: u64 = 1 << 30;

pub(super) async fn run(context: &Context, args: &ShowArgs) -> Result<()> {
    let question = context.question(&args.question, &[])?;
    let limits = context.limits(&args.question.limits, Limits::default().max_rows)?;
    let lake = context.lake(&args.question.lake).await?;
    let reader = context.reader_of(lake.clone(), &args.question.limits, 0)?;
    let id = row::resolve(context, &question, &reader, &args.row, limits).await?;
    let answer = reader.row(id, None).await?.ok_or_else(|| row::missing(id))?;
    let stored = row_to_json(&answer.row, 0, &[]);
    let origin = lake.ledger_entry(&*lake.refresh().await?, id.object).await?;
    let written = match &origin {
        Some(origin) => written(context, args, &lake, id, origin).await,
        None => Err(Failure::error("the ledger does not know its object")),
    };
    let place = origin.as_ref().map(|origin| format!("{} {}", origin.source, origin.key));
    let mut out = stdout();
    match (args.output.format, &written) {
        (TextFormat::Text, Ok(text)) => writeln!(out, "{text}")?,
        (TextFormat::Text, Err(_)) => writeln!(out, "{stored}")?,
        (TextFormat::Json, _) => {
            let raw =
                |text: &str| RawValue::from_string(text.to_owned()).map_err(|error| Failure::of(&error));
            #[derive(serde::Serialize)]
            struct Document<'a> {
                id: String,
                source: Option<&'a str>,
                key: Option<&'a str>,
                record: Option<Box<RawValue>>,
                unavailable: Option<String>,
                row: Box<RawValue>,
            }
            let document = Document {
                id: id.to_string(),
                source: origin.as_ref().map(|origin| origin.source.0.as_str()),
                key: origin.as_ref().map(|origin| origin.key.as_str()),
                record: written.as_deref().ok().map(raw).transpose()?,
                unavailable: written.as_ref().err().map(Failure::in_a_line),
                row: raw(&stored)?,
            };
            writeln!(out, "{}", search::json(&document)?)?;
        }
    }
    out.flush()?;
    drop(out);
    match written {
        Ok(_) => context.tell(format!("record {} of {}", id.index, place.unwrap_or_default())),
        Err(failure) => {
            context.tell(format!("this is the stored row: {}", failure.in_a_line()));
            if let Some(place) = place {
                context.tell(format!("it came from record {} of {place}", id.index));
            }
        }
    }
    Ok(())
}

/// Reads the record from its object again.
async fn written(
    context: &Context,
    args: &ShowArgs,
    lake: &Lake,
    id: RowId,
    origin: &ObjectEntry,
) -> Result<String> {
    let location = match &args.source {
        Some(source) => source.clone(),
        None => location(lake, origin).await?,
    };
    let access = AccessArgs { name: Some(origin.source.to_string()), ..AccessArgs::default() };
    let access = Access::new(context, &access, &args.question.lake.store, None)?;
    let source = open(&access.spec(&location)).await?;
    let gone = || Failure::new(Kind::NotFound, format!("its object is gone from {location}"));
    let listed: Listed = source.find(&origin.key).await?.ok_or_else(gone)?;
    let fetched = source.get(&listed, MAX_BYTES).await?;
    let same = fetched.version == origin.etag || Some(&fetched.content_hash) == origin.content_hash.as_ref();
    if !same {
        return Err(Failure::error(format!("its object in {location} was written over since it was read")));
    }
    Ok(record_text(&fetched.bytes, id.index, &flowglass_codec::Limits::default())?)
}

/// Where the source is: a bucket's name says it; for a directory, the lake remembers where it was read.
async fn location(lake: &Lake, origin: &ObjectEntry) -> Result<String> {
    let statuses = lake.statuses().await?;
    if let Some(status) = statuses.into_iter().find(|status| status.source == origin.source) {
        return Ok(status.location);
    }
    if origin.source.0.starts_with("s3://") {
        return Ok(origin.source.0.clone());
    }
    Err(Failure::error(format!("where the source {:?} is, is not known", origin.source.0))
        .hint("name it with --source"))
}
