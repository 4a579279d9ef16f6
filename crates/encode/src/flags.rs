//! Columns of flags.

use parquet::basic::Encoding;
use parquet::errors::Result;
use parquet::file::statistics::{Statistics, ValueStatistics};

use crate::chunk::{Chunk, Compressor, Encoded, PageRows};
use crate::column::Numbers;
use crate::encode::{Gathered, Plan};
use crate::file::{Bound, Bounds};
use crate::hybrid;
use crate::numbers::{bounds, wider};
use crate::pages::{Kind, Same, Trend, divide};

/// The pages of a column of flags.
struct Pages {
    chunk: Chunk,
    trend: Trend<bool>,
    whole: Option<(bool, bool)>,
    nulls: u64,
}

impl Pages {
    fn new(plan: &Plan<'_>) -> Self {
        let chunk = Chunk::new(plan.descr, plan.properties);
        Self { chunk, trend: Trend::default(), whole: None, nulls: 0 }
    }

    fn page(
        &mut self,
        rows: usize,
        valid: Option<&[bool]>,
        values: &[bool],
        compressor: &mut Compressor,
    ) -> Result<()> {
        let bounds = bounds(values);
        if let Some(bounds) = bounds {
            self.trend.see(bounds, Ord::cmp);
            self.whole = wider(self.whole, bounds);
        }
        let nulls = rows - values.len();
        self.nulls += nulls as u64;
        let bits: Vec<u32> = values.iter().map(|value| u32::from(*value)).collect();
        // Four bytes say how long the runs are.
        let mut buffer = vec![0; 4];
        hybrid::encode(&bits, 1, &mut buffer);
        let length = u32::try_from(buffer.len() - 4).unwrap_or(u32::MAX);
        buffer[..4].copy_from_slice(&length.to_le_bytes());
        let bounds = bounds.map(|(least, greatest)| (vec![u8::from(least)], vec![u8::from(greatest)]));
        let page = PageRows { rows, valid, nulls, values: &buffer, encoding: Encoding::RLE, bounds };
        self.chunk.page(page, compressor)
    }

    fn close(self) -> Result<(Encoded, Bounds)> {
        let (least, greatest) = self.whole.unzip();
        let statistics = ValueStatistics::new(least, greatest, None, Some(self.nulls), false);
        let bounds =
            Bounds { least: least.map(Bound::Flag), greatest: greatest.map(Bound::Flag), nulls: self.nulls };
        Ok((self.chunk.close(None, Statistics::Boolean(statistics), self.trend.order(), None)?, bounds))
    }
}

/// Encodes a whole chunk of flags.
pub(crate) fn encode(column: &Gathered<bool>, plan: Plan<'_>) -> Result<(Encoded, Bounds)> {
    let valid = column.valid.as_deref();
    let constant = bounds(&column.values).is_none_or(|(least, greatest)| least == greatest);
    let constant = constant && (valid.is_none() || column.values.is_empty());
    let page_rows = if constant { column.rows } else { plan.properties.data_page_row_count_limit() };
    let mut pages = Pages::new(&plan);
    for page in divide(column.rows, valid, page_rows) {
        let values = &column.values[page.values.clone()];
        pages.page(page.rows.len(), page.valid(valid), values, plan.compressor)?;
    }
    pages.close()
}

/// A chunk of flags that is given page by page.
pub(crate) struct Stream {
    pages: Pages,
    same: Same,
    first: bool,
    page_rows: usize,
}

impl Stream {
    pub(crate) fn new(plan: &Plan<'_>) -> Self {
        let page_rows = plan.properties.data_page_row_count_limit();
        Self { pages: Pages::new(plan), same: Same::default(), first: false, page_rows }
    }

    /// Takes the rows of a page.
    pub(crate) fn page(&mut self, column: &Numbers<bool>, compressor: &mut Compressor) -> Result<()> {
        let rows = column.values.len();
        let mut values = column.values.clone();
        if let Some(valid) = &column.valid {
            let mut valid = valid.iter();
            values.retain(|_| valid.next().is_some_and(|valid| *valid));
        }
        let valid = column.valid.as_deref().filter(|_| values.len() < rows);
        if self.same.is_empty() {
            self.first = values.first().copied().unwrap_or_default();
        }
        let kind = match valid {
            _ if values.is_empty() => Some(Kind::Null),
            None if values.iter().all(|value| *value == self.first) => Some(Kind::First),
            _ => None,
        };
        if !self.same.hold(rows, kind) {
            self.release(compressor, self.page_rows)?;
            self.pages.page(rows, valid, &values, compressor)?;
        }
        Ok(())
    }

    fn release(&mut self, compressor: &mut Compressor, page_rows: usize) -> Result<()> {
        for (rows, kind) in self.same.release(page_rows) {
            let values = match kind {
                Kind::First => vec![self.first; rows],
                Kind::Null => Vec::new(),
            };
            self.pages.page(rows, None, &values, compressor)?;
        }
        Ok(())
    }

    /// Ends the chunk.
    pub(crate) fn close(mut self, compressor: &mut Compressor) -> Result<(Encoded, Bounds)> {
        self.release(compressor, usize::MAX)?;
        self.pages.close()
    }
}
