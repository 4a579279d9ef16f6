//! Columns of text.

use std::ops::Range;

use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::EnabledStatistics;
use parquet::file::statistics::{Statistics, ValueStatistics};

use crate::bounds::{Order, ceiling, floor};
use crate::chunk::{Chunk, Compressor, Dictionary, Encoded, PageRows};
use crate::column::{NULL, Texts, Values};
use crate::delta;
use crate::encode::Plan;
use crate::file::{Bound, Bounds};
use crate::numbers::{put_code, put_codes};
use crate::pages::{Kind, PageRange, Same, Trend, divide};

/// The texts of a column chunk, without its nulls.
struct Gathered {
    rows: usize,
    /// The values that rows have, in the order of their first rows.
    values: Values,
    codes: Vec<u32>,
    valid: Option<Vec<bool>>,
}

impl Gathered {
    fn new(column: &Texts, order: Option<&[u32]>) -> Self {
        let rows = order.map_or(column.codes.len(), <[u32]>::len);
        // Many columns have one value, or none: those are the same in any order.
        let first = column.codes.first().copied().unwrap_or(NULL);
        if column.codes.iter().all(|code| *code == first) {
            return Self::of_one(column, first, rows);
        }
        let mut codes: Vec<u32> = match order {
            None => column.codes.clone(),
            Some(order) => order.iter().map(|row| column.codes[*row as usize]).collect(),
        };
        let mut numbers = vec![NULL; column.values.len()];
        let mut values = Values::default();
        let mut nulls = false;
        for code in &mut codes {
            if *code == NULL {
                nulls = true;
                continue;
            }
            let number = &mut numbers[*code as usize];
            if *number == NULL {
                *number = values.len() as u32;
                values.push(column.values.get(*code));
            }
            *code = *number;
        }
        let valid = nulls.then(|| codes.iter().map(|code| *code != NULL).collect());
        if nulls {
            codes.retain(|code| *code != NULL);
        }
        Self { rows, values, codes, valid }
    }

    /// The same value, or none, in all rows.
    fn of_one(column: &Texts, code: u32, rows: usize) -> Self {
        let mut values = Values::default();
        if rows > 0 && code != NULL {
            values.push(column.values.get(code));
            return Self { rows, values, codes: vec![0; rows], valid: None };
        }
        let valid = (rows > 0).then(|| vec![false; rows]);
        Self { rows, values, codes: Vec::new(), valid }
    }
}

/// The pages of a column of text, and what is known of them.
struct Pages {
    chunk: Chunk,
    /// How texts are written where they have no dictionary.
    plain: Encoding,
    /// Bytes of a page's texts at most.
    page_bytes: usize,
    order: Order,
    trend: Trend<u32>,
    nulls: u64,
    by_page: bool,
    bound_length: Option<usize>,
    bloom: Option<f64>,
    chunk_bound_length: Option<usize>,
    buffer: Vec<u8>,
}

impl Pages {
    fn new(plan: &Plan<'_>) -> Result<Self> {
        let (path, properties) = (plan.descr.path(), plan.properties);
        let plain = match properties.encoding(path) {
            None => Encoding::DELTA_BYTE_ARRAY,
            Some(
                known @ (Encoding::PLAIN | Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY),
            ) => known,
            Some(other) => return Err(ParquetError::NYI(format!("encoding {other} of text"))),
        };
        Ok(Self {
            chunk: Chunk::new(plan.descr, properties),
            plain,
            page_bytes: properties.column_data_page_size_limit(path),
            order: Order::default(),
            trend: Trend::default(),
            nulls: 0,
            by_page: properties.statistics_enabled(path) == EnabledStatistics::Page,
            bound_length: properties.column_index_truncate_length(),
            bloom: properties.bloom_filter_properties(path).map(|wanted| wanted.fpp()),
            chunk_bound_length: properties.statistics_truncate_length(),
            buffer: Vec::new(),
        })
    }

    /// Writes some rows: the codes of those that have a value, or the one that all of them have; and which rows these are.
    fn page(
        &mut self,
        page: &PageRange,
        values: &Values,
        codes: &[u32],
        valid: Option<&[bool]>,
        dictionary: bool,
        compressor: &mut Compressor,
    ) -> Result<()> {
        let buffer = &mut self.buffer;
        buffer.clear();
        let encoding = match dictionary {
            // One stands for all.
            true if codes.len() < page.values.len() => put_code(codes[0], page.values.len(), buffer),
            true => put_codes(codes, buffer),
            false => self.plain,
        };
        match encoding {
            Encoding::RLE_DICTIONARY => {}
            Encoding::PLAIN => put_plain(values, codes.iter().copied(), buffer)?,
            Encoding::DELTA_LENGTH_BYTE_ARRAY => delta::encode_lengths(values, codes, buffer),
            _ => delta::encode_prefixes(values, codes, buffer),
        }
        let bounds = if self.by_page { self.order.bounds(values, codes) } else { None };
        if let Some(bounds) = bounds {
            self.trend.see(bounds, |a, b| self.order.compare(values, *a, *b));
        }
        let most = self.bound_length;
        let text = |code| values.get(code);
        self.nulls += page.nulls() as u64;
        let page = PageRows {
            rows: page.rows.len(),
            valid,
            nulls: page.nulls(),
            values: &self.buffer,
            encoding,
            bounds: bounds.map(|(a, b)| (floor(text(a), most).to_vec(), ceiling(text(b), most).0)),
        };
        self.chunk.page(page, compressor)
    }

