//! One column of a row group, out of the batches that hold it.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{DataType, Field};
use parquet::errors::{ParquetError, Result};

use crate::dictionary::TextIndex;

/// The code of a row without a value.
pub const NULL: u32 = u32::MAX;

/// A column of any number of rows.
#[derive(Debug, Clone)]
pub enum Column {
    /// 64-bit numbers and instants.
    Long(Numbers<i64>),
    /// 32-bit numbers.
    Int(Numbers<i32>),
    /// True or false.
    Flag(Numbers<bool>),
    /// Text.
    Text(Texts),
}

/// Values of a fixed size; what stands at a row without a value is of no meaning.
#[derive(Debug, Clone)]
pub struct Numbers<T> {
    /// One for each row.
    pub values: Vec<T>,
    /// Which rows have a value; all, if none.
    pub valid: Option<Vec<bool>>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self { values: Vec::new(), valid: None }
    }
}

/// Texts, each value kept once.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// For each row the number of its value, or [`NULL`].
    pub codes: Vec<u32>,
    /// The values, all different. There may be some that no row has.
    pub values: Values,
}

/// A list of byte strings.
#[derive(Debug, Clone)]
pub struct Values {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Default for Values {
    fn default() -> Self {
        Self { bytes: Vec::new(), ends: vec![0] }
    }
}

impl Values {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the value of that number.
    ///
    /// # Panics
    /// If there is none of that number.
    #[inline]
    pub fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        &self.bytes[self.ends[number]..self.ends[number + 1]]
    }

    pub(crate) fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
    }
}

impl Column {
    /// Puts the parts of a column together. Text may be plain or in dictionaries of 32-bit keys, different in each part.
    ///
    /// # Errors
    /// If a part has a type that flow tables do not have, or another one than the first.
    pub fn collect(parts: &[&ArrayRef]) -> Result<Self> {
        let Some(first) = parts.first() else { return Ok(Self::Text(Texts::default())) };
        let other = || ParquetError::NYI(format!("encoding a column of type {}", first.data_type()));
        Ok(match first.data_type() {
            DataType::Int64 => Self::Long(numbers(parts, |part| {
                Some(Cow::Borrowed(part.as_primitive_opt::<Int64Type>()?.values().as_ref()))
            })?),
            DataType::Timestamp(..) => Self::Long(numbers(parts, |part| {
                Some(Cow::Borrowed(part.as_primitive_opt::<TimestampMicrosecondType>()?.values().as_ref()))
            })?),
            DataType::Int32 => Self::Int(numbers(parts, |part| {
                Some(Cow::Borrowed(part.as_primitive_opt::<Int32Type>()?.values().as_ref()))
            })?),
            DataType::Boolean => Self::Flag(numbers(parts, |part| {
                Some(Cow::Owned(part.as_boolean_opt()?.values().iter().collect()))
            })?),
            DataType::Utf8 | DataType::Dictionary(..) => Self::Text(texts(parts)?),
            _ => return Err(other()),
        })
    }

    /// Puts the column of a field in some batches together; it is null in a batch that lacks it.
    ///
    /// # Errors
    /// As [`Column::collect`].
    pub fn of(batches: &[RecordBatch], field: &Field) -> Result<Self> {
        let parts = batches.iter().map(|batch| match batch.column_by_name(field.name()) {
            Some(part) => Arc::clone(part),
            None => new_null_array(field.data_type(), batch.num_rows()),
        });
        let parts: Vec<ArrayRef> = parts.collect();
        match parts.is_empty() {
            true => Self::collect(&[&new_null_array(field.data_type(), 0)]),
            false => Self::collect(&parts.iter().collect::<Vec<_>>()),
        }
    }

    /// True if these are values of that type.
    pub(crate) fn holds(&self, data_type: &DataType) -> bool {
        match self {
            Self::Long(_) => matches!(data_type, DataType::Int64 | DataType::Timestamp(..)),
            Self::Int(_) => *data_type == DataType::Int32,
            Self::Flag(_) => *data_type == DataType::Boolean,
            Self::Text(_) => *data_type == DataType::Utf8,
        }
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Long(numbers) => numbers.values.len(),
            Self::Int(numbers) => numbers.values.len(),
            Self::Flag(numbers) => numbers.values.len(),
            Self::Text(texts) => texts.codes.len(),
        }
    }
}

fn mismatch(part: &ArrayRef) -> ParquetError {
    ParquetError::General(format!("a part of a column has type {}, unlike the first", part.data_type()))
}

fn numbers<T: Clone>(
    parts: &[&ArrayRef],
    values_of: impl for<'p> Fn(&'p ArrayRef) -> Option<Cow<'p, [T]>>,
) -> Result<Numbers<T>> {
    let rows = parts.iter().map(|part| part.len()).sum();
    let mut values = Vec::with_capacity(rows);
    let mut valid: Option<Vec<bool>> = None;
    for part in parts {
        let before = values.len();
        values.extend_from_slice(&values_of(part).ok_or_else(|| mismatch(part))?);
        if let Some(nulls) = part.nulls().filter(|nulls| nulls.null_count() > 0) {
            let valid = valid.get_or_insert_with(|| vec![true; before]);
            valid.extend(nulls.iter());
        } else if let Some(valid) = &mut valid {
            valid.resize(values.len(), true);
        }
    }
    Ok(Numbers { values, valid })
}

fn texts(parts: &[&ArrayRef]) -> Result<Texts> {
    let mut index = TextIndex::default();
    let mut codes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        if let Some(words) = part.as_dictionary_opt::<Int32Type>() {
            let values = words.values().as_string_opt::<i32>().ok_or_else(|| mismatch(part))?;
            let keys = words.keys();
            if keys.null_count() == keys.len() {
                codes.resize(codes.len() + keys.len(), NULL);
                continue;
            }
            let known: Vec<u32> = (0..values.len())
                .map(|i| if values.is_valid(i) { index.number(values.value(i).as_bytes()) } else { NULL })
                .collect();
            match keys.nulls().filter(|nulls| nulls.null_count() > 0) {
                None => codes.extend(keys.values().iter().map(|key| known[*key as usize])),
                // The key of a row without a value may be out of range.
                Some(nulls) => codes.extend(
                    keys.values()
                        .iter()
                        .zip(nulls.iter())
                        .map(|(key, valid)| if valid { known[*key as usize] } else { NULL }),
                ),
            }
        } else {
            let values = part.as_string_opt::<i32>().ok_or_else(|| mismatch(part))?;
            let mut last: (&[u8], u32) = (&[], NULL);
            codes.extend(values.iter().map(|value| {
                let Some(value) = value.map(str::as_bytes) else { return NULL };
                if last.1 == NULL || last.0 != value {
                    last = (value, index.number(value));
                }
                last.1
            }));
        }
    }
    Ok(Texts { codes, values: index.into_values() })
}
