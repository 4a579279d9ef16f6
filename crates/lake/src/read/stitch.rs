//! Connections: records of several windows and of both ends, put together. Pure: rows in, connections out.

use std::collections::BTreeMap;

use flowglass_flow::RowId;
use flowglass_flow::time::SECOND;

use crate::answer::{ConnectionEnd, ConnectionSummary, Instant, SideRecords};

/// Both ends see a connection's first packet at nearly the same time: within 30 seconds, clocks included.
pub(crate) const SKEW: i64 = 30 * SECOND;

/// What tells connections apart but for their start: initiator and target with their ports, and the protocol.
pub(crate) type FiveTuple = (Option<String>, Option<i32>, Option<String>, Option<i32>, Option<i32>);

/// One record, as far as connections are concerned.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) id: RowId,
    pub(crate) tuple: FiveTuple,
    pub(crate) vnic_id: Option<String>,
    pub(crate) direction: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) connection_start: Option<i64>,
    /// First packet in the window, else the window's start.
    pub(crate) time: i64,
    /// Last packet in the window.
    pub(crate) end: Option<i64>,
    pub(crate) terminated: bool,
    pub(crate) lossy: bool,
    /// Bytes and packets from the initiator, bytes and packets from the target, in the window.
    pub(crate) counters: [u64; 4],
    /// The same since the connection began.
    pub(crate) cumulative: [u64; 4],
}

/// Records of one connection on one vNIC.
#[derive(Debug)]
struct Side {
    vnic_id: Option<String>,
    direction: Option<String>,
    start: i64,
    end: i64,
    records: Vec<Record>,
}

/// Puts records together. Records of one vNIC are one connection if they share the five-tuple and the connection's
/// start; an outbound and an inbound side are one connection if their starts are the nearest to each other, less than
/// [`SKEW`] apart, and their times overlap. Newest connection first.
pub(crate) fn stitch(records: Vec<Record>) -> Vec<ConnectionSummary> {
    let mut by_tuple: BTreeMap<FiveTuple, Vec<Record>> = BTreeMap::new();
    for record in records {
        by_tuple.entry(record.tuple.clone()).or_default().push(record);
    }
    let mut connections: Vec<ConnectionSummary> =
        by_tuple.into_iter().flat_map(|(tuple, records)| of_tuple(&tuple, records)).collect();
    connections.sort_by_key(|connection| (std::cmp::Reverse(connection.start), connection.id));
    connections
}

fn of_tuple(tuple: &FiveTuple, records: Vec<Record>) -> Vec<ConnectionSummary> {
    type SideKey = (Option<String>, Option<String>, i64, Option<RowId>);
    let mut sides: BTreeMap<SideKey, Vec<Record>> = BTreeMap::new();
    for record in records {
        // A record that does not say when its connection began stands alone.
        let alone = record.connection_start.is_none().then_some(record.id);
        let start = record.connection_start.unwrap_or(record.time);
        sides
            .entry((record.vnic_id.clone(), record.direction.clone(), start, alone))
            .or_default()
            .push(record);
    }
    let sides = sides.into_iter().map(|((vnic_id, direction, start, _), mut records)| {
        records.sort_by_key(|record| (record.time, record.id));
        let end = records.iter().map(|record| record.end.unwrap_or(record.time)).max().unwrap_or(start);
        Side { vnic_id, direction, start, end: end.max(start), records }
    });
    let (outbound, inbound): (Vec<Side>, Vec<Side>) =
        sides.partition(|side| side.direction.as_deref() == Some("O"));
    let mut pairs: Vec<(i64, usize, usize)> = Vec::new();
    for (o, out) in outbound.iter().enumerate() {
        for (i, inn) in inbound.iter().enumerate() {
            let skew = (out.start - inn.start).abs();
            let overlap = out.start.max(inn.start) <= out.end.min(inn.end).saturating_add(SKEW);
            let is_inbound = inn.direction.as_deref() == Some("I");
            if is_inbound && skew <= SKEW && overlap && out.vnic_id != inn.vnic_id {
                pairs.push((skew, o, i));
            }
        }
    }
    pairs.sort_unstable();
    let mut partner: BTreeMap<usize, usize> = BTreeMap::new();
    let mut taken = vec![false; inbound.len()];
    for (_, o, i) in pairs {
        if !taken[i] && !partner.contains_key(&o) {
            taken[i] = true;
            partner.insert(o, i);
        }
    }
    let mut inbound: Vec<Option<Side>> = inbound.into_iter().map(Some).collect();
    let mut connections = Vec::new();
    for (o, side) in outbound.into_iter().enumerate() {
        let other = partner.get(&o).and_then(|i| inbound[*i].take());
        connections.push(summary(tuple, std::iter::once(side).chain(other).collect()));
    }
    connections.extend(inbound.into_iter().flatten().map(|side| summary(tuple, vec![side])));
    connections
}

