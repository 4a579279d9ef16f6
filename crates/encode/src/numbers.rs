//! Columns of numbers, instants and flags.

use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::errors::{ParquetError, Result};
use parquet::file::statistics::{Statistics, ValueStatistics};

use crate::chunk::{Chunk, Encoded, PageRows};
use crate::delta::{self, Whole};
use crate::dictionary::{self, Coded};
use crate::encode::{Gathered, Plan};
use crate::file::{Bound, Bounds};
use crate::hybrid;
use crate::pages::{PageRange, Trend, divide};

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

/// How the values of all pages of a chunk are written.
enum How {
    Dictionary(Coded),
    Plain,
    Delta,
    /// The first bytes of all values, then the second, and so on.
    Split,
}

pub(crate) fn encode<T: Number>(column: &Gathered<T>, plan: Plan<'_>) -> Result<(Encoded, Bounds)> {
    let path = plan.descr.path();
    let how = how(column, &plan)?;
    let mut chunk = Chunk::new(plan.descr, plan.properties, plan.compressor);
    let mut page_rows = plan.properties.data_page_row_count_limit();
    if let How::Dictionary(coded) = &how {
        let mut values = Vec::with_capacity(coded.values.len() * T::BYTES);
        coded.values.iter().for_each(|value| T::of(*value).put(&mut values));
        chunk.dictionary(&values, coded.values.len())?;
        if coded.values.len() == 1 && column.valid.is_none() {
            // Nothing in it to be skipped.
            page_rows = column.rows;
        }
    }
    if column.values.is_empty() {
        page_rows = column.rows;
    }
    let valid = column.valid.as_deref();
    let (mut trend, mut whole, mut buffer) = (Trend::default(), None, Vec::new());
    let bytes = |value: T| {
        let mut bytes = Vec::new();
        value.put(&mut bytes);
        bytes
    };
    for page in divide(column.rows, valid, page_rows) {
        buffer.clear();
        let values = &column.values[page.values.clone()];
        let encoding = match &how {
            How::Dictionary(coded) => put_codes(&coded.codes[page.values.clone()], &mut buffer),
            How::Plain => {
                values.iter().for_each(|value| value.put(&mut buffer));
                Encoding::PLAIN
            }
            How::Split => {
                split(values, &mut buffer);
                Encoding::BYTE_STREAM_SPLIT
            }
            How::Delta => {
                delta::encode(values, &mut buffer);
                Encoding::DELTA_BINARY_PACKED
            }
        };
        let bounds = bounds(values);
        if let Some(bounds) = bounds {
            trend.see(bounds, Ord::cmp);
            whole = wider(whole, bounds);
        }
        chunk.page(PageRows {
            rows: page.rows.len(),
            valid: page.valid(valid),
            nulls: page.nulls(),
            values: &buffer,
            encoding,
            bounds: bounds.map(|(least, greatest)| (bytes(least), bytes(greatest))),
        })?;
    }
    let bloom = match plan.properties.bloom_filter_properties(path) {
        None => None,
        Some(wanted) => {
            let mut filter = Sbbf::new_with_ndv_fpp(column.values.len().max(1) as u64, wanted.fpp())?;
            for value in &column.values {
                filter.insert(bytes(*value).as_slice());
            }
            filter.fold_to_target_fpp(wanted.fpp());
            Some(filter)
        }
    };
    let nulls = (column.rows - column.values.len()) as u64;
    let statistics = T::statistics(whole, nulls);
    let bound = |value: T| Bound::Whole(value.wide());
    let bounds = Bounds { least: whole.map(|b| bound(b.0)), greatest: whole.map(|b| bound(b.1)), nulls };
    Ok((chunk.close(statistics, trend.order(), bloom)?, bounds))
}

fn how<T: Number>(column: &Gathered<T>, plan: &Plan<'_>) -> Result<How> {
    let path = plan.descr.path();
    if plan.properties.dictionary_enabled(path) {
        let most = plan.properties.column_dictionary_page_size_limit(path) / T::BYTES;
        let wide: Vec<i64> = column.values.iter().map(|value| value.wide()).collect();
        if let Some(coded) = dictionary::code(&wide, most) {
            return Ok(How::Dictionary(coded));
        }
    }
    match plan.properties.encoding(path).unwrap_or(Encoding::DELTA_BINARY_PACKED) {
        Encoding::PLAIN => Ok(How::Plain),
        Encoding::DELTA_BINARY_PACKED => Ok(How::Delta),
        Encoding::BYTE_STREAM_SPLIT => Ok(How::Split),
        other => Err(ParquetError::NYI(format!("encoding {other} of numbers"))),
    }
}

fn split<T: Number>(values: &[T], out: &mut Vec<u8>) {
    let n = values.len();
    let begin = out.len();
    out.resize(begin + n * T::BYTES, 0);
    let out = &mut out[begin..];
    for byte in 0..T::BYTES {
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

fn bounds<T: Ord + Copy>(values: &[T]) -> Option<(T, T)> {
    Some((values.iter().copied().min()?, values.iter().copied().max()?))
}

fn wider<T: Ord>(known: Option<(T, T)>, more: (T, T)) -> Option<(T, T)> {
    Some(match known {
        None => more,
        Some(known) => (known.0.min(more.0), known.1.max(more.1)),
    })
}

pub(crate) fn encode_flags(column: &Gathered<bool>, plan: Plan<'_>) -> Result<(Encoded, Bounds)> {
    let mut chunk = Chunk::new(plan.descr, plan.properties, plan.compressor);
    let valid = column.valid.as_deref();
    let (mut trend, mut whole) = (Trend::default(), None);
    let constant = bounds(&column.values).is_none_or(|(least, greatest)| least == greatest);
    let constant = constant && (valid.is_none() || column.values.is_empty());
    let page_rows = if constant { column.rows } else { plan.properties.data_page_row_count_limit() };
    for page in divide(column.rows, valid, page_rows) {
        let values = &column.values[page.values.clone()];
        let bounds = bounds(values);
        if let Some(bounds) = bounds {
            trend.see(bounds, Ord::cmp);
            whole = wider(whole, bounds);
        }
        flag_page(&mut chunk, &page, valid, values, bounds)?;
    }
    let nulls = (column.rows - column.values.len()) as u64;
    let (least, greatest) = whole.unzip();
    let statistics = ValueStatistics::new(least, greatest, None, Some(nulls), false);
    let bounds =
        Bounds { least: whole.map(|b| Bound::Flag(b.0)), greatest: whole.map(|b| Bound::Flag(b.1)), nulls };
    Ok((chunk.close(Statistics::Boolean(statistics), trend.order(), None)?, bounds))
}

fn flag_page(
    chunk: &mut Chunk<'_>,
    page: &PageRange,
    valid: Option<&[bool]>,
    values: &[bool],
    bounds: Option<(bool, bool)>,
) -> Result<()> {
    let bits: Vec<u32> = values.iter().map(|value| u32::from(*value)).collect();
    // Four bytes say how long the runs are.
    let mut buffer = vec![0; 4];
    hybrid::encode(&bits, 1, &mut buffer);
    let length = u32::try_from(buffer.len() - 4).unwrap_or(u32::MAX);
    buffer[..4].copy_from_slice(&length.to_le_bytes());
    chunk.page(PageRows {
        rows: page.rows.len(),
        valid: page.valid(valid),
        nulls: page.nulls(),
        values: &buffer,
        encoding: Encoding::RLE,
        bounds: bounds.map(|(least, greatest)| (vec![u8::from(least)], vec![u8::from(greatest)])),
    })
}
