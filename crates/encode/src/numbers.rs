//! Columns of numbers, instants and flags.

use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::errors::{ParquetError, Result};
use parquet::file::statistics::{Statistics, ValueStatistics};

use crate::chunk::{Chunk, Compressor, Dictionary, Encoded, PageRows};
use crate::column::Numbers;
use crate::delta::{self, Whole};
use crate::dictionary::{self, Coder};
use crate::encode::{Gathered, Plan};
use crate::file::{Bound, Bounds};
use crate::hybrid;
use crate::pages::{Kind, Same, Trend, divide};

/// A number that Parquet holds.
pub(crate) trait Number: Whole + Ord {
    const BYTES: usize;
    fn of(wide: i64) -> Self;
    fn put(self, out: &mut Vec<u8>);
    fn statistics(bounds: Option<(Self, Self)>, nulls: u64) -> Statistics;
}

macro_rules! number {
    ($type:ty, $statistics:path) => {
        impl Number for $type {
            const BYTES: usize = size_of::<$type>();

            fn of(wide: i64) -> Self {
                wide as Self
            }

            #[inline]
            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn statistics(bounds: Option<(Self, Self)>, nulls: u64) -> Statistics {
                let (least, greatest) = bounds.unzip();
                let known = ValueStatistics::new(least, greatest, None, Some(nulls), false);
                // Signed numbers: the older members of the footer mean the same.
                $statistics(known.with_backwards_compatible_min_max(true))
            }
        }
    };
}

number!(i32, Statistics::Int32);
number!(i64, Statistics::Int64);

/// How the values of a page are written where they have no dictionary.
#[derive(Debug, Clone, Copy)]
enum How {
    Plain,
    Delta,
    /// The first bytes of all values, then the second, and so on.
    Split,
}

impl How {
    fn of(plan: &Plan<'_>) -> Result<Self> {
        match plan.properties.encoding(plan.descr.path()).unwrap_or(Encoding::DELTA_BINARY_PACKED) {
            Encoding::PLAIN => Ok(Self::Plain),
            Encoding::DELTA_BINARY_PACKED => Ok(Self::Delta),
            Encoding::BYTE_STREAM_SPLIT => Ok(Self::Split),
            other => Err(ParquetError::NYI(format!("encoding {other} of numbers"))),
        }
    }
}

/// The pages of a column of numbers, and what is known of them.
struct Pages<T> {
    chunk: Chunk,
    how: How,
    trend: Trend<T>,
    whole: Option<(T, T)>,
    nulls: u64,
    bloom: Option<(Sbbf, f64)>,
    buffer: Vec<u8>,
}

/// Rows of a page: the values of those that have one, which rows these are, and the numbers of the values.
struct Page<'p, T> {
    rows: usize,
    /// Whether one value stands for all rows.
    same: bool,
    values: &'p [T],
    valid: Option<&'p [bool]>,
    codes: Option<&'p [u32]>,
}

impl<T: Number> Pages<T> {
    /// At most so many different values are expected.
    fn new(plan: &Plan<'_>, values: usize) -> Result<Self> {
        let path = plan.descr.path();
        let bloom = match plan.properties.bloom_filter_properties(path) {
            None => None,
            Some(wanted) => Some((Sbbf::new_with_ndv_fpp(values.max(1) as u64, wanted.fpp())?, wanted.fpp())),
        };
        Ok(Self {
            chunk: Chunk::new(plan.descr, plan.properties),
            how: How::of(plan)?,
            trend: Trend::default(),
            whole: None,
            nulls: 0,
            bloom,
            buffer: Vec::new(),
        })
    }

    fn page(&mut self, page: Page<'_, T>, compressor: &mut Compressor) -> Result<()> {
        let (buffer, values) = (&mut self.buffer, page.values);
        buffer.clear();
        let encoding = match (page.codes, self.how) {
            (Some(codes), _) if page.same => put_code(codes[0], page.rows, buffer),
            (Some(codes), _) => put_codes(codes, buffer),
            (None, How::Plain) => {
                values.iter().for_each(|value| value.put(buffer));
                Encoding::PLAIN
            }
            (None, How::Split) => {
                split(values, buffer);
                Encoding::BYTE_STREAM_SPLIT
            }
            (None, How::Delta) => {
                delta::encode(values, buffer);
                Encoding::DELTA_BINARY_PACKED
            }
        };
        let bounds = bounds(values);
        if let Some(bounds) = bounds {
            self.trend.see(bounds, Ord::cmp);
            self.whole = wider(self.whole, bounds);
        }
        if let Some((filter, _)) = &mut self.bloom {
            values.iter().for_each(|value| filter.insert(bytes(*value).as_slice()));
        }
        let nulls = if page.same { 0 } else { page.rows - values.len() };
        self.nulls += nulls as u64;
        let page = PageRows {
            rows: page.rows,
            valid: page.valid,
            nulls,
            values: buffer,
            encoding,
            bounds: bounds.map(|(least, greatest)| (bytes(least), bytes(greatest))),
        };
        self.chunk.page(page, compressor)
    }

