//! Rows in Arrow batches to a Parquet file, fast where columns repeat themselves.
//!
//! The Parquet crate's own writer looks every value of every row up in a hash table. Most columns of flow rows hold few
//! values, and come with dictionaries that say so: here a text is looked at once per batch and value, not once per row,
//! and a column that never changes costs next to nothing. A row group is encoded column by column, so that no more than
//! one column of it is ever copied; rows can be put in another order on the way. Or rows come from several batches in
//! turn, as a merge reads them: these are encoded page by page, so that of a row group only the encoded pages are held.
//!
//! Files are ordinary Parquet 2 with page indexes; footers, page headers and their metadata are still the Parquet
//! crate's. Which column gets which encoding is said by [`WriterProperties`], as for its writer. Of these, versions of
//! data pages, the number of values of Bloom filters, histograms of levels and encryption have no effect.
//!
//! [`WriterProperties`]: parquet::file::properties::WriterProperties

mod bounds;
mod chunk;
mod column;
mod delta;
mod dictionary;
mod encode;
mod file;
mod flags;
mod hybrid;
mod numbers;
mod order;
mod pages;
mod rows;
mod stream;
mod texts;

pub use column::{Column, NULL, Numbers, Texts, Values};
pub use file::{Bound, Bounds, FileEncoder};
pub use order::sort;
pub use rows::{PageColumn, Run, Source};
