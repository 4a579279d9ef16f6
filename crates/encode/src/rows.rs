//! Rows on their way into a row group: those of the page that is being filled, taken from several batches in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, PrimitiveArray, RecordBatch};
use arrow_schema::{DataType, Field};
use parquet::errors::{ParquetError, Result};

use crate::column::{NULL, Numbers, Values};
use crate::dictionary::TextIndex;

/// A batch that rows are taken from, and what is known of the numbers of its texts.
#[derive(Debug, Default)]
pub struct Source {
    columns: Vec<ArrayRef>,
    words: Vec<Words>,
}

/// For each word of a column's dictionary its number in the row group, once a row had it.
#[derive(Debug, Default)]
struct Words {
    of: Option<ArrayRef>,
    /// The row group that the numbers are of.
    group: u64,
    numbers: Vec<u32>,
}

/// Neighbouring rows of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Which of the sources.
    pub source: usize,
    /// The first row.
    pub start: usize,
    /// How many.
    pub rows: usize,
}

impl Source {
    /// Puts a batch in the place of the one before. Its columns are those of the file, text in dictionaries of 32-bit keys;
    /// batches may share dictionaries.
    pub fn replace(&mut self, batch: &RecordBatch) {
        self.columns.clear();
        self.columns.extend(batch.columns().iter().map(Arc::clone));
        self.words.resize_with(self.columns.len(), Words::default);
    }
}

/// A column of the rows of a page.
#[derive(Debug, Clone, Copy)]
pub enum PageColumn<'p> {
    /// 64-bit numbers and instants.
    Long(&'p Numbers<i64>),
    /// 32-bit numbers.
    Int(&'p Numbers<i32>),
    /// True or false.
    Flag(&'p Numbers<bool>),
    /// For each row the number of its text, or [`NULL`]; and the texts of the row group so far, which keep their numbers
    /// until its end.
    Text(&'p [u32], &'p Values),
}

/// The rows of a page that is being filled.
pub(crate) struct Rows {
    columns: Vec<Part>,
    rows: usize,
    /// Which row group this is.
    group: u64,
}

enum Part {
    Long(Numbers<i64>),
    Int(Numbers<i32>),
    Flag(Numbers<bool>),
    Text(Vec<u32>, TextIndex),
}

impl Rows {
    pub(crate) fn new(fields: &[Arc<Field>]) -> Result<Self> {
        let part = |field: &Arc<Field>| match field.data_type() {
            DataType::Int64 | DataType::Timestamp(..) => Ok(Part::Long(Numbers::default())),
            DataType::Int32 => Ok(Part::Int(Numbers::default())),
            DataType::Boolean => Ok(Part::Flag(Numbers::default())),
            DataType::Utf8 => Ok(Part::Text(Vec::new(), TextIndex::default())),
            other => Err(ParquetError::NYI(format!("encoding a column of type {other}"))),
        };
        let columns = fields.iter().map(part).collect::<Result<_>>()?;
        Ok(Self { columns, rows: 0, group: group() })
    }

    /// Rows of the page so far.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    pub(crate) fn column(&self, at: usize) -> PageColumn<'_> {
        match &self.columns[at] {
            Part::Long(numbers) => PageColumn::Long(numbers),
            Part::Int(numbers) => PageColumn::Int(numbers),
            Part::Flag(numbers) => PageColumn::Flag(numbers),
            Part::Text(codes, index) => PageColumn::Text(codes, index.values()),
        }
    }

    /// Appends runs of rows, column by column.
    pub(crate) fn append(&mut self, sources: &mut [Source], runs: &[Run]) -> Result<()> {
        for (at, part) in self.columns.iter_mut().enumerate() {
            let append = |source: &mut Source, run: &Run| {
                let column = source.columns.get(at).ok_or_else(|| {
                    ParquetError::General(format!("a batch has no column {at}, the file has"))
                })?;
                let other = || {
                    ParquetError::General(format!("column {at} of a batch is of type {}", column.data_type()))
                };
                match part {
                    Part::Long(numbers) => match column.data_type() {
                        DataType::Int64 => {
                            take(numbers, column.as_primitive_opt::<Int64Type>().ok_or_else(other)?, run)
                        }
                        _ => take(
                            numbers,
                            column.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(other)?,
                            run,
                        ),
                    },
                    Part::Int(numbers) => {
                        take(numbers, column.as_primitive_opt::<Int32Type>().ok_or_else(other)?, run)
                    }
                    Part::Flag(numbers) => {
                        let flags = column.as_boolean_opt().ok_or_else(other)?;
                        let values = flags.values().slice(run.start, run.rows);
                        extend(numbers, values.iter(), column, run);
                    }
                    Part::Text(codes, index) => {
                        source.words[at].take(column, run, self.group, codes, index).ok_or_else(other)?
                    }
                }
                Ok::<_, ParquetError>(())
            };
            let mut append = append;
            for run in runs {
                append(&mut sources[run.source], run)?;
            }
        }
        self.rows += runs.iter().map(|run| run.rows).sum::<usize>();
        Ok(())
    }

    /// Begins the next page.
    pub(crate) fn next_page(&mut self) {
        fn clear<T>(numbers: &mut Numbers<T>) {
            numbers.values.clear();
            numbers.valid = None;
        }
        self.rows = 0;
        for part in &mut self.columns {
            match part {
                Part::Long(numbers) => clear(numbers),
                Part::Int(numbers) => clear(numbers),
                Part::Flag(numbers) => clear(numbers),
                Part::Text(codes, _) => codes.clear(),
            }
        }
    }

    /// Begins the next row group: texts get new numbers.
    pub(crate) fn next_group(&mut self) {
        self.next_page();
        self.group = group();
        for part in &mut self.columns {
            if let Part::Text(_, index) = part {
                *index = TextIndex::default();
            }
        }
    }
}

/// Returns the number of a new row group; no other of this process has it, whatever file it is of.
fn group() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn take<T: arrow_array::ArrowPrimitiveType>(
    numbers: &mut Numbers<T::Native>,
    column: &PrimitiveArray<T>,
    run: &Run,
) {
    let values = &column.values()[run.start..run.start + run.rows];
    extend(numbers, values.iter().copied(), column, run);
}

fn extend<T>(numbers: &mut Numbers<T>, values: impl Iterator<Item = T>, column: &dyn Array, run: &Run) {
    let before = numbers.values.len();
    numbers.values.extend(values);
    match column.nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(nulls) => {
            let valid = numbers.valid.get_or_insert_with(|| vec![true; before]);
            valid.extend(nulls.slice(run.start, run.rows).iter());
        }
        None => {
            if let Some(valid) = &mut numbers.valid {
                valid.resize(before + run.rows, true);
            }
        }
    }
}

