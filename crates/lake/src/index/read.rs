//! Reading indexes: directories are kept in memory, the rest is read where it is needed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use parking_lot::Mutex;
use zstd::bulk::Decompressor;

use super::Side;
use super::addresses::Block;
use super::cells::{self, Service, VnicValues};
use super::columns::Cells;
use super::directory::{Directory, RowGroup, Span};
use super::kept::{Kept, Kind};
use crate::delta::DataFile;
use crate::error::{LakeError, Result};

/// Bytes read from the end of an index to get its directory.
const DIRECTORY_HINT: usize = 64 << 10;
/// Directories kept in memory at most.
const KEPT: usize = 4096;
/// Blocks that one range of addresses may cover; a wider one is in most files and pages anyway.
const MAX_BLOCKS: usize = 16;
/// Bytes that no part of an index reaches: cells of a row group, or a block of addresses.
const MAX_PART: usize = 1 << 30;
/// Bytes counted for what surrounds the cells of a row group.
const OVERHEAD: usize = 256;
/// Bytes counted for the texts that describe a vNIC.
const VNIC_TEXTS: usize = 512;

/// An index, as far as it is in memory.
#[derive(Debug)]
pub(crate) struct FileIndex {
    store: Arc<dyn ObjectStore>,
    path: Path,
    name: Arc<str>,
    kept: Arc<Kept>,
    pub(crate) directory: Directory,
    /// The last addresses that were compared with those the index knew as own, and whether they give the same classes.
    compared: Mutex<Option<(Arc<[u128]>, bool)>>,
}

/// A kind of cells of each row group; none for one whose rows are to be read instead.
pub(crate) type GroupCells<K> = Arc<Vec<Option<Cells<K>>>>;

/// Indexes by name; none where there is none that can be used.
type Known = HashMap<Arc<str>, Option<Arc<FileIndex>>>;

/// The indexes of a lake's data files. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct IndexCache {
    known: Arc<Mutex<Known>>,
    kept: Arc<Kept>,
}

impl IndexCache {
    /// Knows nothing yet; keeps at most so many bytes of decoded cells.
    pub(crate) fn new(limit: usize) -> Self {
        Self { known: Arc::default(), kept: Arc::new(Kept::new(limit)) }
    }

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
        if let Some(known) = self.known.lock().get(name.as_str()) {
            return Ok(known.clone());
        }
        let name: Arc<str> = name.into();
        let path = name.split('/').fold(folder.clone(), |path, part| path.join(part));
        let directory = read_directory(store, &path).await?;
        let fits = |directory: &Directory| directory.rows() == file.stats.rows;
        let index = directory.filter(fits).map(|directory| FileIndex {
            store: Arc::clone(store),
            path,
            name: Arc::clone(&name),
            kept: Arc::clone(&self.kept),
            directory,
            compared: Mutex::new(None),
        });
        let index = index.map(Arc::new);
        if index.is_none() {
            tracing::debug!(index = %name, "no usable index: its file's rows are read");
        }
        let mut known = self.known.lock();
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

    /// How much there is of each address of a side; none if that is not known.
    pub(crate) async fn by_address(&self, side: Side) -> Option<Arc<Cells<u128>>> {
        let blocks = self.directory.blocks(side)?;
        let kind = match side {
            Side::Initiator => Kind::Initiators,
            Side::Target => Kind::Targets,
        };
        if let Some(kept) = self.kept.get(&self.name, kind) {
            return Some(kept);
        }
        let mut cells = Cells::default();
        if let (Some(first), Some(last)) = (blocks.first(), blocks.last()) {
            let all = first.span.offset..last.span.offset + last.span.length;
            let body = self.bytes(all.clone()).await?;
            for block in blocks {
                let start = (block.span.offset - all.start) as usize;
                let packed = body.get(start..start + block.span.length as usize)?;
                Block::open(&unpack(packed)?)?.append_to(&mut cells)?;
            }
        }
        let cells = Arc::new(cells.fit());
        self.kept.put(&self.name, kind, &cells, cells.memory());
        Some(cells)
    }

    /// The cells by minute.
    pub(crate) async fn by_minute(&self) -> GroupCells<Option<i64>> {
        self.cells(Kind::Minutes, |group| group.by_minute, cells::read_times).await
    }

    /// The cells by service.
    pub(crate) async fn by_service(&self) -> GroupCells<Service> {
        self.cells(Kind::Services, |group| group.by_service, cells::read_services).await
    }

    /// The cells by vNIC.
    pub(crate) async fn by_vnic(&self) -> GroupCells<Arc<VnicValues>> {
        self.cells(Kind::Vnics, |group| group.by_vnic, cells::read_vnics).await
    }

    async fn cells<K: PartialEq + Send + Sync + 'static>(
        &self,
        kind: Kind,
        span: impl Fn(&RowGroup) -> Span,
        read: impl Fn(&[u8]) -> Option<Cells<K>>,
    ) -> GroupCells<K> {
        if let Some(kept) = self.kept.get(&self.name, kind) {
            return kept;
        }
        let spans: Vec<Span> = self.directory.groups.iter().map(span).collect();
        let nothing = || Arc::new(spans.iter().map(|_| None).collect());
        let present = || spans.iter().filter(|span| span.length > 0);
        let (Some(start), Some(end)) =
            (present().map(|s| s.offset).min(), present().map(|s| s.offset.saturating_add(s.length)).max())
        else {
            return nothing();
        };
        let Some(body) = self.bytes(start..end).await else { return nothing() };
        let one = |span: &Span| {
            let from = usize::try_from(span.offset.checked_sub(start)?).ok()?;
            let length = usize::try_from(span.length).ok().filter(|length| *length > 0)?;
            read(&unpack(body.get(from..from.checked_add(length)?)?)?)
        };
        let cells: GroupCells<K> = Arc::new(spans.iter().map(one).collect());
        let beside = if kind == Kind::Vnics { VNIC_TEXTS } else { 0 };
        let bytes =
            cells.iter().flatten().map(|cells| cells.memory() + cells.keys().len() * beside + OVERHEAD).sum();
        self.kept.put(&self.name, kind, &cells, bytes);
        cells
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

thread_local! {
    /// Making a decompressor takes longer than most parts take to unpack.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let size = zstd::zstd_safe::get_frame_content_size(packed).ok()??;
    // What is damaged must not ask for memory that no part needs.
    let size = usize::try_from(size).ok().filter(|size| *size <= MAX_PART)?;
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new().ok()?),
        };
        decompressor.decompress(packed, size).ok()
    })
}
