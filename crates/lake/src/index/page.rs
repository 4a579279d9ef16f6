//! The columns of a page that an index is made of.

use flowglass_encode::{FileEncoder, NULL, Numbers, PageColumn, Values};
use flowglass_flow::catalogue;

use super::cells::{Amounts, VNIC_COLUMNS};
use crate::error::{LakeError, Result};

/// Texts of rows: their codes, and the texts these number.
pub(super) type Texts<'p> = (&'p [u32], &'p Values);

pub(super) fn text<'p>(texts: Texts<'p>, row: usize) -> Option<&'p str> {
    let code = texts.0[row];
    // What is no text here was none in the files that are merged, or could not have been read.
    (code != NULL).then(|| std::str::from_utf8(texts.1.get(code)).unwrap_or_default())
}

pub(super) fn of<T: Copy>(numbers: &Numbers<T>, row: usize) -> Option<T> {
    numbers.valid.as_ref().is_none_or(|valid| valid[row]).then(|| numbers.values[row])
}

/// The columns of a page that an index is made of.
pub(super) struct Rows<'p> {
    pub(super) times: &'p Numbers<i64>,
    pub(super) initiators: Texts<'p>,
    pub(super) targets: Texts<'p>,
    pub(super) action: Texts<'p>,
    pub(super) direction: Texts<'p>,
    pub(super) initiated: &'p Numbers<bool>,
    pub(super) terminated: &'p Numbers<bool>,
    pub(super) ports: &'p Numbers<i32>,
    pub(super) protocols: &'p Numbers<i32>,
    pub(super) counters: [&'p Numbers<i64>; 4],
    pub(super) vnic: [Texts<'p>; VNIC_COLUMNS.len()],
}

impl<'p> Rows<'p> {
    pub(super) fn new(file: &'p FileEncoder) -> Result<Self> {
        let column = |name: &str| file.page(catalogue::index(name));
        let other = |name: &str| LakeError::Damaged {
            path: "rows to be indexed".to_owned(),
            reason: format!("their column {name} has another type than that of the table"),
        };
        let long = |name: &str| match column(name) {
            PageColumn::Long(numbers) => Ok(numbers),
            _ => Err(other(name)),
        };
        let int = |name: &str| match column(name) {
            PageColumn::Int(numbers) => Ok(numbers),
            _ => Err(other(name)),
        };
        let flag = |name: &str| match column(name) {
            PageColumn::Flag(numbers) => Ok(numbers),
            _ => Err(other(name)),
        };
        let text = |name: &str| match column(name) {
            PageColumn::Text(codes, values) => Ok((codes, values)),
            _ => Err(other(name)),
        };
        let mut vnic = [text("vnic_id")?; VNIC_COLUMNS.len()];
        for (column, name) in vnic.iter_mut().zip(VNIC_COLUMNS) {
            *column = text(name)?;
        }
        Ok(Self {
            times: long("time")?,
            initiators: text("initiator_ip")?,
            targets: text("target_ip")?,
            action: text("action")?,
            direction: text("direction")?,
            initiated: flag("was_initiated")?,
            terminated: flag("was_terminated")?,
            ports: int("target_port")?,
            protocols: int("transport_protocol")?,
            counters: [
                long("bytes_from_initiator")?,
                long("bytes_from_target")?,
                long("packets_from_initiator")?,
                long("packets_from_target")?,
            ],
            vnic,
        })
    }

    pub(super) fn is_closing(&self, row: usize) -> bool {
        of(self.terminated, row) == Some(true)
            && of(self.initiated, row) == Some(false)
            && self.counters.iter().all(|counter| of(counter, row) == Some(0))
    }

    /// What the row amounts to; none if a counter is negative.
    pub(super) fn amounts(&self, row: usize) -> Option<Amounts> {
        let counter = |at: usize| u64::try_from(of(self.counters[at], row).unwrap_or(0)).ok();
        Some(Amounts {
            rows: 1,
            bytes: counter(0)?.checked_add(counter(1)?)?,
            packets: counter(2)?.checked_add(counter(3)?)?,
        })
    }
}
