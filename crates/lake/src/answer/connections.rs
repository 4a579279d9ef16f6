//! Connections stitched from records.

use arrow::record_batch::RecordBatch;
use flowglass_flow::RowId;
use serde::Serialize;

use super::meta::{Meta, Nearest, as_text, as_texts};
use super::value::Instant;

/// How a connection ended, as far as the records tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionEnd {
    /// No record says that it ended.
    Open,
    /// A record says it was terminated, after both sides had spoken.
    Closed,
    /// Every record says rejected: no packet passed.
    Refused,
    /// Accepted on the side that reports, rejected on the other.
    RefusedByTarget,
    /// The target never answered.
    OneWay,
}

/// A connection's totals over the records of one vNIC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SideRecords {
    /// The vNIC that reports.
    pub vnic_id: Option<String>,
    /// `I`: it is the target; `O`: it is the initiator.
    pub direction: Option<String>,
    /// Verdicts seen: `accepted`, `rejected`, or both.
    pub actions: Vec<String>,
    /// First packet seen.
    pub start: Instant,
    /// Last packet seen, or the end of the last window.
    pub end: Instant,
    /// Bytes from the initiator.
    pub bytes_from_initiator: u64,
    /// Packets from the initiator.
    pub packets_from_initiator: u64,
    /// Bytes from the target.
    pub bytes_from_target: u64,
    /// Packets from the target.
    pub packets_from_target: u64,
    /// True if a record says that the connection was terminated.
    pub terminated: bool,
    /// True if a window of it is marked `skip data`: the totals are lower bounds.
    pub lossy: bool,
    /// Ids of its records, oldest first.
    #[serde(serialize_with = "as_texts")]
    pub rows: Vec<RowId>,
}

/// A connection stitched from its windows on all vNICs that report it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionSummary {
    /// Id of its first record: what to ask [`ConnectionAnswer`] of.
    #[serde(serialize_with = "as_text")]
    pub id: RowId,
    /// Side that sent the first packet.
    pub initiator_ip: Option<String>,
    /// Its port.
    pub initiator_port: Option<i32>,
    /// The other side.
    pub target_ip: Option<String>,
    /// Its port.
    pub target_port: Option<i32>,
    /// IANA protocol number.
    pub transport_protocol: Option<i32>,
    /// First packet of the connection; where sides differ, the earlier.
    pub start: Instant,
    /// Last packet seen.
    pub end: Instant,
    /// How it ended.
    pub state: ConnectionEnd,
    /// Verdicts seen on any side.
    pub actions: Vec<String>,
    /// Bytes from the initiator, once: from the side that saw more.
    pub bytes_from_initiator: u64,
    /// Packets from the initiator, once.
    pub packets_from_initiator: u64,
    /// Bytes from the target, once.
    pub bytes_from_target: u64,
    /// Packets from the target, once.
    pub packets_from_target: u64,
    /// Records it was stitched from.
    pub records: u64,
    /// What each vNIC reports.
    pub sides: Vec<SideRecords>,
}

/// One connection.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// The connection.
    pub connection: ConnectionSummary,
    /// Its records, oldest first, all columns.
    #[serde(skip)]
    pub rows: Vec<RecordBatch>,
}

/// Connections of the matching records.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionListAnswer {
    /// What the answer says of itself.
    pub meta: Meta,
    /// Newest first.
    pub connections: Vec<ConnectionSummary>,
    /// True if there are more than listed.
    pub truncated: bool,
    /// Set when there are none and the range is bounded.
    pub nearest: Option<Nearest>,
}
