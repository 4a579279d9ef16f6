//! Flow rows as people read them: who spoke to whom, and what became of it.

use arrow::array::RecordBatch;
use flowglass_flow::address::{self, AddressClass};
use flowglass_flow::names::Names;
use flowglass_flow::{labels, services};

use super::batch::Values;
use super::number;
use super::style::Ink;
use super::table::{Cell, Column, Table};
use super::zone::Zone;

/// Columns of a flow row that the table needs, in the order they are asked of the reader.
pub(crate) const FIELDS: &[&str] = &[
    "time",
    "action",
    "direction",
    "initiator_ip",
    "initiator_port",
    "target_ip",
    "target_port",
    "transport_protocol",
    "bytes_from_initiator",
    "bytes_from_target",
    "packets_from_initiator",
    "packets_from_target",
    "vnic_id",
    "instance_id",
    "was_initiated",
    "was_terminated",
    "object_id",
    "record_index",
];

/// Digits of an object id that a terminal is shown: the rest follows from them in all but the largest lakes.
const SHORT_ID: usize = 12;

/// What a table of flow rows is made with.
pub(crate) struct FlowTable<'a> {
    /// Zone of the times.
    pub(crate) zone: &'a Zone,
    /// Names of addresses, vNICs and instances.
    pub(crate) names: &'a Names,
    /// Ids are shortened.
    pub(crate) short_ids: bool,
}

impl FlowTable<'_> {
    /// Makes an empty table.
    pub(crate) fn table(&self) -> Table {
        Table::new(vec![
            Column::text(format!("time ({})", self.zone.name())),
            Column::text("action"),
            Column::text("dir").expendable(1),
            Column::text("initiator"),
            Column::text(""),
            Column::text("target"),
            Column::text("service").expendable(3),
            Column::text("proto").expendable(4),
            Column::number("bytes").expendable(5),
            Column::number("packets").expendable(6),
            Column::text("id").expendable(2),
        ])
    }

    /// Adds the rows of a batch.
    pub(crate) fn add(&self, table: &mut Table, batch: &RecordBatch) {
        let values = Values::of(batch);
        table.rows.extend((0..batch.num_rows()).map(|row| self.row(&values, row)));
    }

    fn row(&self, values: &Values<'_>, row: usize) -> Vec<Cell> {
        let action = values.text("action", row).unwrap_or("-");
        let ink = match action {
            "accepted" => Ink::Accepted,
            "rejected" => Ink::Rejected,
            _ => Ink::Plain,
        };
        let protocol = values.integer("transport_protocol", row);
        let port = values.integer("target_port", row);
        let total = |from: &str, to: &str| {
            let (from, to) = (values.integer(from, row), values.integer(to, row));
            from.or(to).map(|_| from.unwrap_or(0).saturating_add(to.unwrap_or(0)).unsigned_abs())
        };
        let bytes = total("bytes_from_initiator", "bytes_from_target");
        let packets = total("packets_from_initiator", "packets_from_target");
        // A record without traffic that ends an earlier flow would look like an attempt without this word.
        let closing = packets == Some(0) && bytes == Some(0);
        let id = values.row_id(row).unwrap_or_default();
        let id = if self.short_ids { short(&id) } else { id };
        vec![
            Cell::plain(
                values.integer("time", row).map_or_else(|| "-".to_owned(), |at| self.zone.instant(at)),
            ),
            Cell::new(ink, action),
            Cell::plain(values.text("direction", row).unwrap_or("-")),
            Cell::plain(self.end(values, row, Side::Initiator)),
            Cell::new(Ink::Faint, "→"),
            Cell::plain(self.end(values, row, Side::Target)),
            Cell::plain(port.and_then(|port| service(port, protocol)).unwrap_or_default()),
            Cell::plain(protocol.map_or_else(|| "-".to_owned(), protocol_name)),
            Cell::plain(if closing {
                "closing".to_owned()
            } else {
                bytes.map_or("-".to_owned(), number::bytes)
            }),
            Cell::plain(packets.map_or("-".to_owned(), number::grouped)),
            Cell::new(Ink::Faint, id),
        ]
    }

    fn end(&self, values: &Values<'_>, row: usize, side: Side) -> String {
        let (ip, port, local) = match side {
            Side::Initiator => ("initiator_ip", "initiator_port", "O"),
            Side::Target => ("target_ip", "target_port", "I"),
        };
        let Some(address) = values.text(ip, row) else { return "-".to_owned() };
        let end = end(address, values.integer(port, row));
        // The address's own name first; the side that reports may also be known by its vNIC or instance.
        let named = name_of(self.names, address).or_else(|| {
            let is_local = values.text("direction", row) == Some(local);
            let vnic = || values.text("vnic_id", row).and_then(|id| self.names.of_vnic(id));
            let instance = || values.text("instance_id", row).and_then(|id| self.names.of_instance(id));
            is_local.then(|| vnic().or_else(instance)).flatten()
        });
        match named.or_else(|| label_of(address)) {
            Some(name) => format!("{end} ({name})"),
            None => end,
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Initiator,
    Target,
}

/// The name of an address, if it has one.
pub(crate) fn name_of<'a>(names: &'a Names, address: &str) -> Option<&'a str> {
    address::parse(address).and_then(|address| names.of_address(address))
}

/// The built-in label of an address, where it says more than the address does.
pub(crate) fn label_of(text: &str) -> Option<&'static str> {
    let address = address::parse(text)?;
    match address::classify(address) {
        // Almost every line has a private address: the label would hide the others.
        AddressClass::Private | AddressClass::Public => None,
        _ => labels::of_address(address),
    }
}

/// The usual name of a port on a protocol.
pub(crate) fn service(port: i64, protocol: Option<i64>) -> Option<&'static str> {
    services::service_name(u16::try_from(port).ok()?, u8::try_from(protocol?).ok()?)
}

/// The usual name of a protocol, else its number.
pub(crate) fn protocol_name(number: i64) -> String {
    let name = u8::try_from(number).ok().and_then(services::protocol_name);
    name.map_or_else(|| number.to_string(), str::to_owned)
}

/// An address and its port: `10.240.0.4:22`, `[2001:db8::1]:22`.
pub(crate) fn end(address: &str, port: Option<i64>) -> String {
    match port {
        None => address.to_owned(),
        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
        Some(port) => format!("{address}:{port}"),
    }
}

/// The short form of a row id.
pub(crate) fn short(id: &str) -> String {
    match id.split_once('-') {
        Some((object, index)) if object.len() > SHORT_ID && object.is_ascii() => {
            format!("{}-{index}", &object[..SHORT_ID])
        }
        _ => id.to_owned(),
    }
}