    fn close(self, dictionary: Option<&[i64]>, compressor: &mut Compressor) -> Result<(Encoded, Bounds)> {
        let plain = dictionary.map(|values| {
            let mut plain = Vec::with_capacity(values.len() * T::BYTES);
            values.iter().for_each(|value| T::of(*value).put(&mut plain));
            plain
        });
        let dictionary =
            plain.as_ref().map(|plain| Dictionary { values: plain, n: plain.len() / T::BYTES, compressor });
        let bloom = self.bloom.map(|(mut filter, fpp)| {
            filter.fold_to_target_fpp(fpp);
            filter
        });
        let statistics = T::statistics(self.whole, self.nulls);
        let (least, greatest) = self.whole.map(|(a, b)| (whole(a), whole(b))).unzip();
        let bounds = Bounds { least, greatest, nulls: self.nulls };
        Ok((self.chunk.close(dictionary, statistics, self.trend.order(), bloom)?, bounds))
    }
}

fn bytes<T: Number>(value: T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(T::BYTES);
    value.put(&mut bytes);
    bytes
}

fn whole<T: Number>(value: T) -> Bound {
    Bound::Whole(value.wide())
}

/// The most values of a dictionary; none where there must be no dictionary.
fn most<T: Number>(plan: &Plan<'_>) -> Option<usize> {
    let path = plan.descr.path();
    let enabled = plan.properties.dictionary_enabled(path);
    enabled.then(|| plan.properties.column_dictionary_page_size_limit(path) / T::BYTES)
}

/// Encodes a whole chunk.
pub(crate) fn encode<T: Number>(column: &Gathered<T>, plan: Plan<'_>) -> Result<(Encoded, Bounds)> {
    let coded = most::<T>(&plan).and_then(|most| {
        let wide: Vec<i64> = column.values.iter().map(|value| value.wide()).collect();
        dictionary::code(&wide, most)
    });
    let valid = column.valid.as_deref();
    // Nothing in a column of one value is there to be skipped.
    let constant = coded.as_ref().is_some_and(|coded| coded.values.len() == 1) && valid.is_none();
    let page_rows = match constant || column.values.is_empty() {
        true => column.rows,
        false => plan.properties.data_page_row_count_limit(),
    };
    let mut pages = Pages::new(&plan, column.values.len())?;
    for page in divide(column.rows, valid, page_rows) {
        let codes = coded.as_ref().map(|coded| &coded.codes[page.values.clone()]);
        let values = &column.values[page.values.clone()];
        let page = Page { rows: page.rows.len(), same: false, values, valid: page.valid(valid), codes };
        pages.page(page, plan.compressor)?;
    }
    pages.close(coded.as_ref().map(|coded| coded.values.as_slice()), plan.compressor)
}

/// A chunk that is given page by page.
pub(crate) struct Stream<T> {
    pages: Pages<T>,
    coding: Coding,
    same: Same,
    page_rows: usize,
    /// Kept for their room.
    values: Vec<T>,
    codes: Vec<u32>,
}

/// Whether the values of a chunk are numbered.
enum Coding {
    Open(Coder),
    /// Those of earlier pages are; this is their dictionary.
    Closed(Vec<i64>),
    None,
}

impl<T: Number> Stream<T> {
    pub(crate) fn new(plan: &Plan<'_>) -> Result<Self> {
        let rows = plan.properties.max_row_group_row_count().unwrap_or(1 << 20);
        Ok(Self {
            pages: Pages::new(plan, rows)?,
            coding: most::<T>(plan).map_or(Coding::None, |most| Coding::Open(Coder::new(most))),
            same: Same::default(),
            page_rows: plan.properties.data_page_row_count_limit(),
            values: Vec::new(),
            codes: Vec::new(),
        })
    }

