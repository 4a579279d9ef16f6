//! Columns as the scan reads them: text by number, numbers as small as they are.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringArray};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use flowglass_flow::schema::time_type;
use flowglass_flow::time::SECOND;

use crate::error::{LakeError, Result};

/// The place of a value that no row has.
const UNUSED: i32 = -1;

/// Columns of some rows, in the order in which they were asked for.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) rows: usize,
    /// Where in the row group they are.
    pub(super) runs: Vec<Range<usize>>,
    pub(super) columns: Vec<Column>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(super) enum Column {
    Text(Texts),
    /// Numbers and instants.
    Number(Numbers),
    Flag(BooleanArray),
    /// The file does not have it: all rows lack a value.
    Missing,
}

/// Text: for each row the number of its value.
#[derive(Debug, Clone)]
pub(super) struct Texts {
    pub(super) keys: Keys,
    pub(super) nulls: Option<NullBuffer>,
    pub(super) values: StringArray,
}

/// Numbers of values.
#[derive(Debug, Clone)]
pub(super) enum Keys {
    Byte(ScalarBuffer<u8>),
    Narrow(ScalarBuffer<u16>),
    Wide(ScalarBuffer<i32>),
}

/// Numbers: `base + unit * word`.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    pub(super) words: Words,
    pub(super) base: i64,
    pub(super) unit: i64,
    pub(super) nulls: Option<NullBuffer>,
}

#[derive(Debug, Clone)]
pub(super) enum Words {
    U8(ScalarBuffer<u8>),
    U16(ScalarBuffer<u16>),
    U32(ScalarBuffer<u32>),
    I32(ScalarBuffer<i32>),
    I64(ScalarBuffer<i64>),
}

