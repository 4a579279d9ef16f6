//! A column chunk being put together from pages.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{BoundaryOrder, Compression, Encoding, PageType};
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use crate::hybrid;

/// Bytes below which compression only adds to them.
const TOO_SMALL: usize = 64;

/// Compresses pages; keeps its tables between them.
#[derive(Default)]
pub(crate) struct Compressor(Option<(i32, zstd::bulk::Compressor<'static>)>);

impl Compressor {
    /// Compresses onto the end of `out`; false, and nothing appended, where it would not become less.
    fn run(&mut self, codec: Compression, bytes: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        let before = out.len();
        if bytes.len() < TOO_SMALL || !self.always(codec, bytes, out)? {
            return Ok(false);
        }
        let less = out.len() - before < bytes.len();
        if !less {
            out.truncate(before);
        }
        Ok(less)
    }

    /// Compresses onto the end of `out`; false where the codec is none.
    fn always(&mut self, codec: Compression, bytes: &[u8], out: &mut Vec<u8>) -> Result<bool> {
        let level = match codec {
            Compression::UNCOMPRESSED => return Ok(false),
            Compression::ZSTD(level) => level.compression_level(),
            other => return Err(ParquetError::NYI(format!("compressing with {other}"))),
        };
        let failed = |error: std::io::Error| ParquetError::External(Box::new(error));
        let compressor = match &mut self.0 {
            Some((known, compressor)) if *known == level => compressor,
            other => &mut other.insert((level, zstd::bulk::Compressor::new(level).map_err(failed)?)).1,
        };
        let before = out.len();
        out.resize(before + zstd::zstd_safe::compress_bound(bytes.len()), 0);
        let length = compressor.compress_to_buffer(bytes, &mut out[before..]).map_err(failed)?;
        out.truncate(before + length);
        Ok(true)
    }
}

/// What a page holds.
pub(crate) struct PageRows<'p> {
    pub rows: usize,
    /// Which rows have a value; all, if none.
    pub valid: Option<&'p [bool]>,
    pub nulls: usize,
    /// The values, encoded.
    pub values: &'p [u8],
    pub encoding: Encoding,
    /// Least and greatest value as the page index wants them; none in a page without values.
    pub bounds: Option<(Vec<u8>, Vec<u8>)>,
}

/// The pages of a column chunk, written.
pub(crate) struct Chunk {
    descr: ColumnDescPtr,
    codec: Compression,
    /// Data pages. The dictionary is put before them at the end: until then, values may be added to it.
    out: TrackedWrite<Vec<u8>>,
    statistics: EnabledStatistics,
    column_index: ColumnIndexBuilder,
    /// Rows, place among the data pages, and length of each of them.
    places: Vec<(usize, u64, usize)>,
    wants_places: bool,
    rows: usize,
    uncompressed: usize,
    pages: Vec<(Encoding, i32)>,
}

/// The dictionary of a chunk: its values plainly encoded, how many there are, and what compresses them.
pub(crate) struct Dictionary<'d> {
    pub values: &'d [u8],
    pub n: usize,
    pub compressor: &'d mut Compressor,
}

/// A column chunk ready to be appended to a row group.
pub(crate) struct Encoded {
    pub bytes: Bytes,
    pub close: ColumnCloseResult,
}

impl Chunk {
    pub(crate) fn new(descr: &ColumnDescPtr, properties: &WriterProperties) -> Self {
        Self {
            descr: Arc::clone(descr),
            codec: properties.compression(descr.path()),
            out: TrackedWrite::new(Vec::new()),
            statistics: properties.statistics_enabled(descr.path()),
            column_index: ColumnIndexBuilder::new(descr.physical_type()),
            places: Vec::new(),
            wants_places: !properties.offset_index_disabled(),
            rows: 0,
            uncompressed: 0,
            pages: Vec::new(),
        }
    }

