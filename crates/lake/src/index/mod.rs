//! What is kept beside a compacted data file so that questions need not read its rows: which pages hold an address, and
//! how much there is by minute, service, vNIC and address.
//!
//! An index belongs to one data file, which never changes, and is written before the file is committed. It is named after
//! it, so nothing has to be kept in step: where it is missing or damaged, the rows are read instead. Every number in it
//! follows from the rows of its file, and from the addresses that were known as vNICs' own when it was made, which it names.
//!
//! ```text
//! cells by minute · by service · by vNIC · addresses by initiator · by target · directory · its length and checksum · magic
//! ```
//! Everything but the directory is compressed block by block, so that an address costs one small read.

mod addresses;
mod build;
mod cells;
mod class;
mod columns;
mod directory;
mod kept;
mod page;
mod read;

pub(crate) use addresses::NO_ADDRESS;
pub(crate) use build::IndexBuilder;
pub(crate) use cells::{Service, VNIC_COLUMNS, VnicValues};
pub(crate) use class::Class;
pub(crate) use columns::{Cells, Quantity};
pub(crate) use directory::Directory;
pub(crate) use read::{FileIndex, GroupCells, IndexCache};

use crate::manifest::OWN_FOLDER;

/// End of the name of data files that have an index.
const INDEXED: &str = "-indexed.parquet";

/// Minute of the cells by time, in microseconds.
pub(crate) const MINUTE: i64 = 60_000_000;

/// Side of a record an address stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    /// The initiator's.
    Initiator,
    /// The target's.
    Target,
}

/// Returns the path, below the table, of a new data file that gets an index.
pub(crate) fn indexed_path(day: i32) -> String {
    format!("day={}/{}{INDEXED}", flowglass_flow::time::format_day(day), uuid::Uuid::now_v7())
}

/// Returns the path, below the table, of a data file's index; none for a file that has none.
pub(crate) fn path_of(data_file: &str) -> Option<String> {
    let name = data_file.rsplit('/').next()?.strip_suffix(INDEXED)?;
    Some(format!("{OWN_FOLDER}/index/{name}.fgi"))
}