impl Column {
    /// An array of a column as a file has it.
    ///
    /// # Errors
    /// If it has a type that cannot be that of a flow row's column.
    pub(super) fn new(name: &str, array: &ArrayRef, path: &dyn Fn() -> String) -> Result<Self> {
        // Other writers' files may have numbers, instants and texts of other kinds.
        let wanted = match array.data_type() {
            DataType::Int32 | DataType::Boolean => array.data_type().clone(),
            numbers if numbers.is_integer() => DataType::Int64,
            DataType::Timestamp(..) => time_type(),
            DataType::Dictionary(..) | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                by_number_type()
            }
            other => {
                return Err(LakeError::Damaged {
                    path: path(),
                    reason: format!("its column {name} is {other}"),
                });
            }
        };
        let array = match *array.data_type() == wanted {
            true => Arc::clone(array),
            false => cast(array, &wanted)
                .map_err(|source| LakeError::Arrow { doing: "read the columns of a data file", source })?,
        };
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
        let numbers = |words, nulls| Self::Number(Numbers { words, base: 0, unit: 1, nulls });
        Ok(match wanted {
            DataType::Boolean => Self::Flag(array.as_boolean().clone()),
            DataType::Int32 => numbers(Words::I32(array.as_primitive::<Int32Type>().values().clone()), nulls),
            DataType::Int64 => numbers(Words::I64(array.as_primitive::<Int64Type>().values().clone()), nulls),
            DataType::Timestamp(..) => {
                numbers(Words::I64(array.as_primitive::<TimestampMicrosecondType>().values().clone()), nulls)
            }
            _ => {
                let texts = array.as_dictionary::<Int32Type>();
                let keys = Keys::Wide(texts.keys().values().clone());
                Self::Text(Texts { keys, nulls, values: texts.values().as_string::<i32>().clone() })
            }
        })
    }

    /// The same in as little memory as it takes, to be kept.
    pub(super) fn narrowed(self) -> Self {
        match self {
            Self::Text(texts) => {
                let mut texts = texts.without_unused();
                if let Keys::Wide(wide) = &texts.keys {
                    let values = texts.values.len();
                    if values <= usize::from(u8::MAX) + 1 {
                        texts.keys = Keys::Byte(wide.iter().map(|key| *key as u8).collect());
                    } else if values <= usize::from(u16::MAX) + 1 {
                        texts.keys = Keys::Narrow(wide.iter().map(|key| *key as u16).collect());
                    }
                }
                Self::Text(texts)
            }
            Self::Number(numbers) => Self::Number(numbers.narrowed()),
            other => other,
        }
    }

    /// Some of its rows.
    pub(super) fn slice(&self, start: usize, rows: usize) -> Self {
        let some = |nulls: &Option<NullBuffer>| nulls.as_ref().map(|nulls| nulls.slice(start, rows));
        match self {
            Self::Text(texts) => Self::Text(Texts {
                keys: match &texts.keys {
                    Keys::Byte(keys) => Keys::Byte(keys.slice(start, rows)),
                    Keys::Narrow(keys) => Keys::Narrow(keys.slice(start, rows)),
                    Keys::Wide(keys) => Keys::Wide(keys.slice(start, rows)),
                },
                nulls: some(&texts.nulls),
                values: texts.values.clone(),
            }),
            Self::Number(numbers) => Self::Number(Numbers {
                words: match &numbers.words {
                    Words::U8(words) => Words::U8(words.slice(start, rows)),
                    Words::U16(words) => Words::U16(words.slice(start, rows)),
                    Words::U32(words) => Words::U32(words.slice(start, rows)),
                    Words::I32(words) => Words::I32(words.slice(start, rows)),
                    Words::I64(words) => Words::I64(words.slice(start, rows)),
                },
                nulls: some(&numbers.nulls),
                ..*numbers
            }),
            Self::Flag(flags) => Self::Flag(flags.slice(start, rows)),
            Self::Missing => Self::Missing,
        }
    }

    /// Memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let bits = |nulls: &Option<NullBuffer>| nulls.as_ref().map_or(0, |nulls| nulls.len() / 8);
        match self {
            Self::Text(texts) => {
                let keys = match &texts.keys {
                    Keys::Byte(keys) => keys.len(),
                    Keys::Narrow(keys) => keys.len() * 2,
                    Keys::Wide(keys) => keys.len() * 4,
                };
                keys + bits(&texts.nulls) + texts.values.get_array_memory_size()
            }
            Self::Number(numbers) => {
                bits(&numbers.nulls)
                    + match &numbers.words {
                        Words::U8(words) => words.len(),
                        Words::U16(words) => words.len() * 2,
                        Words::U32(words) => words.len() * 4,
                        Words::I32(words) => words.len() * 4,
                        Words::I64(words) => words.len() * 8,
                    }
            }
            Self::Flag(flags) => flags.len() / 4,
            Self::Missing => 0,
        }
    }

    /// The number in a row, if this is a column of numbers.
    #[inline]
    pub(super) fn number(&self, row: usize) -> Option<i64> {
        match self {
            Self::Number(numbers) => numbers.value(row),
            _ => None,
        }
    }
}

impl Texts {
    /// Calls a function with the number of the value of each of some rows.
    #[inline]
    pub(super) fn for_each(&self, rows: &[u32], mut each: impl FnMut(Option<usize>)) {
        match &self.keys {
            Keys::Byte(keys) if self.nulls.is_none() => {
                rows.iter().for_each(|row| each(Some(usize::from(keys[*row as usize]))));
            }
            Keys::Narrow(keys) if self.nulls.is_none() => {
                rows.iter().for_each(|row| each(Some(usize::from(keys[*row as usize]))));
            }
            Keys::Wide(keys) if self.nulls.is_none() => {
                rows.iter().for_each(|row| each(Some(keys[*row as usize] as usize)));
            }
            _ => rows.iter().for_each(|row| each(self.key(*row as usize))),
        }
    }

