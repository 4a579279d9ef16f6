//! A whole file.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, Int32Array, RecordBatch};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{Field, Schema};
use arrow_select::take::take;
use parquet::arrow::ArrowSchemaConverter;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnDescPtr;

use crate::chunk::Compressor;
use crate::column::{Column, NULL};
use crate::encode::{self, Plan};

/// The least or greatest value of a column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// Of numbers and instants.
    Whole(i64),
    /// Of flags.
    Flag(bool),
    /// Of text, whole.
    Text(Box<str>),
}

/// What is known of a column of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The least value; none without values.
    pub least: Option<Bound>,
    /// The greatest value; none without values.
    pub greatest: Option<Bound>,
    /// Rows without a value.
    pub nulls: u64,
}

impl Bounds {
    fn widen(&mut self, other: Self) {
        self.least = self.least.take().into_iter().chain(other.least).min();
        self.greatest = self.greatest.take().into_iter().chain(other.greatest).max();
        self.nulls += other.nulls;
    }
}

/// Encodes rows as one Parquet file in memory.
pub struct FileEncoder {
    fields: Vec<Arc<Field>>,
    columns: Vec<ColumnDescPtr>,
    properties: WriterPropertiesPtr,
    writer: SerializedFileWriter<Vec<u8>>,
    compressor: Compressor,
    bounds: Vec<Bounds>,
    /// Rows of the row group that is not full yet.
    pushed: Vec<RecordBatch>,
    pushed_rows: usize,
}

impl FileEncoder {
    /// Begins a file with the columns of a schema, all of which may hold nulls.
    ///
    /// # Errors
    /// If the schema has a type that Parquet does not know.
    pub fn new(schema: &Schema, properties: WriterProperties) -> Result<Self> {
        let properties = Arc::new(properties);
        let parquet = ArrowSchemaConverter::new().convert(schema)?;
        let (root, columns) = (parquet.root_schema_ptr(), parquet.columns().to_vec());
        let writer = SerializedFileWriter::new(Vec::new(), root, Arc::clone(&properties))?;
        let fields: Vec<_> = schema.fields().iter().cloned().collect();
        let bounds = vec![Bounds::default(); fields.len()];
        Ok(Self {
            fields,
            columns,
            properties,
            writer,
            compressor: Compressor::default(),
            bounds,
            pushed: Vec::new(),
            pushed_rows: 0,
        })
    }

    /// Appends rows to the row group that is being filled, and writes it once it is full. Columns that do not change within
    /// the batch take no room until then.
    ///
    /// # Errors
    /// As [`FileEncoder::write`].
    pub fn push(&mut self, mut batch: RecordBatch) -> Result<()> {
        let most = self.properties.max_row_group_row_count().unwrap_or(usize::MAX).max(1);
        while batch.num_rows() > 0 {
            let n = batch.num_rows().min(most - self.pushed_rows);
            self.pushed.push(without_repeats(&batch.slice(0, n)));
            self.pushed_rows += n;
            batch = batch.slice(n, batch.num_rows() - n);
            if self.pushed_rows == most {
                self.end_row_group()?;
            }
        }
        Ok(())
    }

    /// Writes the rows that were pushed since the last row group, if any, as one.
    ///
    /// # Errors
    /// As [`FileEncoder::write`].
    pub fn end_row_group(&mut self) -> Result<()> {
        self.pushed_rows = 0;
        let rows = std::mem::take(&mut self.pushed);
        if rows.is_empty() { Ok(()) } else { self.write(&rows) }
    }

    /// Writes batches, in their order, as row groups of their own. A column that a batch lacks is null there.
    ///
    /// # Errors
    /// If a column has another type than the schema says.
    pub fn write(&mut self, batches: &[RecordBatch]) -> Result<()> {
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let fields = self.fields.clone();
        self.write_columns(rows, None, |at| Column::of(batches, &fields[at]).map(Cow::Owned))
    }

    /// Writes rows as row groups of their own: column after column, as `column` gives them by their number in the schema.
    /// All columns have so many rows; with an order, those that it names are written, as it has them.
    ///
    /// # Errors
    /// If a column has another type or length than it must, or `column` fails.
    pub fn write_columns<'c>(
        &mut self,
        rows: usize,
        order: Option<&[u32]>,
        column: impl Fn(usize) -> Result<Cow<'c, Column>>,
    ) -> Result<()> {
        let most = self.properties.max_row_group_row_count().unwrap_or(usize::MAX).max(1);
        let count = u32::try_from(rows).ok().filter(|count| *count < NULL);
        let count =
            count.ok_or_else(|| ParquetError::General(format!("{rows} rows are too many at once")))?;
        let numbered: Option<Vec<u32>> = (order.is_none() && rows > most).then(|| (0..count).collect());
        let order = order.or(numbered.as_deref());
        let written = order.map_or(rows, <[u32]>::len);
        let mut begin = 0;
        while begin < written {
            let end = written.min(begin.saturating_add(most));
            let part = order.map(|order| &order[begin..end]);
            let mut group = self.writer.next_row_group()?;
            for at in 0..self.fields.len() {
                let column = column(at)?;
                if column.rows() != rows {
                    let name = self.fields[at].name();
                    return Err(ParquetError::General(format!(
                        "{name} has {} rows of {rows}",
                        column.rows()
                    )));
                }
                if !column.holds(self.fields[at].data_type()) {
                    let (name, kind) = (self.fields[at].name(), self.fields[at].data_type());
                    return Err(ParquetError::General(format!("the rows' {name} is no {kind}")));
                }
                let plan = Plan {
                    descr: &self.columns[at],
                    properties: &self.properties,
                    compressor: &mut self.compressor,
                };
                let (encoded, bounds) = encode::column(&column, part, plan)?;
                self.bounds[at].widen(bounds);
                group.append_column(&encoded.bytes, encoded.close)?;
            }
            group.close()?;
            begin = end;
        }
        Ok(())
    }

    /// Ends the file. Returns its bytes, and what is known of each column.
    ///
    /// # Errors
    /// If the footer cannot be written.
    pub fn finish(mut self) -> Result<(Vec<u8>, Vec<Bounds>)> {
        self.end_row_group()?;
        Ok((self.writer.into_inner()?, self.bounds))
    }
}

/// Returns the same rows with columns of one word made smaller.
fn without_repeats(batch: &RecordBatch) -> RecordBatch {
    const ROOM: usize = 1 << 16;
    static SAME: LazyLock<ScalarBuffer<i32>> = LazyLock::new(|| vec![0; ROOM].into());
    let rows = batch.num_rows();
    let smaller = |column: &ArrayRef| {
        let words = column.as_dictionary_opt::<Int32Type>().filter(|_| rows <= ROOM)?;
        let keys = words.keys();
        if keys.null_count() > 0 || !keys.values().iter().all(|key| *key == keys.value(0)) {
            return None;
        }
        // Taken, not sliced: a slice would keep the whole dictionary.
        let value = take(words.values(), &Int32Array::from(vec![keys.value(0)]), None).ok()?;
        let keys = Int32Array::new(SAME.slice(0, rows), None);
        Some(Arc::new(DictionaryArray::new(keys, value)) as ArrayRef)
    };
    let columns = batch.columns().iter().map(|column| smaller(column).unwrap_or_else(|| Arc::clone(column)));
    RecordBatch::try_new(batch.schema(), columns.collect()).unwrap_or_else(|_| batch.clone())
}
