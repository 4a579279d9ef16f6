//! Values of record batches as text.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::table::{Cell, Column, Table};
use super::zone::Zone;

/// The columns of a batch that people are shown one by one.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    batch: &'a RecordBatch,
}

impl<'a> Values<'a> {
    /// Looks into a batch.
    pub(crate) fn of(batch: &'a RecordBatch) -> Self {
        Self { batch }
    }

    /// The text of a column; none if it is missing there.
    pub(crate) fn text(&self, column: &str, row: usize) -> Option<&'a str> {
        let array = self.batch.column_by_name(column)?;
        if array.is_null(row) {
            return None;
        }
        match array.data_type() {
            DataType::Utf8 => Some(array.as_string::<i32>().value(row)),
            DataType::LargeUtf8 => Some(array.as_string::<i64>().value(row)),
            DataType::Utf8View => Some(array.as_string_view().value(row)),
            DataType::Dictionary(key, _) if **key == DataType::Int32 => {
                let dictionary = array.as_dictionary_opt::<Int32Type>()?;
                let at = dictionary.key(row)?;
                match dictionary.values().data_type() {
                    DataType::Utf8 => Some(dictionary.values().as_string::<i32>().value(at)),
                    DataType::Utf8View => Some(dictionary.values().as_string_view().value(at)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The number of a column; none if it is missing there.
    pub(crate) fn integer(&self, column: &str, row: usize) -> Option<i64> {
        let array = self.batch.column_by_name(column)?;
        if array.is_null(row) {
            return None;
        }
        match array.data_type() {
            DataType::Int32 => Some(i64::from(array.as_primitive::<Int32Type>().value(row))),
            DataType::Int64 => Some(array.as_primitive::<Int64Type>().value(row)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Some(array.as_primitive::<TimestampMicrosecondType>().value(row))
            }
            _ => None,
        }
    }

    /// The row's permanent id, from `object_id` and `record_index`.
    pub(crate) fn row_id(&self, row: usize) -> Option<String> {
        Some(format!("{}-{}", self.text("object_id", row)?, self.integer("record_index", row)?))
    }
}

/// Makes a table of the named columns of some batches, as they are; times in the zone.
pub(crate) fn table(batches: &[RecordBatch], fields: &[String], zone: &Zone) -> Table {
    let schema = batches.first().map(RecordBatch::schema);
    let kind = |name: &str| {
        schema.as_ref().and_then(|s| s.field_with_name(name).ok().map(|f| f.data_type().clone()))
    };
    let columns = fields.iter().map(|name| match kind(name) {
        Some(DataType::Timestamp(..)) => Column::text(format!("{name} ({})", zone.name())),
        Some(kind) if kind.is_numeric() => Column::number(name.clone()),
        _ => Column::text(name.clone()),
    });
    let mut table = Table::new(columns.collect());
    for batch in batches {
        for row in 0..batch.num_rows() {
            table.rows.push(fields.iter().map(|name| Cell::plain(text(batch, name, row, zone))).collect());
        }
    }
    table
}

/// One value as text; empty if it is missing. `id` is made of the two columns it consists of.
pub(crate) fn text(batch: &RecordBatch, column: &str, row: usize, zone: &Zone) -> String {
    let values = Values::of(batch);
    let Some(array) = batch.column_by_name(column) else {
        return if column == "id" { values.row_id(row).unwrap_or_default() } else { String::new() };
    };
    if array.is_null(row) {
        return String::new();
    }
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            zone.instant(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Date32 => flowglass_flow::time::format_day(array.as_primitive::<Date32Type>().value(row)),
        _ => match ArrayFormatter::try_new(array, &FormatOptions::default()) {
            Ok(formatter) => formatter.value(row).to_string(),
            Err(_) => String::new(),
        },
    }
}
