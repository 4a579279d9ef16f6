//! Objects in, batches out.

use std::collections::HashSet;

use arrow_array::RecordBatch;
use flowglass_flow::{ObjectFacts, ObjectId, Problem, time};

use crate::columns::Columns;
use crate::facts::{Described, plausible};
use crate::fast::Clock;
use crate::header::Header;
use crate::inflate::Inflater;
use crate::rows::{MAX_PROBLEMS, Rows};
use crate::value::{self, Member};
use crate::{DecodeError, Limits, fast, general, parse_key};

/// Rows and bytes of text after which a batch is closed, far from what Arrow's 32-bit offsets can hold.
const FULL_ROWS: usize = 1 << 24;
const FULL_TEXT: usize = 1 << 30;

/// Room for decompressed bytes that is kept between objects.
const KEPT_BUFFER: usize = 64 << 20;

/// Emptied columns kept for the next batch.
const SPARE: usize = 2;

/// Which way records are read. The result is the same; tests and benchmarks compare the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Path {
    /// The provider's own member order straight to columns, the general path where an object differs.
    #[default]
    Fast,
    /// A JSON reader for everything.
    General,
}

/// Rows of one [`ObjectFacts::day`].
#[derive(Debug, Clone, PartialEq)]
pub struct DayBatch {
    /// Days since the epoch.
    pub day: i32,
    /// Columns of [`flowglass_flow::schema::flow_file`]; text that repeats is in dictionaries ([`crate::batch_schema`]).
    pub batch: RecordBatch,
}

/// Decodes objects into batches by day.
///
/// It is meant to be kept: buffers and builders keep their room. Errors leave no trace of their object.
pub struct BatchDecoder {
    limits: Limits,
    path: Path,
    inflater: Inflater,
    buffer: Vec<u8>,
    clock: Clock,
    open: Vec<(i32, Columns)>,
    full: Vec<DayBatch>,
    spare: Vec<Columns>,
    last_day: i32,
}

/// What reading an object's JSON gives beside its rows.
struct Read<'a> {
    header: Header<'a>,
    seen: u64,
    unreadable: u64,
    problems: Vec<Problem>,
    unknown: Vec<(usize, Vec<Member<'a>>)>,
}

impl BatchDecoder {
    /// Makes a decoder that takes the fast path where it can.
    pub fn new(limits: Limits) -> Self {
        Self::with_path(limits, Path::Fast)
    }

    /// Makes a decoder that takes the given path.
    pub fn with_path(limits: Limits, path: Path) -> Self {
        Self {
            limits,
            path,
            inflater: Inflater::default(),
            buffer: Vec::new(),
            clock: Clock::default(),
            open: Vec::new(),
            full: Vec::new(),
            spare: Vec::new(),
            last_day: 0,
        }
    }

