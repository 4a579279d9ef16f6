//! `top`: the values of a field that there is most of.

use std::io::Write;

use flowglass_lake::answer::{Limits, TopAnswer};

use super::histogram::{amount, measured};
use super::search::json;
use crate::args::{Format, TopArgs};
use crate::context::{self, Context, Question};
use crate::failure::{Failure, Result};
use crate::output::table::{Cell, Column, Table};
use crate::output::{csv, flow_table, meta, number, stdout};

pub(super) async fn run(context: &Context, args: &TopArgs) -> Result<()> {
    if args.limit == 0 {
        return Err(Failure::usage("a list of 0 values says nothing").hint("use --limit 1 or more"));
    }
    let question = context.question(&args.question, &args.query)?;
    let measure = context::measure(args.measure.measure.as_deref())?;
    let limits = context.limits(&args.question.limits, Limits::default().max_rows.max(args.limit))?;
    let reader = context.reader(&args.question.lake, &args.question.limits).await?;
    let answer = reader.top(&question.scope, &args.field, args.limit, measure, limits).await?;
    let mut out = stdout();
    match args.output.format {
        Format::Json => writeln!(out, "{}", json(&answer)?)?,
        Format::Ndjson => {
            for value in &answer.values {
                writeln!(out, "{}", json(value)?)?;
            }
        }
        Format::Csv => {
            writeln!(out, "{}", csv::line(&[answer.field.as_str(), answer.meta.measure.name.as_str()]))?;
            for value in &answer.values {
                writeln!(out, "{}", csv::line(&[value.value.to_string(), value.count.to_string()]))?;
            }
        }
        Format::Table if answer.values.is_empty() => {}
        Format::Table => table(&answer, &question).write(&mut out, context.width, context.style)?,
    }
    out.flush()?;
    drop(out);
    let nearest = answer.values.is_empty().then_some(answer.nearest.as_ref());
    let mut values = number::counted(answer.values.len() as u64, "value", "values");
    if answer.distinct > answer.values.len() as u64 {
        values.push_str(&format!(" of {}", number::grouped(answer.distinct)));
    }
    let summary = format!("{values}; {} in all", measured(answer.meta.measure.name, answer.total));
    meta::end(context, args.output.format, &summary, &answer.meta, nearest, &question.zone)
}

fn table(answer: &TopAnswer, question: &Question) -> Table {
    let measure = answer.meta.measure.name;
    let mut table = Table::new(vec![
        Column::text(answer.field.clone()),
        Column::text("").expendable(2),
        Column::number(measure.as_str()),
        Column::number("share").expendable(1),
    ]);
    for value in &answer.values {
        let text = value.value.to_string();
        let remark = remark(&answer.field, &text, question);
        let share = if answer.total == 0 { 0.0 } else { value.count as f64 / answer.total as f64 };
        table.rows.push(vec![
            Cell::plain(if text.is_empty() { "(none)" } else { &text }),
            Cell::plain(remark),
            Cell::plain(amount(measure, value.count)),
            Cell::plain(number::percent(share)),
        ]);
    }
    table
}

/// What a value is known as: the name of an address or id, the service of a port, a protocol's name.
pub(super) fn remark(field: &str, value: &str, question: &Question) -> String {
    let names = &question.names;
    let found = match field {
        "target_port" | "initiator_port" => value.parse().ok().and_then(|port: i64| {
            flow_table::service(port, Some(6)).or_else(|| flow_table::service(port, Some(17)))
        }),
        "transport_protocol" => {
            return value.parse().map_or_else(|_| String::new(), flow_table::protocol_name);
        }
        "vnic_id" => names.of_vnic(value),
        "instance_id" => names.of_instance(value),
        "subnet_id" => names.of_subnet(value),
        "vpc_id" => names.of_vpc(value),
        _ if field.ends_with("_ip") => {
            flow_table::name_of(names, value).or_else(|| flow_table::label_of(value))
        }
        _ => None,
    };
    found.unwrap_or_default().to_owned()
}
