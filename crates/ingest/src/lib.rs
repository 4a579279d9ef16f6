//! From a bucket or directory to the lake: sources, listing, and what can be said of a source before reading it.
//!
//! Nothing else in the workspace but the server opens a socket.

mod check;
mod counters;
mod decode;
mod error;
mod fetch;
mod folding;
mod pipeline;
mod retry;
mod run;
mod sieve;
pub mod source;
mod streams;
mod verify;
mod watch;

pub use check::{CheckReport, Sample, check};
pub use counters::{Counters, Failure, Progress};
pub use error::{IngestError, SourceError};
pub use pipeline::{PipelineOptions, free_bytes};
pub use retry::{Again, retry};
pub use run::{IngestReport, count, ingest};
pub use source::{Source, SourceSpec};
pub use verify::{Finding, Verdict, VerifyOptions, VerifyReport, verify};
pub use watch::{WatchOptions, first_kept_day, watch};
