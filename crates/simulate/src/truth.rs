//! What a reader of the objects must find, counted by the generator and not from the bytes it wrote.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use flowglass_flow::time::SECOND;

use crate::config::Config;
use crate::error::SimulateError;
use crate::record::{Action, Direction, Volume};
use crate::simulation::{Simulation, Slot};
use crate::vpc::LAPTOP;
use crate::walkthrough::Quirk;

/// One object that tests look for. Times are microseconds since the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its key, written or not.
    pub key: String,
    /// Number of the vNIC.
    pub vnic: usize,
    /// `ingress` or `egress`.
    pub record_type: &'static str,
    /// Start of the window.
    pub capture_start: i64,
    /// End of the window.
    pub capture_end: i64,
}

/// Totals over all objects of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Objects written.
    pub objects: u64,
    /// Objects without records.
    pub empty_objects: u64,
    /// Records in their arrays.
    pub records: u64,
    /// Records that only close an earlier flow.
    pub closing_records: u64,
    /// Records without times.
    pub untimed_records: u64,
    /// Records by verdict and direction.
    pub by_action: BTreeMap<(Action, Direction), u64>,
    /// Records by `target_port`.
    pub by_target_port: BTreeMap<u16, u64>,
    /// Records by `initiator_ip`.
    pub by_initiator: BTreeMap<Ipv4Addr, u64>,
    /// Connections begun (`was_initiated`).
    pub attempts: u64,
    /// Rejected connections begun from outside, by initiator.
    pub refused_attempts_by_initiator: BTreeMap<Ipv4Addr, u64>,
    /// Rejected connections begun from outside, by port.
    pub refused_attempts_by_port: BTreeMap<u16, u64>,
    /// Ports that were reached from outside, with the connections begun.
    pub reached_ports: BTreeMap<u16, u64>,
    /// Rejected SSH connections begun by the laptop of the walk-through.
    pub laptop_ssh_attempts: u64,
    /// Records with the laptop's SSH, closing ones included: more than the attempts.
    pub laptop_ssh_records: u64,
    /// Sum of the window counters over all records, both sides of internal traffic counted.
    pub volume: Volume,
    /// Objects with `state` = `skip data`.
    pub lossy: Vec<Place>,
    /// Objects that were never written.
    pub missing: Vec<Place>,
    /// Objects whose `number_of_flow_logs` is wrong.
    pub miscounted: Vec<Place>,
}

/// Counts what the objects of `config` hold.
///
/// # Errors
/// As [`Simulation::new`].
pub fn truth(config: &Config) -> Result<Truth, SimulateError> {
    let simulation = Simulation::new(config.clone())?;
    let place = |slot: &Slot| Place {
        key: simulation.key(slot),
        vnic: slot.vnic,
        record_type: slot.direction.record_type(),
        capture_start: slot.start * SECOND,
        capture_end: slot.end * SECOND,
    };
    let mut truth =
        Truth { missing: simulation.missing().map(|slot| place(&slot)).collect(), ..Truth::default() };
    for slot in simulation.slots(i64::MIN, config.end) {
        let records = simulation.records(&slot);
        truth.objects += 1;
        truth.empty_objects += u64::from(records.is_empty());
        match simulation.quirk(&slot) {
            Some(Quirk::Lossy) => truth.lossy.push(place(&slot)),
            // An empty array cannot hold more than is said.
            Some(Quirk::Miscounted) if !records.is_empty() => truth.miscounted.push(place(&slot)),
            _ => {}
        }
        for record in &records {
            truth.records += 1;
            truth.closing_records += u64::from(record.is_closing());
            truth.untimed_records += u64::from(record.seen.is_none());
            *truth.by_action.entry((record.action, record.direction)).or_default() += 1;
            *truth.by_target_port.entry(record.target_port).or_default() += 1;
            *truth.by_initiator.entry(record.initiator).or_default() += 1;
            truth.volume += record.window;
            let laptop_ssh = (record.initiator, record.target_port) == (LAPTOP, 22);
            truth.laptop_ssh_records += u64::from(laptop_ssh);
            if !record.was_initiated {
                continue;
            }
            truth.attempts += 1;
            match (record.direction, record.action) {
                (Direction::Inbound, Action::Rejected) => {
                    truth.laptop_ssh_attempts += u64::from(laptop_ssh);
                    *truth.refused_attempts_by_initiator.entry(record.initiator).or_default() += 1;
                    *truth.refused_attempts_by_port.entry(record.target_port).or_default() += 1;
                }
                (Direction::Inbound, Action::Accepted) if !record.initiator.is_private() => {
                    *truth.reached_ports.entry(record.target_port).or_default() += 1;
                }
                _ => {}
            }
        }
    }
    Ok(truth)
}
