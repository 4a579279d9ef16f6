use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;

use flowglass_simulate::vpc::{FLOODER, LAPTOP, MONITOR, SCANNER, VSI1, VSI2};
use flowglass_simulate::{
    Action, Clock, Config, Direction, Object, Record, Scenario, Simulation, Slot, Truth, Writer, objects,
    start_of, started, truth, write_directory,
};
use serde_json::Value;

use crate::{inflate, read};

const HOUR: i64 = 3_600_000_000;

fn hours(hours: i64) -> Config {
    let config = Config::default();
    Config { end: config.start + hours * HOUR, ..config }
}

/// Every record of `hours`, with the place of its object.
fn records(config: &Config) -> Vec<(Slot, Record)> {
    let simulation = Simulation::new(config.clone()).expect("settings");
    let slots: Vec<Slot> = simulation.slots(i64::MIN, config.end).collect();
    slots
        .iter()
        .flat_map(|slot| simulation.records(slot).into_iter().map(move |record| (*slot, record)))
        .collect()
}

fn tuple(record: &Record) -> (Ipv4Addr, u16, Ipv4Addr, u16, u8) {
    (record.initiator, record.initiator_port, record.target, record.target_port, record.protocol)
}

#[test]
fn equal_settings_give_equal_bytes() {
    let all = |config: &Config| -> Vec<Object> { objects(config).expect("settings").collect() };
    let first = all(&hours(1));
    assert_eq!(first, all(&hours(1)));
    assert_ne!(first, all(&Config { seed: 2, ..hours(1) }));
    // Pinned without the compression, which may change with its library. A change here changes what documentation
    // and other tests quote.
    let mut hash = blake3::Hasher::new();
    for object in &first {
        hash.update(object.key.as_bytes()).update(inflate(&object.body).as_bytes());
    }
    assert_eq!((first.len(), &hash.finalize().to_hex()[..16]), (47, "a45668ae16537d7c"));
}

#[test]
fn an_object_is_as_the_provider_writes_it() {
    let object = objects(&hours(1)).expect("settings").nth(1).expect("an object");
    let text = inflate(&object.body);
    assert_eq!(
        object.key,
        "ibm_vpc_flowlogs_v1/account=f10391a55f10391a55f10391a55f1039/region=us-south/\
         vpc-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south%3Aa%2Ff10391a55f10391a55f10391a55f1039%3A%3Avpc%3A\
         r006-5a3b7c1e-9d24-4f6b-8e10-2c4d6e8fa0b1/\
         subnet-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south-1%3Aa%2Ff10391a55f10391a55f10391a55f1039%3A%3Asubnet%3A\
         0717-1f0e8c52-6a41-4b7d-9c3e-70d2b9a45e11/endpoint-type=vnics/\
         instance-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3Aus-south-1%3Aa%2Ff10391a55f10391a55f10391a55f1039%3A%3A\
         instance%3A0717_3d9a1b74-c85f-4e02-a6b1-1f7c20e4d8a1/vnic-id=0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201/\
         record-type=egress/year=2026/month=11/day=02/hour=00/stream-id=20261102T000000Z/00000000.gz"
    );
    let head = "{\"version\":\"0.0.1\",\"collector_crn\":\"crn:v1:bluemix:public:is:us-south:\
        a/f10391a55f10391a55f10391a55f1039::flow-log-collector:r006-c0113c70-1a2b-4c3d-8e4f-5a6b7c8d9e0f\",\
        \"attached_endpoint_type\":\"vnic\",\"network_interface_id\":\"0717-9e2b64f0-7d13-4c58-8a0e-b3f19c6d5201\",\
        \"instance_crn\":\"crn:v1:bluemix:public:is:us-south-1:a/f10391a55f10391a55f10391a55f1039::instance:\
        0717_3d9a1b74-c85f-4e02-a6b1-1f7c20e4d8a1\",\"vpc_crn\":\"crn:v1:bluemix:public:is:us-south:\
        a/f10391a55f10391a55f10391a55f1039::vpc:r006-5a3b7c1e-9d24-4f6b-8e10-2c4d6e8fa0b1\",\
        \"capture_start_time\":\"2026-11-02T00:00:00Z\",\"capture_end_time\":\"2026-11-02T00:03:18Z\",\
        \"state\":\"ok\",\"number_of_flow_logs\":";
    assert_eq!(&text[..head.len()], head);
    let boot = "\"flow_logs\":[{\"start_time\":\"2026-11-02T00:00:04Z\",\"end_time\":\"2026-11-02T00:00:19Z\",\
        \"connection_start_time\":\"2026-11-02T00:00:04Z\",\"direction\":\"O\",\"action\":\"accepted\",\
        \"initiator_ip\":\"0.0.0.0\",\"target_ip\":\"255.255.255.255\",\"initiator_port\":68,\"target_port\":67,\
        \"transport_protocol\":17,\"ether_type\":\"IPv4\",\"was_initiated\":true,\"was_terminated\":true,\
        \"bytes_from_initiator\":1368,\"packets_from_initiator\":4,\"bytes_from_target\":0,\"packets_from_target\":0,\
        \"cumulative_bytes_from_initiator\":1368,\"cumulative_packets_from_initiator\":4,\
        \"cumulative_bytes_from_target\":0,\"cumulative_packets_from_target\":0},";
    assert!(text.contains(boot), "{text}");
    assert!(text.ends_with("}]}"));
    assert!(!text.contains(char::is_whitespace));
}

