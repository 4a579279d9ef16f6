//! Questions and their answers.

use insta::{assert_json_snapshot, assert_snapshot};
use reqwest::Method;
use serde_json::json;

use crate::support::{TestServer, column, encoded, line, read, stable};

const HOUR: &str = "from=2020-06-04T12:00:00Z&to=2020-06-04T13:00:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn refused_ssh_is_found() {
    let server = TestServer::start().await;
    let query = encoded("target_ip:10.240.0.4 action:rejected target_port:ssh");
    let path =
        format!("/api/v1/search?query={query}&{HOUR}&fields=time,initiator_ip,target_port,action&limit=2");
    let mut answer = server.get(&path).await;
    for row in answer["rows"].as_array_mut().unwrap() {
        assert!(row["id"].as_str().unwrap().len() > 33);
        row["id"] = json!("…");
    }
    assert!(answer["next"].is_string());
    answer["next"] = json!("…");
    assert!(answer["meta"]["elapsed_ms"].as_f64().unwrap() > 0.0);
    assert!(answer["meta"]["rows_read"].as_u64().unwrap() >= 3);
    assert_eq!(answer["meta"]["coverage"]["vnic_count"], 1, "the address is learned as vsi1's own");
    assert_json_snapshot!(stable(answer), @r#"
    {
      "meta": {
        "lake_version": 5,
        "measure": {
          "name": "all_records",
          "closing": "included",
          "sides": "both",
          "words": "records"
        },
        "range": {
          "from": "2020-06-04T12:00:00Z",
          "to": "2020-06-04T13:00:00Z"
        }
      },
      "fields": [
        "time",
        "initiator_ip",
        "target_port",
        "action"
      ],
      "next": "…",
      "nearest": null,
      "rows": [
        {
          "id": "…",
          "time": "2020-06-04T12:05:30Z",
          "initiator_ip": "24.22.68.94",
          "target_port": 22,
          "action": "rejected"
        },
        {
          "id": "…",
          "time": "2020-06-04T12:01:10Z",
          "initiator_ip": "24.22.68.94",
          "target_port": 22,
          "action": "rejected"
        }
      ]
    }
    "#);
    let posted = json!({"query": "target_ip:10.240.0.4 action:rejected target_port:ssh", "fields": ["time"], "limit": 3});
    let (status, answer) = server.post("/api/v1/search", &posted).await;
    assert_eq!((status, column(&answer, "time").len()), (200, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_at_a_version() {
    let mut server = TestServer::start().await;
    let first = server.get("/api/v1/search?limit=3&fields=time&sort=time").await;
    let version = first["meta"]["lake_version"].clone();
    let (key, body) = crate::support::object(
        "0737-3333",
        0,
        &[crate::support::record("I", "accepted", ("10.0.0.9", 1), ("10.0.0.8", 2), (1, 1), "00:01")],
    );
    server.lake.commit(&key, &body).await;
    let mut times = column(&first, "time");
    let mut next = first["next"].as_str().map(str::to_owned);
    while let Some(cursor) = next {
        let page = server
            .get(&format!("/api/v1/search?limit=3&fields=time&sort=time&cursor={}", encoded(&cursor)))
            .await;
        assert_eq!(page["meta"]["lake_version"], version);
        times.extend(column(&page, "time"));
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(times.len(), 8, "the ninth row came later: {times:?}");
    assert!(times.is_sorted());
    assert_eq!(server.get("/api/v1/count").await["count"], 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_stream_everything() {
    let server = TestServer::start().await;
    let response = server.response("/api/v1/search?format=ndjson&fields=time,action&sort=time").await;
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    assert_eq!(response.headers()["flowglass-measure"], "all_records");
    let text = response.text().await.unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 9, "{text}");
    assert_eq!(lines[0]["time"], "2020-06-04T12:00:10Z");
    assert_eq!((&lines[8]["rows"], &lines[8]["meta"]["measure"]["name"]), (&json!(8), &json!("all_records")));

    let request =
        server.request(Method::GET, "/api/v1/search?fields=time,action,target_port&sort=time&limit=3");
    let csv = request.header("accept", "text/csv").send().await.unwrap().text().await.unwrap();
    assert_snapshot!(csv.replace('\r', ""), @r#"
    time,action,target_port
    2020-06-04T12:00:10Z,rejected,22
    2020-06-04T12:01:10Z,rejected,22
    2020-06-04T12:02:00Z,rejected,443
    "#);
    let empty = server
        .response("/api/v1/search?query=target_port:9&format=csv&fields=time")
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(empty, "time\r\n");
    assert_snapshot!(server.problem("/api/v1/search?format=xml").await, @r#"400 bad-parameter: "xml" is no format (json, ndjson or csv)"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers() {
    let server = TestServer::start().await;
    let count = server.get(&format!("/api/v1/count?query=action:rejected&{HOUR}")).await;
    assert_eq!(count["count"], 5);
    let chart =
        server.get(&format!("/api/v1/histogram?query=action:rejected&{HOUR}&by=15m&split=target_port")).await;
    assert_json_snapshot!(stable(chart["series"].clone()), @r#"
    [
      {
        "key": 22,
        "other": false,
        "total": 3,
        "buckets": [
          {
            "start": "2020-06-04T12:00:00Z",
            "value": 3
          },
          {
            "start": "2020-06-04T12:15:00Z",
            "value": 0
          },
          {
            "start": "2020-06-04T12:30:00Z",
            "value": 0
          },
          {
            "start": "2020-06-04T12:45:00Z",
            "value": 0
          }
        ]
      },
      {
        "key": 443,
        "other": false,
        "total": 1,
        "buckets": [
          {
            "start": "2020-06-04T12:00:00Z",
            "value": 1
          },
          {
            "start": "2020-06-04T12:15:00Z",
            "value": 0
          },
          {
            "start": "2020-06-04T12:30:00Z",
            "value": 0
          },
          {
            "start": "2020-06-04T12:45:00Z",
            "value": 0
          }
        ]
      },
      {
        "key": 8080,
        "other": false,
        "total": 1,
        "buckets": [
          {
            "start": "2020-06-04T12:00:00Z",
            "value": 1
          },
          {
            "start": "2020-06-04T12:15:00Z",
            "value": 0
          },
          {
            "start": "2020-06-04T12:30:00Z",
            "value": 0
          },
          {
            "start": "2020-06-04T12:45:00Z",
            "value": 0
          }
        ]
      }
    ]
    "#);
    let path = format!(
        "/api/v1/group?{HOUR}&by=action,time:1h&aggregates=attempts,sum(bytes_from_target),p95(target_port)"
    );
    assert_json_snapshot!(stable(server.get(&path).await), @r#"
    {
      "meta": {
        "lake_version": 5,
        "measure": {
          "name": "attempts",
          "closing": "excluded",
          "sides": "both",
          "words": "attempts: connections begun"
        },
        "range": {
          "from": "2020-06-04T12:00:00Z",
          "to": "2020-06-04T13:00:00Z"
        }
      },
      "keys": [
        "action",
        "time"
      ],
      "aggregates": [
        "attempts",
        "sum(bytes_from_target)",
        "p95(target_port)"
      ],
      "rows": [
        {
          "keys": [
            "rejected",
            "2020-06-04T12:00:00Z"
          ],
          "values": [
            5,
            0,
            8080.0
          ]
        },
        {
          "keys": [
            "accepted",
            "2020-06-04T12:00:00Z"
          ],
          "values": [
            3,
            48160,
            3000.0
          ]
        }
      ],
      "truncated": false,
      "nearest": null
    }
    "#);
    let grouped = json!({"by": ["action"], "aggregates": "records", "from": "2020-06-04T12:05:00Z",
        "to": "2020-06-04T12:10:00Z", "compare": "previous", "order": "keys"});
    let (status, answer) = server.post("/api/v1/group", &grouped).await;
    assert_eq!(status, 200, "{answer}");
    assert_json_snapshot!(json!([answer["compared"], answer["rows"]]), @r#"
    [
      {
        "from": "2020-06-04T12:00:00Z",
        "to": "2020-06-04T12:05:00Z"
      },
      [
        {
          "keys": [
            "accepted"
          ],
          "values": [
            1
          ],
          "previous": [
            2
          ]
        },
        {
          "keys": [
            "rejected"
          ],
          "values": [
            2
          ],
          "previous": [
            3
          ]
        }
      ]
    ]
    "#);
    let top = server.get(&format!("/api/v1/top?{HOUR}&field=initiator_ip&n=2&measure=bytes")).await;
    assert_json_snapshot!(stable(top), @r#"
    {
      "meta": {
        "lake_version": 5,
        "measure": {
          "name": "bytes",
          "closing": "excluded",
          "sides": "once",
          "words": "bytes of both directions; traffic seen from both ends counts once"
        },
        "range": {
          "from": "2020-06-04T12:00:00Z",
          "to": "2020-06-04T13:00:00Z"
        }
      },
      "field": "initiator_ip",
      "values": [
        {
          "value": "10.240.0.4",
          "count": 49440
        },
        {
          "value": "24.22.68.94",
          "count": 198
        }
      ],
      "total": 49746,
      "distinct": 3,
      "nearest": null
    }
    "#);
    let facets =
        server.get(&format!("/api/v1/facets?{HOUR}&fields=action,target_port&n=1&measure=all_records")).await;
    assert_json_snapshot!(stable(facets["facets"].clone()), @r#"
    [
      {
        "field": "action",
        "values": [
          {
            "value": "rejected",
            "count": 5
          }
        ],
        "total": 8,
        "distinct": 2
      },
      {
        "field": "target_port",
        "values": [
          {
            "value": 22,
            "count": 3
          }
        ],
        "total": 8,
        "distinct": 5
      }
    ]
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_and_its_connection() {
    let server = TestServer::start().await;
    let found = server.get("/api/v1/search?query=target_port:3000&limit=1").await;
    let id = found["rows"][0]["id"].as_str().unwrap().to_owned();
    let row = server.get(&format!("/api/v1/rows/{id}")).await;
    assert_eq!((&row["row"]["id"], &row["row"]["target_port"]), (&json!(id), &json!(3000)));
    let connection = server.get(&format!("/api/v1/connections/{id}")).await;
    assert_eq!(connection["rows"].as_array().unwrap().len(), 2, "both ends report it");
    assert_eq!(connection["connection"]["sides"].as_array().unwrap().len(), 2);
    assert_eq!(connection["connection"]["bytes_from_target"], 48_000, "counted once");
    let list = server.get("/api/v1/connections?query=action:accepted").await;
    assert_eq!(list["connections"].as_array().unwrap().len(), 2);
    let gone = "00000000000000000000000000000000-7";
    assert_snapshot!(server.problem(&format!("/api/v1/rows/{gone}")).await, @"404 not-found: there is no row 00000000000000000000000000000000-7");
    assert_snapshot!(server.problem(&format!("/api/v1/connections/{gone}")).await, @"404 not-found: there is no row 00000000000000000000000000000000-7");
    assert_snapshot!(server.problem("/api/v1/rows/17").await, @r#"400 bad-parameter: "17" is not a row id (32 hexadecimal digits, a hyphen, and the record's position)"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_found_is_informative() {
    let server = TestServer::start().await;
    let path = "/api/v1/search?query=target_port:22&from=2020-06-04T12:08:00Z&to=2020-06-04T12:09:00Z";
    let answer = server.get(path).await;
    assert_eq!(answer["rows"], json!([]));
    assert_eq!(answer["nearest"]["before"]["time"], "2020-06-04T12:05:30Z");
    let coverage = server.get("/api/v1/coverage?from=2020-06-04T12:00:00Z&to=2020-06-04T12:10:00Z").await;
    assert_eq!(
        (&coverage["coverage"]["fraction"], &coverage["coverage"]["vnic_count"]),
        (&json!(1.0), &json!(2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_offered_and_explained() {
    let server = TestServer::start().await;
    let fields = server.get("/api/v1/fields").await;
    let names = |list: &serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&fields["columns"]).len(), flowglass_flow::catalogue::FIELDS.len());
    for pseudo in ["ip", "port", "bytes", "packets", "is", "sides", "local_ip", "peer_ip"] {
        assert!(names(&fields["pseudo"]).iter().any(|name| name == pseudo), "{pseudo}");
    }
    let values = server.get("/api/v1/complete?query=initiator_ip:2").await;
    assert_json_snapshot!(values, @r#"
    {
      "span": [
        13,
        14
      ],
      "items": [],
      "values": [
        {
          "value": "24.22.68.94",
          "count": 3
        }
      ],
      "names": []
    }
    "#);
    let names = server.get("/api/v1/complete?query=target:vs").await;
    assert_eq!(names["names"], json!(["vsi1", "vsi2"]));
    let explained = server.get(&format!("/api/v1/explain?query={}", encoded("target:vsi1 -port:443"))).await;
    assert_json_snapshot!(explained, @r#"
    {
      "pieces": [
        {
          "span": [
            0,
            6
          ],
          "class": "field"
        },
        {
          "span": [
            6,
            7
          ],
          "class": "operator"
        },
        {
          "span": [
            7,
            11
          ],
          "class": "value"
        },
        {
          "span": [
            12,
            13
          ],
          "class": "keyword"
        },
        {
          "span": [
            13,
            17
          ],
          "class": "field"
        },
        {
          "span": [
            17,
            18
          ],
          "class": "operator"
        },
        {
          "span": [
            18,
            21
          ],
          "class": "value"
        }
      ],
      "canonical": "target_ip:10.240.0.4 -port:443",
      "tree": {
        "op": "and",
        "terms": [
          {
            "op": "term",
            "text": "target_ip is 10.240.0.4",
            "source": "target:vsi1",
            "span": [
              0,
              11
            ],
            "columns": [
              "target_ip"
            ]
          },
          {
            "op": "not",
            "term": {
              "op": "term",
              "text": "initiator_port or target_port is 443 (https)",
              "source": "port:443",
              "span": [
                13,
                21
              ],
              "columns": [
                "initiator_port",
                "target_port"
              ]
            }
          }
        ]
      },
      "text": "AND\n  target_ip is 10.240.0.4\n  NOT initiator_port or target_port is 443 (https)\n",
      "columns": [
        "initiator_port",
        "target_ip",
        "target_port"
      ],
      "notes": []
    }
    "#);
    let wrong = server.get(&format!("/api/v1/explain?query={}", encoded("port:ssh colour:red"))).await;
    assert_eq!(wrong["error"]["span"], json!([9, 15]), "{wrong}");
    assert!(wrong.get("tree").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_say_where_and_what_to_do() {
    let server = TestServer::start().await;
    let mut said = Vec::new();
    for path in [
        "search?query=colour:red",
        "search?query=10.240",
        "search?query=(port:22",
        "search?from=someday",
        "search?to=2020-13-01",
        "search?last=6x",
        "search?last=-5m",
        "search?last=0s",
        "search?from=yesterday&last=6h",
        "search?from=2020-06-05&to=2020-06-04",
        "search?tz=Mars/Olympus",
        "search?limit=0",
        "search?limit=many",
        "search?lmit=5",
        "search?sort=-colour",
        "search?fields=time,colour",
        "search?timeout=never",
        "histogram?by=1ms",
        "histogram?measure=weight",
        "histogram?split=colour",
        "group?aggregates=evil(time)",
        "group?by=action&order=-bytes&aggregates=packets",
        "group?compare=previous",
        "top?field=",
        "top?field=colour",
        "facets",
        "objects?outcome=lost",
        "objects?day=today",
        "complete?query=%C3%A9&position=1",
        "nothing",
        "tail?fields=colour",
        "tail?after=999999",
    ] {
        said.push(format!("{path}\n  {}", server.problem(&format!("/api/v1/{path}")).await));
    }
    assert_snapshot!(said.join("\n"), @r#"
    search?query=colour:red
      400 bad-text: there is no field colour @0..6 (quote the text to search for it: "name:value")
    search?query=10.240
      400 bad-text: 10.240 is not a whole address @0..6 (a prefix needs its trailing dot: 10.240. (octet by octet); quote it to search for it as text)
    search?query=(port:22
      400 bad-text: this parenthesis is not closed @0..1 (add `)`)
    search?from=someday
      400 bad-text: "someday" is not a time @0..7 (such as 2020-06-04T13:00:00Z, 2020-06-04, yesterday 10am, last friday, 2 days ago, Oct 6 at 5pm, or seconds since 1970)
    search?to=2020-13-01
      400 bad-text: there is no day 2020-13-01 @0..10
    search?last=6x
      400 bad-text: "6x" is not a length of time @0..2 (such as 90s, 30m, 6h, 1d 12h or 2 weeks; m is minutes, mo months)
    search?last=-5m
      400 bad-text: "-5m" is not a length of time @0..3 (a length has no sign: write 5m)
    search?last=0s
      400 bad-text: "0s" is no time at all @0..2 (give how far back to look, such as 30s, 15m, 6h or 7d)
    search?from=yesterday&last=6h
      400 bad-text: a start and a length of time up to the end contradict each other @0..2 (give two of start, end and length: a length goes with the end alone)
    search?from=2020-06-05&to=2020-06-04
      400 bad-text: the range ends at 2020-06-05T00:00:00Z, not after its start 2020-06-05T00:00:00Z @0..0 (a range holds its start but not its end)
    search?tz=Mars/Olympus
      400 bad-text: "Mars/Olympus" is not a time zone @0..12 (an IANA name such as Europe/Berlin, UTC, local, or an offset such as +02:00)
    search?limit=0
      400 bad-parameter: 0 is not between 1 and 10000
    search?limit=many
      400 bad-form: Failed to deserialize query string: limit: invalid digit found in string
    search?lmit=5
      400 bad-form: Failed to deserialize query string: lmit: unknown field `lmit`, expected one of `query`, `from`, `to`, `last`, `tz`, `timeout`, `limit`, `sort`, `fields`, `cursor`, `format`
    search?sort=-colour
      400 bad-question: there is no field "colour" (did you mean "collector_crn"?)
    search?fields=time,colour
      400 bad-question: there is no field "colour" (did you mean "collector_crn"?)
    search?timeout=never
      400 bad-form: Failed to deserialize query string: timeout: "never" is not a length of time (such as 90s, 30m, 6h, 1d 12h or 2 weeks; m is minutes, mo months)
    histogram?by=1ms
      400 bad-parameter: "1ms" is not a width of a second or more
    histogram?measure=weight
      400 bad-parameter: "weight" is no measure; use one of attempts, records, all_records, connections, bytes, packets
    histogram?split=colour
      400 bad-question: there is no field "colour" (did you mean "collector_crn"?)
    group?aggregates=evil(time)
      400 bad-parameter: "evil(time)" is no aggregate (a measure (attempts, records, all_records, connections, bytes, packets), or sum, distinct, min, max, avg or p0 to p100 of a field, such as p95(bytes_from_target))
    group?by=action&order=-bytes&aggregates=packets
      400 bad-parameter: "bytes" is none of the aggregates (or `keys`)
    group?compare=previous
      400 bad-question: a comparison needs a range with both bounds (give a start and an end)
    top?field=
      400 bad-parameter: a field is needed
    top?field=colour
      400 bad-question: there is no field "colour" (did you mean "collector_crn"?)
    facets
      400 bad-parameter: between 1 and 32 fields are needed
    objects?outcome=lost
      400 bad-parameter: "lost" is not an object outcome
    objects?day=today
      400 bad-parameter: "today" is no day (YYYY-MM-DD)
    complete?query=%C3%A9&position=1
      400 bad-parameter: 1 is no place between characters of the query
    nothing
      404 not-found: there is no resource /api/v1/nothing; see /api/v1/openapi.json
    tail?fields=colour
      400 bad-parameter: there is no column "colour"
    tail?after=999999
      400 bad-parameter: the lake's newest version is 5, before 999999 (the lake was made anew, or the id is of another one)
    "#);
    let response = server.request(Method::DELETE, "/api/v1/search").send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET,HEAD,POST");
    assert_snapshot!(line(&read(response).await.1), @"405 bad-method: this method does not exist here");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_metrics_and_the_first_page() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/").await["api"], "/api/v1");
    let live = server.get("/api/v1/health/live").await;
    assert_eq!((&live["status"], &live["demo"]), (&json!("ok"), &json!(false)));
    assert_eq!(server.get("/api/v1/health/ready").await["status"], "ok");
    server.get("/api/v1/search").await;
    server.response("/api/v1/search?query=colour:red").await;
    server.response("/no/such/page/at/all").await;
    let text = server.response("/metrics").await.text().await.unwrap();
    for wanted in [
        r#"flowglass_http_requests_total{route="/api/v1/search",method="GET",status="200"} 1"#,
        r#"flowglass_http_requests_total{route="/api/v1/search",method="GET",status="400"} 1"#,
        r#"flowglass_http_requests_total{route="none",method="GET",status="404"} 1"#,
        r#"flowglass_objects{outcome="quarantined"} 1"#,
        "flowglass_lake_rows 8",
        "flowglass_query_rows_read_total 8",
        "# EOF",
    ] {
        assert!(text.lines().any(|line| line == wanted), "{wanted} is not in\n{text}");
    }
    assert!(!text.contains("no/such"), "paths are no labels");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_for_times_ports_and_networks() {
    let server = TestServer::start().await;
    let range = server.get("/api/v1/range?text=2020-06-04+10:00+to+11:00&tz=Europe/Berlin").await;
    assert_eq!(range["range"], json!({"from": "2020-06-04T08:00:00Z", "to": "2020-06-04T09:00:00Z"}));
    let start = server.get("/api/v1/range?text=2020-06-04T10:00Z").await;
    assert_eq!(start["range"], json!({"from": "2020-06-04T10:00:00Z", "to": null}));
    let unknown = server.get("/api/v1/range?text=someday").await;
    assert_eq!((&unknown["range"], &unknown["error"]["span"]), (&json!(null), &json!([0, 7])));

    let names = server.get("/api/v1/names").await;
    let services = names["services"].as_array().unwrap();
    let named = |port: u16, protocol: u8| {
        let found = services.iter().find(|one| one["port"] == port && one["protocol"] == protocol);
        found.and_then(|one| one["name"].as_str())
    };
    assert_eq!((named(22, 6), named(22, 17), named(53, 17)), (Some("ssh"), None, Some("dns")));
    assert!(names["protocols"].as_array().unwrap().contains(&json!({"protocol": 6, "name": "tcp"})));
    assert_eq!(names["labels"][0]["label"], "private");
}
