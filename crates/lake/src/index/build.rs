//! Making an index while a data file is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use flowglass_encode::FileEncoder;
use flowglass_flow::address;
use hashbrown::HashMap;

use super::MINUTE;
use super::addresses::{self, AddressEntry, BLOCK, NO_ADDRESS};
use super::cells::{self, Amounts, ServiceCell, TimeCell, VNIC_COLUMNS, VnicCell, VnicValues};
use super::class::Class;
use super::directory::{BlockAt, Directory, RowGroup, Span};
use super::page::{Rows, Texts, of, text};
use crate::error::{LakeError, Result};

/// Most different addresses on a side: beyond, they are what a flood makes up, and nobody looks for them one by one.
const MAX_ADDRESSES: usize = 1 << 19;
/// Compression: parts are small, and read far more often than written.
const LEVEL: i32 = 9;
/// Most classes: cells name them with a byte.
const MAX_CLASSES: usize = 255;
/// Stands for an address that its 128 bits do not name: an IPv4-mapped one written as IPv6, or no address at all.
const UNNAMED: u128 = u128::MAX - 1;

/// Sees the rows of a data file in their order and makes its index.
pub(crate) struct IndexBuilder {
    directory: Directory,
    page_rows: usize,
    classes: HashMap<Class, u8>,
    initiators: Option<Addresses>,
    targets: Option<Addresses>,
    /// Pages of the row groups that have ended.
    pages_before: u32,
    group: Group,
    /// Packed cells of the ended row groups: by minute, by service, by vNIC.
    cells: Vec<[Option<Vec<u8>>; 3]>,
    body: Vec<u8>,
}

/// The addresses of a side.
#[derive(Default)]
struct Addresses {
    places: HashMap<u128, u32>,
    entries: Vec<AddressEntry>,
}

/// Cells of the row group at hand; none once something does not fit them.
#[derive(Default)]
struct Group {
    rows: usize,
    times: Option<(i64, i64)>,
    without_time: bool,
    unfit: bool,
    by_minute: HashMap<(Option<i64>, u8), Amounts>,
    by_service: HashMap<(Option<i32>, Option<i32>, u8), Amounts>,
    by_vnic: HashMap<(usize, u8), Amounts>,
    vnics: Vec<VnicValues>,
    last_vnic: Option<(VnicCodes, usize)>,
    /// What is known of texts, by their numbers in the row group, those without one first.
    initiators: Vec<Option<Known>>,
    targets: Vec<Option<Known>>,
    classes: HashMap<ClassCodes, Option<u8>>,
}

/// An address of a row group.
#[derive(Clone, Copy)]
struct Known {
    is_own: bool,
    /// Its place among the entries of its side.
    place: Option<u32>,
}

type VnicCodes = [u32; VNIC_COLUMNS.len()];
/// Codes of action and direction; begun, closing, and of a vNIC's own initiator.
type ClassCodes = (u32, u32, Option<bool>, bool, bool);

