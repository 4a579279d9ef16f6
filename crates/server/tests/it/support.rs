//! A lake, a server and a client.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use flowglass_codec::BatchDecoder;
use flowglass_flow::names::Names;
use flowglass_flow::object::shard_of;
use flowglass_flow::{ObjectEntry, ObjectFacts, ObjectId, Outcome, SourceName};
use flowglass_lake::read::{Reader, ReaderOptions};
use flowglass_lake::{Batch, Lake, LakeOptions, LakeViews, Writer};
use flowglass_server::{AppState, Keys, Limits, Principal, Server, ServerError, Settings};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// vsi1 of the VPC: knocked at from outside.
pub(crate) const VSI1: &str = "0717-1111";
/// vsi2: serves the app on 3000.
pub(crate) const VSI2: &str = "0727-2222";

/// A record as the provider writes it: direction, verdict, initiator, target, bytes there and back, start in the hour.
pub(crate) fn record(
    direction: &str,
    action: &str,
    from: (&str, u16),
    to: (&str, u16),
    bytes: (u64, u64),
    at: &str,
) -> Value {
    json!({
        "start_time": format!("2020-06-04T12:{at}Z"), "end_time": format!("2020-06-04T12:{at}Z"),
        "connection_start_time": format!("2020-06-04T12:{at}Z"),
        "direction": direction, "action": action,
        "initiator_ip": from.0, "target_ip": to.0, "initiator_port": from.1, "target_port": to.1,
        "transport_protocol": 6, "ether_type": "IPv4", "was_initiated": true, "was_terminated": false,
        "bytes_from_initiator": bytes.0, "packets_from_initiator": bytes.0.div_ceil(1500),
        "bytes_from_target": bytes.1, "packets_from_target": bytes.1.div_ceil(1500),
        "cumulative_bytes_from_initiator": bytes.0, "cumulative_packets_from_initiator": bytes.0.div_ceil(1500),
        "cumulative_bytes_from_target": bytes.1, "cumulative_packets_from_target": bytes.1.div_ceil(1500),
    })
}

/// An object: key and body.
pub(crate) fn object(vnic: &str, minute: u32, records: &[Value]) -> (String, Vec<u8>) {
    let key = format!(
        "ibm_vpc_flowlogs_v1/account=a1/region=us-south/vpc-id=v1/subnet-id=s1/endpoint-type=vnics/instance-id=i{vnic}/\
         vnic-id={vnic}/record-type=all/year=2020/month=06/day=04/hour=12/stream-id=20200604T120000Z/{minute:08}.gz"
    );
    let body = json!({
        "version": "0.0.1",
        "collector_crn": "crn:v1:bluemix:public:is:us-south:a/a1::flow-log-collector:f1",
        "attached_endpoint_type": "vnic", "network_interface_id": vnic,
        "instance_crn": format!("crn:v1:bluemix:public:is:us-south-1:a/a1::instance:i{vnic}"),
        "vpc_crn": "crn:v1:bluemix:public:is:us-south:a/a1::vpc:v1",
        "capture_start_time": format!("2020-06-04T12:{minute:02}:00Z"),
        "capture_end_time": format!("2020-06-04T12:{:02}:00Z", minute + 5),
        "number_of_flow_logs": records.len(), "state": "ok", "flow_logs": records,
    });
    (key, body.to_string().into_bytes())
}

/// Ten minutes of the walk-through: refused SSH, scanners, and the app's traffic seen from both ends.
fn objects() -> Vec<(String, Vec<u8>)> {
    let (vsi1, vsi2) = ("10.240.0.4", "10.240.64.4");
    let ssh = |port, at| record("I", "rejected", ("24.22.68.94", port), (vsi1, 22), (66, 0), at);
    vec![
        object(
            VSI1,
            0,
            &[
                ssh(52001, "00:10"),
                ssh(52002, "01:10"),
                record("I", "rejected", ("92.63.197.61", 41000), (vsi1, 443), (54, 0), "02:00"),
                record("O", "accepted", (vsi1, 39000), (vsi2, 3000), (1200, 48_000), "03:00"),
            ],
        ),
        object(VSI2, 0, &[record("I", "accepted", (vsi1, 39000), (vsi2, 3000), (1200, 48_000), "03:00")]),
        object(
            VSI1,
            5,
            &[
                ssh(52003, "05:30"),
                record("O", "accepted", (vsi1, 53001), ("161.26.0.10", 53), (80, 160), "06:00"),
            ],
        ),
        object(VSI2, 5, &[record("I", "rejected", ("92.63.197.61", 41001), (vsi2, 8080), (54, 0), "07:00")]),
        (object(VSI2, 10, &[]).0, b"this is no flow log".to_vec()),
    ]
}

/// A lake in memory with its writer.
pub(crate) struct TestLake {
    writer: Writer,
    decoder: BatchDecoder,
    pub(crate) reader: Reader,
}

impl TestLake {
    /// The lake most tests ask: five objects, one of them unreadable, in one commit each.
    pub(crate) async fn new() -> Self {
        let mut lake = Self::empty().await;
        for (key, body) in objects() {
            lake.commit(&key, &body).await;
        }
        lake
    }

    pub(crate) async fn empty() -> Self {
        let lake = Lake::open_or_create("memory:///lake", &LakeOptions::default()).await.unwrap();
        let writer = Writer::open(&lake).await.unwrap();
        let reader = Reader::new(Arc::new(LakeViews::new(lake)), &ReaderOptions::default()).unwrap();
        Self { writer, decoder: BatchDecoder::new(flowglass_codec::Limits::default()), reader }
    }

