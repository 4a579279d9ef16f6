//! Columns of a batch as the scan reads them: text by number, numbers as they are.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};

use crate::error::{LakeError, Result};

/// Columns of some rows, in the order in which they were asked for.
pub(super) struct Columns {
    pub(super) rows: usize,
    pub(super) columns: Vec<Column>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) enum Column {
    /// Text: for each row the number of its value.
    Text(Texts),
    /// Numbers of 64 bits, and instants.
    Long(Int64Array),
    /// Numbers of 32 bits.
    Int(Int32Array),
    /// Flags.
    Flag(BooleanArray),
    /// The file does not have it: all rows lack a value.
    Missing,
}

/// Text by number.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    pub(super) keys: Int32Array,
    pub(super) values: StringArray,
}

impl Texts {
    /// The number of a row's value.
    #[inline]
    pub(super) fn key(&self, row: usize) -> Option<usize> {
        self.keys.is_valid(row).then(|| self.keys.value(row) as usize)
    }

    /// True if both number the same values.
    pub(super) fn shares_values(&self, values: &StringArray) -> bool {
        let same = |a: &StringArray, b: &StringArray| {
            a.len() == b.len()
                && a.value_offsets().as_ptr() == b.value_offsets().as_ptr()
                && a.value_data().as_ptr() == b.value_data().as_ptr()
        };
        same(&self.values, values)
    }
}

impl Columns {
    /// The columns of these names in a batch.
    ///
    /// # Errors
    /// If a column has a type that flow rows do not have.
    pub(super) fn of(batch: &RecordBatch, names: &[&'static str], path: &dyn Fn() -> String) -> Result<Self> {
        let columns = names.iter().map(|name| match batch.column_by_name(name) {
            None => Ok(Column::Missing),
            Some(array) => Column::of(name, array.as_ref(), path),
        });
        Ok(Self { rows: batch.num_rows(), columns: columns.collect::<Result<_>>()? })
    }
}

impl Column {
    fn of(name: &str, array: &dyn Array, path: &dyn Fn() -> String) -> Result<Self> {
        let known = match array.data_type() {
            DataType::Int64 => array.as_primitive_opt::<Int64Type>().cloned().map(Self::Long),
            DataType::Timestamp(..) => array
                .as_primitive_opt::<TimestampMicrosecondType>()
                .map(|times| Self::Long(times.reinterpret_cast::<Int64Type>())),
            DataType::Int32 => array.as_primitive_opt::<Int32Type>().cloned().map(Self::Int),
            DataType::Boolean => array.as_boolean_opt().cloned().map(Self::Flag),
            DataType::Dictionary(..) => array.as_dictionary_opt::<Int32Type>().and_then(|words| {
                let values = words.values().as_string_opt::<i32>()?.clone();
                Some(Self::Text(Texts { keys: words.keys().clone(), values }))
            }),
            _ => None,
        };
        known.ok_or_else(|| LakeError::Damaged {
            path: path(),
            reason: format!("its column {name} is {}", array.data_type()),
        })
    }

    /// The number in a row, if this is a column of numbers.
    #[inline]
    pub(super) fn number(&self, row: usize) -> Option<i64> {
        match self {
            Self::Long(values) => values.is_valid(row).then(|| values.value(row)),
            Self::Int(values) => values.is_valid(row).then(|| values.value(row).into()),
            _ => None,
        }
    }

    /// The flag in a row, if this is a column of flags.
    #[inline]
    pub(super) fn flag(&self, row: usize) -> Option<bool> {
        match self {
            Self::Flag(values) => values.is_valid(row).then(|| values.value(row)),
            _ => None,
        }
    }
}

/// A file's schema with its texts to be read by number.
pub(super) fn by_number(schema: &Schema) -> SchemaRef {
    let field = |field: &Field| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            field.clone().with_data_type(words)
        }
        _ => field.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(|known| field(known)).collect::<Vec<_>>()))
}
