//! Making an index while a data file is written.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use flowglass_flow::address;
use hashbrown::HashMap;

use super::MINUTE;
use super::addresses::{self, AddressEntry, BLOCK, NO_ADDRESS};
use super::cells::{self, Amounts, ServiceCell, TimeCell, VNIC_COLUMNS, VnicCell, VnicValues};
use super::class::Class;
use super::directory::{BlockAt, Directory, RowGroup, Span};
use crate::error::{LakeError, Result};
use crate::layout;

/// Most different addresses on a side: beyond, they are what a flood makes up, and nobody looks for them one by one.
const MAX_ADDRESSES: usize = 1 << 20;
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

type Addresses = HashMap<u128, (Vec<u32>, Vec<(u8, Amounts)>)>;

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
}

impl IndexBuilder {
    /// Starts an index of a file with pages of `page_rows` rows; `own` are the addresses known as vNICs' own, in order.
    pub(crate) fn new(page_rows: usize, own: &[u128]) -> Self {
        Self {
            directory: Directory { page_rows: page_rows as u64, own: own.to_vec(), ..Directory::default() },
            page_rows,
            classes: HashMap::new(),
            initiators: Some(HashMap::new()),
            targets: Some(HashMap::new()),
            pages_before: 0,
            group: Group::default(),
            cells: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Takes the next rows of the file.
    ///
    /// # Errors
    /// If a column is missing or of another type.
    pub(crate) fn push(&mut self, rows: &RecordBatch) -> Result<()> {
        let read = Rows::new(rows)?;
        let vnics = self.vnics_of(rows)?;
        for (row, vnic) in vnics.into_iter().enumerate() {
            let page =
                self.pages_before + u32::try_from(self.group.rows / self.page_rows).unwrap_or(u32::MAX);
            self.group.rows += 1;
            let time = read.times.is_valid(row).then(|| read.times.value(row));
            match time {
                Some(time) => {
                    let times = self.group.times.unwrap_or((time, time));
                    self.group.times = Some((times.0.min(time), times.1.max(time)));
                }
                None => self.group.without_time = true,
            }
            let own_initiator = self.directory.own.binary_search(&read.initiators[row]).is_ok();
            let Some((class, amounts)) =
                class_of(&mut self.classes, &read, row, own_initiator).zip(read.amounts(row))
            else {
                self.group.unfit = true;
                (self.initiators, self.targets) = (None, None);
                continue;
            };
            let group = &mut self.group;
            let minute = time.map(|time| time.div_euclid(MINUTE));
            let cells = [
                group.by_minute.entry((minute, class)).or_default(),
                group.by_service.entry((read.port(row), read.protocol(row), class)).or_default(),
                group.by_vnic.entry((vnic, class)).or_default(),
            ];
            for cell in cells {
                match cell.plus(amounts) {
                    Some(sum) => *cell = sum,
                    None => group.unfit = true,
                }
            }
            note(&mut self.initiators, read.initiators[row], page, class, amounts);
            note(&mut self.targets, read.targets[row], page, class, amounts);
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
        let mut entries: Vec<AddressEntry> = side
            .into_iter()
            .map(|(address, (pages, mut amounts))| {
                amounts.sort_unstable_by_key(|(class, _)| *class);
                AddressEntry { address, pages, amounts }
            })
            .collect();
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

    /// For each row the place of its vNIC's values in the group's list.
    fn vnics_of(&mut self, rows: &RecordBatch) -> Result<Vec<usize>> {
        let columns = VNIC_COLUMNS.map(|name| text_column(rows, name));
        let columns = columns.into_iter().collect::<Result<Vec<_>>>()?;
        let mut places = Vec::with_capacity(rows.num_rows());
        let mut last: Option<(VnicKeys, usize)> = None;
        for row in 0..rows.num_rows() {
            let keys: VnicKeys = std::array::from_fn(|at| columns[at].key(row));
            let place = match last {
                Some((same, place)) if same == keys => place,
                _ => {
                    let values: VnicValues = std::array::from_fn(|at| columns[at].value(row).map(Arc::from));
                    let known = self.group.vnics.iter().rposition(|known| *known == values);
                    known.unwrap_or_else(|| {
                        self.group.vnics.push(values);
                        self.group.vnics.len() - 1
                    })
                }
            };
            last = Some((keys, place));
            places.push(place);
        }
        Ok(places)
    }
}

fn pack(part: &[u8]) -> Result<Vec<u8>> {
    zstd::bulk::compress(part, LEVEL).map_err(failed)
}

type VnicKeys = [Option<usize>; VNIC_COLUMNS.len()];

/// Counts a row for its address; a side with too many addresses, or one that bits do not name, is given up.
fn note(side: &mut Option<Addresses>, address: u128, page: u32, class: u8, amounts: Amounts) {
    let Some(known) = side else { return };
    if address == UNNAMED || known.len() >= MAX_ADDRESSES {
        *side = None;
        return;
    }
    let (pages, by_class) = known.entry(address).or_default();
    if pages.last() != Some(&page) {
        pages.push(page);
    }
    let sum = match by_class.iter_mut().find(|(known, _)| *known == class) {
        Some((_, sum)) => sum,
        None => {
            by_class.push((class, Amounts::default()));
            &mut by_class.last_mut().expect("just pushed").1
        }
    };
    match sum.plus(amounts) {
        Some(total) => *sum = total,
        None => *side = None,
    }
}

fn class_of(classes: &mut HashMap<Class, u8>, rows: &Rows, row: usize, own_initiator: bool) -> Option<u8> {
    let class = Class {
        action: rows.action.value(row).map(|text| rows.action.shared(row, text)),
        direction: rows.direction.value(row).map(|text| rows.direction.shared(row, text)),
        was_initiated: rows.initiated.is_valid(row).then(|| rows.initiated.value(row)),
        closing: rows.is_closing(row),
        own_initiator,
    };
    if let Some(number) = classes.get(&class) {
        return Some(*number);
    }
    let number = u8::try_from(classes.len()).ok().filter(|_| classes.len() < MAX_CLASSES)?;
    classes.insert(class, number);
    Some(number)
}

/// The columns of a batch that an index is made of.
struct Rows {
    times: arrow::array::TimestampMicrosecondArray,
    initiators: Vec<u128>,
    targets: Vec<u128>,
    action: Texts,
    direction: Texts,
    initiated: BooleanArray,
    terminated: BooleanArray,
    ports: Int32Array,
    protocols: Int32Array,
    counters: [Int64Array; 4],
}

impl Rows {
    fn new(rows: &RecordBatch) -> Result<Self> {
        let boolean = |name: &str| -> Result<BooleanArray> {
            let array = column(rows, name)?;
            array.as_boolean_opt().cloned().ok_or_else(|| layout::unexpected(name, array))
        };
        let integer = |name: &str| -> Result<Int32Array> {
            let array = column(rows, name)?;
            array.as_primitive_opt::<Int32Type>().cloned().ok_or_else(|| layout::unexpected(name, array))
        };
        let counter = |name: &str| -> Result<Int64Array> {
            let array = column(rows, name)?;
            array.as_primitive_opt::<Int64Type>().cloned().ok_or_else(|| layout::unexpected(name, array))
        };
        let bits = |text: &str| match text.parse() {
            Ok(std::net::IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some() => UNNAMED,
            Ok(found) => address::to_bits(found),
            Err(_) => UNNAMED,
        };
        let times = column(rows, "time")?;
        Ok(Self {
            times: times
                .as_primitive_opt::<TimestampMicrosecondType>()
                .cloned()
                .ok_or_else(|| layout::unexpected("time", times))?,
            initiators: layout::per_text(rows, "initiator_ip", NO_ADDRESS, bits)?,
            targets: layout::per_text(rows, "target_ip", NO_ADDRESS, bits)?,
            action: text_column(rows, "action")?,
            direction: text_column(rows, "direction")?,
            initiated: boolean("was_initiated")?,
            terminated: boolean("was_terminated")?,
            ports: integer("target_port")?,
            protocols: integer("transport_protocol")?,
            counters: [
                counter("bytes_from_initiator")?,
                counter("bytes_from_target")?,
                counter("packets_from_initiator")?,
                counter("packets_from_target")?,
            ],
        })
    }

    fn port(&self, row: usize) -> Option<i32> {
        self.ports.is_valid(row).then(|| self.ports.value(row))
    }

    fn protocol(&self, row: usize) -> Option<i32> {
        self.protocols.is_valid(row).then(|| self.protocols.value(row))
    }

    fn is_closing(&self, row: usize) -> bool {
        let is = |flags: &BooleanArray, wanted: bool| flags.is_valid(row) && flags.value(row) == wanted;
        is(&self.terminated, true)
            && is(&self.initiated, false)
            && self.counters.iter().all(|counter| counter.is_valid(row) && counter.value(row) == 0)
    }

    /// What the row amounts to; none if a counter is negative.
    fn amounts(&self, row: usize) -> Option<Amounts> {
        let counter = |at: usize| {
            let counter = &self.counters[at];
            u64::try_from(if counter.is_valid(row) { counter.value(row) } else { 0 }).ok()
        };
        Some(Amounts {
            rows: 1,
            bytes: counter(0)?.checked_add(counter(1)?)?,
            packets: counter(2)?.checked_add(counter(3)?)?,
        })
    }
}

/// A text column whose values are told apart by number.
struct Texts {
    keys: Int32Array,
    values: arrow::array::StringArray,
    shared: Vec<Arc<str>>,
}

impl Texts {
    fn key(&self, row: usize) -> Option<usize> {
        let key = self.keys.is_valid(row).then(|| self.keys.value(row))?;
        usize::try_from(key).ok().filter(|key| self.values.is_valid(*key))
    }

    fn value(&self, row: usize) -> Option<&str> {
        self.key(row).map(|key| self.values.value(key))
    }

    /// The row's text without copying it again.
    fn shared(&self, row: usize, text: &str) -> Arc<str> {
        self.key(row).and_then(|key| self.shared.get(key)).map_or_else(|| Arc::from(text), Arc::clone)
    }
}

fn text_column(rows: &RecordBatch, name: &str) -> Result<Texts> {
    let words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let array = cast(column(rows, name)?, &words)
        .map_err(|source| LakeError::Arrow { doing: "read a text column", source })?;
    let words = array.as_dictionary::<Int32Type>();
    let values = words.values().as_string::<i32>().clone();
    // Long dictionaries are of columns whose texts are looked at once in a run of rows.
    let shared = if values.len() <= 16 {
        values.iter().map(|text| Arc::from(text.unwrap_or_default())).collect()
    } else {
        Vec::new()
    };
    Ok(Texts { keys: words.keys().clone(), values, shared })
}

fn column<'r>(rows: &'r RecordBatch, name: &str) -> Result<&'r ArrayRef> {
    layout::column(rows, name)
}

fn failed(source: std::io::Error) -> LakeError {
    LakeError::Damaged { path: "a new index".to_owned(), reason: source.to_string() }
}