fn summary(tuple: &FiveTuple, sides: Vec<Side>) -> ConnectionSummary {
    let records = sides.iter().map(|side| side.records.len() as u64).sum();
    let first = sides.iter().flat_map(|side| &side.records).min_by_key(|record| (record.time, record.id));
    let id = first.map_or(RowId { object: flowglass_flow::ObjectId([0; 16]), index: 0 }, |record| record.id);
    let start = sides.iter().map(|side| side.start).min().unwrap_or(0);
    let end = sides.iter().map(|side| side.end).max().unwrap_or(0);
    let sides: Vec<SideRecords> = sides.into_iter().map(side_records).collect();
    let most = |of: fn(&SideRecords) -> u64| sides.iter().map(of).max().unwrap_or(0);
    let mut actions: Vec<String> = sides.iter().flat_map(|side| side.actions.clone()).collect();
    actions.sort();
    actions.dedup();
    ConnectionSummary {
        id,
        initiator_ip: tuple.0.clone(),
        initiator_port: tuple.1,
        target_ip: tuple.2.clone(),
        target_port: tuple.3,
        transport_protocol: tuple.4,
        start: Instant(start),
        end: Instant(end),
        state: state(&sides),
        actions,
        bytes_from_initiator: most(|side| side.bytes_from_initiator),
        packets_from_initiator: most(|side| side.packets_from_initiator),
        bytes_from_target: most(|side| side.bytes_from_target),
        packets_from_target: most(|side| side.packets_from_target),
        records,
        sides,
    }
}

fn side_records(side: Side) -> SideRecords {
    let mut actions: Vec<String> = side.records.iter().filter_map(|record| record.action.clone()).collect();
    actions.sort();
    actions.dedup();
    // The last cumulative counters also know of windows that the lake does not hold.
    let total = |at: usize| {
        let sum = side.records.iter().fold(0_u64, |sum, record| sum.saturating_add(record.counters[at]));
        let cumulative = side.records.iter().map(|record| record.cumulative[at]).max().unwrap_or(0);
        sum.max(cumulative)
    };
    SideRecords {
        actions,
        start: Instant(side.start),
        end: Instant(side.end),
        bytes_from_initiator: total(0),
        packets_from_initiator: total(1),
        bytes_from_target: total(2),
        packets_from_target: total(3),
        terminated: side.records.iter().any(|record| record.terminated),
        lossy: side.records.iter().any(|record| record.lossy),
        rows: side.records.iter().map(|record| record.id).collect(),
        vnic_id: side.vnic_id,
        direction: side.direction,
    }
}

fn state(sides: &[SideRecords]) -> ConnectionEnd {
    let only_rejected = |side: &SideRecords| side.actions == ["rejected"];
    if !sides.is_empty() && sides.iter().all(only_rejected) {
        return ConnectionEnd::Refused;
    }
    if sides.iter().any(|side| only_rejected(side) && side.direction.as_deref() == Some("I")) {
        return ConnectionEnd::RefusedByTarget;
    }
    if sides.iter().all(|side| side.packets_from_target == 0) {
        return ConnectionEnd::OneWay;
    }
    if sides.iter().any(|side| side.terminated) { ConnectionEnd::Closed } else { ConnectionEnd::Open }
}

