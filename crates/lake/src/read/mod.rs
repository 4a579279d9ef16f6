//! Reading a lake.

mod engine;
mod functions;
mod lower;
mod provider;
mod view;

pub use engine::{ReaderOptions, RowBatches};
pub use provider::{flow_rows, object_rows};
pub use view::{AddedFiles, TableView, View, Views};
