//! The order of rows in a data file of `flows`, and how its columns are encoded.
//!
//! Rows are sorted by hour, then by the vNIC's own address and direction, then in the order in which connections began.
//! Questions have a time range, so the hour comes first: row groups hold whole hours and are skipped by their times.
//! Most questions name a host, so the rows that one vNIC reports in an hour are neighbours. And in that order most columns
//! hardly change from row to row, which halves what times, addresses and ids take (decision 0007).

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, TimestampMicrosecondType};
use flowglass_encode::{Column, NULL, Numbers, Texts};
use flowglass_flow::address;
use parquet::basic::Encoding;

use crate::error::{LakeError, Result};

/// Name and version of the order, kept in each file's metadata: the rows of a file with another one are sorted before they
/// are merged.
pub(crate) const ORDER: (&str, &str) = ("flowglass.order", "hour,own_address,direction,was_initiated,began");

/// Microseconds of an hour.
pub(crate) const HOUR: i64 = 3_600_000_000;

/// What a row is sorted by. Missing values come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// UTC hour of `time`, counted from the epoch.
    pub(crate) hour: i64,
    /// The vNIC's own address: the target of what comes in, the initiator of everything else.
    own: u128,
    /// Inbound last; then what an earlier window began, first.
    class: u8,
    /// Begun in this window: the row's time. Else when the connection began: closing records all have the time their
    /// window starts at.
    at: i64,
    began: i64,
}

/// Reads the sort keys of batches; what their dictionaries say is worked out once where batches share them.
#[derive(Default)]
pub(crate) struct Keys {
    directions: Words<bool>,
    initiators: Words<u128>,
    targets: Words<u128>,
}

impl Keys {
    /// Returns the sort key of each row of a batch, whose text is in dictionaries.
    ///
    /// # Errors
    /// If a column is missing or of another type.
    pub(crate) fn of(&mut self, rows: &RecordBatch) -> Result<Vec<Key>> {
        let bits = |text: &str| address::parse(text).map_or(0, address::to_bits);
        let inbound = self.directions.of(rows, "direction", false, |text| text == "I")?;
        let initiators = self.initiators.of(rows, "initiator_ip", 0, bits)?;
        let targets = self.targets.of(rows, "target_ip", 0, bits)?;
        let initiated = column(rows, "was_initiated")?;
        let initiated = initiated.as_boolean_opt().ok_or_else(|| unexpected("was_initiated", initiated))?;
        let (times, began) = (times(rows, "time")?, times(rows, "connection_start_time")?);
        let key = |row: usize| {
            let time = if times.is_valid(row) { times.value(row) } else { i64::MIN };
            let began = if began.is_valid(row) { began.value(row) } else { i64::MIN };
            let is_initiated = initiated.is_valid(row) && initiated.value(row);
            Key {
                hour: time.div_euclid(HOUR),
                own: if inbound[row] { targets[row] } else { initiators[row] },
                class: u8::from(inbound[row]) << 1 | u8::from(is_initiated),
                at: if is_initiated { time } else { began },
                began,
            }
        };
        Ok((0..rows.num_rows()).map(key).collect())
    }
}

/// What the words of a dictionary mean, as far as rows had them.
#[derive(Default)]
struct Words<T> {
    of: Option<ArrayRef>,
    means: Vec<Option<T>>,
}

impl<T: Copy> Words<T> {
    fn of(&mut self, rows: &RecordBatch, name: &str, missing: T, map: impl Fn(&str) -> T) -> Result<Vec<T>> {
        let array = column(rows, name)?;
        let words = array.as_dictionary_opt::<Int32Type>().ok_or_else(|| unexpected(name, array))?;
        let values = words.values();
        let texts = values.as_string_opt::<i32>().ok_or_else(|| unexpected(name, array))?;
        if !self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, values)) {
            self.of = Some(Arc::clone(values));
            self.means.clear();
            self.means.resize(values.len(), None);
        }
        let means = &mut self.means;
        let mut of = |key: usize| {
            let mean = || if texts.is_valid(key) { map(texts.value(key)) } else { missing };
            *means[key].get_or_insert_with(mean)
        };
        Ok((0..rows.num_rows()).map(|row| words.key(row).map_or(missing, &mut of)).collect())
    }
}