    pub(crate) fn page(&mut self, page: PageRows<'_>, compressor: &mut Compressor) -> Result<()> {
        let mut buffer = Vec::new();
        let levels_of = |level: bool| u32::from(level);
        match page.valid {
            Some(valid) if page.nulls > 0 && page.nulls < page.rows => {
                let levels: Vec<u32> = valid.iter().map(|valid| levels_of(*valid)).collect();
                hybrid::encode(&levels, 1, &mut buffer);
            }
            _ => hybrid::run_of(levels_of(page.nulls == 0), page.rows, 1, &mut buffer),
        }
        let levels = buffer.len();
        let is_compressed = compressor.run(self.codec, page.values, &mut buffer)?;
        if !is_compressed {
            buffer.extend_from_slice(page.values);
        }
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let data = Page::DataPageV2 {
            buf: buffer.into(),
            num_values: count(page.rows),
            encoding: page.encoding,
            num_nulls: count(page.nulls),
            num_rows: count(page.rows),
            def_levels_byte_len: count(levels),
            rep_levels_byte_len: 0,
            is_compressed,
            statistics: None,
        };
        let (offset, length) =
            write(&mut self.out, data, levels + page.values.len(), &mut self.uncompressed)?;
        self.places.push((page.rows, offset, length));
        if self.statistics == EnabledStatistics::Page {
            let (least, greatest) = page.bounds.unwrap_or_default();
            self.column_index.append(page.nulls == page.rows, least, greatest, page.nulls as i64);
        }
        self.rows += page.rows;
        match self.pages.iter_mut().find(|(encoding, _)| *encoding == page.encoding) {
            Some((_, n)) => *n += 1,
            None => self.pages.push((page.encoding, 1)),
        }
        Ok(())
    }

    /// Ends the chunk. `order` tells whether the bounds of the pages go one way.
    pub(crate) fn close(
        mut self,
        dictionary: Option<Dictionary<'_>>,
        statistics: Statistics,
        order: BoundaryOrder,
        bloom_filter: Option<Sbbf>,
    ) -> Result<Encoded> {
        let mut bytes = Vec::new();
        let has_dictionary = dictionary.is_some();
        if let Some(dictionary) = dictionary {
            let mut out = TrackedWrite::new(Vec::new());
            let length = dictionary.values.len();
            write(&mut out, dictionary_page(self.codec, dictionary)?, length, &mut self.uncompressed)?;
            bytes = out.into_inner()?;
        }
        let before = bytes.len() as u64;
        bytes.append(&mut self.out.into_inner()?);
        let length = bytes.len();
        let offset_index = self.wants_places.then(|| {
            let mut index = OffsetIndexBuilder::new();
            for (rows, offset, length) in &self.places {
                index.append_row_count(*rows as i64);
                // A page is far smaller than 2 GiB, or writing it would have failed.
                index.append_offset_and_size((before + offset) as i64, *length as i32);
            }
            index.build()
        });
        let mut encodings = vec![Encoding::RLE];
        let mut stats = Vec::new();
        if has_dictionary {
            encodings.push(Encoding::PLAIN);
            stats.push(PageEncodingStats {
                page_type: PageType::DICTIONARY_PAGE,
                encoding: Encoding::PLAIN,
                count: 1,
            });
        }
        for (encoding, count) in &self.pages {
            encodings.push(*encoding);
            stats.push(PageEncodingStats {
                page_type: PageType::DATA_PAGE_V2,
                encoding: *encoding,
                count: *count,
            });
        }
        let mut metadata = ColumnChunkMetaData::builder(Arc::clone(&self.descr))
            .set_compression(self.codec)
            .set_encodings(encodings)
            .set_page_encoding_stats(stats)
            .set_total_compressed_size(length as i64)
            .set_total_uncompressed_size(self.uncompressed as i64)
            .set_num_values(self.rows as i64)
            .set_data_page_offset(before as i64)
            .set_dictionary_page_offset(has_dictionary.then_some(0));
        if self.statistics != EnabledStatistics::None {
            metadata = metadata.set_statistics(statistics);
        }
        let column_index = match self.statistics {
            EnabledStatistics::Page => {
                self.column_index.set_boundary_order(order);
                Some(self.column_index.build()?)
            }
            _ => None,
        };
        let close = ColumnCloseResult {
            bytes_written: length as u64,
            rows_written: self.rows as u64,
            metadata: metadata.build()?,
            bloom_filter,
            column_index,
            offset_index,
        };
        Ok(Encoded { bytes: bytes.into(), close })
    }
}

fn write(
    out: &mut TrackedWrite<Vec<u8>>,
    page: Page,
    length: usize,
    uncompressed: &mut usize,
) -> Result<(u64, usize)> {
    let spec = SerializedPageWriter::new(out).write_page(CompressedPage::new(page, length))?;
    *uncompressed += spec.uncompressed_size;
    Ok((spec.offset, spec.compressed_size))
}

fn dictionary_page(codec: Compression, dictionary: Dictionary<'_>) -> Result<Page> {
    // A dictionary page has no mark that says it is not compressed, so that it always is.
    let mut buffer = Vec::new();
    if !dictionary.compressor.always(codec, dictionary.values, &mut buffer)? {
        buffer.extend_from_slice(dictionary.values);
    }
    let num_values = u32::try_from(dictionary.n).unwrap_or(u32::MAX);
    Ok(Page::DictionaryPage { buf: buffer.into(), num_values, encoding: Encoding::PLAIN, is_sorted: false })
}
