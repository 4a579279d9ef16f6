//! From the bytes of a flow-log object and its key to Arrow batches.
//!
//! One provider so far: IBM Cloud. An object is one JSON text, plain or gzip, with a header and an array of records;
//! [`BatchDecoder`] appends its readable records as rows of [`flowglass_flow::schema::flow_file`] and says what the
//! object tells of itself as [`ObjectFacts`].
//!
//! There are two ways through an object, with the same result in every case:
//! - the fast path knows the order in which the provider writes members and goes from bytes to columns;
//! - the general path reads any JSON. The fast path hands it single records, or the whole object, at any surprise.
//!
//! This crate never reads a file or a socket: it does not know where bytes come from.

mod column;
mod columns;
mod decoder;
mod error;
mod facts;
mod fast;
mod general;
mod header;
mod inflate;
mod key;
mod record;
mod rows;
mod shown;
mod value;

pub use columns::batch_schema;
pub use decoder::{BatchDecoder, DayBatch, Path};
pub use error::DecodeError;
pub use flowglass_flow::{ObjectFacts, Problem};
pub use inflate::{inflate, is_gzip};
pub use key::{KeyFields, parse_key};
pub use shown::record_text;

/// What an object may cost at most. Both bounds are per object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes after decompression, and bytes of unknown members put on its rows. Values above 1 GiB count as 1 GiB.
    pub max_inflated_bytes: u64,
    /// Records. Values above `u32::MAX` count as that.
    pub max_records: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_inflated_bytes: 256 << 20, max_records: 2_000_000 }
    }
}

impl Limits {
    /// Bytes, at most what an Arrow text column of one batch can hold beside another object.
    pub(crate) fn bytes(&self) -> usize {
        usize::try_from(self.max_inflated_bytes.min(1 << 30)).unwrap_or(usize::MAX)
    }

    pub(crate) fn records(&self) -> u64 {
        self.max_records.min(u64::from(u32::MAX))
    }
}