impl Words {
    /// Appends the numbers of the texts of a run; none if the column holds no texts in a dictionary.
    fn take(
        &mut self,
        column: &ArrayRef,
        run: &Run,
        group: u64,
        codes: &mut Vec<u32>,
        index: &mut TextIndex,
    ) -> Option<()> {
        let words = column.as_dictionary_opt::<Int32Type>()?;
        let keys = words.keys();
        if keys.null_count() == keys.len() {
            codes.resize(codes.len() + run.rows, NULL);
            return Some(());
        }
        let values = words.values();
        let same = self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, values));
        if !same || self.group != group {
            self.of = Some(Arc::clone(values));
            self.group = group;
            self.numbers.clear();
            self.numbers.resize(values.len(), NULL);
        }
        let texts = values.as_string_opt::<i32>()?;
        let numbers = &mut self.numbers;
        let mut number = |key: i32| {
            let key = key as usize;
            if numbers[key] == NULL && texts.is_valid(key) {
                numbers[key] = index.number(texts.value(key).as_bytes());
            }
            numbers[key]
        };
        let part = &keys.values()[run.start..run.start + run.rows];
        match keys.nulls().filter(|nulls| nulls.null_count() > 0) {
            None if values.len() == 1 && run.rows > 0 => codes.resize(codes.len() + run.rows, number(0)),
            None => codes.extend(part.iter().map(|key| number(*key))),
            // The key of a row without a value may be out of range.
            Some(nulls) => {
                let valid = nulls.slice(run.start, run.rows);
                codes.extend(
                    part.iter().zip(valid.iter()).map(|(k, valid)| if valid { number(*k) } else { NULL }),
                );
            }
        }
        Some(())
    }
}
