//! Objects of the ledger by name: their id, source and key.

use arrow::array::RecordBatch;
use flowglass_flow::{ObjectId, Outcome, SourceName};
use flowglass_lake::LakeError;
use flowglass_lake::answer::Limits;
use flowglass_lake::read::Reader;

use crate::output::batch::Values;

/// An object as the ledger names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: ObjectId,
    pub(super) source: SourceName,
    pub(super) key: String,
}

/// Names of a statement: it must not grow beyond what a parser takes gladly.
const NAMES: usize = 500;

/// Finds objects by id or key; those that are unknown are left out. A key may be known in several sources.
pub(super) async fn by_name(reader: &Reader, names: &[String]) -> Result<Vec<Named>, LakeError> {
    let mut found = Vec::new();
    for names in names.chunks(NAMES) {
        let literals: Vec<String> =
            names.iter().map(|name| format!("'{}'", name.replace('\'', "''"))).collect();
        let literals = literals.join(", ");
        found.extend(select(reader, &format!("object_id IN ({literals}) OR key IN ({literals})")).await?);
    }
    Ok(found)
}

/// Finds all objects that could not be read, or not wholly.
pub(super) async fn unreadable(reader: &Reader) -> Result<Vec<Named>, LakeError> {
    let outcomes = [Outcome::Quarantined, Outcome::Partial].map(|outcome| format!("'{}'", outcome.as_str()));
    select(reader, &format!("outcome IN ({})", outcomes.join(", "))).await
}

async fn select(reader: &Reader, condition: &str) -> Result<Vec<Named>, LakeError> {
    let statement =
        format!("SELECT object_id, source, key FROM objects WHERE {condition} ORDER BY source, key");
    let limits = Limits { max_rows: usize::MAX, ..Limits::default() };
    let answer = reader.sql(&statement, None, limits).await?;
    Ok(answer.rows.iter().flat_map(named).collect())
}

fn named(batch: &RecordBatch) -> Vec<Named> {
    let values = Values::of(batch);
    let object = |row| {
        let text = |column| values.text(column, row);
        Some(Named {
            id: text("object_id")?.parse().ok()?,
            source: SourceName(text("source")?.to_owned()),
            key: text("key")?.to_owned(),
        })
    };
    (0..batch.num_rows()).filter_map(object).collect()
}
