//! Cells: how much there is of what, per row group.

use std::sync::Arc;

use super::columns::Cells;
use crate::varint::{Reader, Writer};

/// How much some rows amount to. Missing counters count 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    pub(crate) rows: u64,
    /// Bytes of both directions.
    pub(crate) bytes: u64,
    /// Packets of both directions.
    pub(crate) packets: u64,
}

impl Amounts {
    /// Adds; none if a sum does not fit.
    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            rows: self.rows.checked_add(other.rows)?,
            bytes: self.bytes.checked_add(other.bytes)?,
            packets: self.packets.checked_add(other.packets)?,
        })
    }
}

/// Rows of a minute and class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeCell {
    /// Minutes since the epoch; none for rows without a time.
    pub(crate) minute: Option<i64>,
    pub(crate) class: u8,
    pub(crate) amounts: Amounts,
}

/// A target port and a protocol.
pub(crate) type Service = (Option<i32>, Option<i32>);

/// Rows of a service and class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServiceCell {
    pub(crate) port: Option<i32>,
    pub(crate) protocol: Option<i32>,
    pub(crate) class: u8,
    pub(crate) amounts: Amounts,
}

/// Columns of [`VnicCell::values`], in order.
pub(crate) const VNIC_COLUMNS: [&str; 7] =
    ["vnic_id", "instance_id", "subnet_id", "vpc_id", "zone", "region", "account_id"];

/// Where rows were recorded.
pub(crate) type VnicValues = [Option<Arc<str>>; VNIC_COLUMNS.len()];

/// Rows of a vNIC and class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VnicCell {
    pub(crate) values: VnicValues,
    pub(crate) class: u8,
    pub(crate) amounts: Amounts,
}

fn write_amounts(out: &mut Writer, cells: impl Iterator<Item = (u8, Amounts)> + Clone) {
    cells.clone().for_each(|(class, _)| out.0.push(class));
    cells.clone().for_each(|(_, amounts)| out.number(amounts.rows));
    cells.clone().for_each(|(_, amounts)| out.number(amounts.bytes));
    cells.for_each(|(_, amounts)| out.number(amounts.packets));
}

/// Writes the amounts of one address after the other, column by column.
pub(super) fn write_address_amounts(out: &mut Writer, amounts: &[&[(u8, Amounts)]]) {
    amounts.iter().for_each(|of_one| out.number(of_one.len() as u64));
    write_amounts(out, amounts.iter().flat_map(|of_one| of_one.iter().copied()));
}

fn write_optional(out: &mut Writer, value: Option<i64>) {
    // 0 is a missing value, so that present ones cost no byte more.
    out.signed(value.map_or(0, |value| if value >= 0 { value + 1 } else { value }));
}

fn read_optional(input: &mut Reader<'_>) -> Option<Option<i64>> {
    let value = input.signed()?;
    Some((value != 0).then_some(if value > 0 { value - 1 } else { value }))
}

/// Writes cells, sorted by minute.
pub(super) fn write_times(cells: &[TimeCell]) -> Vec<u8> {
    let mut out = Writer::default();
    out.number(cells.len() as u64);
    let mut last = 0;
    for cell in cells {
        write_optional(&mut out, cell.minute.map(|minute| minute - last));
        last = cell.minute.unwrap_or(last);
    }
    write_amounts(&mut out, cells.iter().map(|cell| (cell.class, cell.amounts)));
    out.0
}

/// Reads what [`write_times`] wrote.
pub(super) fn read_times(bytes: &[u8]) -> Option<Cells<Option<i64>>> {
    let mut input = Reader(bytes);
    let mut cells = Cells::default();
    let mut last = 0_i64;
    for _ in 0..input.count()? {
        let minute = match read_optional(&mut input)? {
            None => None,
            Some(more) => Some(last.checked_add(more)?),
        };
        last = minute.unwrap_or(last);
        cells.push(minute, 1)?;
    }
    cells.read_amounts(&mut input)?;
    Some(cells.fit())
}

/// Writes cells of services.
pub(super) fn write_services(cells: &[ServiceCell]) -> Vec<u8> {
    let mut out = Writer::default();
    out.number(cells.len() as u64);
    cells.iter().for_each(|cell| write_optional(&mut out, cell.port.map(i64::from)));
    cells.iter().for_each(|cell| write_optional(&mut out, cell.protocol.map(i64::from)));
    write_amounts(&mut out, cells.iter().map(|cell| (cell.class, cell.amounts)));
    out.0
}

