//! `histogram`: how much there is over time.

use std::io::Write;
use std::time::Duration;

use flowglass_lake::answer::{Bucket, HistogramAnswer, HistogramOptions, Limits, Measure};

use super::search::json;
use crate::args::{Format, HistogramArgs};
use crate::context::{self, Context};
use crate::failure::{Failure, Result};
use crate::output::{chart, csv, meta, number, stdout};
use crate::settings::Lasting;

pub(super) async fn run(context: &Context, args: &HistogramArgs) -> Result<()> {
    let question = context.question(&args.question, &args.query)?;
    let options = HistogramOptions {
        bucket: args.by.as_deref().map_or(Ok(Bucket::Auto), bucket)?,
        split: args.split.clone(),
        measure: context::measure(args.measure.measure.as_deref())?,
        time_zone: question.zone.iana().map(str::to_owned),
        limits: context.limits(&args.question.limits, Limits::default().max_rows)?,
    };
    let reader = context.reader(&args.question.lake, &args.question.limits).await?;
    let answer = reader.histogram(&question.scope, &options).await?;
    let mut out = stdout();
    let total: u64 = answer.series.iter().fold(0, |sum, series| sum.saturating_add(series.total));
    match args.output.format {
        Format::Json => writeln!(out, "{}", json(&answer)?)?,
        Format::Ndjson => write_lines(&mut out, &answer)?,
        Format::Csv => write_csv(&mut out, &answer)?,
        Format::Table if total == 0 => {}
        Format::Table => {
            let show = |value| amount(answer.meta.measure.name, value);
            chart::write(&mut out, &answer, &question.zone, context.width, context.style, show)?;
        }
    }
    out.flush()?;
    drop(out);
    let nearest = (total == 0).then_some(answer.nearest.as_ref());
    let bucket = number::lasting(Duration::from_secs(answer.bucket_seconds));
    let summary = format!("{} in buckets of {bucket}", measured(answer.meta.measure.name, total));
    meta::end(context, args.output.format, &summary, &answer.meta, nearest, &question.zone)
}

/// Reads a width of buckets.
pub(super) fn bucket(text: &str) -> Result<Bucket> {
    if text == "auto" {
        return Ok(Bucket::Auto);
    }
    let Lasting(width) = text.parse().map_err(|error: String| Failure::usage(error))?;
    if width < Duration::from_secs(1) {
        return Err(Failure::usage(format!("a bucket of {text} is too narrow")).hint("use 1s or more"));
    }
    Ok(Bucket::Width(width))
}

/// A value of a measure for people: bytes with a unit.
pub(super) fn amount(measure: Measure, value: u64) -> String {
    match measure {
        Measure::Bytes => number::bytes(value),
        _ => number::grouped(value),
    }
}

/// A value of a measure with its noun.
pub(super) fn measured(measure: Measure, value: u64) -> String {
    let (one, many) = match measure {
        Measure::Attempts => ("attempt", "attempts"),
        Measure::Records | Measure::AllRecords => ("record", "records"),
        Measure::Connections => ("connection", "connections"),
        Measure::Packets => ("packet", "packets"),
        Measure::Bytes => return number::bytes(value),
    };
    number::counted(value, one, many)
}

fn write_lines(out: &mut impl Write, answer: &HistogramAnswer) -> Result<()> {
    for series in &answer.series {
        for bucket in &series.buckets {
            let mut line = serde_json::json!({
                "start": bucket.start,
                "value": bucket.value,
                "coverage": bucket.coverage,
            });
            if let (Some(split), Some(members)) = (&answer.split, line.as_object_mut()) {
                members.insert(split.clone(), serde_json::json!(series.key));
                members.insert("other".to_owned(), series.other.into());
            }
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

fn write_csv(out: &mut impl Write, answer: &HistogramAnswer) -> Result<()> {
    let mut header = vec!["start".to_owned()];
    match &answer.split {
        None => header.push(answer.meta.measure.name.as_str().to_owned()),
        Some(_) => header.extend(answer.series.iter().map(chart::name)),
    }
    header.push("coverage".to_owned());
    writeln!(out, "{}", csv::line(&header))?;
    for at in 0..answer.series.first().map_or(0, |series| series.buckets.len()) {
        let first = &answer.series[0].buckets[at];
        let mut line = vec![first.start.to_string()];
        line.extend(answer.series.iter().map(|series| series.buckets[at].value.to_string()));
        line.push(first.coverage.map_or_else(String::new, |part| part.to_string()));
        writeln!(out, "{}", csv::line(&line))?;
    }
    Ok(())
}
