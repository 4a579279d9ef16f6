//! Identities: of sources, objects and rows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Name of a source: a bucket and prefix, or a directory.
///
/// Part of every object's identity, so it must stay the same between runs: for a bucket it is
/// `s3://bucket`, for a directory `file` (a directory's keys carry the layout), unless the user names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceName(pub String);

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Permanent identity of one version of one object: 128 bits of BLAKE3 over source, key and version. The default is that
/// of none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId(pub [u8; 16]);

impl ObjectId {
    /// Makes the id of a version (ETag, or content hash where there is none) of a key in a source.
    pub fn of(source: &SourceName, key: &str, version: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in [source.0.as_str(), key, version] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut id = [0; 16];
        id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(id)
    }

    /// True if this is the id of no object.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Writes the 32 lower-case hexadecimal digits of the id.
    pub fn to_hex(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 32];
        for (i, byte) in self.0.iter().enumerate() {
            text[2 * i] = DIGITS[usize::from(byte >> 4)];
            text[2 * i + 1] = DIGITS[usize::from(byte & 15)];
        }
        text
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_hex()).expect("hexadecimal digits are ASCII"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct BadId {
    /// What was given.
    pub text: String,
    /// What an id looks like.
    pub expected: &'static str,
}

impl FromStr for ObjectId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { text: text.to_owned(), expected: "an object id (32 hexadecimal digits)" };
        if text.len() != 32 || !text.is_ascii() {
            return Err(bad());
        }
        let mut id = [0; 16];
        for (i, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| bad())?;
        }
        Ok(Self(id))
    }
}

impl Serialize for ObjectId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Permanent identity of a flow row: its object and its position there. Printed as `<object id>-<index>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId {
    /// The object.
    pub object: ObjectId,
    /// Position in the object's `flow_logs`, from 0.
    pub index: u32,
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.object, self.index)
    }
}

impl FromStr for RowId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId {
            text: text.to_owned(),
            expected: "a row id (32 hexadecimal digits, a hyphen, and the record's position)",
        };
        let (object, index) = text.split_once('-').ok_or_else(bad)?;
        Ok(Self { object: object.parse().map_err(|_| bad())?, index: index.parse().map_err(|_| bad())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_id_round_trips() {
        let object = ObjectId::of(&SourceName("s3://b".into()), "k%3A/1.gz", "etag");
        let row = RowId { object, index: 17 };
        assert_eq!(row.to_string().parse(), Ok(row));
        assert!("xyz-1".parse::<RowId>().is_err());
        assert_ne!(object, ObjectId::of(&SourceName("s3://bk".into()), "%3A/1.gz", "etag"));
    }
}
