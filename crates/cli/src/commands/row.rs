//! Which record is meant: by its id, or by its id's first digits.

use flowglass_flow::RowId;
use flowglass_lake::answer::{Limits, Range, Scope, SearchOptions};
use flowglass_lake::read::Reader;

use crate::context::{Context, Question};
use crate::failure::{Failure, Kind, Result};
use crate::output::batch::Values;
use crate::output::flow_table::short;

/// The failure of a record that is not there.
pub(super) fn missing(id: RowId) -> Failure {
    Failure::new(Kind::NotFound, format!("there is no record {id}"))
        .hint("ids are printed by `flowglass search`; a record leaves with its object, by retention or a new version")
}

/// Fewest digits that are looked up.
const FEWEST: usize = 6;

/// Finds the record.
///
/// # Errors
/// If the text is no id, or no record or several begin like that.
pub(super) async fn resolve(
    context: &Context,
    question: &Question,
    reader: &Reader,
    text: &str,
    limits: Limits,
) -> Result<RowId> {
    let text = text.trim();
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let bad = || {
        Failure::usage(format!("{text:?} is no row id")).hint(format!(
            "a row id is 32 hexadecimal digits, a hyphen and the record's position; {FEWEST} or more of the digits do"
        ))
    };
    let (digits, index) = text.split_once('-').ok_or_else(bad)?;
    let plausible =
        (FEWEST..32).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let index: u32 = index.parse().map_err(|_| bad())?;
    if !plausible {
        return Err(bad());
    }
    let query = context.query(
        &format!("object_id:\"{digits}\" record_index:={index}"),
        &question.names,
        &question.zone,
    )?;
    let options = SearchOptions {
        limit: Some(3),
        fields: vec!["object_id".to_owned(), "record_index".to_owned()],
        limits,
        ..SearchOptions::default()
    };
    let answer = reader.search(&Scope::new(query, Range::default()), &options).await?;
    let found: Vec<String> = answer
        .rows
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).filter_map(|row| Values::of(batch).row_id(row)))
        .collect();
    match found.as_slice() {
        [] => Err(Failure::new(
            Kind::NotFound,
            format!("no record has an id that begins with {digits} and ends in -{index}"),
        )),
        [one] => {
            one.parse().map_err(|_| Failure::error(format!("the lake gave {one:?}, which is no row id")))
        }
        several => Err(Failure::usage(format!("several records are meant by {text:?}")).hint(format!(
            "give more digits: {}",
            several.iter().map(|id| short(id)).collect::<Vec<_>>().join(", ")
        ))),
    }
}
