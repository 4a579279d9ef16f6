//! The header of an object: every member but `flow_logs`, as written.

use std::borrow::Cow;

use crate::value::{self, Member};

/// Members of the header that are columns, and the declared count.
pub(crate) const MEMBERS: [&str; 10] = [
    "version",
    "collector_crn",
    "attached_endpoint_type",
    "network_interface_id",
    "instance_crn",
    "vpc_crn",
    "capture_start_time",
    "capture_end_time",
    "state",
    "number_of_flow_logs",
];

/// Raw header members.
#[derive(Debug, Default)]
pub(crate) struct Header<'a> {
    known: [Option<&'a str>; MEMBERS.len()],
    /// Members we do not know, in written order, repeated ones included.
    pub unknown: Vec<Member<'a>>,
    /// Whether `flow_logs` was there.
    pub has_records: bool,
    /// Remarks on members that cannot be read; their text is kept as unknown members.
    pub remarks: Vec<String>,
}

impl<'a> Header<'a> {
    /// Takes a member in; of several with one name the last counts.
    pub(crate) fn put(&mut self, name: Cow<'a, str>, raw: &'a str) {
        match MEMBERS.iter().position(|member| *member == name) {
            Some(at) => self.known[at] = Some(raw),
            None => self.unknown.push((name, raw)),
        }
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&'a str) -> Result<Option<T>, String>,
    ) -> Option<T> {
        let at = MEMBERS.iter().position(|member| *member == name).expect("a known member");
        let raw = self.known[at]?;
        match read(raw) {
            Ok(value) => value,
            Err(reason) => {
                self.remarks.push(format!("header member {name} is {reason}"));
                self.unknown.push((Cow::Borrowed(name), raw));
                None
            }
        }
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Option<Cow<'a, str>> {
        self.read(name, value::text)
    }

    pub(crate) fn time(&mut self, name: &'static str) -> Option<i64> {
        self.read(name, value::time)
    }

    pub(crate) fn count(&mut self, name: &'static str) -> Option<i64> {
        self.read(name, |raw| value::whole(raw, i64::MAX))
    }
}
