//! Objects, the quarantine, and what the lake holds.

use std::sync::Arc;

use async_trait::async_trait;
use flowglass_flow::time::{SECOND, now};
use flowglass_flow::{ObjectId, RowId, SourceName};
use flowglass_lake::SourceStatus;
use flowglass_server::{Keys, Sources, SourcesError, Written};
use insta::{assert_json_snapshot, assert_snapshot};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::{TestLake, TestServer, VSI1, VSI2, line, object, settings, stable};

fn keys(answer: &Value) -> Vec<&str> {
    let objects = answer["objects"].as_array().unwrap();
    objects.iter().map(|object| object["key"].as_str().unwrap().rsplit("vnic-id=").next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_listed_in_pages() {
    let server = TestServer::start().await;
    let all = server.get("/api/v1/objects").await;
    assert_eq!(keys(&all).len(), 5);
    let first = server.get("/api/v1/objects?limit=2").await;
    let second =
        server.get(&format!("/api/v1/objects?limit=2&cursor={}", first["next"].as_str().unwrap())).await;
    let third =
        server.get(&format!("/api/v1/objects?limit=2&cursor={}", second["next"].as_str().unwrap())).await;
    assert!(third.get("next").is_none());
    let paged = [keys(&first), keys(&second), keys(&third)].concat();
    assert_eq!(paged, keys(&all));
    for (filter, wanted) in [
        ("outcome=done", 4),
        ("outcome=quarantined,empty", 1),
        ("outcome=gone", 0),
        (&format!("vnic={VSI2}"), 3),
        ("vnic=x' OR '1'='1", 0),
        ("source=s3://flows", 5),
        ("source=other", 0),
        ("day=2020-06-04", 5),
        ("day=2020-06-05", 0),
    ] {
        assert_eq!(keys(&server.get(&format!("/api/v1/objects?{filter}")).await).len(), wanted, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quarantine_tells_reasons() {
    let server = TestServer::start().await;
    let mut answer = server.get("/api/v1/quarantine").await;
    let object = &mut answer["objects"][0];
    assert!(object["recorded_at"].as_str().unwrap().ends_with('Z'));
    object["recorded_at"] = json!("…");
    assert_json_snapshot!(stable(answer["objects"].clone()), @r#"
    [
      {
        "object_id": "67384ef2fb5748db5fd9a854f90e65aa",
        "source": "s3://flows",
        "key": "ibm_vpc_flowlogs_v1/account=a1/region=us-south/vpc-id=v1/subnet-id=s1/endpoint-type=vnics/instance-id=i0727-2222/vnic-id=0727-2222/record-type=all/year=2020/month=06/day=04/hour=12/stream-id=20200604T120000Z/00000010.gz",
        "etag": "1",
        "size": 19,
        "last_modified": null,
        "recorded_at": "…",
        "outcome": "quarantined",
        "reason": "is not one JSON text: expected ident at line 1 column 2; fetch the object again, it may be cut or no flow log",
        "replaces": null,
        "records": 0,
        "unreadable": 0,
        "declared_records": null,
        "odd_times": 0,
        "problems": [],
        "provider": null,
        "state": null,
        "capture_start_time": null,
        "capture_end_time": null,
        "account_id": null,
        "region": null,
        "zone": null,
        "vpc_id": null,
        "subnet_id": null,
        "instance_id": null,
        "vnic_id": "0727-2222",
        "record_type": null,
        "stream_id": null,
        "sequence_number": null,
        "day": "2020-06-04"
      }
    ]
    "#);
}

/// Sources that note what they are asked.
#[derive(Debug, Default)]
struct Noted(Mutex<Vec<ObjectId>>);

#[async_trait]
impl Sources for Noted {
    async fn status(&self) -> Result<Vec<SourceStatus>, SourcesError> {
        Ok(vec![SourceStatus {
            source: SourceName("s3://flows".to_owned()),
            location: "s3://flows".to_owned(),
            last_listed: Some(1_591_272_000_000_000),
            pending_objects: 3,
            pending: vec![("vnic".to_owned(), "all".to_owned(), 0, 1)],
            paused: Some("the disk is nearly full".to_owned()),
            written_at: 1_591_272_001_000_000,
        }])
    }

    async fn retry(&self, objects: &[ObjectId]) -> Result<Vec<ObjectId>, SourcesError> {
        self.0.lock().extend(objects);
        Ok(objects.to_vec())
    }

    async fn record(&self, row: RowId) -> Result<Written, SourcesError> {
        Ok(Written::Text(format!("{{\"index\": {}}}", row.index)))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_can_be_read_again() {
    let noted = Arc::new(Noted::default());
    let sources: Arc<dyn Sources> = Arc::<Noted>::clone(&noted);
    let server = TestServer::with(settings(), Keys::open(), TestLake::new().await, |state| {
        state.with_sources(sources).at("s3://lake")
    })
    .await;
    let bad = server.get("/api/v1/quarantine").await["objects"][0]["object_id"].clone();
    let unknown = "0".repeat(32);
    let (status, answer) = server.post("/api/v1/quarantine/retry", &json!({"objects": [bad, unknown]})).await;
    assert_eq!((status, answer), (202, json!({"accepted": [bad], "refused": [unknown]})));
    assert_eq!(noted.0.lock().iter().map(ObjectId::to_string).collect::<Vec<_>>(), [bad.as_str().unwrap()]);
    let row = server.get("/api/v1/search?limit=1").await["rows"][0]["id"].as_str().unwrap().to_owned();
    let index: u32 = row.rsplit('-').next().unwrap().parse().unwrap();
    let written = server.get(&format!("/api/v1/rows/{row}/record")).await;
    assert_eq!(written, json!({"text": format!("{{\"index\": {index}}}"), "unavailable": null}));
    for body in [
        json!({"objects": []}),
        json!({"objects": ["x"]}),
        json!({}),
        json!({"objects": vec![unknown; 1001]}),
    ] {
        assert_eq!(server.post("/api/v1/quarantine/retry", &body).await.0, 400, "{body}");
    }
    let lake = server.get("/api/v1/lake").await;
    assert_eq!(lake["location"], "s3://lake");
    assert_json_snapshot!(lake["sources"], @r#"
    [
      {
        "source": "s3://flows",
        "location": "s3://flows",
        "last_listed": "2020-06-04T12:00:00Z",
        "pending_objects": 3,
        "paused": "the disk is nearly full",
        "written_at": "2020-06-04T12:00:01Z"
      }
    ]
    "#);
    assert_eq!((&lake["stats"]["rows"], &lake["stats"]["vnics"]), (&json!(8), &json!(2)));
    assert_eq!(lake["lake_version"], server.get("/api/v1/lake/version").await["lake_version"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sources_nothing_is_read_again() {
    let server = TestServer::start().await;
    let body = json!({"objects": ["0".repeat(32)]});
    let (_, problem) = server.post("/api/v1/quarantine/retry", &body).await;
    assert_snapshot!(line(&problem), @"503 unavailable: this server reads no sources");
    assert!(server.get("/api/v1/lake").await.get("sources").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn activity_counts_what_was_read_lately() {
    let server = TestServer::start().await;
    let activity = server.get("/api/v1/activity?minutes=3").await;
    let source = &activity["sources"][0];
    let sum = |name: &str| source[name].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!(source["objects"].as_array().unwrap().len(), 3);
    assert_eq!((&source["source"], sum("objects"), sum("records")), (&json!("s3://flows"), 5, 8));
    assert_eq!((&source["unreadable"], &source["lag_median"]), (&json!(1), &json!(null)));
    assert_eq!(source["newest_window"], "2020-06-04T12:10:00Z");
    for bad in ["/api/v1/activity?minutes=0", "/api/v1/activity?minutes=1441", "/api/v1/vnics?hours=745"] {
        assert_eq!(server.response(bad).await.status(), 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vnics_tell_missing_sequence_numbers() {
    let mut lake = TestLake::empty().await;
    let start = now().div_euclid(HOUR) * HOUR - 3 * HOUR;
    // The hour's folder holds 1, 2 and 5: 0, 3 and 4 are missing. The cut folder before it misses what is between.
    for (hour, numbers) in [(0, [1, 2, 5]), (-20, [4, 6, 7])] {
        for number in numbers {
            let at = start + hour * HOUR + number * 5 * 60 * SECOND;
            let (key, body) = windowed(at, number);
            lake.commit(&key, &body).await;
        }
    }
    let server = TestServer::with(settings(), Keys::open(), lake, |state| state).await;
    let wide = server.get("/api/v1/vnics").await;
    assert_eq!((&wide["vnic_count"], &wide["vnics"][0]["vnic_id"]), (&json!(1), &json!("0717-1111")));
    assert_eq!((&wide["vnics"][0]["objects"], &wide["vnics"][0]["empty"]), (&json!(6), &json!(6)));
    let folder = |answer: &Value, index: usize| {
        let folder = answer["vnics"][0]["missing_in"][index].as_str().unwrap_or_default();
        folder.rsplit_once("/hour=").unwrap_or_default().1.split('/').next().unwrap_or_default().to_owned()
    };
    // 0, 3 and 4 of one; 0 to 3 and 5 of the other.
    assert_eq!(wide["vnics"][0]["missing_numbers"], 8);
    let narrow = server.get("/api/v1/vnics?hours=4").await;
    assert_eq!(
        (&narrow["vnics"][0]["objects"], &narrow["vnics"][0]["missing_numbers"]),
        (&json!(3), &json!(3))
    );
    let hour = flowglass_flow::time::format(start)[11..13].to_owned();
    assert_eq!((folder(&narrow, 0), folder(&narrow, 1)), (hour, String::new()));
    assert_eq!(server.get("/api/v1/vnics?hours=1").await["vnics"], json!([]));
}

const HOUR: i64 = 3600 * SECOND;

/// An object without records whose window begins then.
fn windowed(at: i64, number: i64) -> (String, Vec<u8>) {
    let (start, end) = (flowglass_flow::time::format(at), flowglass_flow::time::format(at + 300 * SECOND));
    let (day, hour) = (&start[..10], &start[11..13]);
    let [year, month, day] = day.split('-').collect::<Vec<_>>()[..] else { panic!("{day} is no day") };
    let (key, body) = object(VSI1, 0, &[]);
    let prefix = key.split("/year=").next().unwrap();
    let key = format!(
        "{prefix}/year={year}/month={month}/day={day}/hour={hour}/stream-id=20200604T120000Z/{number:08}.gz"
    );
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    body["capture_start_time"] = json!(start);
    body["capture_end_time"] = json!(end);
    (key, body.to_string().into_bytes())
}
