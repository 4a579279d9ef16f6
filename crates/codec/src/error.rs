//! Why an object cannot be read at all.

/// Why an object cannot be read at all. Its text is the reason the ledger keeps; the caller adds the object's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The object has no bytes, or only white space.
    #[error("is empty: no JSON text; retry when it has been written whole")]
    Empty,
    /// A gzip member is cut or damaged.
    #[error("gzip member {member} {reason}; fetch the object again")]
    Gzip {
        /// Which member, from 1.
        member: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// It has more bytes than allowed, after decompression if it is compressed.
    #[error(
        "holds more than {limit} bytes of JSON, the limit max_inflated_bytes; raise it if the object is genuine"
    )]
    TooLarge {
        /// The limit in force.
        limit: u64,
    },
    /// It has more records than allowed.
    #[error("holds more than {limit} records, the limit max_records; raise it if the object is genuine")]
    TooManyRecords {
        /// The limit in force.
        limit: u64,
    },
    /// A value nests too deep.
    #[error("member {member} nests deeper than {limit} levels of JSON; it is no flow log object")]
    TooDeep {
        /// The member's name.
        member: String,
        /// The limit in force.
        limit: usize,
    },
    /// Unknown members of the header and the records take too much room when put on each row.
    #[error("unknown members would take more than {limit} bytes on its rows, the limit max_inflated_bytes")]
    TooMuchExtra {
        /// The limit in force.
        limit: u64,
    },
    /// It is not one JSON text.
    #[error("is not one JSON text: {reason}; fetch the object again, it may be cut or no flow log")]
    NotJson {
        /// What the JSON reader says, with the position.
        reason: String,
    },
    /// It is JSON, but no flow log object.
    #[error("{reason}: not a flow log object")]
    NotFlowLog {
        /// What it is, or lacks.
        reason: String,
    },
    /// A record was asked for that the object does not have.
    #[error("has no record {index}: it holds {records}")]
    NoRecord {
        /// Position asked for.
        index: u32,
        /// Records in the object.
        records: u64,
    },
}