    /// Appends all readable records of one object.
    ///
    /// Returns what the object says of itself; records that cannot be read are counted and listed there.
    /// `own_addresses` stays empty: whoever writes the rows learns them from their columns.
    ///
    /// # Errors
    /// The object is not readable as a whole, or beyond the limits; nothing of it was appended.
    pub fn push(&mut self, id: ObjectId, key: &str, body: &[u8]) -> Result<ObjectFacts, DecodeError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let facts = match self.inflater.run(body, &self.limits, &mut buffer) {
            Ok(Some(length)) => self.decode(id, key, &buffer[..length]),
            Ok(None) => self.decode(id, key, body),
            Err(error) => Err(error),
        };
        if buffer.len() <= KEPT_BUFFER {
            self.buffer = buffer;
        }
        facts
    }

    /// Returns the rows appended since the last [`Self::finish`].
    pub fn rows(&self) -> usize {
        let open: usize = self.open.iter().map(|(_, columns)| columns.record_rows()).sum();
        let full: usize = self.full.iter().map(|full| full.batch.num_rows()).sum();
        open + full
    }

    /// Takes all rows out, in the order of days.
    ///
    /// There is one batch for each day with rows; more than one of a day only where it exceeds 16 million rows or 1 GiB
    /// of text.
    pub fn finish(&mut self) -> Vec<DayBatch> {
        let mut batches = std::mem::take(&mut self.full);
        for (day, mut columns) in self.open.drain(..) {
            if columns.record_rows() > 0 {
                batches.push(DayBatch { day, batch: columns.finish() });
            }
            if self.spare.len() < SPARE {
                self.spare.push(columns);
            }
        }
        batches.sort_by_key(|batch| batch.day);
        batches
    }

    fn decode(&mut self, id: ObjectId, key: &str, bytes: &[u8]) -> Result<ObjectFacts, DecodeError> {
        let json = start_of_text(bytes);
        if json.is_empty() {
            return Err(DecodeError::Empty);
        }
        let key = parse_key(key).unwrap_or_default();
        // Rows go where the day most likely is, for the header may come after them.
        let likely = key.day.unwrap_or(self.last_day);
        let mut columns = self.take_columns(likely);
        let begin = columns.record_rows();
        let key_day = key.day;
        let described = self.read(json, &mut columns).and_then(|mut read| {
            let described = Described::new(&mut read.header, key);
            let extras = Extras::new(&mut read, columns.record_rows() - begin, &self.limits)?;
            Ok((read, described, extras))
        });
        let (read, mut described, extras) = match described {
            Ok(parts) => parts,
            Err(error) => {
                columns.truncate(begin);
                self.open.push((likely, columns));
                return Err(error);
            }
        };
        let facts = &mut described.facts;
        facts.records = read.seen - read.unreadable;
        facts.unreadable = read.unreadable;
        facts.problems = remarks(&read, facts);
        facts.day = match facts.capture_start_time {
            Some(start) => time::day_of(start),
            None => key_day.or_else(|| columns.earliest_start(begin).map(time::day_of)).unwrap_or(0),
        };
        let day = facts.day;
        let begin = if day == likely {
            begin
        } else {
            let mut other = self.take_columns(day);
            let moved = other.record_rows();
            columns.move_tail(begin, &mut other);
            self.open.push((likely, std::mem::replace(&mut columns, other)));
            moved
        };
        let plausible = plausible(facts);
        let mut odd = 0;
        let odd_time =
            |time| odd += u64::from(plausible.as_ref().is_some_and(|range| !range.contains(&time)));
        let common = described.common(id);
        columns.complete(begin, &common, extras.all.as_deref(), &extras.own, odd_time);
        self.open.push((day, columns));
        self.last_day = day;
        described.facts.odd_times = odd;
        Ok(described.facts)
    }

    fn read<'a>(&mut self, json: &'a [u8], columns: &mut Columns) -> Result<Read<'a>, DecodeError> {
        let mut rows = Rows::new(columns, self.limits);
        let fast = match self.path {
            Path::Fast => fast::object(json, &mut self.clock, &mut rows),
            Path::General => None,
        };
        let header = match fast {
            Some(header) => header,
            None => {
                rows.restart();
                general::object(json, &mut rows)?
            }
        };
        let seen = rows.seen();
        let Rows { unreadable, problems, unknown, .. } = rows;
        Ok(Read { header, seen, unreadable, problems, unknown })
    }

    /// Takes the columns of a day out of those being filled; they are pushed back after use.
    fn take_columns(&mut self, day: i32) -> Columns {
        let mut columns = match self.open.iter().position(|(open, _)| *open == day) {
            Some(at) => self.open.swap_remove(at).1,
            None => self.spare.pop().unwrap_or_else(Columns::new),
        };
        if columns.record_rows() > FULL_ROWS || columns.text_bytes() > FULL_TEXT {
            self.full.push(DayBatch { day, batch: columns.finish() });
        }
        columns
    }
}

/// Texts of the `extra` column.
struct Extras {
    /// Of rows without unknown members of their own: those of the header.
    all: Option<String>,
    /// Of the other rows.
    own: Vec<(usize, String)>,
}

impl Extras {
    fn new(read: &mut Read<'_>, rows: usize, limits: &Limits) -> Result<Self, DecodeError> {
        let header = &mut read.header.unknown;
        value::last_counts(header);
        let all = (!header.is_empty()).then(|| value::object_text(header.iter()));
        let most = limits.bytes();
        let mut bytes = all.as_ref().map_or(0, String::len).saturating_mul(rows - read.unknown.len());
        let mut own = Vec::with_capacity(read.unknown.len());
        for (row, members) in &read.unknown {
            // The record's own member counts where both have one of that name.
            let names: HashSet<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
            let inherited = header.iter().filter(|(name, _)| !names.contains(name.as_ref()));
            let text = value::object_text(inherited.chain(members));
            bytes = bytes.saturating_add(text.len());
            if bytes > most {
                break;
            }
            own.push((*row, text));
        }
        if bytes > most {
            return Err(DecodeError::TooMuchExtra { limit: most as u64 });
        }
        Ok(Self { all, own })
    }
}

/// Remarks on the object first, then its unreadable records, as many as are kept.
fn remarks(read: &Read<'_>, facts: &ObjectFacts) -> Vec<Problem> {
    let mut reasons = read.header.remarks.clone();
    if let Some(declared) = facts.declared_records
        && u64::try_from(declared) != Ok(read.seen)
    {
        reasons.push(format!("number_of_flow_logs is {declared}, but flow_logs holds {}", read.seen));
    }
    let remarks = reasons.into_iter().map(|reason| Problem { index: None, reason });
    remarks.chain(read.problems.iter().cloned()).take(MAX_PROBLEMS).collect()
}

/// Cuts off what may stand before a JSON text: white space and a byte order mark.
pub(crate) fn start_of_text(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.trim_ascii_start();
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}
