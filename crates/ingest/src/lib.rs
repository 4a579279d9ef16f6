//! From a bucket or directory to the lake: sources, listing, and what can be said of a source before reading it.
//!
//! Nothing else in the workspace but the server opens a socket.

mod error;
pub mod source;

pub use error::SourceError;
pub use source::{Source, SourceSpec};
