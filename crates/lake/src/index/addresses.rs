//! Blocks of addresses in order: which pages hold each, and how much there is of it.

use super::cells::{Amounts, write_address_amounts};
use super::columns::Cells;
use crate::varint::{Reader, Writer};

/// Stands for a missing address; no host has it.
pub(crate) const NO_ADDRESS: u128 = u128::MAX;

/// Addresses of a block: few, because one is read to find one.
pub(super) const BLOCK: usize = 512;

/// What is known of an address on one side of a file's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddressEntry {
    /// Its value; [`NO_ADDRESS`] stands for rows without one.
    pub(crate) address: u128,
    /// Pages that hold it, counted through the file, in order.
    pub(crate) pages: Vec<u32>,
    /// Its rows by class.
    pub(crate) amounts: Vec<(u8, Amounts)>,
}

/// Writes a block of entries in order of their addresses.
pub(super) fn write(entries: &[AddressEntry], pages_in_file: u32) -> Vec<u8> {
    let mut out = Writer::default();
    out.number(entries.len() as u64);
    let mut last = 0_u128;
    for entry in entries {
        out.wide(entry.address - last);
        last = entry.address;
    }
    let mut pages = Writer::default();
    entries.iter().for_each(|entry| write_pages(&mut pages, &entry.pages, pages_in_file));
    out.number(pages.0.len() as u64);
    out.0.append(&mut pages.0);
    let amounts: Vec<&[(u8, Amounts)]> = entries.iter().map(|entry| entry.amounts.as_slice()).collect();
    write_address_amounts(&mut out, &amounts);
    out.0
}

/// A list of differences, or a bit for every page of the file where that is shorter.
fn write_pages(out: &mut Writer, pages: &[u32], in_file: u32) {
    let bitmap = in_file.div_ceil(8) as usize;
    let mut list = Writer::default();
    let mut last = 0;
    for page in pages {
        list.number(u64::from(page - last));
        last = *page;
    }
    if list.0.len() <= bitmap {
        out.number(pages.len() as u64);
        out.0.append(&mut list.0);
    } else {
        // No file has as many pages as this says.
        out.number(u64::from(in_file) + 1);
        let mut bits = vec![0_u8; bitmap];
        pages.iter().for_each(|page| bits[*page as usize / 8] |= 1 << (page % 8));
        out.0.append(&mut bits);
    }
}

fn read_pages(input: &mut Reader<'_>, in_file: u32) -> Option<Vec<u32>> {
    let count = input.number()?;
    if count == u64::from(in_file) + 1 {
        let bits = input.take(in_file.div_ceil(8) as usize)?;
        let set = |page: &u32| bits[*page as usize / 8] >> (page % 8) & 1 == 1;
        return Some((0..in_file).filter(set).collect());
    }
    let count = usize::try_from(count).ok().filter(|count| *count <= input.0.len())?;
    let mut pages = Vec::with_capacity(count);
    let mut last = 0_u32;
    for _ in 0..count {
        last = last.checked_add(u32::try_from(input.number()?).ok()?).filter(|page| *page < in_file)?;
        pages.push(last);
    }
    Some(pages)
}

/// A block as it is read: addresses first, the rest only where it is asked for.
pub(crate) struct Block<'a> {
    pub(crate) addresses: Vec<u128>,
    pages: Reader<'a>,
    amounts: Reader<'a>,
}

impl<'a> Block<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Option<Self> {
        let mut input = Reader(bytes);
        let count = input.count()?;
        let mut addresses = Vec::with_capacity(count);
        let mut last = 0_u128;
        for _ in 0..count {
            last = last.checked_add(input.wide()?)?;
            addresses.push(last);
        }
        let length = usize::try_from(input.number()?).ok()?;
        let pages = Reader(input.take(length)?);
        Some(Self { addresses, pages, amounts: input })
    }

    /// The pages of the addresses from `low` to `high`, in no order.
    pub(crate) fn pages(&self, low: u128, high: u128, in_file: u32) -> Option<Vec<u32>> {
        let mut input = self.pages.clone();
        let mut found = Vec::new();
        for address in &self.addresses {
            if *address > high {
                break;
            }
            let pages = read_pages(&mut input, in_file)?;
            if *address >= low {
                found.extend(pages);
            }
        }
        Some(found)
    }

    /// Appends the addresses with how much there is of each.
    pub(crate) fn append_to(&self, cells: &mut Cells<u128>) -> Option<()> {
        let mut input = self.amounts.clone();
        for address in &self.addresses {
            cells.push(*address, input.count()?)?;
        }
        cells.read_amounts(&mut input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<AddressEntry> {
        let entry = |address, pages: Vec<u32>| AddressEntry {
            address,
            amounts: vec![(3, Amounts { rows: pages.len() as u64, bytes: 1 << 50, packets: 0 })],
            pages,
        };
        vec![
            entry(0, vec![0]),
            entry(0xffff_0a00_0004, (0..100).collect()),
            entry(0x2001_0db8 << 96, vec![5, 99]),
            entry(NO_ADDRESS, vec![1]),
        ]
    }

    #[test]
    fn blocks_survive_as_bytes() {
        let bytes = write(&sample(), 100);
        let block = Block::open(&bytes).expect("ours");
        let mut cells = Cells::default();
        block.append_to(&mut cells).expect("ours");
        let entry = |(address, class, amounts): (&u128, u8, Amounts)| {
            let pages = block.pages(*address, *address, 100).expect("ours");
            AddressEntry { address: *address, pages, amounts: vec![(class, amounts)] }
        };
        assert_eq!(cells.cells().into_iter().map(entry).collect::<Vec<_>>(), sample());
        assert_eq!(block.pages(1, NO_ADDRESS - 1, 100).expect("ours").len(), 102);
        assert_eq!(block.pages(2, 3, 100), Some(vec![]));
    }

    #[test]
    fn damage_is_no_panic() {
        let bytes = write(&sample(), 100);
        for length in 0..bytes.len() {
            if let Some(block) = Block::open(&bytes[..length]) {
                assert_eq!(block.append_to(&mut Cells::default()), None);
            }
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] = 0xff;
            if let Some(block) = Block::open(&damaged) {
                let _ = (block.append_to(&mut Cells::default()), block.pages(0, NO_ADDRESS, 100));
            }
        }
    }
}
