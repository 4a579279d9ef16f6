//! `group`: several keys, several aggregates.

use std::io::Write;

use flowglass_lake::answer::{
    Aggregate, Comparison, GroupAnswer, GroupKey, GroupOptions, Limits, Measure, OrderBy, Value,
};

use super::histogram::bucket;
use super::search::json;
use super::top::remark;
use crate::args::{Format, GroupArgs};
use crate::context::{Context, Question};
use crate::failure::{Failure, Result};
use crate::output::table::{Cell, Column, Table};
use crate::output::{csv, meta, stdout};
use crate::settings::Lasting;

pub(super) async fn run(context: &Context, args: &GroupArgs) -> Result<()> {
    let question = context.question(&args.question, &args.query)?;
    let aggregates = args.agg.iter().map(|text| aggregate(text.trim())).collect::<Result<Vec<_>>>()?;
    let limit = if args.limit == 0 { i64::MAX as usize - 1 } else { args.limit };
    let options = GroupOptions {
        keys: args.by.iter().map(|text| key(text.trim())).collect::<Result<_>>()?,
        order: args.sort.as_deref().map_or(Ok(OrderBy::FirstAggregate), |text| order(text, &aggregates))?,
        aggregates,
        limit: Some(limit),
        compare: args.compare.as_deref().map(comparison).transpose()?,
        time_zone: question.zone.iana().map(str::to_owned),
        limits: context.limits(&args.question.limits, Limits::default().max_rows.max(limit))?,
    };
    let reader = context.reader(&args.question.lake, &args.question.limits).await?;
    let answer = reader.group(&question.scope, &options).await?;
    let mut out = stdout();
    match args.output.format {
        Format::Json => writeln!(out, "{}", json(&answer)?)?,
        Format::Ndjson => write_lines(&mut out, &answer)?,
        Format::Csv => write_csv(&mut out, &answer)?,
        Format::Table if answer.rows.is_empty() => {}
        Format::Table => table(&answer, &question).write(&mut out, context.width, context.style)?,
    }
    out.flush()?;
    drop(out);
    let nearest = answer.rows.is_empty().then_some(answer.nearest.as_ref());
    let count = answer.rows.len() as u64;
    let mut summary = meta::shown(count, "group", "groups", answer.truncated, "--limit 0 for all");
    if let Some(range) = &answer.compared {
        summary.push_str(&format!(", compared with {}", meta::range(range, &question.zone)));
    }
    meta::end(context, args.output.format, &summary, &answer.meta, nearest, &question.zone)
}

/// Reads a key: a width of time (`1h`, `auto`), or a field.
fn key(text: &str) -> Result<GroupKey> {
    match text.bytes().next() {
        None => Err(Failure::usage("a key of --by is empty")),
        Some(b'0'..=b'9') => Ok(GroupKey::Time(bucket(text)?)),
        _ if text == "auto" => Ok(GroupKey::Time(bucket(text)?)),
        _ => Ok(GroupKey::Field(text.to_owned())),
    }
}

/// Reads an aggregate: a measure, `count`, or `function(field)`.
fn aggregate(text: &str) -> Result<Aggregate> {
    if text == "count" {
        return Ok(Aggregate::Measure(Measure::Records));
    }
    if let Ok(measure) = text.parse() {
        return Ok(Aggregate::Measure(measure));
    }
    let unknown = || {
        Failure::usage(format!("{text:?} is no aggregate")).hint(
            "use a measure (attempts, records, all_records, connections, bytes, packets), count, sum(F), distinct(F), \
             min(F), max(F), avg(F) or a percentile such as p95(F)",
        )
    };
    let (function, field) =
        text.strip_suffix(')').and_then(|text| text.split_once('(')).ok_or_else(unknown)?;
    let field = field.trim().to_owned();
    Ok(match function.trim() {
        "sum" => Aggregate::Sum(field),
        "distinct" => Aggregate::Distinct(field),
        "min" => Aggregate::Min(field),
        "max" => Aggregate::Max(field),
        "avg" => Aggregate::Avg(field),
        other => {
            let percentile =
                other.strip_prefix('p').and_then(|p| p.parse::<f64>().ok()).ok_or_else(unknown)?;
            if !(0.0..=100.0).contains(&percentile) {
                return Err(
                    Failure::usage(format!("there is no percentile {percentile}")).hint("use p0 to p100")
                );
            }
            Aggregate::Percentile(field, percentile)
        }
    })
}

fn order(text: &str, aggregates: &[Aggregate]) -> Result<OrderBy> {
    if text == "keys" {
        return Ok(OrderBy::Keys);
    }
    let (descending, name) = match text.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, text),
    };
    let wanted = aggregate(name)?;
    match aggregates.iter().position(|aggregate| *aggregate == wanted) {
        Some(index) => Ok(OrderBy::Aggregate { index, descending }),
        None => Err(Failure::usage(format!("{name:?} is not among the aggregates"))
            .hint(format!("add --agg '{name}', or sort by keys"))),
    }
}