    /// The same with only the values that rows have, where there may be many others: few rows of a file with a dictionary.
    fn without_unused(self) -> Self {
        let Keys::Wide(wide) = &self.keys else { return self };
        if self.values.len() <= wide.len() {
            return self;
        }
        let mut places = vec![UNUSED; self.values.len()];
        let mut used = Vec::new();
        let keys = (0..wide.len()).map(|row| {
            // What stands where there is no value does not matter.
            let Some(key) = self.key(row).filter(|key| *key < places.len()) else { return 0 };
            if places[key] == UNUSED {
                places[key] = used.len() as i32;
                used.push(self.values.is_valid(key).then(|| self.values.value(key)));
            }
            places[key]
        });
        let keys = Keys::Wide(keys.collect());
        Self { keys, nulls: self.nulls.clone(), values: StringArray::from(used) }
    }

    /// The number of a row's value.
    #[inline]
    pub(super) fn key(&self, row: usize) -> Option<usize> {
        let valid = self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        valid.then(|| self.keys.key(row))
    }

    /// The text in a row.
    #[inline]
    pub(super) fn text(&self, row: usize) -> Option<&str> {
        let key = self.key(row)?;
        (key < self.values.len()).then(|| self.values.value(key))
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

impl Keys {
    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Byte(keys) => keys.len(),
            Self::Narrow(keys) => keys.len(),
            Self::Wide(keys) => keys.len(),
        }
    }

    /// The number of a row's value.
    #[inline]
    pub(super) fn key(&self, row: usize) -> usize {
        match self {
            Self::Byte(keys) => usize::from(keys[row]),
            Self::Narrow(keys) => usize::from(keys[row]),
            Self::Wide(keys) => keys[row] as usize,
        }
    }
}

impl Numbers {
    /// Calls a function with the number in each of some rows.
    #[inline]
    pub(super) fn for_each(&self, rows: &[u32], mut each: impl FnMut(Option<i64>)) {
        let number = |word: i64| Some(self.base + self.unit * word);
        match &self.words {
            Words::U8(words) if self.nulls.is_none() => {
                rows.iter().for_each(|row| each(number(words[*row as usize].into())));
            }
            Words::U16(words) if self.nulls.is_none() => {
                rows.iter().for_each(|row| each(number(words[*row as usize].into())));
            }
            _ => rows.iter().for_each(|row| each(self.value(*row as usize))),
        }
    }

    /// The number in a row.
    #[inline]
    pub(super) fn value(&self, row: usize) -> Option<i64> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        Some(match &self.words {
            Words::U8(words) => self.base + self.unit * i64::from(words[row]),
            Words::U16(words) => self.base + self.unit * i64::from(words[row]),
            Words::U32(words) => self.base + self.unit * i64::from(words[row]),
            Words::I32(words) => words[row].into(),
            Words::I64(words) => words[row],
        })
    }

    fn narrowed(self) -> Self {
        let values: Vec<i64> = match &self.words {
            Words::I32(words) => words.iter().map(|word| i64::from(*word)).collect(),
            Words::I64(words) => words.to_vec(),
            Words::U8(_) | Words::U16(_) | Words::U32(_) => return self,
        };
        let valid = |row: usize| self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let known = || values.iter().enumerate().filter(|(row, _)| valid(*row)).map(|(_, value)| *value);
        let (Some(base), Some(most)) = (known().min(), known().max()) else { return self };
        let Some(span) = most.checked_sub(base) else { return self };
        // Instants are whole seconds more often than not.
        let is_whole = span > i64::from(u32::MAX) && known().all(|value| (value - base) % SECOND == 0);
        let unit = if is_whole { SECOND } else { 1 };
        // What stands where there is no value does not matter.
        let words = values.iter().map(|value| value.wrapping_sub(base) / unit);
        let words = match span / unit {
            most if most <= i64::from(u8::MAX) => Words::U8(words.map(|word| word as u8).collect()),
            most if most <= i64::from(u16::MAX) => Words::U16(words.map(|word| word as u16).collect()),
            most if most <= i64::from(u32::MAX) => Words::U32(words.map(|word| word as u32).collect()),
            _ => return self,
        };
        Self { words, base, unit, nulls: self.nulls }
    }
}

