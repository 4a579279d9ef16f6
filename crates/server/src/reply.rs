//! Writing answers.

use std::collections::HashMap;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, Schema, SchemaRef};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use flowglass_lake::answer::RowWriter;

/// An answer that is written already.
pub(crate) fn json_bytes(body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

/// Appends rows as a JSON array of objects: of these columns, or of all if none are named.
pub(crate) fn write_rows(out: &mut Vec<u8>, batches: &[RecordBatch], fields: &[String]) {
    out.push(b'[');
    let mut first = true;
    for batch in batches {
        let writer = RowWriter::new(batch, fields);
        for row in 0..batch.num_rows() {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            writer.json(row, out);
        }
    }
    out.push(b']');
}

/// Gives columns of the same name a number, so that they can be members of one JSON object: `a`, `a_2`.
pub(crate) fn unique_names(schema: &SchemaRef) -> SchemaRef {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut taken: Vec<String> = Vec::new();
    let fields: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| {
            let count = seen.entry(field.name().clone()).or_default();
            let mut name = field.name().clone();
            while taken.contains(&name) {
                *count += 1;
                name = format!("{}_{}", field.name(), *count + 1);
            }
            taken.push(name.clone());
            field.as_ref().clone().with_name(name)
        })
        .collect();
    SchemaRef::new(Schema::new(fields))
}

/// The same columns under other names.
pub(crate) fn rename(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(SchemaRef::clone(schema), batch.columns().to_vec(), &options)
}

#[cfg(test)]
mod tests {
    use arrow_schema::{DataType, Field};

    use super::*;

    #[test]
    fn columns_of_one_name() {
        let fields: Vec<_> =
            ["a", "b", "a", "a_2", "a"].map(|name| Field::new(name, DataType::Int32, true)).into();
        let schema = unique_names(&SchemaRef::new(Schema::new(fields)));
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["a", "b", "a_2", "a_2_2", "a_3"]);
    }
}
