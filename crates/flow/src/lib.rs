//! The words of Flowglass: what a flow row is, and what its fields mean.
//!
//! Everything here is pure data and pure functions. One catalogue ([`catalogue`]) drives the decoder, the table
//! schema, the search language, completion and the reference page: a field is declared once.
//!
//! This crate knows nothing of files, network or SQL.

pub mod address;
pub mod catalogue;
pub mod crn;
pub mod id;
pub mod labels;
pub mod names;
pub mod object;
pub mod schema;
pub mod services;
pub mod time;

pub use address::AddressClass;
pub use catalogue::{Field, Kind, Origin, Unit};
pub use crn::Crn;
pub use id::{ObjectId, RowId, SourceName};
pub use object::{ObjectEntry, ObjectFacts, Outcome, Problem};
