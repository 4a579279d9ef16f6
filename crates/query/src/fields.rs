//! What a field name in a query means.

use flowglass_flow::Unit;
use flowglass_flow::catalogue::{self, Field, Kind};

use crate::predicate::Operand;

/// What stands before a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Text(&'static Field),
    Crn(&'static Field),
    Address(Operand),
    Number(Operand, NumberKind),
    Time(&'static str),
    Day(&'static str),
    Boolean(&'static str),
    /// A member of `extra`.
    Extra(Vec<String>),
    Is,
    Sides,
    /// A line attribute of LogDNA that flows lack.
    Attribute,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberKind {
    Port,
    Protocol,
    Bytes,
    Plain,
}

/// A field of the language that is no column.
pub(crate) struct Pseudo {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    make: fn() -> Target,
}

impl Pseudo {
    /// What it means.
    pub(crate) fn target(&self) -> Target {
        (self.make)()
    }
}

fn column(name: &str) -> Target {
    of_column(catalogue::find(name).expect("aliases name columns"))
}

const LOCAL: Operand = Operand::ByDirection { inbound: "target_ip", outbound: "initiator_ip" };
const PEER: Operand = Operand::ByDirection { inbound: "initiator_ip", outbound: "target_ip" };

pub(crate) const PSEUDO: &[Pseudo] = &[
    Pseudo { name: "ip", doc: "either side's address, network or name", make: || Target::Address(EITHER_IP) },
    Pseudo {
        name: "port",
        doc: "either side's port or service",
        make: || Target::Number(EITHER_PORT, NumberKind::Port),
    },
    Pseudo {
        name: "initiator",
        doc: "the initiator's address, network or name",
        make: || column("initiator_ip"),
    },
    Pseudo { name: "target", doc: "the target's address, network or name", make: || column("target_ip") },
    Pseudo { name: "local_ip", doc: "the vNIC's own address", make: || Target::Address(LOCAL) },
    Pseudo {
        name: "peer_ip",
        doc: "the address at the other end, seen from the vNIC",
        make: || Target::Address(PEER),
    },
    Pseudo {
        name: "local_port",
        doc: "the vNIC's own port",
        make: || {
            let local = Operand::ByDirection { inbound: "target_port", outbound: "initiator_port" };
            Target::Number(local, NumberKind::Port)
        },
    },
    Pseudo {
        name: "peer_port",
        doc: "the port at the other end, seen from the vNIC",
        make: || {
            let peer = Operand::ByDirection { inbound: "initiator_port", outbound: "target_port" };
            Target::Number(peer, NumberKind::Port)
        },
    },
    Pseudo {
        name: "bytes",
        doc: "bytes of both directions in the window",
        make: || Target::Number(Operand::Sum("bytes_from_initiator", "bytes_from_target"), NumberKind::Bytes),
    },
    Pseudo {
        name: "packets",
        doc: "packets of both directions in the window",
        make: || {
            Target::Number(Operand::Sum("packets_from_initiator", "packets_from_target"), NumberKind::Plain)
        },
    },
    Pseudo { name: "is", doc: "attempt, closing, internal, public or one_way", make: || Target::Is },
    Pseudo {
        name: "sides",
        doc: "both: count both reports of a flow between two vNICs",
        make: || Target::Sides,
    },
    Pseudo {
        name: "protocol",
        doc: "transport protocol by name or number",
        make: || column("transport_protocol"),
    },
    Pseudo {
        name: "proto",
        doc: "transport protocol by name or number",
        make: || column("transport_protocol"),
    },
    Pseudo { name: "vnic", doc: "vNIC by id or name", make: || column("vnic_id") },
    Pseudo { name: "instance", doc: "instance by id or name", make: || column("instance_id") },
    Pseudo { name: "subnet", doc: "subnet by id or name", make: || column("subnet_id") },
    Pseudo { name: "vpc", doc: "VPC by id or name", make: || column("vpc_id") },
];

const EITHER_IP: Operand = Operand::Either("initiator_ip", "target_ip");
const EITHER_PORT: Operand = Operand::Either("initiator_port", "target_port");

/// Either side's address, for bare words.
pub(crate) fn either_ip() -> Operand {
    EITHER_IP
}

/// Either side's port, for bare numbers.
pub(crate) fn either_port() -> Operand {
    EITHER_PORT
}

/// What log lines have and flows lack; names that begin with `_`, `meta.` or `label.` besides.
const ATTRIBUTES: &[&str] = &[
    "host",
    "source",
    "app",
    "level",
    "tag",
    "tags",
    "file",
    "env",
    "meta",
    "label",
    "line",
    "message",
    "client",
    "key",
    "logsourcecrn",
    "saveservicecopy",
];

/// Names other tools have for our fields, for suggestions.
const FOREIGN: &[(&str, &str)] = &[
    ("src", "initiator_ip"),
    ("src_ip", "initiator_ip"),
    ("srcaddr", "initiator_ip"),
    ("source_ip", "initiator_ip"),
    ("dst", "target_ip"),
    ("dst_ip", "target_ip"),
    ("dstaddr", "target_ip"),
    ("dest_ip", "target_ip"),
    ("destination", "target_ip"),
    ("destination_ip", "target_ip"),
    ("addr", "ip"),
    ("address", "ip"),
    ("net", "ip"),
    ("src_port", "initiator_port"),
    ("srcport", "initiator_port"),
    ("sport", "initiator_port"),
    ("source_port", "initiator_port"),
    ("dst_port", "target_port"),
    ("dstport", "target_port"),
    ("dport", "target_port"),
    ("dest_port", "target_port"),
    ("destination_port", "target_port"),
    ("service", "target_port"),
    ("ip_protocol", "transport_protocol"),
    ("verdict", "action"),
    ("status", "action"),
    ("eni", "vnic"),
    ("interface", "vnic"),
    ("interface_id", "vnic"),
];

fn of_column(field: &'static Field) -> Target {
    let operand = Operand::Column(field.name);
    match field.kind {
        Kind::Text | Kind::Json => Target::Text(field),
        Kind::Crn => Target::Crn(field),
        Kind::Address => Target::Address(operand),
        Kind::Port => Target::Number(operand, NumberKind::Port),
        Kind::Protocol => Target::Number(operand, NumberKind::Protocol),
        Kind::Integer if field.unit == Some(Unit::Bytes) => Target::Number(operand, NumberKind::Bytes),
        Kind::Integer => Target::Number(operand, NumberKind::Plain),
        Kind::Time => Target::Time(field.name),
        Kind::Day => Target::Day(field.name),
        Kind::Boolean => Target::Boolean(field.name),
    }
}

/// Looks a name up, in any case: a column, a pseudo-field, a member of `extra`, or a line attribute.
pub(crate) fn find(name: &str) -> Option<Target> {
    let lower = name.to_ascii_lowercase();
    if let Some(found) = known(&lower) {
        return Some(found);
    }
    if lower.starts_with("extra.") && name.split('.').all(|part| !part.is_empty()) {
        // The provider's members are told apart by case.
        return Some(Target::Extra(name.split('.').skip(1).map(str::to_owned).collect()));
    }
    if let Some(found) = lower.strip_prefix('_').and_then(known) {
        return Some(found);
    }
    let first = lower.split('.').next().unwrap_or_default();
    (lower.starts_with('_') || ATTRIBUTES.contains(&first)).then_some(Target::Attribute)
}

fn known(lower: &str) -> Option<Target> {
    catalogue::find(lower)
        .map(of_column)
        .or_else(|| PSEUDO.iter().find(|pseudo| pseudo.name == lower).map(Pseudo::target))
}

/// Returns the field most like an unknown name.
pub(crate) fn suggest(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, ours)) = FOREIGN.iter().find(|(theirs, _)| *theirs == lower) {
        return Some(ours);
    }
    let names =
        catalogue::FIELDS.iter().map(|field| field.name).chain(PSEUDO.iter().map(|pseudo| pseudo.name));
    closest(&lower, names)
}

/// Returns the candidate most like a word, if one is like it.
pub(crate) fn closest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let likeness = strsim::jaro_winkler(word, &candidate.to_ascii_lowercase());
        if likeness > 0.84 && best.is_none_or(|(known, _)| likeness > known) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}
