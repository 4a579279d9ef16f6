//! What a reader needs to know of a lake at one version.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use object_store::ObjectStore;
use object_store::path::Path;

use crate::coverage::{CoverageIndex, Unread};
use crate::delta::{DataFile, TableState};
use crate::error::Result;

/// A table's files in a store.
#[derive(Debug, Clone)]
pub struct TableView {
    /// What it holds.
    pub state: TableState,
    /// Its folder, as a path in the view's store.
    pub folder: Path,
}

/// A lake at one version. Made once per version and shared.
#[derive(Debug, Clone)]
pub struct View {
    /// The store that holds both tables.
    pub store: Arc<dyn ObjectStore>,
    /// The table of flow rows; its version is the lake's version.
    pub flows: TableView,
    /// The ledger, as far as manifests are folded into it.
    pub objects: TableView,
    /// Rows of manifests not folded yet, in the schema of `objects`. A row here stands for all rows of the same object.
    pub unfolded: Arc<Vec<RecordBatch>>,
    /// What time is covered.
    pub coverage: Arc<CoverageIndex>,
    /// Windows of objects that are listed but not read yet.
    pub unread: Arc<Vec<Unread>>,
}

impl View {
    /// The version of the `flows` table.
    pub fn version(&self) -> u64 {
        self.flows.state.version
    }
}

/// The files a commit added new rows with.
#[derive(Debug, Clone)]
pub struct AddedFiles {
    /// The commit's version.
    pub version: u64,
    /// Its files; those of compactions are not among them.
    pub files: Vec<Arc<DataFile>>,
}

/// Where a reader gets its views from.
#[async_trait]
pub trait Views: std::fmt::Debug + Send + Sync {
    /// The newest view. Called for every question, so it must be cheap when nothing has changed.
    async fn latest(&self) -> Result<Arc<View>>;

    /// The view at an earlier version, or an error that says that its files may be gone.
    async fn at(&self, version: u64) -> Result<Arc<View>>;

    /// The files that the commits after `after`, up to and with `upto`, added new rows with, oldest first.
    async fn added(&self, after: u64, upto: u64) -> Result<Vec<AddedFiles>>;
}
