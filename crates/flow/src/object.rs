//! What is known of a flow-log object: the ledger's row.

use serde::{Deserialize, Serialize};

use crate::id::{ObjectId, SourceName};

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All its records are searchable.
    Done,
    /// It holds no records: the vNIC was quiet.
    Empty,
    /// Some records could not be read; they are listed, the others are searchable.
    Partial,
    /// It could not be read at all; its reason is kept and it can be retried.
    Quarantined,
    /// Retention removed its rows; it is not read again unless asked.
    Expired,
    /// It left the bucket; its rows are kept.
    Gone,
}

impl Outcome {
    /// The word used in the ledger and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Empty => "empty",
            Self::Partial => "partial",
            Self::Quarantined => "quarantined",
            Self::Expired => "expired",
            Self::Gone => "gone",
        }
    }
}

impl std::str::FromStr for Outcome {
    type Err = crate::id::BadId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Done, Self::Empty, Self::Partial, Self::Quarantined, Self::Expired, Self::Gone]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| crate::id::BadId { text: text.to_owned(), expected: "an object outcome" })
    }
}

/// A record that could not be read, or a thing worth knowing of an object that could.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Position of the record in `flow_logs`; none for the object as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// What is wrong, in a sentence without a full stop, such as `initiator_port is 70000, above 65535`.
    pub reason: String,
}

/// What an object says of itself, by its header and its key. Times are microseconds since the epoch, UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectFacts {
    /// Days since the epoch of the capture start's UTC day: the partition. Where the header has none, the day of the
    /// key's folder, else of the earliest record time, else 0.
    pub day: i32,
    /// Provider, such as `ibm`.
    pub provider: Option<String>,
    /// `ok`, `skip data`, or what the header says.
    pub state: Option<String>,
    /// Start of the window.
    pub capture_start_time: Option<i64>,
    /// End of the window.
    pub capture_end_time: Option<i64>,
    /// Cloud account.
    pub account_id: Option<String>,
    /// Cloud region.
    pub region: Option<String>,
    /// Zone in the region.
    pub zone: Option<String>,
    /// VPC id.
    pub vpc_id: Option<String>,
    /// Subnet id.
    pub subnet_id: Option<String>,
    /// Instance id.
    pub instance_id: Option<String>,
    /// Virtual network interface.
    pub vnic_id: Option<String>,
    /// `all`, `ingress` or `egress`.
    pub record_type: Option<String>,
    /// Stream the key belongs to.
    pub stream_id: Option<String>,
    /// Number of the object in its folder.
    pub sequence_number: Option<i64>,
    /// Records that were read.
    pub records: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// `number_of_flow_logs` as the header says it; the array is what counts.
    pub declared_records: Option<i64>,
    /// Records whose time lies more than 48 hours from the window.
    pub odd_times: u64,
    /// Addresses its records show as the vNIC's own: the target of inbound and the initiator of outbound ones.
    pub own_addresses: Vec<String>,
    /// Unreadable records and other remarks; at most 100 are kept, the counts are exact.
    pub problems: Vec<Problem>,
}

/// One object in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectEntry {
    /// Identity of this version.
    #[serde(default, skip_serializing_if = "ObjectId::is_none")]
    pub object_id: ObjectId,
    /// Source it came from.
    pub source: SourceName,
    /// Key, exactly as stored.
    pub key: String,
    /// Version: the ETag, or the content hash where the source has none.
    pub etag: String,
    /// Bytes as stored.
    pub size: u64,
    /// When the store says it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<i64>,
    /// When the ledger learned of it.
    pub recorded_at: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it is quarantined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The version of the same key whose rows this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ObjectId>,
    /// BLAKE3 of the stored bytes, 32 hexadecimal digits: lets `verify` tell a change without an ETag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    /// What it says of itself.
    #[serde(flatten)]
    pub facts: ObjectFacts,
}

/// Returns the stream of a key: the key up to its `year=` folder, else its folder.
///
/// Objects of one stream belong to one shard of the lake, and `watch` lists stream by stream.
pub fn stream_of(key: &str) -> &str {
    if let Some(at) = key.find("/year=") {
        return &key[..at];
    }
    key.rfind('/').map_or("", |at| &key[..at])
}

/// Returns the shard of a key among `shards`.
pub fn shard_of(source: &SourceName, key: &str, shards: u32) -> u32 {
    let id = ObjectId::of(source, stream_of(key), "");
    u32::from_le_bytes([id.0[0], id.0[1], id.0[2], id.0[3]]) % shards.max(1)
}
