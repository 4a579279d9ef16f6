//! The objects as Flowglass itself reads them.

use flowglass_codec::{BatchDecoder, Limits, parse_key};
use flowglass_flow::{ObjectId, SourceName};
use flowglass_simulate::vpc::{ACCOUNT, VSI1, VSI2};
use flowglass_simulate::{Config, Scenario, Truth, objects, truth};

fn check(config: &Config) -> Truth {
    let source = SourceName("simulated".to_owned());
    let mut decoder = BatchDecoder::new(Limits::default());
    let truth = truth(config).expect("settings");
    for object in objects(config).expect("settings") {
        let id = ObjectId::of(&source, &object.key, "1");
        let facts = decoder.push(id, &object.key, &object.body).expect("readable");
        assert_eq!(
            (facts.records, facts.unreadable, facts.odd_times),
            (object.records as u64, 0, 0),
            "{facts:?}"
        );
        assert_eq!(facts.capture_start_time, Some(object.capture_start));
        assert_eq!(facts.capture_end_time, Some(object.capture_end));
        assert_eq!(facts.account_id.as_deref(), Some(ACCOUNT));
        assert!(facts.zone.as_deref().is_some_and(|zone| zone.starts_with("us-south-")), "{facts:?}");
        let lossy = truth.lossy.iter().any(|place| place.key == object.key);
        assert_eq!(facts.state.as_deref(), Some(if lossy { "skip data" } else { "ok" }));
        let miscounted = truth.miscounted.iter().any(|place| place.key == object.key);
        assert_eq!(facts.declared_records, Some(object.records as i64 - i64::from(miscounted)));
        assert!(facts.problems.len() <= usize::from(miscounted), "{:?}", facts.problems);
    }
    assert_eq!(decoder.rows() as u64, truth.records);
    let rows: usize = decoder.finish().iter().map(|day| day.batch.num_rows()).sum();
    assert_eq!(rows as u64, truth.records);
    truth
}

#[test]
fn every_object_of_the_walk_through_is_read_whole() {
    let config = Config::default();
    check(&Config { start: config.end - 7_200_000_000, end: config.end + 7_200_000_000, ..config });
}

#[test]
fn every_object_of_a_load_is_read_whole() {
    let config = Config { scenario: Scenario::Load, vnics: 5, records_per_window: 80, ..Config::default() };
    let truth = check(&Config { end: config.start + 1_800_000_000, ..config });
    assert_eq!(truth.records, truth.objects * 40);
}

#[test]
fn keys_say_what_they_are_the_keys_of() {
    let config = Config::default();
    let mut vnics = [0, 0];
    for object in objects(&config).expect("settings").take(100) {
        let key = parse_key(&object.key).expect("a key");
        let instance = if key.vnic_id.as_deref() == Some(VSI1.vnic_id) { VSI1 } else { VSI2 };
        vnics[usize::from(instance.name == VSI2.name)] += 1;
        assert_eq!(key.vnic_id.as_deref(), Some(instance.vnic_id));
        assert!(key.subnet_crn.is_some_and(|crn| crn.ends_with(instance.subnet_id) && crn.contains(":a/")));
        assert!(key.instance_crn.is_some_and(|crn| crn.ends_with(instance.instance_id)));
        assert_eq!(key.region.as_deref(), Some("us-south"));
        assert!(matches!(key.record_type.as_deref(), Some("ingress" | "egress")));
        assert_eq!(key.stream_id.as_deref(), Some("20261102T000000Z"));
        assert_eq!(key.day, Some(flowglass_flow::time::day_of(object.capture_end)));
    }
    assert!(vnics[0] > 45 && vnics[1] > 45, "{vnics:?}");
}
