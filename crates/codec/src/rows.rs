//! The rows of the object being read.

use flowglass_flow::Problem;

use crate::columns::Columns;
use crate::error::DecodeError;
use crate::record::{RawMembers, Record};
use crate::value::Member;
use crate::{Limits, value};

/// Problems kept of an object; the counts stay exact.
pub(crate) const MAX_PROBLEMS: usize = 100;

/// Appends the records of one object, whichever path reads them.
pub(crate) struct Rows<'a, 'c> {
    columns: &'c mut Columns,
    /// Rows before this object.
    begin: usize,
    /// Position of the next record.
    next: u64,
    limits: Limits,
    /// Records that could not be read.
    pub unreadable: u64,
    /// The first of them.
    pub problems: Vec<Problem>,
    /// Unknown members of records, by row of this object.
    pub unknown: Vec<(usize, Vec<Member<'a>>)>,
    /// Why reading stopped, if not for the JSON itself.
    pub fatal: Option<DecodeError>,
}

impl<'a, 'c> Rows<'a, 'c> {
    pub(crate) fn new(columns: &'c mut Columns, limits: Limits) -> Self {
        let begin = columns.record_rows();
        Self {
            columns,
            begin,
            next: 0,
            limits,
            unreadable: 0,
            problems: Vec::new(),
            unknown: Vec::new(),
            fatal: None,
        }
    }

    /// Records seen so far, readable or not.
    pub(crate) fn seen(&self) -> u64 {
        self.next
    }

    /// Makes room for about so many records.
    pub(crate) fn reserve(&mut self, records: usize) {
        self.columns.reserve(records);
    }

    /// Forgets everything: the object is read from the start, or its `flow_logs` came a second time.
    pub(crate) fn restart(&mut self) {
        self.columns.truncate(self.begin);
        self.next = 0;
        self.unreadable = 0;
        self.problems.clear();
        self.unknown.clear();
        self.fatal = None;
    }

    /// True if one more record is allowed; else says why not in `fatal`.
    #[inline]
    pub(crate) fn admit(&mut self) -> bool {
        if self.next < self.limits.records() {
            return true;
        }
        self.fatal = Some(DecodeError::TooManyRecords { limit: self.limits.records() });
        false
    }

    /// True if a value may be kept; else says why not in `fatal`.
    pub(crate) fn shallow(&mut self, member: &str, raw: &str) -> bool {
        // Only arrays and objects nest; most values are neither.
        if !matches!(raw.as_bytes().first(), Some(b'[' | b'{')) || !value::too_deep(raw) {
            return true;
        }
        let member = value::clip(member).into_owned();
        self.fatal = Some(DecodeError::TooDeep { member, limit: value::MAX_DEPTH });
        false
    }

    /// Appends a record of known members only.
    #[inline]
    pub(crate) fn keep(&mut self, record: &Record<'_>) {
        self.columns.push_record(self.next as i64, record);
        self.next += 1;
    }

    /// Appends a record from its raw members, or notes why it cannot be read.
    pub(crate) fn read(&mut self, raw: &RawMembers<'a>, unknown: Vec<Member<'a>>) {
        match Record::read(raw) {
            Ok(record) => {
                if !unknown.is_empty() {
                    self.unknown.push((self.columns.record_rows() - self.begin, unknown));
                }
                self.keep(&record);
            }
            Err(reason) => self.reject(reason),
        }
    }

    /// Notes a record that cannot be read; it keeps its position.
    pub(crate) fn reject(&mut self, reason: String) {
        if self.problems.len() < MAX_PROBLEMS {
            let index = u32::try_from(self.next).expect("bounded by the limit of records");
            self.problems.push(Problem { index: Some(index), reason });
        }
        self.unreadable += 1;
        self.next += 1;
    }
}