#[test]
fn metadata_repeats_the_header_and_keys_follow_the_window() {
    let mut sequences: HashMap<String, Vec<u32>> = HashMap::new();
    let mut last_end = 0;
    for object in objects(&hours(3)).expect("settings") {
        let body = read(&object.body);
        for (name, value) in &object.metadata {
            let expected = body[name].as_str().map_or_else(|| body[name].to_string(), str::to_owned);
            assert_eq!(*value, expected, "{name}");
        }
        assert_eq!(object.metadata.len() + 1, body.as_object().map_or(0, |members| members.len()));
        assert_eq!(body["flow_logs"].as_array().map_or(0, Vec::len), object.records);
        let end = flowglass_flow::time::format(object.capture_end);
        assert_eq!(body["capture_end_time"], end.as_str());
        assert!(
            object.key.contains(&format!("/day={}/hour={}/", &end[8..10], &end[11..13])),
            "{} {end}",
            object.key
        );
        assert!(object.capture_end >= last_end, "in the order windows end");
        last_end = object.capture_end;
        let (folder, file) = object.key.rsplit_once('/').expect("a folder");
        let sequence = file.strip_suffix(".gz").expect("a suffix");
        assert_eq!(sequence.len(), 8);
        sequences.entry(folder.to_owned()).or_default().push(sequence.parse().expect("a number"));
    }
    for (folder, numbers) in sequences {
        // The one lost object leaves a hole in its folder.
        let hole =
            folder.contains("0727-51f8a3c7") && folder.contains("egress") && folder.contains("hour=00");
        let expected: Vec<u32> = (0..12).filter(|number| !hole || *number != 9).take(numbers.len()).collect();
        assert_eq!(numbers, expected, "{folder}");
    }
}