impl IndexBuilder {
    /// Starts an index of a file with pages of `page_rows` rows; `own` are the addresses known as vNICs' own, in order.
    pub(crate) fn new(page_rows: usize, own: &[u128]) -> Self {
        Self {
            directory: Directory { page_rows: page_rows as u64, own: own.to_vec(), ..Directory::default() },
            page_rows,
            classes: HashMap::new(),
            initiators: Some(Addresses::default()),
            targets: Some(Addresses::default()),
            pages_before: 0,
            group: Group::default(),
            cells: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Takes the page that is being filled as the next rows of the file.
    ///
    /// # Errors
    /// If a column is of another type than that of `flows`.
    pub(crate) fn push(&mut self, file: &FileEncoder) -> Result<()> {
        let read = Rows::new(file)?;
        for row in 0..read.times.values.len() {
            let page =
                self.pages_before + u32::try_from(self.group.rows / self.page_rows).unwrap_or(u32::MAX);
            let group = &mut self.group;
            group.rows += 1;
            let time = of(read.times, row);
            match time {
                Some(time) => {
                    let times = group.times.unwrap_or((time, time));
                    group.times = Some((times.0.min(time), times.1.max(time)));
                }
                None => group.without_time = true,
            }
            let vnic = group.vnic_of(&read, row);
            let own = &self.directory.own;
            let initiator = known(&mut group.initiators, read.initiators, row, own, &mut self.initiators);
            let target = known(&mut group.targets, read.targets, row, own, &mut self.targets);
            let class = group.class_of(&mut self.classes, &read, row, initiator.is_own);
            let Some((class, amounts)) = class.zip(read.amounts(row)) else {
                group.unfit = true;
                (self.initiators, self.targets) = (None, None);
                continue;
            };
            let minute = time.map(|time| time.div_euclid(MINUTE));
            let cells = [
                group.by_minute.entry((minute, class)).or_default(),
                group.by_service.entry((of(read.ports, row), of(read.protocols, row), class)).or_default(),
                group.by_vnic.entry((vnic, class)).or_default(),
            ];
            for cell in cells {
                match cell.plus(amounts) {
                    Some(sum) => *cell = sum,
                    None => group.unfit = true,
                }
            }
            note(&mut self.initiators, initiator, page, class, amounts);
            note(&mut self.targets, target, page, class, amounts);
        }
        Ok(())
    }

    /// Ends the row group: the rows to come are in the next.
    ///
    /// # Errors
    /// If the cells cannot be compressed.
    pub(crate) fn end_group(&mut self) -> Result<()> {
        let group = std::mem::take(&mut self.group);
        if group.rows == 0 {
            return Ok(());
        }
        let made = RowGroup {
            rows: group.rows as u64,
            times: group.times.filter(|_| !group.without_time),
            by_minute: Span::default(),
            by_service: Span::default(),
            by_vnic: Span::default(),
        };
        let mut packed = [None, None, None];
        if !group.unfit {
            let mut times: Vec<TimeCell> = group
                .by_minute
                .into_iter()
                .map(|((minute, class), amounts)| TimeCell { minute, class, amounts })
                .collect();
            times.sort_unstable_by_key(|cell| (cell.minute, cell.class));
            packed[0] = Some(pack(&cells::write_times(&times))?);
            let mut services: Vec<ServiceCell> = group
                .by_service
                .into_iter()
                .map(|((port, protocol, class), amounts)| ServiceCell { port, protocol, class, amounts })
                .collect();
            services.sort_unstable_by_key(|cell| (cell.port, cell.protocol, cell.class));
            packed[1] = Some(pack(&cells::write_services(&services))?);
            let by_vnic: BTreeMap<_, _> = group.by_vnic.into_iter().collect();
            let vnics: Vec<VnicCell> = by_vnic
                .into_iter()
                .map(|((at, class), amounts)| VnicCell { values: group.vnics[at].clone(), class, amounts })
                .collect();
            packed[2] = Some(pack(&cells::write_vnics(&vnics))?);
        }
        self.pages_before += self.directory.pages_of(&made);
        self.directory.groups.push(made);
        self.cells.push(packed);
        Ok(())
    }

    /// Ends the file and returns its index.
    ///
    /// # Errors
    /// If it cannot be compressed.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>> {
        self.end_group()?;
        let mut classes: Vec<(Class, u8)> = std::mem::take(&mut self.classes).into_iter().collect();
        classes.sort_unstable_by_key(|(_, number)| *number);
        self.directory.classes = classes.into_iter().map(|(class, _)| class).collect();
        // One kind after the other: a question reads one kind of all row groups.
        let cells = std::mem::take(&mut self.cells);
        for kind in 0..3 {
            for (at, packed) in cells.iter().enumerate() {
                let Some(packed) = &packed[kind] else { continue };
                let span = self.append(packed);
                let group = &mut self.directory.groups[at];
                *[&mut group.by_minute, &mut group.by_service, &mut group.by_vnic][kind] = span;
            }
        }
        let (initiators, targets) = (self.initiators.take(), self.targets.take());
        self.directory.initiators = initiators.map(|side| self.blocks(side)).transpose()?;
        self.directory.targets = targets.map(|side| self.blocks(side)).transpose()?;
        let mut directory = self.directory.write().map_err(failed)?;
        self.body.append(&mut directory);
        Ok(self.body)
    }

    fn blocks(&mut self, side: Addresses) -> Result<Vec<BlockAt>> {
        let mut entries = side.entries;
        entries.iter_mut().for_each(|entry| entry.amounts.sort_unstable_by_key(|(class, _)| *class));
        entries.sort_unstable_by_key(|entry| entry.address);
        let mut blocks = Vec::new();
        for block in entries.chunks(BLOCK) {
            let span = self.append(&pack(&addresses::write(block, self.pages_before))?);
            blocks.push(BlockAt { first: block[0].address, span });
        }
        Ok(blocks)
    }

    fn append(&mut self, packed: &[u8]) -> Span {
        let span = Span { offset: self.body.len() as u64, length: packed.len() as u64 };
        self.body.extend_from_slice(packed);
        span
    }
}

impl Group {
    /// The place of a row's vNIC in the list.
    fn vnic_of(&mut self, rows: &Rows<'_>, row: usize) -> usize {
        let codes = rows.vnic.map(|(codes, _)| codes[row]);
        if let Some((_, place)) = self.last_vnic.filter(|(known, _)| *known == codes) {
            return place;
        }
        let values: VnicValues = std::array::from_fn(|at| text(rows.vnic[at], row).map(Arc::from));
        let known = self.vnics.iter().rposition(|known| *known == values);
        let place = known.unwrap_or_else(|| {
            self.vnics.push(values);
            self.vnics.len() - 1
        });
        self.last_vnic = Some((codes, place));
        place
    }

