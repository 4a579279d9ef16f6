//! The general path: any JSON, in any order, by a JSON reader.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::DecodeError;
use crate::header::Header;
use crate::record::{RawMembers, position};
use crate::rows::Rows;
use crate::value;

/// Reads a whole object.
///
/// # Errors
/// Anything that makes the object unreadable as a whole; rows already appended are the caller's to take back.
pub(crate) fn object<'a>(body: &'a [u8], rows: &mut Rows<'a, '_>) -> Result<Header<'a>, DecodeError> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let reason = format!("byte {} is not UTF-8", error.valid_up_to());
            return Err(DecodeError::NotJson { reason });
        }
    };
    if body.first() != Some(&b'{') {
        return Err(match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) => {
                DecodeError::NotFlowLog { reason: format!("is {}, not an object", kind_of(raw.get())) }
            }
            Err(error) => DecodeError::NotJson { reason: error.to_string() },
        });
    }
    let mut header = Header::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Object { rows, header: &mut header }.deserialize(&mut reader).and_then(|()| reader.end());
    if let Err(error) = read {
        return Err(rows.fatal.take().unwrap_or_else(|| DecodeError::NotJson { reason: error.to_string() }));
    }
    if header.has_records {
        Ok(header)
    } else {
        Err(DecodeError::NotFlowLog { reason: "has no flow_logs member".to_owned() })
    }
}

/// Reads the one record at the start of `rest` and returns how long it is; none if it is not JSON.
pub(crate) fn record<'a>(rest: &'a [u8], rows: &mut Rows<'a, '_>) -> Option<usize> {
    let mut reader = serde_json::Deserializer::from_slice(rest);
    Element { rows }.deserialize(&mut reader).ok()?;
    Some(reader.into_iter::<IgnoredAny>().byte_offset())
}

/// Returns the JSON value at the start of `rest`, as written; none if it is not JSON.
pub(crate) fn raw_value(rest: &[u8]) -> Option<&str> {
    let mut reader = serde_json::Deserializer::from_slice(rest);
    <&RawValue as Deserialize>::deserialize(&mut reader).ok().map(RawValue::get)
}

/// What a JSON value is, for messages.
fn kind_of(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "text",
        Some(b't' | b'f') => "a truth value",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// Name of a member, borrowed where it has no escapes.
pub(crate) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

struct Object<'r, 'de, 'c> {
    rows: &'r mut Rows<'de, 'c>,
    header: &'r mut Header<'de>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flow log object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key_seed(Name)? {
            if name == "flow_logs" {
                if self.header.has_records {
                    self.rows.restart();
                }
                self.header.has_records = true;
                members.next_value_seed(Records { rows: self.rows })?;
                continue;
            }
            let raw = members.next_value::<&'de RawValue>()?.get();
            if !self.rows.shallow(&name, raw) {
                return Err(Error::custom("a member nests too deep"));
            }
            self.header.put(name, raw);
        }
        Ok(())
    }
}

struct Records<'r, 'de, 'c> {
    rows: &'r mut Rows<'de, 'c>,
}

impl Records<'_, '_, '_> {
    fn no_array<E: Error>(self, kind: &str) -> E {
        self.rows.fatal =
            Some(DecodeError::NotFlowLog { reason: format!("flow_logs is {kind}, not an array") });
        E::custom("flow_logs is not an array")
    }
}

impl<'de> DeserializeSeed<'de> for Records<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Visitor methods for every JSON value that is neither an object nor an array.
macro_rules! scalars {
    ($self:ident, $kind:ident => $answer:expr) => {
        fn visit_str<E: Error>($self, _: &str) -> Result<(), E> {
            let $kind = "text";
            $answer
        }

        fn visit_bool<E: Error>($self, _: bool) -> Result<(), E> {
            let $kind = "a truth value";
            $answer
        }

        fn visit_i64<E: Error>($self, _: i64) -> Result<(), E> {
            let $kind = "a number";
            $answer
        }

        fn visit_u64<E: Error>($self, _: u64) -> Result<(), E> {
            let $kind = "a number";
            $answer
        }

        fn visit_f64<E: Error>($self, _: f64) -> Result<(), E> {
            let $kind = "a number";
            $answer
        }

        fn visit_unit<E: Error>($self) -> Result<(), E> {
            let $kind = "null";
            $answer
        }
    };
}

impl<'de> Visitor<'de> for Records<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of flow records")
    }

    scalars!(self, kind => Err(self.no_array(kind)));

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.no_array("an object"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while records.next_element_seed(Element { rows: self.rows })?.is_some() {}
        Ok(())
    }
}

struct Element<'r, 'de, 'c> {
    rows: &'r mut Rows<'de, 'c>,
}

impl<'de> DeserializeSeed<'de> for Element<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.rows.admit() {
            return Err(Error::custom("too many records"));
        }
        deserializer.deserialize_any(self)
    }
}

impl Element<'_, '_, '_> {
    fn no_object(self, kind: &str) {
        self.rows.reject(format!("the record is {kind}, not a JSON object"));
    }
}

impl<'de> Visitor<'de> for Element<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flow record")
    }

    scalars!(self, kind => {
        self.no_object(kind);
        Ok(())
    });

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_element::<IgnoredAny>()?.is_some() {}
        self.no_object("an array");
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut known: RawMembers<'de> = Default::default();
        let mut unknown = Vec::new();
        while let Some(name) = members.next_key_seed(Name)? {
            let raw = members.next_value::<&'de RawValue>()?.get();
            if let Some(at) = position(&name) {
                known[at] = Some(raw);
                continue;
            }
            if !self.rows.shallow(&name, raw) {
                return Err(Error::custom("a member nests too deep"));
            }
            unknown.push((name, raw));
        }
        value::last_counts(&mut unknown);
        self.rows.read(&known, unknown);
        Ok(())
    }
}
