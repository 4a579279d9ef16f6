//! The field catalogue: every column of a flow row, declared once.

use serde::Serialize;

/// What the values of a field are; decides the column type and how the language compares them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Free or enumerated text; the language matches its start.
    Text,
    /// An IPv4 or IPv6 address in canonical text (RFC 5952); matched whole, by CIDR, or by octet prefix.
    Address,
    /// A TCP or UDP port, 0 to 65535.
    Port,
    /// An IANA protocol number.
    Protocol,
    /// A counter or another whole number of 64 bits.
    Integer,
    /// An instant, microseconds since the Unix epoch, UTC.
    Time,
    /// A calendar day, UTC.
    Day,
    /// True or false.
    Boolean,
    /// A cloud resource name; matched by prefix or by its last segment.
    Crn,
    /// JSON text.
    Json,
}

/// The unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes, link-layer header included (14 bytes a packet on IBM Cloud).
    Bytes,
    /// Packets.
    Packets,
}

/// Where a field's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Made by Flowglass.
    Flowglass,
    /// A member of the flow record.
    Record,
    /// A member of the object's header.
    Header,
    /// A segment of the object's key, or the header's CRN where the key has none.
    Key,
}

/// One column of a flow row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Column name; the provider's own name where there is one.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// Unit of a number.
    pub unit: Option<Unit>,
    /// Where the value comes from.
    pub origin: Origin,
    /// The closed set of values of an enumerated text field, in canonical spelling; empty otherwise.
    pub values: &'static [&'static str],
    /// One or two sentences for people.
    pub doc: &'static str,
}

const fn field(name: &'static str, kind: Kind, origin: Origin, doc: &'static str) -> Field {
    Field { name, kind, unit: None, origin, values: &[], doc }
}

impl Field {
    const fn unit(mut self, unit: Unit) -> Self {
        self.unit = Some(unit);
        self
    }

    const fn one_of(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    /// True for fields whose values can be summed and averaged.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Integer | Kind::Port | Kind::Protocol)
    }
}

