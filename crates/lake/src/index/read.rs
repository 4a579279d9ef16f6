//! Reading indexes: directories are kept in memory, the rest is read where it is needed.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use parking_lot::Mutex;

use super::Side;
use super::addresses::Block;
use super::cells::{self, Amounts, ServiceCell, TimeCell, VnicCell};
use super::directory::{Directory, RowGroup, Span};
use crate::delta::DataFile;
use crate::error::{LakeError, Result};

/// Bytes read from the end of an index to get its directory.
const DIRECTORY_HINT: usize = 64 << 10;
/// Directories kept in memory at most.
const KEPT: usize = 4096;
/// Blocks that one range of addresses may cover; a wider one is in most files and pages anyway.
const MAX_BLOCKS: usize = 16;

/// An index, as far as it is in memory.
#[derive(Debug)]
pub(crate) struct FileIndex {
    store: Arc<dyn ObjectStore>,
    path: Path,
    pub(crate) directory: Directory,
    /// The last addresses that were compared with those the index knew as own, and whether they give the same classes.
    compared: Mutex<Option<(Arc<[u128]>, bool)>>,
}

/// The indexes of a lake's data files. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct IndexCache(Arc<Mutex<HashMap<String, Option<Arc<FileIndex>>>>>);

impl IndexCache {
    /// Returns the index of a data file; none if it has none that can be used. `folder` is the table's in the store.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn get(
        &self,
        store: &Arc<dyn ObjectStore>,
        folder: &Path,
        file: &DataFile,
    ) -> Result<Option<Arc<FileIndex>>> {
        let Some(name) = super::path_of(&file.path) else { return Ok(None) };
        if let Some(known) = self.0.lock().get(&name) {
            return Ok(known.clone());
        }
        let path = name.split('/').fold(folder.clone(), |path, part| path.join(part));
        let directory = read_directory(store, &path).await?;
        let fits = |directory: &Directory| directory.rows() == file.stats.rows;
        let index = directory.filter(fits).map(|directory| FileIndex {
            store: Arc::clone(store),
            path,
            directory,
            compared: Mutex::new(None),
        });
        let index = index.map(Arc::new);
        if index.is_none() {
            tracing::debug!(index = name, "no usable index: its file's rows are read");
        }
        let mut known = self.0.lock();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(name, index.clone());
        Ok(index)
    }
}

async fn read_directory(store: &Arc<dyn ObjectStore>, path: &Path) -> Result<Option<Directory>> {
    let mut wanted = DIRECTORY_HINT;
    for _ in 0..2 {
        let options = GetOptions { range: Some(GetRange::Suffix(wanted as u64)), ..GetOptions::default() };
        let end = match store.get_opts(path, options).await {
            Ok(found) => found.bytes().await.map_err(|source| failed(path, source))?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(source) => return Err(failed(path, source)),
        };
        match Directory::read(&end) {
            Ok(directory) => return Ok(directory),
            Err(more) => wanted = more,
        }
    }
    Ok(None)
}

fn failed(path: &Path, source: object_store::Error) -> LakeError {
    LakeError::Store { doing: "read", path: path.to_string(), source }
}

impl FileIndex {
    /// The pages that hold an address between `low` and `high` on a side, in order; none if that is not known or would
    /// take long to find out.
    pub(crate) async fn pages(&self, side: Side, low: u128, high: u128) -> Option<Vec<u32>> {
        let blocks = self.directory.blocks(side)?;
        let from = blocks.partition_point(|block| block.first <= low).saturating_sub(1);
        let to = blocks.partition_point(|block| block.first <= high);
        if to.saturating_sub(from) > MAX_BLOCKS {
            return None;
        }
        let in_file = self.directory.pages();
        let mut found = Vec::new();
        for block in &blocks[from.min(to)..to] {
            let body = self.part(block.span).await?;
            found.append(&mut Block::open(&body)?.pages(low, high, in_file)?);
        }
        found.sort_unstable();
        found.dedup();
        Some(found)
    }

