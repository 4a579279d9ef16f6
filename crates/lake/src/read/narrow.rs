//! What a question must read: the files, row groups and pages that may hold its rows, by the log and the indexes.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::datasource::physical_plan::parquet::RowGroupAccess;
use flowglass_query::{Operand, Predicate, Tree};
use futures::{FutureExt, StreamExt, TryStreamExt};
use parquet::arrow::arrow_reader::RowSelection;

use super::engine::Run;
use super::reader::Reader;
use crate::answer::{Range, Scope};
use crate::delta::DataFile;
use crate::error::Result;
use crate::index::{Directory, FileIndex, Side};

/// Most ranges of addresses that are looked up for a question.
const MAX_LOOKUPS: usize = 64;
/// Indexes read at a time.
const AT_A_TIME: usize = 16;

/// A file, and what of it is to be read.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) file: Arc<DataFile>,
    /// How to read each row group; none for all of all.
    pub(super) groups: Option<Vec<RowGroupAccess>>,
    /// The index, where there is one.
    pub(super) index: Option<Arc<FileIndex>>,
}

/// A range of addresses on a side of records.
type Lookup = (Side, u128, u128);

impl Reader {
    /// The parts of the lake that may hold rows of a scope.
    pub(super) async fn parts(&self, run: &Run, scope: &Scope) -> Result<Vec<Part>> {
        let tree = Tree::and([&scope.query].into_iter().chain(&scope.filter).map(|query| query.tree.clone()));
        let mut lookups = Vec::new();
        collect(&tree, &mut lookups);
        if lookups.len() > MAX_LOOKUPS {
            lookups.clear();
        }
        let mut files = Vec::new();
        for file in run.view.flows.state.files.values() {
            if overlaps(file, &scope.range) {
                files.push(self.part(run, Arc::clone(file), &scope.range, &tree, &lookups).boxed());
            }
        }
        let parts: Vec<Option<Part>> = futures::stream::iter(files).buffered(AT_A_TIME).try_collect().await?;
        Ok(parts.into_iter().flatten().collect())
    }

    async fn part(
        &self,
        run: &Run,
        file: Arc<DataFile>,
        range: &Range,
        tree: &Tree,
        lookups: &[Lookup],
    ) -> Result<Option<Part>> {
        let view = &run.view;
        let Some(index) = self.indexes.get(&view.store, &view.flows.folder, &file).await? else {
            return Ok(Some(Part { file, groups: None, index: None }));
        };
        let mut pages: HashMap<Lookup, Vec<u32>> = HashMap::new();
        for lookup @ (side, low, high) in lookups {
            if let Some(found) = index.pages(*side, *low, *high).await {
                pages.insert(*lookup, found);
            }
        }
        let wanted = pages_of(tree, &pages);
        let groups = access(&index.directory, range, wanted.as_deref());
        let is_read = groups.iter().any(|group| !matches!(group, RowGroupAccess::Skip));
        Ok(is_read.then_some(Part { file, groups: Some(groups), index: Some(index) }))
    }
}

/// True unless the log's bounds say that no row of a file is in a range.
pub(super) fn overlaps(file: &DataFile, range: &Range) -> bool {
    file.stats.integer_bounds("time").is_none_or(|(first, last)| touches(range, first, last))
}

fn touches(range: &Range, first: i64, last: i64) -> bool {
    range.from.is_none_or(|from| last >= from) && range.to.is_none_or(|to| first < to)
}

/// How to read each row group of a file: only what the range touches, and of that only some pages.
fn access(directory: &Directory, range: &Range, pages: Option<&[u32]>) -> Vec<RowGroupAccess> {
    let mut first_page = 0_u32;
    let mut groups = Vec::with_capacity(directory.groups.len());
    for group in &directory.groups {
        let count = directory.pages_of(group);
        let (start, end) = (first_page, first_page.saturating_add(count));
        first_page = end;
        if group.times.is_some_and(|(first, last)| !touches(range, first, last)) {
            groups.push(RowGroupAccess::Skip);
            continue;
        }
        let Some(pages) = pages else {
            groups.push(RowGroupAccess::Scan);
            continue;
        };
        let inside =
            &pages[pages.partition_point(|page| *page < start)..pages.partition_point(|page| *page < end)];
        groups.push(match inside.len() {
            0 => RowGroupAccess::Skip,
            // Nearly everything: skipping here and there costs more than it saves.
            some if some as u64 * 4 >= u64::from(count) * 3 => RowGroupAccess::Scan,
            _ => {
                let rows = |page: &u32| {
                    let at = u64::from(*page - start) * directory.page_rows;
                    at as usize..(at + directory.page_rows).min(group.rows) as usize
                };
                let total = group.rows as usize;
                RowGroupAccess::Selection(RowSelection::from_consecutive_ranges(
                    inside.iter().map(rows),
                    total,
                ))
            }
        });
    }
    groups
}

/// The lookups a term needs: rows that satisfy it have one of these addresses on one of these sides.
fn lookups_of(predicate: &Predicate) -> Option<Vec<Lookup>> {
    let Predicate::Address { operand, set } = predicate else { return None };
    let sides: &[Side] = match operand {
        Operand::Column("initiator_ip") => &[Side::Initiator],
        Operand::Column("target_ip") => &[Side::Target],
        Operand::Column(_) | Operand::Sum(..) => return None,
        Operand::Either(..) | Operand::ByDirection { .. } => &[Side::Initiator, Side::Target],
    };
    let ranges = set.ranges();
    if ranges.len() > MAX_LOOKUPS {
        return None;
    }
    let on_side = |side: &Side| {
        let side = *side;
        ranges.iter().map(move |range| (side, range.first, range.last)).collect::<Vec<_>>()
    };
    Some(sides.iter().flat_map(on_side).collect())
}

/// Collects the lookups of terms that every row must satisfy, alone or as one of several.
fn collect(tree: &Tree, found: &mut Vec<Lookup>) {
    match tree {
        Tree::And(children) | Tree::Or(children) => children.iter().for_each(|child| collect(child, found)),
        Tree::Term(term) => {
            for lookup in lookups_of(&term.predicate).unwrap_or_default() {
                if !found.contains(&lookup) {
                    found.push(lookup);
                }
            }
        }
        Tree::Everything | Tree::Not(_) => {}
    }
}

/// The pages that may hold rows of a tree, in order; none for all.
fn pages_of(tree: &Tree, known: &HashMap<Lookup, Vec<u32>>) -> Option<Vec<u32>> {
    match tree {
        Tree::And(children) => {
            let mut kept: Option<Vec<u32>> = None;
            for pages in children.iter().filter_map(|child| pages_of(child, known)) {
                kept = Some(match kept {
                    None => pages,
                    Some(mut kept) => {
                        kept.retain(|page| pages.binary_search(page).is_ok());
                        kept
                    }
                });
            }
            kept
        }
        Tree::Or(children) => {
            let all = children.iter().map(|child| pages_of(child, known)).collect::<Option<Vec<_>>>()?;
            Some(in_order(all.into_iter().flatten().collect()))
        }
        Tree::Term(term) => {
            let lookups = lookups_of(&term.predicate)?;
            let all = lookups.iter().map(|lookup| known.get(lookup)).collect::<Option<Vec<_>>>()?;
            Some(in_order(all.into_iter().flatten().copied().collect()))
        }
        Tree::Everything | Tree::Not(_) => None,
    }
}

fn in_order(mut pages: Vec<u32>) -> Vec<u32> {
    pages.sort_unstable();
    pages.dedup();
    pages
}
