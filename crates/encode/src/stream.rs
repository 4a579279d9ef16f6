//! A column chunk that is given page by page.

use parquet::errors::{ParquetError, Result};

use crate::chunk::{Compressor, Encoded};
use crate::encode::Plan;
use crate::file::Bounds;
use crate::rows::PageColumn;
use crate::{flags, numbers, texts};

/// The chunk of a column in the row group that is being filled.
pub(crate) enum Stream {
    Long(numbers::Stream<i64>),
    Int(numbers::Stream<i32>),
    Flag(flags::Stream),
    Text(texts::Stream),
}

impl Stream {
    /// Begins the chunk of such a column.
    pub(crate) fn new(column: PageColumn<'_>, plan: &Plan<'_>) -> Result<Self> {
        Ok(match column {
            PageColumn::Long(_) => Self::Long(numbers::Stream::new(plan)?),
            PageColumn::Int(_) => Self::Int(numbers::Stream::new(plan)?),
            PageColumn::Flag(_) => Self::Flag(flags::Stream::new(plan)),
            PageColumn::Text(..) => Self::Text(texts::Stream::new(plan)?),
        })
    }

    /// Encodes the rows of a page.
    pub(crate) fn page(&mut self, column: PageColumn<'_>, compressor: &mut Compressor) -> Result<()> {
        match (self, column) {
            (Self::Long(stream), PageColumn::Long(numbers)) => stream.page(numbers, compressor),
            (Self::Int(stream), PageColumn::Int(numbers)) => stream.page(numbers, compressor),
            (Self::Flag(stream), PageColumn::Flag(numbers)) => stream.page(numbers, compressor),
            (Self::Text(stream), PageColumn::Text(codes, values)) => stream.page(codes, values, compressor),
            _ => Err(ParquetError::General("a page of a column has another type than the first".to_owned())),
        }
    }

    /// Ends the chunk.
    pub(crate) fn close(
        self,
        column: PageColumn<'_>,
        compressor: &mut Compressor,
    ) -> Result<(Encoded, Bounds)> {
        match (self, column) {
            (Self::Long(stream), _) => stream.close(compressor),
            (Self::Int(stream), _) => stream.close(compressor),
            (Self::Flag(stream), _) => stream.close(compressor),
            (Self::Text(stream), PageColumn::Text(_, values)) => stream.close(values, compressor),
            (Self::Text(_), _) => Err(ParquetError::General("a column of text holds none".to_owned())),
        }
    }
}
