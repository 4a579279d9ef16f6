//! The walk-through scenario: the sample VPC, window by window, with the quirks real buckets have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::connection::Connection;
use crate::hours::{HOUR, Hours, LONGEST_LIFE};
use crate::record::{Direction, Record};
use crate::simulation::{Slot, WINDOW, Window};
use crate::vpc::{FLOODER, INSTANCES};

/// Length of the first window of each vNIC, seconds: the collector starts with the instance, windows end on the
/// vNIC's own phase.
const FIRST_WINDOWS: [i64; 2] = [198, 243];

/// Windows a day: quirks come once a day.
const A_DAY: i64 = 86_400 / WINDOW;

/// Something a reader must not stumble over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// `state` is `skip data`, and records are missing.
    Lossy,
    /// The object was never written.
    Missing,
    /// `number_of_flow_logs` is one less than the array holds.
    Miscounted,
    /// One record has counters but empty times.
    Untimed,
}

/// The quirk of a slot, if it has one.
pub(crate) fn quirk(slot: &Slot) -> Option<Quirk> {
    match (slot.vnic, slot.direction, slot.window.rem_euclid(A_DAY)) {
        (0, Direction::Outbound, 2) => Some(Quirk::Untimed),
        (0, Direction::Outbound, 5) => Some(Quirk::Miscounted),
        (1, Direction::Outbound, 9) => Some(Quirk::Missing),
        (0, Direction::Inbound, LOSSY) => Some(Quirk::Lossy),
        _ => None,
    }
}

const LOSSY: i64 = 14;

/// How many hours are kept made; a window needs five.
const KEPT_HOURS: usize = 24;

#[derive(Debug)]
pub(crate) struct Walkthrough {
    hours: Hours,
    made: Mutex<BTreeMap<i64, Arc<Vec<Connection>>>>,
}

impl Walkthrough {
    pub(crate) fn new(seed: u64, boot: i64) -> Self {
        Self { hours: Hours { seed, boot }, made: Mutex::default() }
    }

    pub(crate) fn vnics() -> usize {
        INSTANCES.len()
    }

    /// Seconds from boot to the end of a vNIC's first window.
    pub(crate) fn first_window(vnic: usize) -> i64 {
        FIRST_WINDOWS[vnic]
    }

    pub(crate) fn window(&self, slot: &Slot) -> Window {
        let mut records = Vec::new();
        let boot = self.hours.boot;
        let first = (slot.start - boot - LONGEST_LIFE).div_euclid(HOUR).max(0);
        let last = (slot.end - 1 - boot).div_euclid(HOUR);
        for number in first..=last {
            gather(slot, &self.hour(number), &mut records);
        }
        if (slot.vnic, slot.direction) == (0, Direction::Inbound) {
            // The flood's entries expire in the window after it.
            match slot.window.rem_euclid(A_DAY) {
                LOSSY => gather(slot, &self.hours.flood(slot.start, slot.end), &mut records),
                after if after == LOSSY + 1 => {
                    gather(slot, &self.hours.flood(slot.start - WINDOW, slot.start), &mut records);
                }
                _ => {}
            }
        }
        let mut window = Window { state: "ok", declared: records.len(), records };
        match quirk(slot) {
            Some(Quirk::Lossy) => {
                window.state = "skip data";
                window.records.retain(|record| record.initiator != FLOODER || record.target_port % 2 == 0);
                window.declared = window.records.len();
            }
            Some(Quirk::Miscounted) => window.declared = window.records.len().saturating_sub(1),
            Some(Quirk::Untimed) => {
                if let Some(record) = window.records.iter_mut().find(|record| record.seen.is_some()) {
                    record.seen = None;
                }
            }
            Some(Quirk::Missing) | None => {}
        }
        window
    }

    fn hour(&self, number: i64) -> Arc<Vec<Connection>> {
        let lock = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hour) = lock().get(&number) {
            return Arc::clone(hour);
        }
        let hour = Arc::new(self.hours.connections(number));
        let mut made = lock();
        made.insert(number, Arc::clone(&hour));
        while made.len() > KEPT_HOURS {
            made.pop_first();
        }
        hour
    }
}

fn gather(slot: &Slot, connections: &[Connection], records: &mut Vec<Record>) {
    for connection in connections {
        for side in &connection.sides {
            if (side.vnic, side.direction) == (slot.vnic, slot.direction) {
                records.extend(connection.record(side, slot.start, slot.end));
            }
        }
    }
}