/// Every column of the `flows` table, in column order. `day` is the partition column and comes last.
///
/// Names and meanings of record and header members: IBM Cloud "Viewing flow log objects"; what real objects do
/// beyond it is said in docs/reference/format.md.
pub static FIELDS: &[Field] = &[
    field(
        "time",
        Kind::Time,
        Origin::Flowglass,
        "When it happened: start_time, or the capture start where the record has none.",
    ),
    field(
        "object_id",
        Kind::Text,
        Origin::Flowglass,
        "The flow-log object the record came from: 32 hexadecimal digits made of source, key and version.",
    ),
    field(
        "record_index",
        Kind::Integer,
        Origin::Flowglass,
        "Position of the record in its object's flow_logs, from 0.",
    ),
    field("provider", Kind::Text, Origin::Flowglass, "Cloud provider that wrote the record.")
        .one_of(&["ibm"]),
    field(
        "orientation",
        Kind::Text,
        Origin::Flowglass,
        "What the record describes: a connection with both directions, or one direction of it.",
    )
    .one_of(&["connection", "one-way", "inferred"]),
    field("start_time", Kind::Time, Origin::Record, "First packet seen in this window; null when none was."),
    field("end_time", Kind::Time, Origin::Record, "Last packet seen in this window; null when none was."),
    field(
        "connection_start_time",
        Kind::Time,
        Origin::Record,
        "First packet of the connection, possibly in an earlier window.",
    ),
    field(
        "direction",
        Kind::Text,
        Origin::Record,
        "I: the initiator is outside the vNIC. O: the vNIC is the initiator.",
    )
    .one_of(&["I", "O"]),
    field(
        "action",
        Kind::Text,
        Origin::Record,
        "Verdict of security groups, network ACLs and connection state.",
    )
    .one_of(&["accepted", "rejected"]),
    field(
        "initiator_ip",
        Kind::Address,
        Origin::Record,
        "Address of the side that sent the connection's first packet.",
    ),
    field("target_ip", Kind::Address, Origin::Record, "Address of the other side."),
    field("initiator_port", Kind::Port, Origin::Record, "Port of the initiator."),
    field("target_port", Kind::Port, Origin::Record, "Port of the target: the service asked for."),
    field("transport_protocol", Kind::Protocol, Origin::Record, "IANA protocol number: 6 TCP, 17 UDP."),
    field("ether_type", Kind::Text, Origin::Record, "Network layer: IPv4."),
    field("was_initiated", Kind::Boolean, Origin::Record, "The connection began in this window."),
    field(
        "was_terminated",
        Kind::Boolean,
        Origin::Record,
        "The connection ended, or its entry expired, in this window.",
    ),
    field(
        "bytes_from_initiator",
        Kind::Integer,
        Origin::Record,
        "Bytes from the initiator in this window, 14 bytes of Ethernet header a packet included.",
    )
    .unit(Unit::Bytes),
    field(
        "packets_from_initiator",
        Kind::Integer,
        Origin::Record,
        "Packets from the initiator in this window.",
    )
    .unit(Unit::Packets),
    field(
        "bytes_from_target",
        Kind::Integer,
        Origin::Record,
        "Bytes from the target in this window, 14 bytes of Ethernet header a packet included.",
    )
    .unit(Unit::Bytes),
    field("packets_from_target", Kind::Integer, Origin::Record, "Packets from the target in this window.")
        .unit(Unit::Packets),
    field(
        "cumulative_bytes_from_initiator",
        Kind::Integer,
        Origin::Record,
        "Bytes from the initiator since the connection began.",
    )
    .unit(Unit::Bytes),
    field(
        "cumulative_packets_from_initiator",
        Kind::Integer,
        Origin::Record,
        "Packets from the initiator since the connection began.",
    )
    .unit(Unit::Packets),
    field(
        "cumulative_bytes_from_target",
        Kind::Integer,
        Origin::Record,
        "Bytes from the target since the connection began.",
    )
    .unit(Unit::Bytes),
    field(
        "cumulative_packets_from_target",
        Kind::Integer,
        Origin::Record,
        "Packets from the target since the connection began.",
    )
    .unit(Unit::Packets),
    field("capture_start_time", Kind::Time, Origin::Header, "Start of the object's window."),
    field("capture_end_time", Kind::Time, Origin::Header, "End of the object's window."),
    field(
        "state",
        Kind::Text,
        Origin::Header,
        "ok, or skip data: some data of the window was lost, counts are lower bounds.",
    )
    .one_of(&["ok", "skip data"]),
    field("version", Kind::Text, Origin::Header, "Version of the object format."),
    field(
        "attached_endpoint_type",
        Kind::Text,
        Origin::Header,
        "Kind of endpoint the flows were captured at.",
    ),
    field("network_interface_id", Kind::Text, Origin::Header, "Network interface as the header names it."),
    field("collector_crn", Kind::Crn, Origin::Header, "Flow log collector that wrote the object."),
    field("instance_crn", Kind::Crn, Origin::Header, "Instance the vNIC belongs to."),
    field("vpc_crn", Kind::Crn, Origin::Header, "VPC of the vNIC."),
    field("subnet_crn", Kind::Crn, Origin::Key, "Subnet of the vNIC; only the key tells it."),
    field("account_id", Kind::Text, Origin::Key, "Cloud account."),
    field("region", Kind::Text, Origin::Key, "Cloud region, such as us-south."),
    field("zone", Kind::Text, Origin::Key, "Zone in the region, such as us-south-1."),
    field("vpc_id", Kind::Text, Origin::Key, "VPC id: the last segment of its CRN."),
    field("subnet_id", Kind::Text, Origin::Key, "Subnet id: the last segment of its CRN."),
    field("instance_id", Kind::Text, Origin::Key, "Instance id: the last segment of its CRN."),
    field(
        "vnic_id",
        Kind::Text,
        Origin::Key,
        "Virtual network interface: the key's, else network_interface_id.",
    ),
    field("record_type", Kind::Text, Origin::Key, "Which records the object holds, by its key.")
        .one_of(&["all", "ingress", "egress"]),
    field(
        "stream_id",
        Kind::Text,
        Origin::Key,
        "Stream of objects the key belongs to: a time as the provider printed it.",
    ),
    field("sequence_number", Kind::Integer, Origin::Key, "Number of the object in its folder."),
    field(
        "extra",
        Kind::Json,
        Origin::Record,
        "Members of the record or header that Flowglass does not know, as JSON.",
    ),
    field(
        "day",
        Kind::Day,
        Origin::Flowglass,
        "UTC day of the object's capture start; the table's partition.",
    ),
];

/// Returns the field of that exact name.
pub fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

/// Returns the column index of the field of that name.
///
/// # Panics
/// If no such field is declared: callers name fields by literals.
pub fn index(name: &str) -> usize {
    FIELDS.iter().position(|field| field.name == name).unwrap_or_else(|| panic!("no field named {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_plain() {
        let mut seen = std::collections::HashSet::new();
        for field in FIELDS {
            assert!(seen.insert(field.name), "{} twice", field.name);
            assert!(field.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", field.name);
            assert!(field.doc.ends_with('.'), "{}", field.name);
        }
    }
}