    /// Ends a chunk all of whose values some row has; the first so many are its dictionary.
    fn close(
        mut self,
        values: &Values,
        dictionary: u32,
        compressor: &mut Compressor,
    ) -> Result<(Encoded, Bounds)> {
        let count = values.len() as u32;
        let bloom = match self.bloom {
            None => None,
            Some(fpp) => {
                let mut filter = Sbbf::new_with_ndv_fpp(values.len().max(1) as u64, fpp)?;
                (0..count).for_each(|code| filter.insert(values.get(code)));
                Some(filter)
            }
        };
        let whole = self.order.bounds(values, &(0..count).collect::<Vec<_>>());
        let whole = whole.map(|(least, greatest)| (values.get(least), values.get(greatest)));
        let statistics = statistics(whole, self.nulls, self.chunk_bound_length);
        let bound = |text: &[u8]| Bound::Text(String::from_utf8_lossy(text).into());
        let bounds = Bounds {
            least: whole.map(|b| bound(b.0)),
            greatest: whole.map(|b| bound(b.1)),
            nulls: self.nulls,
        };
        let mut plain = Vec::new();
        put_plain(values, 0..dictionary, &mut plain)?;
        let n = dictionary as usize;
        let dictionary = (n > 0).then_some(Dictionary { values: &plain, n, compressor });
        Ok((self.chunk.close(dictionary, statistics, self.trend.order(), bloom)?, bounds))
    }
}

/// The most bytes of a dictionary, lengths included; none where there must be no dictionary.
fn most(plan: &Plan<'_>) -> Option<usize> {
    let path = plan.descr.path();
    let enabled = plan.properties.dictionary_enabled(path);
    enabled.then(|| plan.properties.column_dictionary_page_size_limit(path))
}

fn plain_length(values: &Values, codes: Range<u32>) -> usize {
    codes.map(|code| 4 + values.get(code).len()).sum()
}

/// Encodes a whole chunk.
pub(crate) fn encode(column: &Texts, order: Option<&[u32]>, plan: Plan<'_>) -> Result<(Encoded, Bounds)> {
    let column = Gathered::new(column, order);
    let count = column.values.len() as u32;
    let length = plain_length(&column.values, 0..count);
    let dictionary = count > 0 && most(&plan).is_some_and(|most| length <= most);
    let valid = column.valid.as_deref();
    let constant = column.values.is_empty() || (dictionary && count == 1 && valid.is_none());
    let page_rows = if constant { column.rows } else { plan.properties.data_page_row_count_limit() };
    let mut pages = Pages::new(&plan)?;
    let mut ranges = divide(column.rows, valid, page_rows);
    if !dictionary {
        ranges = shorter(ranges, &column.values, &column.codes, valid, pages.page_bytes);
    }
    for page in ranges {
        let codes = &column.codes[page.values.clone()];
        pages.page(&page, &column.values, codes, page.valid(valid), dictionary, plan.compressor)?;
    }
    pages.close(&column.values, if dictionary { count } else { 0 }, plan.compressor)
}

/// A chunk that is given page by page.
pub(crate) struct Stream {
    pages: Pages,
    /// Bytes that may still come to the dictionary; none once there is no room.
    room: Option<usize>,
    /// Values in the dictionary.
    dictionary: u32,
    same: Same,
    page_rows: usize,
    /// Kept for its room.
    codes: Vec<u32>,
}

impl Stream {
    pub(crate) fn new(plan: &Plan<'_>) -> Result<Self> {
        Ok(Self {
            pages: Pages::new(plan)?,
            room: most(plan),
            dictionary: 0,
            same: Same::default(),
            page_rows: plan.properties.data_page_row_count_limit(),
            codes: Vec::new(),
        })
    }