/// Columns that [`order`] looks at.
pub(crate) const SORTED_BY: [&str; 6] =
    ["direction", "initiator_ip", "target_ip", "was_initiated", "time", "connection_start_time"];

/// Returns the numbers of rows in the order of their [`Key`]s, for a whole batch at once; rows with equal keys keep their
/// order. The columns are those of [`SORTED_BY`], in that order.
///
/// # Errors
/// If a column is of another type.
pub(crate) fn order(columns: &[Column; SORTED_BY.len()]) -> Result<Vec<u32>> {
    let [
        Column::Text(directions),
        Column::Text(initiators),
        Column::Text(targets),
        Column::Flag(initiated),
        Column::Long(times),
        Column::Long(began),
    ] = columns
    else {
        return Err(LakeError::Damaged {
            path: "a batch of rows".to_owned(),
            reason: "a column that rows are sorted by has another type".to_owned(),
        });
    };
    let inbound = (0..directions.values.len() as u32).find(|code| directions.values.get(*code) == b"I");
    let values = |texts: &Texts| -> Vec<u128> {
        let parsed = (0..texts.values.len() as u32).map(|code| {
            let text = std::str::from_utf8(texts.values.get(code)).ok();
            text.and_then(address::parse).map_or(0, address::to_bits)
        });
        parsed.collect()
    };
    let addresses = [values(initiators), values(targets)];
    let long = |numbers: &Numbers<i64>, row: usize| {
        let valid = numbers.valid.as_ref().is_none_or(|valid| valid[row]);
        if valid { numbers.values[row] } else { i64::MIN }
    };
    // Rows of an object differ little in hour, address and class: each triple is looked up once in a while.
    let mut groups: HashMap<(i64, u128, u8), u32> = HashMap::new();
    let mut last: [(Option<(i64, u32)>, u32); 4] = [(None, 0); 4];
    let rows = times.values.len();
    let (mut group, mut at) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    for row in 0..rows {
        let inbound = inbound == Some(directions.codes[row]);
        let texts = if inbound { targets } else { initiators };
        let time = long(times, row);
        let is_initiated = initiated.values[row] && initiated.valid.as_ref().is_none_or(|valid| valid[row]);
        let class = u8::from(inbound) << 1 | u8::from(is_initiated);
        let (hour, code) = (time.div_euclid(HOUR), texts.codes[row]);
        let known = &mut last[usize::from(class)];
        if known.0 != Some((hour, code)) {
            let own = if code == NULL { 0 } else { addresses[usize::from(inbound)][code as usize] };
            let next = groups.len() as u32;
            *known = (Some((hour, code)), *groups.entry((hour, own, class)).or_insert(next));
        }
        group.push(known.1);
        at.push(if is_initiated { time } else { long(began, row) });
    }
    let mut ranked: Vec<_> = groups.into_iter().collect();
    ranked.sort_unstable();
    let mut ranks = vec![0; ranked.len()];
    for (rank, (_, group)) in (0..).zip(&ranked) {
        ranks[*group as usize] = rank;
    }
    group.iter_mut().for_each(|group| *group = ranks[*group as usize]);
    // A missing time comes first wherever the others lie: sorting takes the fewer passes the nearer they are.
    let least = at.iter().copied().filter(|at| *at != i64::MIN).min().unwrap_or(0);
    at.iter_mut()
        .filter(|at| **at == i64::MIN)
        .for_each(|at| *at = least.saturating_sub(flowglass_flow::time::SECOND));
    let mut order = flowglass_encode::sort(&group, &at);
    // Few rows are equal so far.
    let key = |row: u32| (group[row as usize], at[row as usize]);
    for equal in order.chunk_by_mut(|a, b| key(*a) == key(*b)) {
        if equal.len() > 1 {
            equal.sort_by_key(|row| long(began, *row as usize));
        }
    }
    Ok(order)
}

