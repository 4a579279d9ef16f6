use std::collections::HashMap;

use flowglass_simulate::{Action, Config, Direction, Object, Scenario, Simulation, Volume, objects};

use crate::{inflate, read};

fn config(vnics: usize, records_per_window: usize) -> Config {
    let config = Config { scenario: Scenario::Load, vnics, records_per_window, ..Config::default() };
    Config { end: config.start + 3_600_000_000, ..config }
}

#[test]
fn equal_settings_give_equal_bytes() {
    let all = |config: &Config| -> Vec<Object> { objects(config).expect("settings").collect() };
    let first = all(&config(3, 50));
    assert_eq!(first, all(&config(3, 50)));
    let mut hash = blake3::Hasher::new();
    for object in &first {
        let text = inflate(&object.body);
        assert_eq!(read(&object.body)["flow_logs"].as_array().map(Vec::len), Some(object.records));
        hash.update(object.key.as_bytes()).update(text.as_bytes());
    }
    assert_eq!((first.len(), &hash.finalize().to_hex()[..16]), (70, "155ebb7e204b2e85"));
    let keys: std::collections::HashSet<_> = first.iter().map(|object| &object.key).collect();
    assert_eq!(keys.len(), first.len());
    assert!(first.is_sorted_by_key(|object| object.capture_end));
}

#[test]
fn shares_are_as_promised() {
    let config = config(20, 400);
    let simulation = Simulation::new(config.clone()).expect("settings");
    let (mut all, mut rejected, mut closing, mut hosts) = (0_u32, 0, 0, HashMap::<_, u32>::new());
    for slot in simulation.slots(i64::MIN, config.end) {
        let records = simulation.records(&slot);
        assert_eq!(records.len(), 200);
        for record in records {
            all += 1;
            rejected += u32::from(record.action == Action::Rejected);
            closing += u32::from(record.is_closing());
            let peer = if slot.direction == Direction::Inbound { record.initiator } else { record.target };
            if !peer.is_private() {
                *hosts.entry(peer).or_default() += 1;
            }
        }
    }
    assert_eq!((rejected * 1000 / all, closing * 1000 / all), (150, 300));
    let top = hosts.values().max().copied().unwrap_or_default();
    assert!(hosts.len() > 3000 && top > all / 20, "few hosts make most traffic: {} {top} {all}", hosts.len());
}

#[test]
fn what_begins_goes_on_and_ends() {
    let config = config(4, 160);
    let simulation = Simulation::new(config.clone()).expect("settings");
    let mut open: HashMap<_, (Volume, bool)> = HashMap::new();
    let mut pairs: HashMap<_, Vec<_>> = HashMap::new();
    for slot in simulation.slots(i64::MIN, config.end) {
        for record in simulation.records(&slot) {
            let name = (
                record.initiator,
                record.initiator_port,
                record.target,
                record.target_port,
                record.connection_start,
            );
            if let Some((start, end)) = record.seen {
                assert!(slot.start <= start && start <= end && end <= slot.end, "{slot:?} {record:?}");
                assert!(record.connection_start <= start);
            }
            if record.initiator.is_private() && record.target.is_private() {
                pairs.entry(name).or_default().push((
                    slot.vnic,
                    record.direction,
                    record.window,
                    record.seen,
                ));
                continue;
            }
            // Before the first window nothing was written.
            if record.connection_start < slot.start - slot.window * 300 {
                continue;
            }
            let (sum, ended) = open.entry(name).or_default();
            assert!(!*ended, "{record:?}");
            *sum += record.window;
            assert_eq!(*sum, record.cumulative, "{record:?}");
            *ended = record.was_terminated;
        }
    }
    assert!(open.values().filter(|(_, ended)| *ended).count() > open.len() / 2);
    assert!(pairs.len() > 100);
    for (name, mut sides) in pairs {
        sides.sort_by_key(|side| side.1);
        let [(_, Direction::Inbound, in_volume, in_seen), (_, Direction::Outbound, out_volume, out_seen)] =
            sides[..]
        else {
            panic!("{name:?} {sides:?}");
        };
        assert_eq!((in_volume, in_seen), (out_volume, out_seen));
    }
}

#[test]
fn a_rate_is_records_of_all_vnics_a_second() {
    for (vnics, rate, records) in
        [(100, 333.0, 999), (500, 100_000.0, 60_000), (100, 0.0, 1), (1, f64::NAN, 1)]
    {
        assert_eq!(Config::records_for_rate(vnics, rate), records);
    }
    assert_eq!(Config::records_for_rate(1, f64::INFINITY), usize::MAX, "refused by `Simulation::new`");
}

#[test]
fn settings_out_of_range_are_refused() {
    for (vnics, records, reason) in [
        (0, 10, "cannot simulate with vnics = 0: 1 to 1,000,000 are simulated"),
        (1, 0, "cannot simulate with records = 0: 1 to 1,000,000 a window are simulated"),
    ] {
        assert_eq!(Simulation::new(config(vnics, records)).expect_err("refused").to_string(), reason);
    }
}