#[cfg(test)]
mod tests {
    use flowglass_flow::ObjectId;

    use super::*;

    fn record(
        at: u32,
        vnic: &str,
        direction: &str,
        action: &str,
        start: i64,
        time: i64,
        packets: [u64; 2],
    ) -> Record {
        Record {
            id: RowId { object: ObjectId([7; 16]), index: at },
            tuple: (Some("10.0.0.4".into()), Some(40_000), Some("10.0.1.4".into()), Some(22), Some(6)),
            vnic_id: Some(vnic.into()),
            direction: Some(direction.into()),
            action: Some(action.into()),
            connection_start: Some(start * SECOND),
            time: time * SECOND,
            end: Some((time + 10) * SECOND),
            terminated: false,
            lossy: false,
            counters: [54 * packets[0], packets[0], 54 * packets[1], packets[1]],
            cumulative: [0; 4],
        }
    }

    #[test]
    fn windows_and_both_ends_are_one() {
        let mut last = record(3, "a", "O", "accepted", 100, 700, [0, 0]);
        last.terminated = true;
        last.cumulative = [540, 10, 1080, 20];
        let records = vec![
            record(0, "a", "O", "accepted", 100, 100, [3, 5]),
            record(1, "a", "O", "accepted", 100, 400, [2, 1]),
            last,
            record(4, "b", "I", "accepted", 101, 101, [3, 4]),
            // The same ports again, ten minutes later: another connection.
            record(5, "a", "O", "rejected", 1000, 1000, [1, 0]),
        ];
        let connections = stitch(records);
        let shown: Vec<_> = connections
            .iter()
            .map(|c| {
                (
                    c.start.0 / SECOND,
                    c.state,
                    c.sides.len(),
                    c.records,
                    c.packets_from_initiator,
                    c.packets_from_target,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [(1000, ConnectionEnd::Refused, 1, 1, 1, 0), (100, ConnectionEnd::Closed, 2, 4, 10, 20)]
        );
        assert_eq!(connections[1].id.index, 0);
    }

    #[test]
    fn nearest_starts_pair() {
        let connections = stitch(vec![
            record(0, "a", "O", "accepted", 100, 100, [1, 1]),
            record(1, "a", "O", "accepted", 110, 110, [1, 1]),
            record(2, "b", "I", "accepted", 109, 109, [1, 1]),
            record(3, "b", "I", "accepted", 99, 99, [1, 1]),
        ]);
        let starts: Vec<Vec<i64>> =
            connections.iter().map(|c| c.sides.iter().map(|side| side.start.0 / SECOND).collect()).collect();
        assert_eq!(starts, [vec![110, 109], vec![100, 99]]);
    }

    #[test]
    fn ends() {
        let end = |records: Vec<Record>| stitch(records).iter().map(|c| c.state).collect::<Vec<_>>();
        assert_eq!(end(vec![record(0, "a", "O", "accepted", 1, 1, [1, 0])]), [ConnectionEnd::OneWay]);
        assert_eq!(end(vec![record(0, "a", "O", "accepted", 1, 1, [1, 1])]), [ConnectionEnd::Open]);
        let refused = vec![
            record(0, "a", "O", "accepted", 1, 1, [1, 0]),
            record(1, "b", "I", "rejected", 1, 1, [1, 0]),
        ];
        assert_eq!(end(refused), [ConnectionEnd::RefusedByTarget]);
    }

    #[test]
    fn records_without_a_start_stand_alone() {
        let bare = |at| Record { connection_start: None, ..record(at, "a", "O", "accepted", 1, 1, [1, 1]) };
        assert_eq!(stitch(vec![bare(0), bare(1)]).len(), 2);
    }
}
