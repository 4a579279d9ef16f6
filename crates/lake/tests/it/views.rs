//! What readers are given: coverage that agrees with the ledger however it was come by, and commits within moments.

use std::time::Duration;

use flowglass_lake::read::Views;
use flowglass_lake::{Lake, LakeOptions, LakeViews, ObjectAt, OutcomeChange, SourceStatus, Writer};

use crate::support::{DAY, batch, object};

#[tokio::test]
async fn coverage_is_the_same_however_it_was_come_by() {
    let directory = tempfile::tempdir().unwrap();
    let address = directory.path().to_str().unwrap();
    let lake = Lake::open_or_create(address, &LakeOptions::default()).await.unwrap();
    let mut writer = Writer::open(&lake).await.unwrap();
    let following = LakeViews::new(lake.clone());
    assert_eq!(following.latest().await.unwrap().coverage.vnic_count(), 0);
    for i in 0..6 {
        let mut made = object(&format!("a/{i}"), "x", DAY, 5 * i + i64::from(i > 3), 3);
        if i == 2 {
            made.0.facts.state = Some("skip data".to_owned());
        }
        writer.commit(batch(&lake, vec![made])).await.unwrap();
        if i % 2 == 1 {
            lake.fold().await.unwrap();
        }
        let fresh = Lake::open(address, &LakeOptions::default()).await.unwrap();
        let fresh = LakeViews::new(fresh).latest().await.unwrap();
        tokio::time::sleep(Duration::from_millis(510)).await;
        assert_eq!(following.latest().await.unwrap().coverage, fresh.coverage, "after object {i}");
        assert_eq!(fresh.coverage.vnic_of("10.0.0.4".parse().unwrap()), Some("vnic-1"));
    }
    // An object that left the bucket changes its row of the ledger; the coverage of before is saved.
    let gone = object("a/0", "x", DAY, 0, 3).0;
    let at = ObjectAt { object_id: gone.object_id, day: DAY, rows: 3 };
    let change = OutcomeChange { object: at, outcome: flowglass_flow::Outcome::Gone };
    writer.change(0, vec![change], None).await.unwrap();
    lake.fold().await.unwrap();
    tokio::time::sleep(Duration::from_millis(510)).await;
    let followed = following.latest().await.unwrap();
    std::fs::remove_dir_all(directory.path().join("objects/_flowglass/coverage")).unwrap();
    let rebuilt =
        LakeViews::new(Lake::open(address, &LakeOptions::default()).await.unwrap()).latest().await.unwrap();
    assert_eq!(followed.coverage, rebuilt.coverage);
    let start = i64::from(DAY) * flowglass_flow::time::DAY;
    let minutes = |n: i64| start + n * 60 * flowglass_flow::time::SECOND;
    assert_eq!(rebuilt.coverage.held(), Some((minutes(0), minutes(31))));
}

#[tokio::test]
async fn a_status_reaches_the_readers() {
    let directory = tempfile::tempdir().unwrap();
    let lake =
        Lake::open_or_create(directory.path().to_str().unwrap(), &LakeOptions::default()).await.unwrap();
    let status = SourceStatus {
        source: flowglass_flow::SourceName("s3://b".to_owned()),
        location: "s3://b/p".to_owned(),
        last_listed: Some(77),
        pending_objects: 1,
        pending: vec![("vnic-1".to_owned(), "ingress".to_owned(), 5, 9)],
        paused: None,
        written_at: 78,
    };
    lake.put_status(&status).await.unwrap();
    assert_eq!(lake.statuses().await.unwrap(), [status]);
    let view = LakeViews::new(lake).latest().await.unwrap();
    assert_eq!(view.coverage.last_listed(), Some(77));
    assert_eq!((view.unread[0].from, view.unread[0].to), (5, 9));
}