/// Reads what [`write_services`] wrote: cells of ports and protocols.
pub(super) fn read_services(bytes: &[u8]) -> Option<Cells<Service>> {
    let mut input = Reader(bytes);
    let count = input.count()?;
    let number = |input: &mut Reader<'_>| match read_optional(input)? {
        None => Some(None),
        Some(value) => i32::try_from(value).ok().map(Some),
    };
    let ports = (0..count).map(|_| number(&mut input)).collect::<Option<Vec<_>>>()?;
    let mut cells = Cells::default();
    for port in ports {
        cells.push((port, number(&mut input)?), 1)?;
    }
    cells.read_amounts(&mut input)?;
    Some(cells.fit())
}

/// Writes cells of vNICs: each list of values once, at its first cell.
pub(super) fn write_vnics(cells: &[VnicCell]) -> Vec<u8> {
    let mut out = Writer::default();
    let mut known: Vec<&VnicValues> = Vec::new();
    out.number(cells.len() as u64);
    for cell in cells {
        let at = known.iter().rposition(|values| **values == cell.values);
        out.number(at.unwrap_or(known.len()) as u64);
        if at.is_none() {
            known.push(&cell.values);
            for value in &cell.values {
                out.number(value.as_ref().map_or(0, |value| value.len() as u64 + 1));
                out.0.extend_from_slice(value.as_deref().unwrap_or_default().as_bytes());
            }
        }
    }
    write_amounts(&mut out, cells.iter().map(|cell| (cell.class, cell.amounts)));
    out.0
}

/// Reads what [`write_vnics`] wrote.
pub(super) fn read_vnics(bytes: &[u8]) -> Option<Cells<Arc<VnicValues>>> {
    let mut input = Reader(bytes);
    let mut known: Vec<Arc<VnicValues>> = Vec::new();
    let mut cells = Cells::default();
    for _ in 0..input.count()? {
        let at = usize::try_from(input.number()?).ok()?;
        if at == known.len() {
            let mut values = VnicValues::default();
            for value in &mut values {
                let length = usize::try_from(input.number()?).ok()?;
                if let Some(length) = length.checked_sub(1) {
                    *value = Some(Arc::from(std::str::from_utf8(input.take(length)?).ok()?));
                }
            }
            known.push(Arc::new(values));
        }
        cells.push(Arc::clone(known.get(at)?), 1)?;
    }
    cells.read_amounts(&mut input)?;
    Some(cells.fit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(n: u64) -> Amounts {
        Amounts { rows: n, bytes: n * 1000, packets: n << 40 }
    }

    #[test]
    fn cells_survive_as_bytes() {
        let times: Vec<_> = [Some(-3), Some(0), Some(27_000_000), None]
            .into_iter()
            .zip(0_u8..)
            .map(|(minute, class)| TimeCell { minute, class, amounts: amounts(class.into()) })
            .collect();
        let read = read_times(&write_times(&times)).expect("ours");
        let wanted: Vec<_> = times.iter().map(|cell| (&cell.minute, cell.class, cell.amounts)).collect();
        assert_eq!(read.cells(), wanted);
        let services: Vec<_> = [(Some(0), Some(6)), (None, None), (Some(65_535), Some(-1))]
            .into_iter()
            .map(|(port, protocol)| ServiceCell { port, protocol, class: 7, amounts: amounts(1) })
            .collect();
        let read = read_services(&write_services(&services)).expect("ours");
        let of = |cell: &ServiceCell| ((cell.port, cell.protocol), cell.class, cell.amounts);
        let read: Vec<_> =
            read.cells().into_iter().map(|(key, class, amounts)| (*key, class, amounts)).collect();
        assert_eq!(read, services.iter().map(of).collect::<Vec<_>>());
        let values =
            |name: &str| VnicValues::from([Some(name.into()), None, None, Some("".into()), None, None, None]);
        let vnics: Vec<_> = ["a", "b", "a"]
            .into_iter()
            .map(|name| VnicCell { values: values(name), class: 1, amounts: amounts(5) })
            .collect();
        let read = read_vnics(&write_vnics(&vnics)).expect("ours");
        let read = read.cells().into_iter().map(|(values, class, amounts)| VnicCell {
            values: (**values).clone(),
            class,
            amounts,
        });
        assert_eq!(read.collect::<Vec<_>>(), vnics);
    }

    #[test]
    fn damage_is_refused() {
        let cells = [TimeCell { minute: Some(5), class: 1, amounts: amounts(9) }];
        let bytes = write_times(&cells);
        for length in 0..bytes.len() {
            assert_eq!(read_times(&bytes[..length]), None);
        }
    }
}
