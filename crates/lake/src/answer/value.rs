//! One value of an answer.

use flowglass_flow::time::Written;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: microseconds since the epoch, UTC; RFC 3339 text in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(pub i64);

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match Written::new(self.0) {
            Some(written) => f.write_str(written.as_str()),
            None => f.write_str(&flowglass_flow::time::format(self.0)),
        }
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match Written::new(self.0) {
            Some(written) => serializer.serialize_str(written.as_str()),
            None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        flowglass_flow::time::parse(text.as_bytes())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not an RFC 3339 time")))
    }
}

/// A value of a group key, an aggregate, or a list of values.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// The field is missing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A sum beyond 64 bits, an average or a percentile.
    Float(f64),
    /// An instant.
    Time(Instant),
    /// Text: also addresses and days.
    Text(String),
}

impl Value {
    /// Returns the number this value is, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Time(value) => write!(f, "{value}"),
            Self::Text(value) => f.write_str(value),
        }
    }
}