    fn class_of(
        &mut self,
        classes: &mut HashMap<Class, u8>,
        rows: &Rows<'_>,
        row: usize,
        own_initiator: bool,
    ) -> Option<u8> {
        let (was_initiated, closing) = (of(rows.initiated, row), rows.is_closing(row));
        let codes = (rows.action.0[row], rows.direction.0[row], was_initiated, closing, own_initiator);
        *self.classes.entry(codes).or_insert_with(|| {
            let class = Class {
                action: text(rows.action, row).map(Arc::from),
                direction: text(rows.direction, row).map(Arc::from),
                was_initiated,
                closing,
                own_initiator,
            };
            if let Some(number) = classes.get(&class) {
                return Some(*number);
            }
            let number = u8::try_from(classes.len()).ok().filter(|_| classes.len() < MAX_CLASSES)?;
            classes.insert(class, number);
            Some(number)
        })
    }
}

fn pack(part: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(part, LEVEL).map_err(failed)
}

/// What is known of a row's address. A side with too many addresses, or one that bits do not name, is given up.
fn known(
    known: &mut Vec<Option<Known>>,
    texts: Texts<'_>,
    row: usize,
    own: &[u128],
    side: &mut Option<Addresses>,
) -> Known {
    let code = texts.0[row];
    // The code of a missing text is the greatest there is.
    let at = code.wrapping_add(1) as usize;
    if at >= known.len() {
        known.resize(at + 1, None);
    }
    *known[at].get_or_insert_with(|| {
        let bits = |text: &str| match text.parse() {
            Ok(std::net::IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => UNNAMED,
            Ok(found) => address::to_bits(found),
            Err(_) => UNNAMED,
        };
        let address = text(texts, row).map_or(NO_ADDRESS, bits);
        let is_own = own.binary_search(&address).is_ok();
        if address == UNNAMED {
            *side = None;
        }
        let mut place = None;
        if let Some(addresses) = side {
            let next = addresses.entries.len() as u32;
            let at = *addresses.places.entry(address).or_insert(next);
            if at == next {
                addresses.entries.push(AddressEntry { address, pages: Vec::new(), amounts: Vec::new() });
            }
            place = Some(at);
            if addresses.entries.len() > MAX_ADDRESSES {
                *side = None;
            }
        }
        Known { is_own, place }
    })
}

/// Counts a row for its address.
fn note(side: &mut Option<Addresses>, known: Known, page: u32, class: u8, amounts: Amounts) {
    let Some((addresses, place)) = side.as_mut().zip(known.place) else { return };
    let entry = &mut addresses.entries[place as usize];
    if entry.pages.last() != Some(&page) {
        entry.pages.push(page);
    }
    let sum = match entry.amounts.iter_mut().find(|(known, _)| *known == class) {
        Some((_, sum)) => sum,
        None => {
            // Most addresses of a flood are of one class: room for more would take most of the memory.
            if entry.amounts.is_empty() {
                entry.amounts.reserve_exact(1);
            }
            entry.amounts.push((class, Amounts::default()));
            &mut entry.amounts.last_mut().expect("just pushed").1
        }
    };
    match sum.plus(amounts) {
        Some(total) => *sum = total,
        None => *side = None,
    }
}

fn failed(source: std::io::Error) -> LakeError {
    LakeError::Damaged { path: "a new index".to_owned(), reason: source.to_string() }
}