    /// Takes the rows of a page: the numbers of their values, and all values that rows of the chunk have so far, numbered in
    /// the order of their first rows.
    pub(crate) fn page(&mut self, codes: &[u32], values: &Values, compressor: &mut Compressor) -> Result<()> {
        let rows = codes.len();
        let count = values.len() as u32;
        let length = plain_length(values, self.dictionary..count);
        self.room = self.room.and_then(|room| room.checked_sub(length));
        let dictionary = self.room.is_some();
        if dictionary {
            self.dictionary = count;
        }
        let mut kept = std::mem::take(&mut self.codes);
        let nulls = codes.iter().filter(|code| **code == NULL).count();
        let gathered = if nulls == 0 {
            codes
        } else {
            kept.clear();
            kept.extend(codes.iter().copied().filter(|code| *code != NULL));
            kept.as_slice()
        };
        let same = || count == 1 || codes.iter().all(|code| *code == 0);
        let kind = match gathered.len() {
            0 => Some(Kind::Null),
            n if n == rows && dictionary && same() => Some(Kind::First),
            _ => None,
        };
        if !self.same.hold(rows, kind) {
            self.release(values, compressor, self.page_rows)?;
            let valid: Option<Vec<bool>> =
                (nulls > 0).then(|| codes.iter().map(|code| *code != NULL).collect());
            let mut ranges = vec![PageRange { rows: 0..rows, values: 0..gathered.len() }];
            if !dictionary {
                ranges = shorter(ranges, values, gathered, valid.as_deref(), self.pages.page_bytes);
            }
            for page in ranges {
                let (codes, valid) = (&gathered[page.values.clone()], page.valid(valid.as_deref()));
                self.pages.page(&page, values, codes, valid, dictionary, compressor)?;
            }
        }
        self.codes = kept;
        Ok(())
    }

    /// Writes the rows that were held back.
    fn release(&mut self, values: &Values, compressor: &mut Compressor, page_rows: usize) -> Result<()> {
        for (rows, kind) in self.same.release(page_rows) {
            let (codes, count): (&[u32], _) = match kind {
                Kind::First => (&[0], rows),
                Kind::Null => (&[], 0),
            };
            let page = PageRange { rows: 0..rows, values: 0..count };
            self.pages.page(&page, values, codes, None, count > 0, compressor)?;
        }
        Ok(())
    }

    /// Ends the chunk.
    pub(crate) fn close(mut self, values: &Values, compressor: &mut Compressor) -> Result<(Encoded, Bounds)> {
        self.release(values, compressor, usize::MAX)?;
        self.pages.close(values, self.dictionary, compressor)
    }
}

fn statistics(bounds: Option<(&[u8], &[u8])>, nulls: u64, most: Option<usize>) -> Statistics {
    let bytes = |text: &[u8]| ByteArray::from(text.to_vec());
    let Some((least, greatest)) = bounds else {
        return Statistics::ByteArray(ValueStatistics::new(None, None, None, Some(nulls), false));
    };
    let (below, (above, above_is_exact)) = (floor(least, most), ceiling(greatest, most));
    let statistics =
        ValueStatistics::new(Some(bytes(below)), Some(ByteArray::from(above)), None, Some(nulls), false);
    let statistics =
        statistics.with_min_is_exact(below.len() == least.len()).with_max_is_exact(above_is_exact);
    Statistics::ByteArray(statistics)
}

/// Appends texts, each after its length.
fn put_plain(values: &Values, codes: impl Iterator<Item = u32>, out: &mut Vec<u8>) -> Result<()> {
    for code in codes {
        let value = values.get(code);
        let length = u32::try_from(value.len())
            .map_err(|_| ParquetError::General("a text of 4 GiB or more cannot be written".to_owned()))?;
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(value);
    }
    Ok(())
}

/// Cuts pages so that each has at most so many bytes of text, or one row.
fn shorter(
    pages: Vec<PageRange>,
    values: &Values,
    codes: &[u32],
    valid: Option<&[bool]>,
    most: usize,
) -> Vec<PageRange> {
    let longest = (0..values.len() as u32).map(|code| values.get(code).len()).max().unwrap_or(0);
    let mut cut = Vec::with_capacity(pages.len());
    for page in pages {
        if (longest + 4) * page.values.len() <= most {
            cut.push(page);
            continue;
        }
        let (mut row, mut value, mut bytes) = (page.rows.start, page.values.start, 0);
        let mut next = value;
        for at in page.rows.clone() {
            if valid.is_some_and(|valid| !valid[at]) {
                continue;
            }
            let length = 4 + values.get(codes[next]).len();
            if bytes + length > most && at > row {
                cut.push(PageRange { rows: row..at, values: value..next });
                (row, value, bytes) = (at, next, 0);
            }
            bytes += length;
            next += 1;
        }
        cut.push(PageRange { rows: row..page.rows.end, values: value..page.values.end });
    }
    cut
}
