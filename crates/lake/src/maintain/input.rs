//! Reading data files that are merged, a page at a time.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use flowglass_encode::Source;
use flowglass_flow::schema;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{GetResultPayload, ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::reader::{ChunkReader, Length};

use super::pages::FilePages;
use crate::delta::DataFile;
use crate::error::{LakeError, Result};
use crate::layout::{self, Key, Keys};
use crate::parquet_file::{self, Table};

/// Rows taken from a file at a time: some dozens of files are open at once, and each holds that many rows of all columns.
const TAKEN: usize = 1024;

/// Rows of a file in an older order that are sorted at a time.
const SORTED: usize = 1 << 18;

/// Bytes of a file up to which it is kept in memory, where the store is not this machine's.
const IN_MEMORY: u64 = 1 << 20;

/// A data file to be read in parts.
#[derive(Debug)]
pub(super) enum Body {
    /// A file of this machine, or a copy in a temporary one.
    File(File),
    /// A small one.
    Bytes(Bytes),
}

impl Body {
    /// Opens a file of the table. What another machine stores is copied into a temporary file without a name, which goes
    /// with the process.
    pub(super) async fn open(store: &Arc<dyn ObjectStore>, file: &DataFile) -> Result<Self> {
        let failed = |source| LakeError::Store { doing: "read", path: file.path.clone(), source };
        let found = match store.get(&Path::from(file.path.as_str())).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(LakeError::Damaged {
                    path: file.path.clone(),
                    reason: "the log names it, the store does not hold it".to_owned(),
                });
            }
            Err(source) => return Err(failed(source)),
        };
        if found.meta.size <= IN_MEMORY {
            return Ok(Self::Bytes(found.bytes().await.map_err(failed)?));
        }
        if let GetResultPayload::File(file, _) = found.payload {
            return Ok(Self::File(file));
        }
        let mut stream = found.into_stream();
        let mut copy = temporary()?;
        while let Some(part) = stream.try_next().await.map_err(failed)? {
            copy.write_all(&part).map_err(spool_failed)?;
        }
        Ok(Self::File(copy))
    }
}

fn temporary() -> Result<File> {
    tempfile::tempfile().map_err(spool_failed)
}

fn spool_failed(source: std::io::Error) -> LakeError {
    LakeError::Io { doing: "copy a data file into", path: std::env::temp_dir(), source }
}

