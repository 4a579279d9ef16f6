//! Columns of text.

use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::EnabledStatistics;
use parquet::file::statistics::{Statistics, ValueStatistics};

use crate::chunk::{Chunk, Encoded, PageRows};
use crate::column::{NULL, Texts, Values};
use crate::delta;
use crate::encode::Plan;
use crate::file::{Bound, Bounds};
use crate::numbers::put_codes;
use crate::pages::{PageRange, Trend, divide};

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
        let mut numbers = vec![NULL; column.values.len()];
        let mut values = Values::default();
        let mut codes = Vec::with_capacity(rows);
        let mut nulls = false;
        let mut see = |old: u32| {
            if old == NULL {
                nulls = true;
                codes.push(NULL);
                return;
            }
            let mut code = numbers[old as usize];
            if code == NULL {
                code = values.len() as u32;
                numbers[old as usize] = code;
                values.push(column.values.get(old));
            }
            codes.push(code);
        };
        match order {
            None => column.codes.iter().for_each(|code| see(*code)),
            Some(order) => order.iter().for_each(|row| see(column.codes[*row as usize])),
        }
        let valid = nulls.then(|| codes.iter().map(|code| *code != NULL).collect());
        if nulls {
            codes.retain(|code| *code != NULL);
        }
        Self { rows, values, codes, valid }
    }
}

