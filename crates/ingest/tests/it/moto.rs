//! Interoperability with moto, an S3 server that others wrote.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use flowglass_ingest::source::{CredentialsSpec, Filter, Secret};
use flowglass_ingest::{SourceError, SourceSpec};

use crate::fixtures::{BUCKET, fast_retry, key, list, open, sorted_keys, stream};

/// Starts the server in this process, fills the bucket, prints the port and waits for its standard input to end.
const PROGRAM: &str = r#"
import json, sys, threading
from moto.server import ThreadedMotoServer
import boto3
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host, port = server.get_host_and_port()
s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
                  aws_access_key_id="testing", aws_secret_access_key="testing")
s3.create_bucket(Bucket="logs")
for key in json.loads(sys.stdin.readline()):
    s3.put_object(Bucket="logs", Key=key, Body=key.encode(), ContentEncoding="gzip")
print(f"port {port}", flush=True)
sys.stdin.read()
server.stop()
"#;

struct Moto {
    child: Child,
    port: u16,
}

impl Moto {
    /// Returns none where Python has no moto: `FLOWGLASS_PYTHON` names the interpreter that has it.
    fn start(keys: &[String]) -> Option<Self> {
        let python = std::env::var("FLOWGLASS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let probe =
            Command::new(&python).args(["-c", "import moto.server, boto3"]).stderr(Stdio::null()).status();
        if !probe.is_ok_and(|status| status.success()) {
            return None;
        }
        let mut child = Command::new(&python)
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python");
        let mut stdin = child.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut stdin, format!("{}\n", serde_json::json!(keys)).as_bytes())
            .expect("keys");
        child.stdin = Some(stdin);
        // The server prints lines of its own.
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let port =
            lines.find_map(|line| line.expect("text").strip_prefix("port ")?.parse().ok()).expect("a port");
        Some(Self { child, port })
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
async fn reads_what_another_client_wrote() {
    let streams = ["0717-1", "0717-2"].map(|vnic| stream("A", "us-south", "r006-1", vnic, "egress"));
    let mut wanted: Vec<String> = streams
        .iter()
        .flat_map(|stream| {
            (0..30).map(|number| key(stream, &format!("2021-12-{:02}T05", 1 + number % 3), number))
        })
        .collect();
    wanted.push("plus+space and %3A%2F ünï.gz".to_owned());
    wanted.extend((0..1_100).map(|number| format!("flat/{number:05}")));
    let Some(moto) = Moto::start(&wanted) else {
        println!("skipped: no moto for Python; pip install 'moto[server,s3]'");
        return;
    };
    let spec = SourceSpec {
        endpoint: Some(format!("http://127.0.0.1:{}", moto.port)),
        credentials: CredentialsSpec::Keys {
            access_key_id: "testing".into(),
            secret_access_key: Secret::new("testing"),
            session_token: None,
        },
        retry: fast_retry(),
        ..SourceSpec::new(format!("s3://{BUCKET}"))
    };
    let source = open(&spec).await;
    wanted.sort();
    assert_eq!(sorted_keys(&source, &Filter::default()).await, wanted);
    assert_eq!(source.streams(&Filter::default()).await.expect("streams"), streams);
    let (objects, _) = list(&source, &Filter { vnics: vec!["0717-2".into()], ..Filter::default() })
        .await
        .expect("a listing");
    for listed in objects.iter().filter(|listed| !listed.key.starts_with("flat")) {
        let fetched = source.get(listed, 10_000).await.expect("the object");
        assert_eq!(fetched.bytes, listed.key.as_bytes());
        assert_eq!(Some(&fetched.version), listed.etag.as_ref());
    }
    let absent = open(&SourceSpec { location: "s3://absent".into(), ..spec }).await;
    let error = list(&absent, &Filter::default()).await.expect_err("no bucket");
    assert!(matches!(error, SourceError::NoSuchBucket { .. }), "{error}");
}
