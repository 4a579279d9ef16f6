//! `fields`: the catalogue.

use std::io::Write;

use flowglass_flow::catalogue::FIELDS;
use flowglass_flow::{Field, Kind, Origin};

use super::search::json;
use crate::args::{FieldsArgs, Format};
use crate::context::Context;
use crate::failure::{Failure, Kind as FailureKind, Result};
use crate::output::table::{Cell, Column, Table};
use crate::output::{csv, stdout};

pub(super) fn run(context: &Context, args: &FieldsArgs) -> Result<()> {
    let word = args.word.as_deref().unwrap_or_default().to_lowercase();
    let found: Vec<&Field> = FIELDS
        .iter()
        .filter(|field| field.name.contains(&word) || field.doc.to_lowercase().contains(&word))
        .collect();
    if found.is_empty() {
        return Err(Failure::new(
            FailureKind::NotFound,
            format!("no field's name or meaning contains {word:?}"),
        )
        .hint("`flowglass fields` lists all"));
    }
    let mut out = stdout();
    match args.output.format {
        Format::Json => writeln!(out, "{}", json(&found)?)?,
        Format::Ndjson => {
            for field in found {
                writeln!(out, "{}", json(field)?)?;
            }
        }
        Format::Csv => {
            writeln!(out, "name,kind,origin,meaning")?;
            for field in found {
                writeln!(
                    out,
                    "{}",
                    csv::line(&[field.name, kind(field.kind), origin(field.origin), field.doc])
                )?;
            }
        }
        Format::Table => {
            let columns = ["name", "kind", "from"].map(Column::text).into_iter();
            let mut table = Table::new(columns.chain([Column::text("meaning")]).collect());
            for field in found {
                let cells =
                    [field.name, kind(field.kind), origin(field.origin), &meaning(field)].map(Cell::plain);
                table.rows.push(cells.to_vec());
            }
            table.write(&mut out, context.width, context.style)?;
        }
    }
    Ok(out.flush()?)
}

/// The reference page of the fields, Markdown.
pub(super) fn markdown() -> String {
    let mut page = String::from(
        "# Fields\n\n\
         One row of the `flows` table is one flow record with its object's header and key. Every column can be missing\n\
         (null). Addresses are text in canonical form (RFC 5952), times microseconds UTC.\n\n\
         | name | kind | from | meaning |\n\
         |---|---|---|---|\n",
    );
    for field in FIELDS {
        let (kind, origin, meaning) = (kind(field.kind), origin(field.origin), meaning(field));
        page.push_str(&format!(
            "| `{}` | {kind} | {origin} | {} |\n",
            field.name,
            meaning.replace('|', "\\|")
        ));
    }
    page
}

fn meaning(field: &Field) -> String {
    let mut text = field.doc.to_owned();
    if !field.values.is_empty() {
        text.push_str(&format!(" Values: {}.", field.values.join(", ")));
    }
    text
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Address => "address",
        Kind::Port => "port",
        Kind::Protocol => "protocol",
        Kind::Integer => "integer",
        Kind::Time => "time",
        Kind::Day => "day",
        Kind::Boolean => "boolean",
        Kind::Crn => "CRN",
        Kind::Json => "JSON",
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Flowglass => "Flowglass",
        Origin::Record => "record",
        Origin::Header => "header",
        Origin::Key => "key",
    }
}
