//! A whole file.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnDescPtr;

use crate::chunk::Compressor;
use crate::column::{Column, NULL};
use crate::encode::{self, Plan};
use crate::rows::{PageColumn, Rows, Run, Source};
use crate::stream::Stream;

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
    /// The page that is being filled, and the chunks of its row group.
    filling: Rows,
    streams: Vec<Stream>,
}

impl FileEncoder {
    /// Begins a file with the columns of a schema, all of which may hold nulls.
    ///
    /// # Errors
    /// If the schema has a type that flow tables do not have.
    pub fn new(schema: &Schema, properties: WriterProperties) -> Result<Self> {
        let properties = Arc::new(properties);
        let parquet = ArrowSchemaConverter::new().convert(schema)?;
        let (root, columns) = (parquet.root_schema_ptr(), parquet.columns().to_vec());
        let writer = SerializedFileWriter::new(Vec::new(), root, Arc::clone(&properties))?;
        let fields: Vec<_> = schema.fields().iter().cloned().collect();
        let bounds = vec![Bounds::default(); fields.len()];
        let filling = Rows::new(&fields)?;
        Ok(Self {
            fields,
            columns,
            properties,
            writer,
            compressor: Compressor::default(),
            bounds,
            filling,
            streams: Vec::new(),
        })
    }

    /// Returns how many rows fit into the page that is being filled: at least one.
    pub fn room(&self) -> usize {
        self.properties.data_page_row_count_limit().max(1) - self.filling.len()
    }

    /// Appends rows to the page that is being filled: at most as many as it has room for.
    ///
    /// # Errors
    /// If there is no room, or a column is missing or of another type.
    pub fn append(&mut self, sources: &mut [Source], runs: &[Run]) -> Result<()> {
        let rows: usize = runs.iter().map(|run| run.rows).sum();
        if rows > self.room() {
            return Err(ParquetError::General(format!("{rows} rows are too many for a page")));
        }
        self.filling.append(sources, runs)
    }

    /// Returns a column of the page that is being filled, by its number in the schema.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn page(&self, column: usize) -> PageColumn<'_> {
        self.filling.column(column)
    }

    /// Encodes the page that was filled. Of a row group only the last page may have room left.
    ///
    /// # Errors
    /// If a column cannot be encoded as the properties say.
    pub fn end_page(&mut self) -> Result<()> {
        if self.filling.len() == 0 {
            return Ok(());
        }
        for at in 0..self.fields.len() {
            let column = self.filling.column(at);
            if self.streams.len() == at {
                let (descr, properties) = (&self.columns[at], &self.properties);
                let plan = Plan { descr, properties, compressor: &mut self.compressor };
                self.streams.push(Stream::new(column, &plan)?);
            }
            self.streams[at].page(column, &mut self.compressor)?;
        }
        self.filling.next_page();
        Ok(())
    }

    /// Writes the pages since the last row group, if any, as one; the page that is being filled is its last.
    ///
    /// # Errors
    /// As [`FileEncoder::end_page`].
    pub fn end_row_group(&mut self) -> Result<()> {
        self.end_page()?;
        if self.streams.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for (at, stream) in std::mem::take(&mut self.streams).into_iter().enumerate() {
            let (encoded, bounds) = stream.close(self.filling.column(at), &mut self.compressor)?;
            self.bounds[at].widen(bounds);
            group.append_column(&encoded.bytes, encoded.close)?;
        }
        group.close()?;
        self.filling.next_group();
        Ok(())
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