/// Returns how a column of `flows` is encoded where that is not a dictionary: times that rise from row to row as their
/// differences, numbers that hardly repeat with their bytes apart, so that the high ones compress to nothing.
pub(crate) fn encoding(column: &str) -> Option<Encoding> {
    match column {
        "time" | "start_time" | "connection_start_time" => Some(Encoding::DELTA_BINARY_PACKED),
        "initiator_port"
        | "bytes_from_initiator"
        | "bytes_from_target"
        | "packets_from_target"
        | "cumulative_bytes_from_initiator"
        | "cumulative_packets_from_initiator"
        | "cumulative_bytes_from_target"
        | "cumulative_packets_from_target" => Some(Encoding::BYTE_STREAM_SPLIT),
        _ => None,
    }
}

/// Columns whose pages have bounds of their own: what questions narrow down to a few hosts or moments. The others are
/// bounded by row group; bounds of constant text would take more room than the column.
pub(crate) const PAGE_BOUNDS: &[&str] = &[
    "time",
    "connection_start_time",
    "initiator_ip",
    "target_ip",
    "target_port",
    "initiator_port",
    "action",
];

fn times<'r>(rows: &'r RecordBatch, name: &str) -> Result<&'r arrow::array::TimestampMicrosecondArray> {
    let array = column(rows, name)?;
    array.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| unexpected(name, array))
}

/// Returns a column by name.
///
/// # Errors
/// If there is none.
fn column<'r>(rows: &'r RecordBatch, name: &str) -> Result<&'r ArrayRef> {
    rows.column_by_name(name).ok_or_else(|| LakeError::Damaged {
        path: "a batch of rows".to_owned(),
        reason: format!("it has no column {name}"),
    })
}

/// The error for a column of an unexpected type.
fn unexpected(name: &str, array: &ArrayRef) -> LakeError {
    LakeError::Damaged {
        path: "a batch of rows".to_owned(),
        reason: format!("its column {name} is {}", array.data_type()),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, DictionaryArray, TimestampMicrosecondArray};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn batches_are_sorted_by_their_keys(rows in proptest::collection::vec(
            (0_usize..3, 0_usize..4, 0_usize..4, any::<Option<bool>>(), proptest::option::of(0_i64..9), proptest::option::of(-2_i64..9)),
            0..200,
        )) {
            let text = |values: Vec<Option<&str>>| {
                Arc::new(values.into_iter().collect::<DictionaryArray<Int32Type>>()) as ArrayRef
            };
            let times = |values: Vec<Option<i64>>| {
                let scaled = values.into_iter().map(|value| value.map(|value| value * HOUR / 4));
                Arc::new(scaled.collect::<TimestampMicrosecondArray>()) as ArrayRef
            };
            let directions = [Some("I"), Some("O"), None];
            let addresses = [Some("10.0.0.2"), Some("10.0.0.10"), Some("2001:db8::1"), None];
            let columns: [ArrayRef; 6] = [
                text(rows.iter().map(|row| directions[row.0]).collect()),
                text(rows.iter().map(|row| addresses[row.1]).collect()),
                text(rows.iter().map(|row| addresses[row.2]).collect()),
                Arc::new(rows.iter().map(|row| row.3).collect::<BooleanArray>()),
                times(rows.iter().map(|row| row.4).collect()),
                times(rows.iter().map(|row| row.5).collect()),
            ];
            let batch = RecordBatch::try_from_iter_with_nullable(
                SORTED_BY.into_iter().zip(columns.clone()).map(|(name, column)| (name, column, true)),
            )?;
            let keys = Keys::default().of(&batch)?;
            let mut expected: Vec<u32> = (0..rows.len() as u32).collect();
            expected.sort_by_key(|row| keys[*row as usize]);
            let columns = columns.each_ref().map(|column| Column::collect(&[column]).expect("a known type"));
            prop_assert_eq!(order(&columns)?, expected);
        }
    }
}