fn by_number_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// A file's schema with its texts to be read by number.
pub(super) fn by_number(schema: &Schema) -> SchemaRef {
    let field = |field: &Field| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            field.clone().with_data_type(by_number_type())
        }
        _ => field.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(|known| field(known)).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        DictionaryArray, Float64Array, Int32Array, Int64Array, LargeStringArray, StringViewArray,
        TimestampMillisecondArray, UInt16Array,
    };
    use proptest::prelude::*;

    use super::*;

    fn column(array: impl Array + 'static) -> Column {
        Column::new("time", &(Arc::new(array) as ArrayRef), &String::new).unwrap()
    }

    #[test]
    fn other_writers_columns_are_read() {
        let ports = column(UInt16Array::from(vec![Some(53), None, Some(65_535)]));
        assert_eq!([0, 1, 2].map(|row| ports.number(row)), [Some(53), None, Some(65_535)]);
        let times = column(TimestampMillisecondArray::from(vec![Some(1_591_278_000_123), None]));
        assert_eq!([0, 1].map(|row| times.number(row)), [Some(1_591_278_000_123_000), None]);
        let texts = vec![Some("10.0.0.1"), None, Some("10.0.0.2"), Some("10.0.0.1")];
        for texts in [column(LargeStringArray::from(texts.clone())), column(StringViewArray::from(texts))] {
            let Column::Text(texts) = texts else { panic!("{texts:?}") };
            let read = [0, 1, 2, 3].map(|row| texts.text(row));
            assert_eq!(read, [Some("10.0.0.1"), None, Some("10.0.0.2"), Some("10.0.0.1")]);
            assert_eq!(texts.values.len(), 2);
        }
        let of_numbers = Arc::new(Float64Array::from(vec![0.5])) as ArrayRef;
        let error = Column::new("target_ip", &of_numbers, &|| "a.parquet".to_owned()).unwrap_err();
        assert_eq!(error.to_string(), "a.parquet is damaged: its column target_ip is Float64");
    }

    #[test]
    fn values_that_no_row_has_are_not_kept() {
        let values = StringArray::from((0..1000).map(|value| format!("10.0.0.{value}")).collect::<Vec<_>>());
        let keys = Int32Array::from(vec![Some(7), None, Some(900), Some(7)]);
        let Column::Text(texts) = column(DictionaryArray::new(keys, Arc::new(values))).narrowed() else {
            panic!("it is text");
        };
        let read = [0, 1, 2, 3].map(|row| texts.text(row));
        assert_eq!(read, [Some("10.0.0.7"), None, Some("10.0.0.900"), Some("10.0.0.7")]);
        assert_eq!((texts.values.len(), matches!(texts.keys, Keys::Byte(_))), (2, true));
    }

    proptest! {
        #[test]
        fn narrowed_numbers_are_the_same(
            values in proptest::collection::vec(proptest::option::of(-3_i64..3), 1..50),
            base in prop_oneof![Just(0), Just(i64::MAX - 10), Just(1_591_278_000_000_000_i64), any::<i64>()],
            unit in prop_oneof![Just(1_i64), Just(70_000), Just(SECOND), Just(3_600 * SECOND), Just(1 << 60)],
        ) {
            let values: Vec<Option<i64>> =
                values.into_iter().map(|value| value.map(|value| base.wrapping_add(value.wrapping_mul(unit)))).collect();
            let wide = column(Int64Array::from(values.clone()));
            let narrow = wide.clone().narrowed();
            prop_assert!(narrow.bytes() <= wide.bytes());
            for (row, value) in values.iter().enumerate() {
                prop_assert_eq!(narrow.number(row), *value);
                prop_assert_eq!(narrow.slice(row, 1).number(0), *value);
            }
        }
    }
}
