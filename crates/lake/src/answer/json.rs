//! Rows as JSON, CSV and text.

use std::io::Write;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray,
    StringViewArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use flowglass_flow::time;

/// Writes the rows of one batch.
///
/// Instants are RFC 3339 in UTC, days `YYYY-MM-DD`, nulls `null` in JSON and nothing in CSV. A batch with `object_id` and
/// `record_index` gets a first member `id`, the row's permanent id.
pub struct RowWriter<'a> {
    id: Option<(&'a ArrayRef, &'a Int64Array)>,
    columns: Vec<(&'a str, Column<'a>)>,
}

enum Column<'a> {
    View(&'a StringViewArray),
    Text(&'a StringArray),
    Int(&'a Int32Array),
    Long(&'a Int64Array),
    Unsigned(&'a UInt64Array),
    Float(&'a Float64Array),
    Boolean(&'a BooleanArray),
    Time(&'a TimestampMicrosecondArray),
    Day(&'a Date32Array),
    Other(&'a dyn Array),
}

impl<'a> Column<'a> {
    fn of(array: &'a ArrayRef) -> Self {
        fn cast<T: 'static>(array: &ArrayRef) -> Option<&T> {
            array.as_any().downcast_ref()
        }
        match array.data_type() {
            DataType::Utf8View => cast(array).map(Self::View),
            DataType::Utf8 => cast(array).map(Self::Text),
            DataType::Int32 => cast(array).map(Self::Int),
            DataType::Int64 => cast(array).map(Self::Long),
            DataType::UInt64 => cast(array).map(Self::Unsigned),
            DataType::Float64 => cast(array).map(Self::Float),
            DataType::Boolean => cast(array).map(Self::Boolean),
            DataType::Timestamp(TimeUnit::Microsecond, _) => cast(array).map(Self::Time),
            DataType::Date32 => cast(array).map(Self::Day),
            _ => None,
        }
        .unwrap_or(Self::Other(array))
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::View(array) => array.is_null(row),
            Self::Text(array) => array.is_null(row),
            Self::Int(array) => array.is_null(row),
            Self::Long(array) => array.is_null(row),
            Self::Unsigned(array) => array.is_null(row),
            Self::Float(array) => array.is_null(row),
            Self::Boolean(array) => array.is_null(row),
            Self::Time(array) => array.is_null(row),
            Self::Day(array) => array.is_null(row),
            Self::Other(array) => array.is_null(row) || array.data_type() == &DataType::Null,
        }
    }

    /// The value as people read it.
    fn text(&self, row: usize) -> String {
        match self {
            Self::View(array) => array.value(row).to_owned(),
            Self::Text(array) => array.value(row).to_owned(),
            Self::Int(array) => array.value(row).to_string(),
            Self::Long(array) => array.value(row).to_string(),
            Self::Unsigned(array) => array.value(row).to_string(),
            Self::Float(array) => array.value(row).to_string(),
            Self::Boolean(array) => array.value(row).to_string(),
            Self::Time(array) => time::format(array.value(row)),
            Self::Day(array) => time::format_day(array.value(row)),
            Self::Other(array) => ArrayFormatter::try_new(*array, &FormatOptions::default())
                .map(|formatter| formatter.value(row).to_string())
                .unwrap_or_default(),
        }
    }

    fn json(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::View(array) => quote(array.value(row), out),
            Self::Text(array) => quote(array.value(row), out),
            Self::Float(array) if !array.value(row).is_finite() => out.extend_from_slice(b"null"),
            Self::Int(_) | Self::Long(_) | Self::Unsigned(_) | Self::Float(_) | Self::Boolean(_) => {
                out.extend_from_slice(self.text(row).as_bytes());
            }
            Self::Time(_) | Self::Day(_) => quote(&self.text(row), out),
            Self::Other(array) if is_number(array.data_type()) => {
                out.extend_from_slice(self.text(row).as_bytes())
            }
            Self::Other(_) => quote(&self.text(row), out),
        }
    }
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || matches!(data_type, DataType::Decimal128(..) | DataType::Decimal256(..))
}

fn quote(text: &str, out: &mut Vec<u8>) {
    if serde_json::to_writer(&mut *out, text).is_err() {
        // Writing text into memory cannot fail; keep the document whole all the same.
        out.extend_from_slice(b"null");
    }
}

impl<'a> RowWriter<'a> {
    /// Makes a writer of some columns, in that order; of all if `fields` is empty. Columns that the batch lacks are left
    /// out.
    pub fn new(batch: &'a RecordBatch, fields: &'a [String]) -> Self {
        let schema = batch.schema_ref();
        let id = batch.column_by_name("object_id").and_then(|object| {
            let index = batch.column_by_name("record_index")?.as_any().downcast_ref::<Int64Array>()?;
            Some((object, index))
        });
        let columns = if fields.is_empty() {
            // The names live in the batch's schema, which lives as long as the batch.
            batch.columns().iter().enumerate().collect::<Vec<_>>()
        } else {
            fields
                .iter()
                .filter_map(|name| schema.index_of(name).ok())
                .map(|at| (at, batch.column(at)))
                .collect()
        };
        let schema: &'a arrow::datatypes::Schema = batch.schema_ref().as_ref();
        let columns =
            columns.into_iter().map(|(at, array)| (schema.field(at).name().as_str(), Column::of(array)));
        Self { id, columns: columns.collect() }
    }

    /// Names of the columns it writes, without `id`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| *name)
    }

    /// The row's permanent id, if the batch has its two columns.
    pub fn id(&self, row: usize) -> Option<String> {
        let (object, index) = self.id?;
        let object = Column::of(object);
        (!object.is_null(row) && index.is_valid(row))
            .then(|| format!("{}-{}", object.text(row), index.value(row)))
    }

    /// One value as text; none for a null.
    pub fn text(&self, row: usize, column: usize) -> Option<String> {
        let (_, column) = self.columns.get(column)?;
        (!column.is_null(row)).then(|| column.text(row))
    }

    /// Appends a row as a JSON object, on one line without line end.
    pub fn json(&self, row: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut first = true;
        let mut member = |name: &str, out: &mut Vec<u8>| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            quote(name, out);
            out.push(b':');
        };
        if let Some(id) = self.id(row) {
            member("id", out);
            quote(&id, out);
        }
        for (name, column) in &self.columns {
            member(name, out);
            if column.is_null(row) {
                out.extend_from_slice(b"null");
            } else {
                column.json(row, out);
            }
        }
        out.push(b'}');
    }

    /// Appends a row as a CSV line (RFC 4180) with its line end.
    pub fn csv(&self, row: usize, out: &mut Vec<u8>) {
        for (at, (_, column)) in self.columns.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if !column.is_null(row) {
                csv_value(&column.text(row), out);
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn csv_value(text: &str, out: &mut Vec<u8>) {
    // A quoted empty text tells it from a null.
    if text.is_empty() || text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Returns one row as a JSON object.
pub fn row_to_json(batch: &RecordBatch, row: usize, fields: &[String]) -> String {
    let mut out = Vec::new();
    RowWriter::new(batch, fields).json(row, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Writes a batch as JSON objects, one a line.
///
/// # Errors
/// If the writer fails.
pub fn write_ndjson(out: &mut impl Write, batch: &RecordBatch, fields: &[String]) -> std::io::Result<()> {
    let writer = RowWriter::new(batch, fields);
    let mut lines = Vec::new();
    for row in 0..batch.num_rows() {
        writer.json(row, &mut lines);
        lines.push(b'\n');
    }
    out.write_all(&lines)
}

/// Writes a batch as CSV (RFC 4180), with a line of names first if asked.
///
/// # Errors
/// If the writer fails.
pub fn write_csv(
    out: &mut impl Write,
    batch: &RecordBatch,
    fields: &[String],
    header: bool,
) -> std::io::Result<()> {
    let writer = RowWriter::new(batch, fields);
    let mut lines = Vec::new();
    if header {
        let names: Vec<_> = writer.names().collect();
        lines.extend_from_slice(names.join(",").as_bytes());
        lines.extend_from_slice(b"\r\n");
    }
    for row in 0..batch.num_rows() {
        writer.csv(row, &mut lines);
    }
    out.write_all(&lines)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn json_and_csv() {
        let batch = RecordBatch::try_from_iter([
            (
                "time",
                Arc::new(
                    TimestampMicrosecondArray::from(vec![Some(1_591_278_159_500_000), None])
                        .with_timezone("UTC"),
                ) as ArrayRef,
            ),
            ("object_id", Arc::new(StringViewArray::from(vec![Some("00"), Some("01")])) as ArrayRef),
            ("record_index", Arc::new(Int64Array::from(vec![Some(7), Some(8)])) as ArrayRef),
            ("extra", Arc::new(StringArray::from(vec![Some("{\"a\":\"x,y\"}"), Some("")])) as ArrayRef),
            ("day", Arc::new(Date32Array::from(vec![Some(18417), None])) as ArrayRef),
        ])
        .expect("columns of one length");
        assert_eq!(
            row_to_json(&batch, 0, &[]),
            r#"{"id":"00-7","time":"2020-06-04T13:42:39.5Z","object_id":"00","record_index":7,"extra":"{\"a\":\"x,y\"}","day":"2020-06-04"}"#
        );
        let fields = ["day".to_owned(), "extra".to_owned(), "nothing".to_owned()];
        assert_eq!(row_to_json(&batch, 1, &fields), r#"{"id":"01-8","day":null,"extra":""}"#);
        let mut csv = Vec::new();
        write_csv(&mut csv, &batch, &fields, true).expect("memory");
        assert_eq!(
            String::from_utf8(csv).expect("text"),
            "day,extra\r\n2020-06-04,\"{\"\"a\"\":\"\"x,y\"\"}\"\r\n,\"\"\r\n"
        );
    }
}
