//! The directory at the end of an index: what it holds and where.

use super::Side;
use super::class::Class;
use crate::varint::{Reader, Writer};

/// Last bytes of an index; raised when the format changes, so that older ones are passed over.
const MAGIC: &[u8] = b"FGI1";
/// Length and checksum of the directory, and the magic.
pub(super) const TAIL: usize = 4 + 8 + MAGIC.len();

/// A compressed part of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// A row group of the data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowGroup {
    pub(crate) rows: u64,
    /// Least and greatest `time`; none if a row has none.
    pub(crate) times: Option<(i64, i64)>,
    pub(super) by_minute: Span,
    pub(super) by_service: Span,
    pub(super) by_vnic: Span,
}

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockAt {
    /// Its first address.
    pub(crate) first: u128,
    pub(super) span: Span,
}

/// What an index holds and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Directory {
    /// Rows of a page of the data file.
    pub(crate) page_rows: u64,
    pub(crate) groups: Vec<RowGroup>,
    /// Classes by the number cells give them.
    pub(crate) classes: Vec<Class>,
    /// The addresses that were known as vNICs' own, in order.
    pub(crate) own: Vec<u128>,
    /// Blocks by initiator, then by target; none if the file has too many addresses, or some that 128 bits do not name.
    pub(crate) initiators: Option<Vec<BlockAt>>,
    pub(crate) targets: Option<Vec<BlockAt>>,
}

impl Directory {
    /// Rows of the data file.
    pub(crate) fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// The blocks of a side.
    pub(crate) fn blocks(&self, side: Side) -> Option<&[BlockAt]> {
        match side {
            Side::Initiator => self.initiators.as_deref(),
            Side::Target => self.targets.as_deref(),
        }
    }

    /// Pages of a row group.
    pub(crate) fn pages_of(&self, group: &RowGroup) -> u32 {
        u32::try_from(group.rows.div_ceil(self.page_rows.max(1))).unwrap_or(u32::MAX)
    }

    /// Pages of the file.
    pub(crate) fn pages(&self) -> u32 {
        self.groups.iter().map(|group| self.pages_of(group)).fold(0, u32::saturating_add)
    }

    /// Writes the directory with its tail.
    pub(super) fn write(&self) -> std::io::Result<Vec<u8>> {
        let mut out = Writer::default();
        out.number(self.page_rows);
        out.number(self.groups.len() as u64);
        for group in &self.groups {
            out.number(group.rows);
            out.optional(group.times.map(|times| times.0));
            out.optional(group.times.map(|times| times.1));
            [group.by_minute, group.by_service, group.by_vnic]
                .iter()
                .for_each(|span| write_span(&mut out, *span));
        }
        out.number(self.classes.len() as u64);
        self.classes.iter().for_each(|class| class.write(&mut out));
        out.number(self.own.len() as u64);
        let mut last = 0;
        for address in &self.own {
            out.wide(address - last);
            last = *address;
        }
        for blocks in [&self.initiators, &self.targets] {
            out.0.push(u8::from(blocks.is_some()));
            let blocks = blocks.as_deref().unwrap_or_default();
            out.number(blocks.len() as u64);
            let mut last = 0;
            for block in blocks {
                out.wide(block.first - last);
                last = block.first;
                write_span(&mut out, block.span);
            }
        }
        let mut body = zstd::bulk::compress(&out.0, 3)?;
        let sum = checksum(&body);
        let length = u32::try_from(body.len()).map_err(std::io::Error::other)?;
        body.extend(length.to_le_bytes());
        body.extend(sum);
        body.extend(MAGIC);
        Ok(body)
    }

    /// Reads the directory from the end of an index: `Err` tells how many bytes from the end are needed.
    pub(super) fn read(end: &[u8]) -> Result<Option<Self>, usize> {
        let Some((rest, tail)) = end.split_last_chunk::<TAIL>() else { return Ok(None) };
        let (length, sum) = tail.split_at(4);
        let (sum, magic) = sum.split_at(8);
        let Ok(length) = <[u8; 4]>::try_from(length) else { return Ok(None) };
        let length = u32::from_le_bytes(length) as usize;
        if magic != MAGIC {
            return Ok(None);
        }
        let Some(start) = rest.len().checked_sub(length) else { return Err(length.saturating_add(TAIL)) };
        let body = &rest[start..];
        if checksum(body) != sum {
            return Ok(None);
        }
        let Ok(body) = zstd::stream::decode_all(body) else { return Ok(None) };
        Ok(Self::parse(&body))
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let mut input = Reader(body);
        let page_rows = input.number()?;
        let mut groups = Vec::new();
        for _ in 0..input.count()? {
            let rows = input.number()?;
            let times = input.optional()?.zip(input.optional()?);
            let (by_minute, by_service, by_vnic) =
                (read_span(&mut input)?, read_span(&mut input)?, read_span(&mut input)?);
            groups.push(RowGroup { rows, times, by_minute, by_service, by_vnic });
        }
        let classes = (0..input.count()?).map(|_| Class::read(&mut input)).collect::<Option<Vec<_>>>()?;
        let mut last = 0_u128;
        let mut own = Vec::new();
        for _ in 0..input.count()? {
            last = last.checked_add(input.wide()?)?;
            own.push(last);
        }
        let mut blocks = || {
            let is_some = input.take(1)?[0] == 1;
            let mut blocks = Vec::new();
            let mut last = 0_u128;
            for _ in 0..input.count()? {
                last = last.checked_add(input.wide()?)?;
                blocks.push(BlockAt { first: last, span: read_span(&mut input)? });
            }
            Some(is_some.then_some(blocks))
        };
        let (initiators, targets) = (blocks()?, blocks()?);
        input.0.is_empty().then_some(Self { page_rows, groups, classes, own, initiators, targets })
    }
}

fn checksum(body: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    sum.copy_from_slice(&blake3::hash(body).as_bytes()[..8]);
    sum
}

fn write_span(out: &mut Writer, span: Span) {
    out.number(span.offset);
    out.number(span.length);
}

fn read_span(input: &mut Reader<'_>) -> Option<Span> {
    Some(Span { offset: input.number()?, length: input.number()? })
}