    /// Takes the rows of a page.
    pub(crate) fn page(&mut self, column: &Numbers<T>, compressor: &mut Compressor) -> Result<()> {
        let rows = column.values.len();
        let mut gathered = std::mem::take(&mut self.values);
        let (values, valid) = match &column.valid {
            None => (column.values.as_slice(), None),
            Some(valid) => {
                gathered.clear();
                let present = column.values.iter().zip(valid).filter(|(_, valid)| **valid);
                gathered.extend(present.map(|(value, _)| *value));
                (gathered.as_slice(), (gathered.len() < rows).then_some(valid.as_slice()))
            }
        };
        let mut codes = std::mem::take(&mut self.codes);
        let coded = self.number(values, &mut codes);
        let kind = match coded {
            _ if values.is_empty() => Some(Kind::Null),
            true if valid.is_none() && codes.iter().all(|code| *code == 0) => Some(Kind::First),
            _ => None,
        };
        if !self.same.hold(rows, kind) {
            self.release(compressor, self.page_rows)?;
            let codes = coded.then_some(codes.as_slice());
            self.pages.page(Page { rows, same: false, values, valid, codes }, compressor)?;
        }
        (self.values, self.codes) = (gathered, codes);
        Ok(())
    }

    /// Numbers the values of a page; false if they are to be written without a dictionary.
    fn number(&mut self, values: &[T], codes: &mut Vec<u32>) -> bool {
        let Coding::Open(coder) = &mut self.coding else { return false };
        codes.clear();
        let known = coder.values.len();
        let fits = values.iter().all(|value| match coder.number(value.wide()) {
            Some(code) => {
                codes.push(code);
                true
            }
            None => false,
        });
        if fits && !coder.hardly_repeats() {
            return true;
        }
        let mut dictionary = std::mem::take(&mut coder.values);
        dictionary.truncate(known);
        self.coding = if known == 0 { Coding::None } else { Coding::Closed(dictionary) };
        false
    }

    /// Writes the rows that were held back.
    fn release(&mut self, compressor: &mut Compressor, page_rows: usize) -> Result<()> {
        let first = match &self.coding {
            Coding::Open(coder) => coder.values.first(),
            Coding::Closed(values) => values.first(),
            Coding::None => None,
        };
        let first = first.copied().map(T::of);
        for (rows, kind) in self.same.release(page_rows) {
            match (kind, first) {
                (Kind::First, Some(first)) => {
                    let page = Page { rows, same: true, values: &[first], valid: None, codes: Some(&[0]) };
                    self.pages.page(page, compressor)?;
                }
                _ => {
                    let page = Page { rows, same: false, values: &[], valid: None, codes: None };
                    self.pages.page(page, compressor)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the chunk.
    pub(crate) fn close(mut self, compressor: &mut Compressor) -> Result<(Encoded, Bounds)> {
        self.release(compressor, usize::MAX)?;
        let dictionary = match self.coding {
            Coding::Open(coder) => coder.values,
            Coding::Closed(values) => values,
            Coding::None => Vec::new(),
        };
        self.pages.close((!dictionary.is_empty()).then_some(dictionary.as_slice()), compressor)
    }
}

fn split<T: Number>(values: &[T], out: &mut Vec<u8>) {
    let n = values.len();
    let begin = out.len();
    out.resize(begin + n * T::BYTES, 0);
    let out = &mut out[begin..];
    // Counters are small: the bytes that are zero in all of them stand there already.
    let any = values.iter().fold(0, |any, value| any | value.wide());
    let used = (i64::BITS - any.leading_zeros()).div_ceil(8) as usize;
    for byte in 0..used.min(T::BYTES) {
        let stream = &mut out[byte * n..][..n];
        for (place, value) in stream.iter_mut().zip(values) {
            *place = (value.wide() >> (8 * byte)) as u8;
        }
    }
}

/// Appends codes as a data page holds them: their width, then runs.
pub(crate) fn put_codes(codes: &[u32], out: &mut Vec<u8>) -> Encoding {
    let width = hybrid::width_of(codes.iter().copied().max().unwrap_or(0));
    out.push(width as u8);
    hybrid::encode(codes, width, out);
    Encoding::RLE_DICTIONARY
}

/// Appends one code for so many rows.
pub(crate) fn put_code(code: u32, rows: usize, out: &mut Vec<u8>) -> Encoding {
    let width = hybrid::width_of(code);
    out.push(width as u8);
    hybrid::run_of(code, rows, width, out);
    Encoding::RLE_DICTIONARY
}

pub(crate) fn bounds<T: Ord + Copy>(values: &[T]) -> Option<(T, T)> {
    Some((values.iter().copied().min()?, values.iter().copied().max()?))
}

pub(crate) fn wider<T: Ord>(known: Option<(T, T)>, more: (T, T)) -> Option<(T, T)> {
    Some(match known {
        None => more,
        Some(known) => (known.0.min(more.0), known.1.max(more.1)),
    })
}
