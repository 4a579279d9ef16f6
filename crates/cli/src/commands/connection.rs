//! `connection`: all windows of the connection a record belongs to, on both sides.

use std::io::Write;
use std::time::Duration;

use flowglass_lake::answer::{ConnectionAnswer, ConnectionEnd, Limits, row_to_json};
use serde_json::value::RawValue;

use super::{row, search};
use crate::args::{RowArgs, TextFormat};
use crate::context::{Context, Question};
use crate::failure::Result;
use crate::output::flow_table::{self, FlowTable};
use crate::output::table::{Cell, Column, Table};
use crate::output::{meta, number, stdout};

pub(super) async fn run(context: &Context, args: &RowArgs) -> Result<()> {
    let question = context.question(&args.question, &[])?;
    let limits = context.limits(&args.question.limits, Limits::default().max_rows)?;
    let reader = context.reader(&args.question.lake, &args.question.limits).await?;
    let id = row::resolve(context, &question, &reader, &args.row, limits).await?;
    let answer = reader.connection(id, None, limits).await?.ok_or_else(|| row::missing(id))?;
    let mut out = stdout();
    if args.output.format == TextFormat::Json {
        writeln!(out, "{}", document(&answer)?)?;
        return Ok(out.flush()?);
    }
    write(&mut out, &answer, context, &question)?;
    out.flush()?;
    drop(out);
    if !context.quiet {
        let summary = format!(
            "{} of {}",
            number::counted(answer.connection.records, "record", "records"),
            number::counted(answer.connection.sides.len() as u64, "vNIC", "vNICs")
        );
        meta::write(&summary, &answer.meta, &question.zone, context.side_style);
    }
    Ok(())
}

fn document(answer: &ConnectionAnswer) -> Result<String> {
    let mut rows = Vec::new();
    for batch in &answer.rows {
        for row in 0..batch.num_rows() {
            let text = row_to_json(batch, row, &[]);
            rows.push(RawValue::from_string(text).map_err(|error| crate::failure::Failure::of(&error))?);
        }
    }
    #[derive(serde::Serialize)]
    struct Document<'a> {
        #[serde(flatten)]
        answer: &'a ConnectionAnswer,
        rows: Vec<Box<RawValue>>,
    }
    search::json(&Document { answer, rows })
}

fn write(
    out: &mut impl Write,
    answer: &ConnectionAnswer,
    context: &Context,
    question: &Question,
) -> Result<()> {
    let connection = &answer.connection;
    let zone = &question.zone;
    let end = |address: &Option<String>, port: Option<i32>| {
        let address = address.as_deref().unwrap_or("-");
        let end = flow_table::end(address, port.map(i64::from));
        let name = flow_table::name_of(&question.names, address).or_else(|| flow_table::label_of(address));
        name.map_or(end.clone(), |name| format!("{end} ({name})"))
    };
    let protocol =
        connection.transport_protocol.map_or_else(|| "-".to_owned(), |n| flow_table::protocol_name(n.into()));
    let service = connection
        .target_port
        .and_then(|port| flow_table::service(port.into(), connection.transport_protocol.map(i64::from)))
        .map(|name| format!(" {name}"))
        .unwrap_or_default();
    writeln!(
        out,
        "{} → {}  {protocol}{service}",
        end(&connection.initiator_ip, connection.initiator_port),
        end(&connection.target_ip, connection.target_port)
    )?;
    writeln!(out, "{}: {}", connection.actions.join(" and "), ending(connection.state))?;
    let micros = connection.end.0.saturating_sub(connection.start.0);
    let lasting = Duration::from_micros(micros.unsigned_abs());
    writeln!(
        out,
        "{} to {}, {}",
        zone.instant(connection.start.0),
        zone.with_offset(connection.end.0),
        number::lasting(lasting)
    )?;
    let volume = |bytes, packets| {
        format!("{} in {}", number::bytes(bytes), number::counted(packets, "packet", "packets"))
    };
    writeln!(
        out,
        "from initiator: {}",
        volume(connection.bytes_from_initiator, connection.packets_from_initiator)
    )?;
    writeln!(
        out,
        "from target:    {}",
        volume(connection.bytes_from_target, connection.packets_from_target)
    )?;

    writeln!(out)?;
    let mut sides = Table::new(vec![
        Column::text("vNIC"),
        Column::text("dir"),
        Column::text("action"),
        Column::number("records"),
        Column::number("from initiator"),
        Column::number("from target"),
        Column::text("ended"),
        Column::text(""),
    ]);
    for side in &connection.sides {
        let vnic = side.vnic_id.as_deref().unwrap_or("-");
        let vnic = question.names.of_vnic(vnic).map_or(vnic.to_owned(), |name| format!("{vnic} ({name})"));
        sides.rows.push(vec![
            Cell::plain(vnic),
            Cell::plain(side.direction.as_deref().unwrap_or("-")),
            Cell::plain(side.actions.join(", ")),
            Cell::plain(side.rows.len().to_string()),
            Cell::plain(number::bytes(side.bytes_from_initiator)),
            Cell::plain(number::bytes(side.bytes_from_target)),
            Cell::plain(if side.terminated { "yes" } else { "no" }),
            Cell::plain(if side.lossy { "data lost: at least this much" } else { "" }),
        ]);
    }
    sides.write(out, context.width, context.style)?;

    writeln!(out)?;
    let flow_table = FlowTable { zone, names: &question.names, short_ids: context.width.is_some() };
    let mut table = flow_table.table();
    answer.rows.iter().for_each(|batch| flow_table.add(&mut table, batch));
    table.write(out, context.width, context.style)?;
    Ok(())
}

/// How a connection ended, in words.
fn ending(state: ConnectionEnd) -> &'static str {
    match state {
        ConnectionEnd::Open => "no record says that it ended",
        ConnectionEnd::Closed => "ended after both sides had spoken",
        ConnectionEnd::Refused => "refused, no packet passed",
        ConnectionEnd::RefusedByTarget => "let out by the one side, refused by the other",
        ConnectionEnd::OneWay => "the target never answered",
    }
}