impl Length for Body {
    fn len(&self) -> u64 {
        match self {
            Self::File(file) => file.len(),
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

impl ChunkReader for Body {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(match self {
            Self::File(file) => Box::new(file.get_read(start)?),
            Self::Bytes(bytes) => Box::new(bytes.get_read(start)?),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        match self {
            Self::File(file) => file.get_bytes(start, length),
            Self::Bytes(bytes) => bytes.get_bytes(start, length),
        }
    }
}

/// Sorted rows being read.
pub(super) struct Input {
    batches: ParquetRecordBatchReader,
    reading: Keys,
    /// The keys of the batch at hand, and which of them comes next.
    pub(super) keys: Vec<Key>,
    pub(super) at: usize,
}

impl Input {
    /// Opens a file: as one input, or as several where its rows are in an older order.
    pub(super) fn open(body: Body, file: &DataFile) -> Result<Vec<Self>> {
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let wrong = |source| LakeError::Parquet { doing: "merge", path: file.path.clone(), source };
        let found = ArrowReaderMetadata::load(&body, options).map_err(wrong)?;
        let (name, order) = layout::ORDER;
        let notes = found.metadata().file_metadata().key_value_metadata();
        let in_order = notes
            .is_some_and(|notes| notes.iter().any(|n| n.key == name && n.value.as_deref() == Some(order)));
        // Only columns that the file has can be asked for as dictionaries; later columns are added as nulls.
        let present: Vec<_> = found.schema().fields().iter().map(|field| words(field)).collect();
        let schema = found.metadata().file_metadata().schema_descr();
        let levels = parquet_to_arrow_field_levels(schema, ProjectionMask::all(), Some(&present.into()));
        let pages = FilePages::new(body, Arc::clone(found.metadata()));
        let batches = levels.and_then(|levels| {
            ParquetRecordBatchReader::try_new_with_row_groups(&levels, &pages, TAKEN, None)
        });
        let batches = batches.map_err(wrong)?;
        if in_order { Ok(vec![Self::new(batches)]) } else { sorted(batches, file) }
    }

    fn new(batches: ParquetRecordBatchReader) -> Self {
        Self { batches, reading: Keys::default(), keys: Vec::new(), at: 0 }
    }

    /// Reads the next batch; false at the end.
    pub(super) fn advance(&mut self, source: &mut Source) -> Result<bool> {
        for batch in self.batches.by_ref() {
            let read = batch.map_err(|source| LakeError::Arrow { doing: "read rows to merge", source })?;
            if read.num_rows() > 0 {
                let batch = parquet_file::conform(&read, &merged_schema())?;
                self.keys = self.reading.of(&batch)?;
                self.at = 0;
                source.replace(&batch);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Sorts the rows of a file in an older order, some at a time.
fn sorted(batches: ParquetRecordBatchReader, file: &DataFile) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    let (mut held, mut rows) = (Vec::new(), 0);
    let mut batches = batches.peekable();
    while let Some(batch) = batches.next() {
        let batch: RecordBatch =
            batch.map_err(|source| LakeError::Arrow { doing: "read rows to sort", source })?;
        rows += batch.num_rows();
        held.push(parquet_file::conform(&batch, &merged_schema())?);
        if rows < SORTED && batches.peek().is_some() {
            continue;
        }
        let (body, _) = parquet_file::encode(Table::Flows, file.day, &std::mem::take(&mut held))?;
        rows = 0;
        let mut copy = temporary()?;
        copy.write_all(&body).and_then(|()| copy.rewind()).map_err(spool_failed)?;
        inputs.extend(Input::open(Body::File(copy), file)?);
    }
    Ok(inputs)
}

/// The columns of flow rows while they are merged: text stays in dictionaries.
fn merged_schema() -> SchemaRef {
    static SCHEMA: std::sync::LazyLock<SchemaRef> = std::sync::LazyLock::new(|| {
        Arc::new(Schema::new(schema::flow_file().fields().iter().map(|f| words(f)).collect::<Vec<_>>()))
    });
    Arc::clone(&SCHEMA)
}

fn words(field: &Field) -> Field {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        other => other.clone(),
    };
    Field::new(field.name(), data_type, true)
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray, new_null_array};
    use object_store::memory::InMemory;
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::delta::FileStats;

    fn file(path: &str) -> DataFile {
        let stats = FileStats { rows: 0, columns: Vec::new() };
        DataFile { path: path.to_owned(), size: 0, day: 0, modified: 0, stats }
    }

    #[tokio::test]
    async fn what_another_machine_stores_is_copied_unless_it_is_small() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for length in [1000, 3_000_000_usize] {
            let body: Vec<u8> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
            store.put(&Path::from("day=x/a.parquet"), body.clone().into()).await.expect("a store");
            let opened = Body::open(&store, &file("day=x/a.parquet")).await.expect("a body");
            assert_eq!(matches!(opened, Body::File(_)), length > 1 << 20);
            assert_eq!(opened.len(), length as u64);
            for start in [0, length / 3, length - 10] {
                assert_eq!(opened.get_bytes(start as u64, 10).expect("bytes"), body[start..start + 10]);
                let mut read = Vec::new();
                opened.get_read(start as u64).expect("a reader").read_to_end(&mut read).expect("bytes");
                assert_eq!(read, body[start..]);
            }
        }
        let missing = Body::open(&store, &file("day=x/b.parquet")).await.expect_err("there is none");
        assert!(missing.to_string().contains("the store does not hold it"), "{missing}");
    }

    /// Rows as another writer, or an earlier release, may have left them: in no order, and without later columns.
    #[test]
    fn rows_in_another_order_are_sorted_first() {
        let rows = 600_000;
        let schema = schema::flow_file();
        let kept: Vec<usize> =
            (0..schema.fields().len()).filter(|at| schema.field(*at).name() != "extra").collect();
        let column = |at: &usize| -> ArrayRef {
            match schema.field(*at).name().as_str() {
                "time" => {
                    let times = (0..rows as i64).map(|n| n * 7_919 % 100_000 * 1_000_000);
                    Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
                }
                "initiator_ip" => {
                    Arc::new(StringArray::from_iter_values((0..rows).map(|n| format!("10.0.0.{}", n % 5))))
                }
                "record_index" => Arc::new(Int64Array::from_iter_values(0..rows as i64)),
                _ => new_null_array(schema.field(*at).data_type(), rows),
            }
        };
        let part = Arc::new(schema.project(&kept).expect("columns"));
        let batch = RecordBatch::try_new(Arc::clone(&part), kept.iter().map(column).collect()).expect("rows");
        let mut writer = ArrowWriter::try_new(Vec::new(), part, None).expect("a writer");
        writer.write(&batch).expect("rows");
        let body = Body::Bytes(writer.into_inner().expect("a footer").into());
        let mut inputs = Input::open(body, &file("day=x/a.parquet")).expect("inputs");
        assert_eq!(inputs.len(), 3, "some rows at a time");
        let mut found = 0;
        for input in &mut inputs {
            let mut last = None;
            while input.advance(&mut Source::default()).expect("a batch") {
                assert!(input.keys.is_sorted() && last <= input.keys.first().copied());
                found += input.keys.len();
                last = input.keys.last().copied();
            }
        }
        assert_eq!(found, rows);
    }
}