    /// Commits one object as ingestion does. Returns its id.
    pub(crate) async fn commit(&mut self, key: &str, body: &[u8]) -> ObjectId {
        let source = SourceName("s3://flows".to_owned());
        let object_id = ObjectId::of(&source, key, "1");
        let read = self.decoder.push(object_id, key, body);
        let (outcome, reason, facts) = match read {
            Ok(facts) if facts.records == 0 => (Outcome::Empty, None, facts),
            Ok(facts) => (Outcome::Done, None, facts),
            Err(error) => {
                let fields = flowglass_codec::parse_key(key);
                let day = flowglass_flow::time::days_from_civil(2020, 6, 4) as i32;
                let vnic_id = fields.and_then(|fields| fields.vnic_id.map(|id| id.to_string()));
                let facts = ObjectFacts { day, vnic_id, ..ObjectFacts::default() };
                (Outcome::Quarantined, Some(error.to_string()), facts)
            }
        };
        let shard = shard_of(&source, key, self.writer.lake().shards());
        let entry = ObjectEntry {
            object_id,
            source,
            key: key.to_owned(),
            etag: "1".to_owned(),
            size: body.len() as u64,
            last_modified: None,
            recorded_at: flowglass_flow::time::now(),
            outcome,
            reason,
            replaces: None,
            content_hash: None,
            facts,
        };
        let rows = self.decoder.finish().into_iter().map(|day| (day.day, day.batch)).collect();
        let batch = Batch { shard, objects: vec![entry], rows, again: HashSet::new() };
        self.writer.commit(batch).await.unwrap();
        object_id
    }
}

/// A running server, stopped when dropped.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) lake: TestLake,
    client: reqwest::Client,
    token: Option<String>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ServerError>>,
}

/// Bounds small enough to be reached by tests.
pub(crate) fn settings() -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: Limits {
            tail_poll: Duration::from_millis(20),
            max_body_bytes: 128 << 10,
            ..Limits::default()
        },
        ..Settings::default()
    }
}

impl TestServer {
    /// A server without tokens over the usual lake.
    pub(crate) async fn start() -> Self {
        Self::with(settings(), Keys::open(), TestLake::new().await, |state| state).await
    }

    /// A server of one caller with a token.
    pub(crate) async fn for_principal(principal: Principal) -> Self {
        let token = "test-token-of-32-characters-0123";
        let keys = Keys::closed().with(&flowglass_server::Secret::new(token), principal);
        let mut server = Self::with(settings(), keys, TestLake::new().await, |state| state).await;
        server.token = Some(token.to_owned());
        server
    }

    pub(crate) async fn with(
        settings: Settings,
        keys: Keys,
        lake: TestLake,
        prepare: impl FnOnce(AppState) -> AppState,
    ) -> Self {
        // Another test may have installed it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let names = Names::parse("10.240.0.4 vsi1\n10.240.64.4 vsi2\n").unwrap();
        let state = prepare(AppState::new(lake.reader.clone()).with_names(Arc::new(names)));
        let server = Server::bind_with(&settings, keys, state).unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async move {
            let _: Result<(), _> = stopped.await;
        }));
        Self {
            address,
            lake, // Connections are not kept: the servers of tests drop idle ones soon, which would race with requests.
            client: reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap(),
            token: None,
            stop,
            running,
        }
    }

    /// Asks the server to stop, and returns what waits for it.
    pub(crate) fn stop(self) -> JoinHandle<Result<(), ServerError>> {
        drop(self.stop);
        self.running
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn response(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// The JSON of a GET that succeeds.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.response(path).await;
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Status and JSON of a POST.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        read(self.request(Method::POST, path).json(body).send().await.unwrap()).await
    }

    /// The problem of a GET that fails, as `status type detail`.
    pub(crate) async fn problem(&self, path: &str) -> String {
        let (status, problem) = read(self.response(path).await).await;
        assert_eq!(problem["status"], status, "{path}: {problem}");
        line(&problem)
    }
}

/// Status and JSON of a response.
pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// A problem in one line.
pub(crate) fn line(problem: &Value) -> String {
    let kind = problem["type"].as_str().unwrap_or("?").trim_start_matches("urn:flowglass:problem:");
    let mut line = format!("{} {kind}: {}", problem["status"], problem["detail"].as_str().unwrap_or("?"));
    if let Some(span) = problem["span"].as_array() {
        line.push_str(&format!(" @{}..{}", span[0], span[1]));
    }
    if let Some(hint) = problem["hint"].as_str() {
        line.push_str(&format!(" ({hint})"));
    }
    line
}

/// Takes out what differs from run to run.
pub(crate) fn stable(mut value: Value) -> Value {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for name in ["elapsed_ms", "files_read", "files_total", "rows_read", "coverage", "warnings"] {
                    members.remove(name);
                }
                members.values_mut().for_each(walk);
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(&mut value);
    value
}

/// Values of one column of an answer's rows, as text.
pub(crate) fn column(answer: &Value, name: &str) -> Vec<String> {
    let rows = answer["rows"].as_array().unwrap_or_else(|| panic!("no rows in {answer}"));
    rows.iter().map(|row| row[name].as_str().map_or_else(|| row[name].to_string(), str::to_owned)).collect()
}

/// A text for a query string.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