    /// True if classes made with `own` as vNICs' own addresses would be the same: none of the addresses that were not known
    /// when the index was made, or are no longer, begins a record of the file.
    pub(crate) async fn own_fits(&self, own: &Arc<[u128]>) -> bool {
        let known = &self.directory.own;
        if **own == **known {
            return true;
        }
        if let Some((compared, fits)) = &*self.compared.lock()
            && (Arc::ptr_eq(compared, own) || compared == own)
        {
            return *fits;
        }
        let news = own.iter().filter(|address| known.binary_search(address).is_err());
        let gone = known.iter().filter(|address| own.binary_search(address).is_err());
        let mut fits = true;
        for address in news.chain(gone) {
            fits =
                self.pages(Side::Initiator, *address, *address).await.is_some_and(|pages| pages.is_empty());
            if !fits {
                break;
            }
        }
        *self.compared.lock() = Some((Arc::clone(own), fits));
        fits
    }

    /// Calls a function with each address of a side and each of its classes; false if they are not known, and then
    /// what it was called with is worth nothing.
    pub(crate) async fn for_each_amount(&self, side: Side, mut visit: impl FnMut(u128, u8, Amounts)) -> bool {
        let Some(blocks) = self.directory.blocks(side) else { return false };
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return true };
        let all = first.span.offset..last.span.offset + last.span.length;
        let Some(body) = self.bytes(all.clone()).await else { return false };
        for block in blocks {
            let start = (block.span.offset - all.start) as usize;
            let Some(packed) = body.get(start..start + block.span.length as usize) else { return false };
            let read = unpack(packed).and_then(|raw| Block::open(&raw)?.for_each_amount(&mut visit));
            if read.is_none() {
                return false;
            }
        }
        true
    }

    /// The cells by minute of each row group; none for one whose rows are to be read instead.
    pub(crate) async fn by_minute(&self) -> Vec<Option<Vec<TimeCell>>> {
        self.cells(|group| group.by_minute, cells::read_times).await
    }

    /// The cells by service of each row group.
    pub(crate) async fn by_service(&self) -> Vec<Option<Vec<ServiceCell>>> {
        self.cells(|group| group.by_service, cells::read_services).await
    }

    /// The cells by vNIC of each row group.
    pub(crate) async fn by_vnic(&self) -> Vec<Option<Vec<VnicCell>>> {
        self.cells(|group| group.by_vnic, cells::read_vnics).await
    }

    async fn cells<T>(
        &self,
        span: impl Fn(&RowGroup) -> Span,
        read: impl Fn(&[u8]) -> Option<Vec<T>>,
    ) -> Vec<Option<Vec<T>>> {
        let spans: Vec<Span> = self.directory.groups.iter().map(span).collect();
        let present = || spans.iter().filter(|span| span.length > 0);
        let (Some(start), Some(end)) =
            (present().map(|s| s.offset).min(), present().map(|s| s.offset.saturating_add(s.length)).max())
        else {
            return spans.iter().map(|_| None).collect();
        };
        let body = self.bytes(start..end).await.unwrap_or_default();
        let one = |span: &Span| {
            let from = usize::try_from(span.offset.checked_sub(start)?).ok()?;
            let length = usize::try_from(span.length).ok().filter(|length| *length > 0)?;
            read(&unpack(body.get(from..from.checked_add(length)?)?)?)
        };
        spans.iter().map(one).collect()
    }

    async fn part(&self, span: Span) -> Option<Vec<u8>> {
        if span.length == 0 {
            return None;
        }
        unpack(&self.bytes(span.offset..span.offset.saturating_add(span.length)).await?)
    }

    /// Reads some bytes; none where that fails: an index may be deleted or replaced at any time, the rows are there.
    async fn bytes(&self, range: Range<u64>) -> Option<Bytes> {
        let read = self.store.get_range(&self.path, range).await;
        read.inspect_err(|error| tracing::warn!(path = %self.path, %error, "an index cannot be read")).ok()
    }
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    zstd::stream::decode_all(packed).ok()
}