fn comparison(text: &str) -> Result<Comparison> {
    if text == "previous" {
        return Ok(Comparison::PreviousPeriod);
    }
    let earlier: Lasting = text.parse().map_err(|error: String| {
        Failure::usage(format!("--compare takes `previous` or a length of time: {error}"))
    })?;
    Ok(Comparison::Earlier(earlier.0))
}

fn table(answer: &GroupAnswer, question: &Question) -> Table {
    let mut columns: Vec<_> = answer
        .keys
        .iter()
        .map(|key| match key.as_str() {
            "time" => Column::text(format!("time ({})", question.zone.name())),
            key => Column::text(key),
        })
        .collect();
    for name in &answer.aggregates {
        columns.push(Column::number(name.clone()));
        if answer.compared.is_some() {
            columns.push(Column::number("before"));
        }
    }
    let mut table = Table::new(columns);
    for row in &answer.rows {
        let mut cells: Vec<_> = answer
            .keys
            .iter()
            .zip(&row.keys)
            .map(|(key, value)| {
                let text = show(value, question);
                let remark = remark(key, &text, question);
                Cell::plain(match (text.is_empty(), remark.is_empty()) {
                    (true, _) => "(none)".to_owned(),
                    (false, true) => text,
                    (false, false) => format!("{text} ({remark})"),
                })
            })
            .collect();
        for (at, value) in row.values.iter().enumerate() {
            cells.push(Cell::plain(show(value, question)));
            if answer.compared.is_some() {
                let previous =
                    row.previous.as_ref().and_then(|values| values.get(at)).unwrap_or(&Value::Null);
                cells.push(Cell::plain(show(previous, question)));
            }
        }
        table.rows.push(cells);
    }
    table
}

fn show(value: &Value, question: &Question) -> String {
    match value {
        Value::Time(at) => question.zone.instant(at.0),
        Value::Float(number) => {
            let text = format!("{number:.2}");
            text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
        }
        other => other.to_string(),
    }
}

fn write_lines(out: &mut impl Write, answer: &GroupAnswer) -> Result<()> {
    for row in &answer.rows {
        let mut line = serde_json::Map::new();
        let names = answer.keys.iter().zip(&row.keys).chain(answer.aggregates.iter().zip(&row.values));
        for (name, value) in names {
            line.insert(name.clone(), serde_json::json!(value));
        }
        if let Some(previous) = &row.previous {
            let previous: serde_json::Map<_, _> = answer
                .aggregates
                .iter()
                .cloned()
                .zip(previous.iter().map(|value| serde_json::json!(value)))
                .collect();
            line.insert("previous".to_owned(), previous.into());
        }
        writeln!(out, "{}", serde_json::Value::Object(line))?;
    }
    Ok(())
}

fn write_csv(out: &mut impl Write, answer: &GroupAnswer) -> Result<()> {
    let mut header: Vec<String> = answer.keys.iter().chain(&answer.aggregates).cloned().collect();
    if answer.compared.is_some() {
        header.extend(answer.aggregates.iter().map(|name| format!("previous {name}")));
    }
    writeln!(out, "{}", csv::line(&header))?;
    for row in &answer.rows {
        let values = row.keys.iter().chain(&row.values).chain(row.previous.iter().flatten());
        writeln!(out, "{}", csv::line(&values.map(Value::to_string).collect::<Vec<_>>()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_and_orders() {
        let name = |text: &str| aggregate(text).map(|aggregate| aggregate.name()).map_err(|f| f.to_string());
        assert_eq!(name("count").as_deref(), Ok("records"));
        assert_eq!(name("bytes").as_deref(), Ok("bytes"));
        assert_eq!(name("sum( bytes_from_target )").as_deref(), Ok("sum(bytes_from_target)"));
        assert_eq!(name("p99.9(target_port)").as_deref(), Ok("p99.9(target_port)"));
        for bad in ["", "sum", "sum(x", "median(x)", "p101(x)", "pNaN(x)", "px(x)"] {
            assert!(name(bad).is_err(), "{bad}");
        }
        let aggregates = [Aggregate::Measure(Measure::Bytes), Aggregate::Max("target_port".to_owned())];
        let index = |text| match order(text, &aggregates) {
            Ok(OrderBy::Aggregate { index, descending }) => Some((index, descending)),
            _ => None,
        };
        assert_eq!(index("-max(target_port)"), Some((1, true)));
        assert_eq!(index("bytes"), Some((0, false)));
        assert_eq!(index("-packets"), None);
    }
}
