//! A record as the provider wrote it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::decoder::start_of_text;
use crate::general::Name;
use crate::{DecodeError, Limits, inflate};

/// Returns the record at a position of an object's `flow_logs`: its JSON text, byte for byte.
///
/// `body` is the object as stored, compressed or not.
///
/// # Errors
/// The object cannot be read as JSON, is beyond the limits, or has no such record.
pub fn record_text(body: &[u8], index: u32, limits: &Limits) -> Result<String, DecodeError> {
    let bytes = inflate(body, limits)?;
    let json = start_of_text(&bytes);
    if json.is_empty() {
        return Err(DecodeError::Empty);
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    let found = Object { index }
        .deserialize(&mut reader)
        .and_then(|found| reader.end().map(|()| found))
        .map_err(|error| DecodeError::NotJson { reason: error.to_string() })?;
    let Some((text, records)) = found else {
        return Err(DecodeError::NotFlowLog { reason: "has no flow_logs member".to_owned() });
    };
    text.map(|raw| raw.get().to_owned()).ok_or(DecodeError::NoRecord { index, records })
}

type Found<'de> = (Option<&'de RawValue>, u64);

struct Object {
    index: u32,
}

impl<'de> DeserializeSeed<'de> for Object {
    type Value = Option<Found<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Option<Found<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flow log object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key_seed(Name)? {
            if name == "flow_logs" {
                found = Some(members.next_value_seed(Records { index: self.index })?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct Records {
    index: u32,
}

impl<'de> DeserializeSeed<'de> for Records {
    type Value = Found<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Records {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of flow records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let mut seen = 0;
        while let Some(raw) = records.next_element::<&'de RawValue>()? {
            if seen == u64::from(self.index) {
                found = Some(raw);
            }
            seen += 1;
        }
        Ok((found, seen))
    }
}