pub(crate) fn encode(column: &Texts, order: Option<&[u32]>, plan: Plan<'_>) -> Result<(Encoded, Bounds)> {
    let column = Gathered::new(column, order);
    let path = plan.descr.path();
    let mut chunk = Chunk::new(plan.descr, plan.properties, plan.compressor);
    let dictionary = plan.properties.dictionary_enabled(path) && !column.values.is_empty() && {
        let bytes: usize =
            (0..column.values.len() as u32).map(|code| 4 + column.values.get(code).len()).sum();
        bytes <= plan.properties.column_dictionary_page_size_limit(path)
    };
    let encoding = match plan.properties.encoding(path) {
        _ if dictionary => Encoding::RLE_DICTIONARY,
        None => Encoding::DELTA_BYTE_ARRAY,
        Some(known @ (Encoding::PLAIN | Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY)) => {
            known
        }
        Some(other) => return Err(ParquetError::NYI(format!("encoding {other} of text"))),
    };
    if dictionary {
        let mut values = Vec::new();
        put_plain(&column.values, 0..column.values.len() as u32, &mut values)?;
        chunk.dictionary(&values, column.values.len())?;
    }
    let valid = column.valid.as_deref();
    let constant = column.values.is_empty() || (dictionary && column.values.len() == 1 && valid.is_none());
    let page_rows = if constant { column.rows } else { plan.properties.data_page_row_count_limit() };
    let mut pages = divide(column.rows, valid, page_rows);
    if !dictionary {
        pages = shorter(pages, &column, plan.properties.column_data_page_size_limit(path));
    }
    let order = Order::new(&column.values);
    let by_page = plan.properties.statistics_enabled(path) == EnabledStatistics::Page;
    let (mut trend, mut buffer) = (Trend::default(), Vec::new());
    let compare = |a: &u32, b: &u32| order.compare(*a, *b);
    for page in pages {
        buffer.clear();
        let codes = &column.codes[page.values.clone()];
        match encoding {
            Encoding::RLE_DICTIONARY => _ = put_codes(codes, &mut buffer),
            Encoding::PLAIN => put_plain(&column.values, codes.iter().copied(), &mut buffer)?,
            Encoding::DELTA_LENGTH_BYTE_ARRAY => delta::encode_lengths(&column.values, codes, &mut buffer),
            _ => delta::encode_prefixes(&column.values, codes, &mut buffer),
        }
        let bounds = if by_page { order.bounds(codes) } else { None };
        if let Some(bounds) = bounds {
            trend.see(bounds, compare);
        }
        let most = plan.properties.column_index_truncate_length();
        let text = |code| column.values.get(code);
        chunk.page(PageRows {
            rows: page.rows.len(),
            valid: page.valid(valid),
            nulls: page.nulls(),
            values: &buffer,
            encoding,
            bounds: bounds.map(|(a, b)| (floor(text(a), most).to_vec(), ceiling(text(b), most).0)),
        })?;
    }
    let bloom = match plan.properties.bloom_filter_properties(path) {
        None => None,
        Some(wanted) => {
            let mut filter = Sbbf::new_with_ndv_fpp(column.values.len().max(1) as u64, wanted.fpp())?;
            (0..column.values.len() as u32).for_each(|code| filter.insert(column.values.get(code)));
            Some(filter)
        }
    };
    let nulls = (column.rows - column.codes.len()) as u64;
    // Each of the values has a row.
    let whole = order.bounds(&(0..column.values.len() as u32).collect::<Vec<_>>());
    let whole = whole.map(|(least, greatest)| (column.values.get(least), column.values.get(greatest)));
    let statistics = statistics(whole, nulls, plan.properties.statistics_truncate_length());
    let bound = |text: &[u8]| Bound::Text(String::from_utf8_lossy(text).into());
    let bounds = Bounds { least: whole.map(|b| bound(b.0)), greatest: whole.map(|b| bound(b.1)), nulls };
    Ok((chunk.close(statistics, trend.order(), bloom)?, bounds))
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
fn shorter(pages: Vec<PageRange>, column: &Gathered, most: usize) -> Vec<PageRange> {
    let longest =
        (0..column.values.len() as u32).map(|code| column.values.get(code).len()).max().unwrap_or(0);
    let mut cut = Vec::with_capacity(pages.len());
    for page in pages {
        if (longest + 4) * page.values.len() <= most {
            cut.push(page);
            continue;
        }
        let (mut row, mut value, mut bytes) = (page.rows.start, page.values.start, 0);
        let mut next = value;
        for at in page.rows.clone() {
            if column.valid.as_ref().is_some_and(|valid| !valid[at]) {
                continue;
            }
            let length = 4 + column.values.get(column.codes[next]).len();
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

/// The order of values by their bytes.
struct Order<'v> {
    values: &'v Values,
    /// The first 16 bytes of each, as a number in the same order.
    starts: Vec<u128>,
}

impl<'v> Order<'v> {
    fn new(values: &'v Values) -> Self {
        let start = |code| {
            let value = values.get(code);
            let mut start = [0; 16];
            let n = value.len().min(16);
            start[..n].copy_from_slice(&value[..n]);
            u128::from_be_bytes(start)
        };
        Self { values, starts: (0..values.len() as u32).map(start).collect() }
    }

    fn compare(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let starts = self.starts[a as usize].cmp(&self.starts[b as usize]);
        starts.then_with(|| self.values.get(a).cmp(self.values.get(b)))
    }

    /// Returns the least and the greatest of some values.
    fn bounds(&self, codes: &[u32]) -> Option<(u32, u32)> {
        let (mut least, mut greatest) = (*codes.first()?, *codes.first()?);
        let mut last = least;
        let (mut low, mut high) = (self.starts[least as usize], self.starts[greatest as usize]);
        for &code in codes {
            if code == last {
                continue;
            }
            last = code;
            let start = self.starts[code as usize];
            if start <= low && self.compare(code, least).is_lt() {
                (least, low) = (code, start);
            }
            if start >= high && self.compare(code, greatest).is_gt() {
                (greatest, high) = (code, start);
            }
        }
        Some((least, greatest))
    }
}

/// Returns a text of at most so many bytes that is not above the given one.
fn floor(text: &[u8], most: Option<usize>) -> &[u8] {
    match most {
        Some(most) if text.len() > most => {
            // Between characters, so that the bound is text too.
            let end = (0..=most).rev().find(|end| text[*end] & 0xc0 != 0x80).unwrap_or(0);
            if end == 0 { text } else { &text[..end] }
        }
        _ => text,
    }
}

/// Returns a text that is not below the given one, shorter if that can be, and whether it is the same.
fn ceiling(text: &[u8], most: Option<usize>) -> (Vec<u8>, bool) {
    let Some(most) = most.filter(|most| text.len() > *most) else { return (text.to_vec(), true) };
    // One more in an ASCII character is text still; in others it may not be.
    match (0..most).rev().find(|at| text[*at] < 0x7f) {
        None => (text.to_vec(), true),
        Some(at) => {
            let mut above = text[..=at].to_vec();
            above[at] += 1;
            (above, false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_cut_to_text_on_the_right_side() {
        assert_eq!(floor(b"abcdef", Some(3)), b"abc");
        assert_eq!(floor(b"abc", Some(3)), b"abc");
        assert_eq!(floor("ab\u{fc}x".as_bytes(), Some(3)), b"ab");
        assert_eq!(ceiling(b"abcdef", Some(3)), (b"abd".to_vec(), false));
        assert_eq!(ceiling(b"abc", Some(3)), (b"abc".to_vec(), true));
        assert_eq!(ceiling(b"ab\x7fdef", Some(3)), (b"ac".to_vec(), false));
        assert!(ceiling("\u{fc}\u{fc}\u{fc}".as_bytes(), Some(3)).1);
        assert_eq!(ceiling(b"abcdef", None), (b"abcdef".to_vec(), true));
    }

    #[test]
    fn order_is_that_of_bytes() {
        let texts: [&[u8]; 6] =
            [b"b", b"", b"a-text-of-sixteen-and-more", b"a-text-of-sixteen-and-less", b"a\0", b"a"];
        let mut values = Values::default();
        texts.iter().for_each(|text| values.push(text));
        let order = Order::new(&values);
        for (i, a) in texts.iter().enumerate() {
            for (j, b) in texts.iter().enumerate() {
                assert_eq!(order.compare(i as u32, j as u32), a.cmp(b), "{a:?} {b:?}");
            }
        }
        assert_eq!(order.bounds(&[2, 2, 3, 2]), Some((3, 2)));
        assert_eq!(order.bounds(&[0, 5, 4]), Some((5, 0)));
        assert_eq!(order.bounds(&[]), None);
    }
}