#[test]
fn truth_agrees_with_the_bytes() {
    let config = hours(6);
    let truth = truth(&config).expect("settings");
    let mut found = Truth { missing: truth.missing.clone(), ..Truth::default() };
    let (mut lossy, mut miscounted) = (Vec::new(), Vec::new());
    for object in objects(&config).expect("settings") {
        let body = read(&object.body);
        let flows = body["flow_logs"].as_array().expect("an array");
        found.objects += 1;
        found.empty_objects += u64::from(flows.is_empty());
        found.records += flows.len() as u64;
        if body["state"] == "skip data" {
            lossy.push(object.key.clone());
        }
        if body["number_of_flow_logs"] != flows.len() {
            miscounted.push(object.key.clone());
        }
        for flow in flows {
            let number = |name: &str| flow[name].as_u64().expect("a number");
            let began = flow["was_initiated"] == true;
            let text = |name: &str| flow[name].as_str().expect("a text").to_owned();
            let initiator: Ipv4Addr = text("initiator_ip").parse().expect("an address");
            let port = number("target_port") as u16;
            let idle = number("packets_from_initiator") + number("packets_from_target") == 0;
            found.closing_records += u64::from(flow["was_terminated"] == true && !began && idle);
            found.untimed_records += u64::from(flow["start_time"] == "" && flow["end_time"] == "");
            let action = if flow["action"] == "accepted" { Action::Accepted } else { Action::Rejected };
            let direction = if flow["direction"] == "I" { Direction::Inbound } else { Direction::Outbound };
            *found.by_action.entry((action, direction)).or_default() += 1;
            *found.by_target_port.entry(port).or_default() += 1;
            *found.by_initiator.entry(initiator).or_default() += 1;
            found.volume.bytes_from_initiator += number("bytes_from_initiator");
            found.volume.packets_from_initiator += number("packets_from_initiator");
            found.volume.bytes_from_target += number("bytes_from_target");
            found.volume.packets_from_target += number("packets_from_target");
            found.laptop_ssh_records += u64::from(initiator == LAPTOP && port == 22);
            found.attempts += u64::from(began);
            if began && direction == Direction::Inbound && action == Action::Rejected {
                found.laptop_ssh_attempts += u64::from(initiator == LAPTOP && port == 22);
                *found.refused_attempts_by_initiator.entry(initiator).or_default() += 1;
                *found.refused_attempts_by_port.entry(port).or_default() += 1;
            }
            if began
                && direction == Direction::Inbound
                && action == Action::Accepted
                && !initiator.is_private()
            {
                *found.reached_ports.entry(port).or_default() += 1;
            }
        }
    }
    let keys = |places: &[flowglass_simulate::truth::Place]| {
        places.iter().map(|place| place.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!((lossy, miscounted), (keys(&truth.lossy), keys(&truth.miscounted)));
    assert_eq!((truth.lossy.len(), truth.miscounted.len(), truth.missing.len()), (1, 1, 1));
    found.lossy.clone_from(&truth.lossy);
    found.miscounted.clone_from(&truth.miscounted);
    assert_eq!(found, truth);
    assert!(truth.empty_objects > 20, "quiet windows: {}", truth.empty_objects);
    // More than the closing records have no times: one record of traffic has none either.
    assert_eq!(truth.untimed_records, truth.closing_records + 1);
}

/// The five questions of the walk-through have an answer.
#[test]
fn the_data_tells_the_story() {
    let truth = truth(&Config::default()).expect("settings");
    // Are unexpected ports being reached? No: only the application's.
    assert_eq!(truth.reached_ports.keys().copied().collect::<Vec<_>>(), [3000]);
    // Does SSH reach the VPC? It is refused; rows count it about twice.
    assert!((4..200).contains(&truth.laptop_ssh_attempts), "{}", truth.laptop_ssh_attempts);
    assert!(truth.laptop_ssh_records > truth.laptop_ssh_attempts * 17 / 10, "{}", truth.laptop_ssh_records);
    // Who is knocking? The scanner first, apart from the one that floods.
    let mut knocking: Vec<_> =
        truth.refused_attempts_by_initiator.iter().map(|(who, count)| (*count, *who)).collect();
    knocking.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(knocking[0].1, SCANNER);
    assert!(knocking.len() > 500, "{}", knocking.len());
    for port in [443, 22, 23, 445, 3389, 8080] {
        assert!(truth.refused_attempts_by_port[&port] >= 24, "{port}");
    }
    let records = records(&Config::default());
    // What does the private host talk to? Beyond DHCP, NTP and DNS: the mirror, and one it may not reach.
    let peers: BTreeSet<_> = records
        .iter()
        .filter(|(_, record)| {
            record.initiator == VSI2.address && ![67, 123, 53].contains(&record.target_port)
        })
        .map(|(_, record)| (record.target.to_string(), record.target_port, record.action))
        .collect();
    assert_eq!(
        peers.into_iter().collect::<Vec<_>>(),
        [
            ("161.26.0.6".to_owned(), 80, Action::Accepted),
            ("161.26.0.6".to_owned(), 443, Action::Accepted),
            ("192.0.2.10".to_owned(), 443, Action::Rejected),
        ]
    );
    // What is normal? The monitor's connection is there in every hour, the floating address never.
    let monitored: BTreeSet<_> = records
        .iter()
        .filter(|(_, record)| record.initiator == MONITOR)
        .map(|(slot, _)| slot.start / 3600)
        .collect();
    assert!(monitored.len() >= 24);
    let floating = VSI1.floating_ip.expect("vsi1 has one");
    assert!(records.iter().all(|(_, record)| record.initiator != floating && record.target != floating));
    // vsi1 may not reach vsi2 by SSH: its own rules refuse, and vsi2 sees nothing.
    let between: Vec<_> = records
        .iter()
        .filter(|(_, r)| r.target == VSI2.address && r.target_port == 22)
        .map(|(s, r)| (s.vnic, r.action))
        .collect();
    assert!(!between.is_empty() && between.iter().all(|seen| *seen == (0, Action::Rejected)), "{between:?}");
}

#[test]
fn counters_add_up_over_the_windows() {
    for seed in 1..4 {
        counters_add_up(&Config { seed, ..hours(8) });
    }
}

fn counters_add_up(config: &Config) {
    let truth = truth(config).expect("settings");
    let mut open: BTreeMap<_, (flowglass_simulate::Volume, bool)> = BTreeMap::new();
    let (mut longest, mut untimed) = (BTreeMap::<_, usize>::new(), 0);
    for (slot, record) in records(config) {
        // A lost object or a lossy window breaks the sum.
        if record.initiator == FLOODER || (slot.vnic, slot.direction) == (1, Direction::Outbound) {
            continue;
        }
        let name = (slot.vnic, tuple(&record), record.connection_start);
        let (sum, ended) = open.entry(name).or_insert_with(|| {
            assert!(record.was_initiated, "the first record begins it: {record:?}");
            Default::default()
        });
        assert!(!*ended, "nothing follows the end: {record:?}");
        *sum += record.window;
        assert_eq!(*sum, record.cumulative, "{record:?}");
        *ended = record.was_terminated;
        *longest.entry(name).or_default() += 1;
        if let Some((start, end)) = record.seen {
            assert!(slot.start <= start && start <= end && end < slot.end, "{slot:?} {record:?}");
        } else if !record.is_closing() {
            untimed += 1;
        }
        assert_eq!(record.was_initiated, (slot.start..slot.end).contains(&record.connection_start));
        if record.action == Action::Rejected {
            assert_eq!(record.window.packets_from_target, 0);
        }
    }
    assert!(longest.values().any(|windows| *windows >= 12), "some connections last over an hour");
    assert_eq!(untimed, 1, "one record of traffic without times");
    assert_eq!(truth.missing[0].vnic, 1);
    // All but the youngest have ended.
    let last = config.end / 1_000_000 - 3 * 3600;
    let unfinished = open.iter().filter(|(name, (_, ended))| name.2 < last && !ended).count();
    assert_eq!(unfinished, 0);
}

#[test]
fn a_refused_attempt_is_closed_in_the_next_window() {
    let mut opened = HashMap::new();
    let (mut same, mut next) = (0, 0);
    for (slot, record) in
        records(&hours(6)).into_iter().filter(|(_, r)| r.action == Action::Rejected && r.initiator != FLOODER)
    {
        let name = (slot.vnic, tuple(&record), record.connection_start);
        if record.was_initiated {
            opened.insert(name, slot.window);
            same += usize::from(record.was_terminated);
        } else if record.is_closing() {
            assert_eq!(opened.get(&name).map(|window| window + 1), Some(slot.window), "{record:?}");
            next += 1;
        }
    }
    // An entry that begins in a window's first seconds expires in its last ones.
    assert!(next > 10 * same && same > 0, "{next} {same}");
}

#[test]
fn both_ends_tell_the_same() {
    let mut near = HashMap::new();
    let mut far = HashMap::new();
    for (slot, record) in records(&hours(24)) {
        if record.initiator == VSI1.address
            && record.target == VSI2.address
            && record.action == Action::Accepted
        {
            let side = if slot.vnic == 0 { &mut near } else { &mut far };
            let sum = side.entry(tuple(&record)).or_insert((record.connection_start, record.window));
            if !record.was_initiated {
                sum.1 += record.window;
            }
            assert_eq!(
                record.direction,
                if slot.vnic == 0 { Direction::Outbound } else { Direction::Inbound }
            );
        }
    }
    // Phases differ: at the end one side may have said more than the other.
    let both: Vec<_> = near.iter().filter_map(|(name, near)| Some((near, far.get(name)?))).collect();
    assert!(both.len() + 2 >= near.len() && both.len() > 30, "{} {}", both.len(), near.len());
    let differ = both.iter().filter(|(near, far)| near.1 != far.1).count();
    assert!(differ <= 1, "{differ}");
    assert!(both.iter().all(|(near, far)| (0..=1).contains(&(far.0 - near.0))));
    assert!(both.iter().any(|(near, far)| far.0 > near.0), "clocks differ now and then");
}

#[test]
fn real_time_continues_history() {
    let config = hours(3);
    let all: Vec<Object> = objects(&config).expect("settings").collect();
    let simulation =
        Simulation::new(Config { end: config.start + HOUR, ..config.clone() }).expect("settings");
    let mut written: Vec<Object> = simulation.objects().collect();
    let mut reached = config.start + HOUR;
    for step in [1, 17, 601, 3000, 0, 100_000] {
        // Every step a new process.
        let mut clock = Clock::new(&simulation, reached);
        let next = clock.next_due();
        assert!(next > reached && next <= reached + 300_000_000);
        assert_eq!(clock.due(next - 1), []);
        reached = config.end.min(reached + step * 1_000_000);
        written.extend(clock.due(reached));
    }
    assert_eq!(written.len(), all.len());
    assert_eq!(written, all);
}

#[test]
fn a_directory_holds_the_same_objects() {
    let root = tempfile::tempdir().expect("a folder");
    let config = hours(2);
    let first =
        write_directory(&Config { end: config.start + HOUR, ..config.clone() }, root.path(), 3, &|_| ())
            .expect("written");
    let told = std::sync::Mutex::new(Vec::new());
    let second =
        write_directory(&config, root.path(), 3, &|so_far| told.lock().expect("no panic").push(so_far))
            .expect("written");
    assert_eq!(second.present, first.objects, "a second run repeats nothing");
    assert_eq!(told.lock().expect("no panic").last(), Some(&second));
    let all: Vec<Object> = objects(&config).expect("settings").collect();
    assert_eq!(first.objects + second.objects, all.len() as u64);
    let mut bytes = 0;
    for object in &all {
        let stored = std::fs::read(root.path().join(&object.key)).expect("an object");
        assert_eq!(stored, object.body);
        bytes += stored.len() as u64;
    }
    assert_eq!(first.bytes + second.bytes, bytes);
    // Whoever comes back without the settings finds the start in the directory.
    assert_eq!(started(&config, root.path()).expect("listed"), Some(config.start));
    assert_eq!(start_of(&all[0].key), Some(config.start));
    let load = Config { scenario: Scenario::Load, ..config.clone() };
    assert_eq!(started(&load, root.path()).expect("listed"), None);
    let unwritable = root.path().join(&all[0].key);
    let error = write_directory(&config, &unwritable, 2, &|_| ()).expect_err("a file is no folder");
    assert!(error.to_string().starts_with("cannot write "), "{error}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refused = |config: Config| Simulation::new(config).expect_err("refused").to_string();
    assert_eq!(
        refused(Config { start: -1, ..Config::default() }),
        "cannot simulate with start = -1: it lies between 1970 and 2200"
    );
    assert_eq!(
        refused(Config { end: 0, ..Config::default() }),
        "cannot simulate with end = 0: it lies between the start and 2200"
    );
}

#[test]
fn names_are_a_names_file() {
    let names = flowglass_flow::names::Names::parse(&flowglass_simulate::vpc::names()).expect("names");
    assert_eq!(names.of_address(VSI1.address.into()), Some("vsi1"));
    assert_eq!(names.of_address(LAPTOP.into()), Some("laptop"));
    assert_eq!(names.of_vnic(VSI2.vnic_id), Some("vsi2"));
    assert_eq!(names.of_instance(VSI2.instance_id), Some("vsi2"));
    assert_eq!(names.of_subnet(VSI2.subnet_id), Some("subnet2"));
}

/// The members of a record are in the provider's order.
#[test]
fn members_are_in_order() {
    let object = objects(&hours(1)).expect("settings").next().expect("an object");
    let body = read(&object.body);
    let flow = body["flow_logs"]
        .as_array()
        .and_then(|flows| flows.first())
        .and_then(Value::as_object)
        .expect("a flow");
    let names: Vec<&str> = flow.keys().map(String::as_str).collect();
    assert_eq!(
        names.join(" "),
        "start_time end_time connection_start_time direction action initiator_ip target_ip initiator_port target_port \
         transport_protocol ether_type was_initiated was_terminated bytes_from_initiator packets_from_initiator \
         bytes_from_target packets_from_target cumulative_bytes_from_initiator cumulative_packets_from_initiator \
         cumulative_bytes_from_target cumulative_packets_from_target"
    );
    // A slot can be made alone and by any writer.
    let simulation = Simulation::new(hours(1)).expect("settings");
    let slot = simulation.slots(i64::MIN, i64::MAX).next().expect("a slot");
    assert_eq!(simulation.object(&slot, &mut Writer::default()), object);
}
