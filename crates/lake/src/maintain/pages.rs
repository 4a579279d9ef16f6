//! The pages of a file's columns, all decompressed by one decompressor.
//!
//! The Parquet crate's reader has one for each column, of some 150 kB: with sixty columns of sixty open files that is more
//! than everything else a merge holds.

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::Compression;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use zstd::bulk::Decompressor;

use super::input::Body;

/// The row groups of a file, to be read page by page.
pub(super) struct FilePages {
    body: Arc<Body>,
    metadata: Arc<ParquetMetaData>,
}

impl FilePages {
    pub(super) fn new(body: Body, metadata: Arc<ParquetMetaData>) -> Self {
        Self { body: Arc::new(body), metadata }
    }
}

impl RowGroups for FilePages {
    fn num_rows(&self) -> usize {
        self.metadata.row_groups().iter().map(|group| group.num_rows() as usize).sum()
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        Ok(Box::new(ColumnPages {
            body: Arc::clone(&self.body),
            metadata: Arc::clone(&self.metadata),
            column,
            group: 0,
        }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata.row_groups().iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The chunks of a column.
struct ColumnPages {
    body: Arc<Body>,
    metadata: Arc<ParquetMetaData>,
    column: usize,
    group: usize,
}

impl PageIterator for ColumnPages {}

impl Iterator for ColumnPages {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let group = self.metadata.row_groups().get(self.group)?;
        let places = self.metadata.offset_index().map(|index| &index[self.group][self.column]);
        let places = places.map(|places| places.page_locations().clone());
        self.group += 1;
        let chunk = group.column(self.column);
        Some(self.open(chunk, group.num_rows() as usize, places))
    }
}

impl ColumnPages {
    fn open(
        &self,
        chunk: &ColumnChunkMetaData,
        rows: usize,
        places: Option<Vec<parquet::file::page_index::offset_index::PageLocation>>,
    ) -> Result<Box<dyn PageReader>> {
        let body = Arc::clone(&self.body);
        if !matches!(chunk.compression(), Compression::ZSTD(_)) {
            return Ok(Box::new(SerializedPageReader::new(body, chunk, rows, places)?));
        }
        // What is said not to be compressed is given as it stands.
        let plain = chunk.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
        Ok(Box::new(ChunkPages {
            pages: SerializedPageReader::new(body, &plain, rows, places)?,
            most: usize::try_from(chunk.uncompressed_size()).unwrap_or(0),
        }))
    }
}

/// The pages of a chunk that is compressed with zstd.
struct ChunkPages {
    pages: SerializedPageReader<Body>,
    /// Bytes of all its pages.
    most: usize,
}

impl ChunkPages {
    /// Decompresses what comes after the first so many bytes.
    fn decompressed(&self, bytes: &[u8], after: usize) -> Result<bytes::Bytes> {
        static SHARED: LazyLock<Mutex<Option<Decompressor<'static>>>> = LazyLock::new(Mutex::default);
        let damaged = || ParquetError::General("a page is shorter than it says".to_owned());
        let (head, body) = bytes.split_at_checked(after).ok_or_else(damaged)?;
        let failed = |error: std::io::Error| ParquetError::External(Box::new(error));
        let told = zstd::zstd_safe::get_frame_content_size(body).ok().flatten();
        let length =
            told.and_then(|told| usize::try_from(told).ok()).map_or(self.most, |told| told.min(self.most));
        let mut whole = Vec::with_capacity(head.len() + length);
        whole.extend_from_slice(head);
        if !body.is_empty() {
            let mut shared = SHARED.lock();
            let decompressor = match &mut *shared {
                Some(decompressor) => decompressor,
                none => none.insert(Decompressor::new().map_err(failed)?),
            };
            let mut end = std::io::Cursor::new(&mut whole);
            end.set_position(after as u64);
            decompressor.decompress_to_buffer(body, &mut end).map_err(failed)?;
        }
        Ok(whole.into())
    }
}

impl PageReader for ChunkPages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(page) = self.pages.get_next_page()? else { return Ok(None) };
        Ok(Some(match page {
            Page::DataPage {
                buf,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
            } => Page::DataPage {
                buf: self.decompressed(&buf, 0)?,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
            },
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls,
                num_rows,
                def_levels_byte_len,
                rep_levels_byte_len,
                is_compressed,
                statistics,
            } => {
                let levels = def_levels_byte_len as usize + rep_levels_byte_len as usize;
                Page::DataPageV2 {
                    buf: if is_compressed { self.decompressed(&buf, levels)? } else { buf },
                    num_values,
                    encoding,
                    num_nulls,
                    num_rows,
                    def_levels_byte_len,
                    rep_levels_byte_len,
                    is_compressed,
                    statistics,
                }
            }
            Page::DictionaryPage { buf, num_values, encoding, is_sorted } => {
                Page::DictionaryPage { buf: self.decompressed(&buf, 0)?, num_values, encoding, is_sorted }
            }
        }))
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.pages.at_record_boundary()
    }
}

impl Iterator for ChunkPages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
