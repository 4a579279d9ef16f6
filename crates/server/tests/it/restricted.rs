//! A caller who may not see a vNIC never learns of it, whichever way it asks.

use flowglass_query::{Context, Query};
use flowglass_server::Principal;
use reqwest::Method;
use serde_json::json;

use crate::support::{TestServer, VSI1, VSI2, column, encoded, object, record};

fn hiding(filter: &str) -> Principal {
    let filter: Query = flowglass_query::parse(filter, &Context::default()).unwrap();
    Principal { row_filter: Some(filter), ..Principal::owner("restricted") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_vnic_shows_nowhere() {
    let server = TestServer::for_principal(hiding(&format!("-vnic_id:=={VSI2}"))).await;
    let paths = [
        "search".to_owned(),
        "search?query=sides:both".to_owned(),
        format!("search?query={}", encoded(&format!("vnic_id:{VSI2} OR port:3000"))),
        "search?format=ndjson".to_owned(),
        "search?format=csv".to_owned(),
        "count".to_owned(),
        "histogram?split=vnic_id&measure=all_records".to_owned(),
        "group?by=vnic_id,instance_id".to_owned(),
        "top?field=vnic_id&measure=all_records".to_owned(),
        "facets?fields=vnic_id,instance_crn&measure=all_records".to_owned(),
        "connections".to_owned(),
        "complete?query=vnic_id:".to_owned(),
        "complete?query=instance_id:".to_owned(),
        "coverage".to_owned(),
        format!("coverage?query=vnic_id:{VSI2}"),
        "lake".to_owned(),
        "objects".to_owned(),
        format!("objects?vnic={VSI2}"),
        "quarantine".to_owned(),
        "fields".to_owned(),
    ];
    for path in &paths {
        let response = server.response(&format!("/api/v1/{path}")).await;
        assert_eq!(response.status(), 200, "{path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains(VSI2), "{path} tells of {VSI2}: {text}");
    }
    assert_eq!(server.get("/api/v1/count").await["count"], 6);
    let seen = server.get("/api/v1/objects").await;
    assert_eq!(seen["objects"].as_array().unwrap().len(), 2);
    for (statement, wanted) in [
        ("SELECT count(*) AS n FROM flows", json!(6)),
        (
            "SELECT count(*) AS n FROM flows f WHERE NOT EXISTS (SELECT 1 FROM flows g WHERE g.vnic_id = f.vnic_id)",
            json!(0),
        ),
        (
            "SELECT count(DISTINCT vnic_id) AS n FROM (SELECT * FROM flows UNION ALL SELECT * FROM flows)",
            json!(1),
        ),
    ] {
        let (_, answer) = server.post("/api/v1/sql", &json!({"statement": statement})).await;
        assert_eq!(answer["rows"][0]["n"], wanted, "{statement}: {answer}");
    }
    let (status, _) = server.post("/api/v1/sql", &json!({"statement": "SELECT * FROM objects"})).await;
    assert_eq!(status, 400, "the ledger is not in its SQL");
    for path in ["/metrics", "/api/v1/activity", "/api/v1/vnics"] {
        assert_eq!(server.response(path).await.status(), 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_rows_are_not_found_by_id() {
    let owner = TestServer::start().await;
    let all = owner.get(&format!("/api/v1/search?query=vnic_id:{VSI2}")).await;
    let server = TestServer::for_principal(hiding(&format!("-vnic_id:=={VSI2}"))).await;
    for id in column(&all, "id") {
        assert_eq!(server.response(&format!("/api/v1/rows/{id}")).await.status(), 404);
        assert_eq!(server.response(&format!("/api/v1/connections/{id}")).await.status(), 404);
    }
    let seen =
        owner.get(&format!("/api/v1/search?query={}", encoded(&format!("vnic_id:{VSI1} port:3000")))).await;
    let id = &column(&seen, "id")[0];
    let connection = server.get(&format!("/api/v1/connections/{id}")).await;
    assert_eq!(connection["connection"]["sides"].as_array().unwrap().len(), 1, "the other end is hidden");
    let bad = owner.get("/api/v1/quarantine").await["objects"][0]["object_id"].clone();
    let (status, _) = server.post("/api/v1/quarantine/retry", &json!({"objects": [bad]})).await;
    assert_eq!(status, 503, "this server reads no sources");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_on_rows_hides_the_ledger() {
    let server = TestServer::for_principal(hiding("target_port:22")).await;
    assert_eq!(server.get("/api/v1/count").await["count"], 3);
    for path in ["objects", "quarantine"] {
        assert_eq!(server.response(&format!("/api/v1/{path}")).await.status(), 403, "{path}");
    }
    let cursor = server.get("/api/v1/search?limit=1&fields=target_port").await;
    let next = encoded(cursor["next"].as_str().unwrap());
    let page = server.get(&format!("/api/v1/search?limit=10&fields=target_port&cursor={next}")).await;
    assert_eq!(column(&page, "target_port"), ["22", "22"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_caller_shows_no_more() {
    let owner = TestServer::start().await;
    let next = encoded(owner.get("/api/v1/search?limit=1").await["next"].as_str().unwrap());
    let server = TestServer::for_principal(hiding(&format!("-vnic_id:=={VSI2}"))).await;
    let response = server.response(&format!("/api/v1/search?limit=100&cursor={next}")).await;
    let text = response.text().await.unwrap();
    assert!(!text.contains(VSI2), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_shows_no_hidden_row() {
    let mut server = TestServer::for_principal(hiding(&format!("-vnic_id:=={VSI2}"))).await;
    let mut response = server.request(Method::GET, "/api/v1/tail?fields=vnic_id").send().await.unwrap();
    assert_eq!(response.status(), 200);
    for (vnic, minute) in [(VSI2, 15), (VSI1, 20)] {
        let rows = [record("I", "accepted", ("192.0.2.1", 1), ("10.240.0.9", 2), (1, 1), "20:01")];
        let (key, body) = object(vnic, minute, &rows);
        server.lake.commit(&key, &body).await;
    }
    let text = crate::tail::until(&mut response, VSI1).await;
    assert!(!text.contains(VSI2), "{text}");
}
