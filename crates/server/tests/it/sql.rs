//! SQL: one SELECT over two tables, and nothing else within reach.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::json;

use crate::support::{TestServer, line, stable};

#[tokio::test(flavor = "multi_thread")]
async fn a_select_is_answered() {
    let server = TestServer::start().await;
    let statement = "SELECT initiator_ip, count(*) AS attempts, min(time) AS first FROM flows \
         WHERE action = 'rejected' GROUP BY initiator_ip ORDER BY attempts DESC, initiator_ip";
    let (status, answer) = server.post("/api/v1/sql", &json!({"statement": statement})).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["lake_version"].as_u64().unwrap() > 0);
    assert_json_snapshot!(stable(answer), @r#"
    {
      "lake_version": 5,
      "rows": [
        {
          "initiator_ip": "24.22.68.94",
          "attempts": 3,
          "first": "2020-06-04T12:00:10Z"
        },
        {
          "initiator_ip": "92.63.197.61",
          "attempts": 2,
          "first": "2020-06-04T12:02:00Z"
        }
      ],
      "columns": [
        {
          "name": "initiator_ip",
          "type": "Utf8View"
        },
        {
          "name": "attempts",
          "type": "Int64"
        },
        {
          "name": "first",
          "type": "Timestamp(µs, \"UTC\")"
        }
      ],
      "truncated": false
    }
    "#);
    let twice = "SELECT a.time, b.time FROM flows a JOIN flows b ON a.object_id = b.object_id ORDER BY 1, 2";
    let (_, answer) = server.post("/api/v1/sql", &json!({"statement": twice, "limit": 1})).await;
    assert_eq!(answer["rows"], json!([{"time": "2020-06-04T12:00:10Z", "time_2": "2020-06-04T12:00:10Z"}]));
    assert_eq!(answer["truncated"], true);
    let outcomes = "SELECT outcome, count(*) AS n FROM objects GROUP BY outcome ORDER BY outcome";
    let (_, answer) = server.post("/api/v1/sql", &json!({"statement": outcomes})).await;
    assert_eq!(answer["rows"], json!([{"outcome": "done", "n": 4}, {"outcome": "quarantined", "n": 1}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_can_be_run() {
    let server = TestServer::start().await;
    for statement in [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM \"file:///etc/passwd\"",
        "SELECT * FROM 's3://bucket/key.parquet'",
        "SELECT * FROM \"https://storage.example/key.parquet\"",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('s3://bucket/key')",
        "SELECT * FROM parquet_metadata('/etc/passwd')",
        "SELECT * FROM generate_series(1, 1000000000)",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM datafusion.public.flows",
        "SELECT * FROM pg_catalog.pg_class",
        "SHOW TABLES",
        "SHOW ALL",
        "DESCRIBE flows",
        "EXPLAIN SELECT 1",
        "SET datafusion.execution.batch_size = 1",
        "RESET datafusion.execution.batch_size",
        "COPY flows TO '/tmp/stolen.parquet'",
        "COPY (SELECT * FROM flows) TO 's3://bucket/stolen'",
        "CREATE TABLE t AS SELECT 1",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE flows",
        "INSERT INTO flows SELECT * FROM flows",
        "DELETE FROM flows",
        "UPDATE flows SET action = 'accepted'",
        "TRUNCATE TABLE flows",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE flows",
        "SELECT 1 INTO t",
        "WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT * FROM t) SELECT * FROM t",
        "SELECT repeat('x', 1000000000)",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        "",
        ";",
        "-- nothing",
    ] {
        let (status, problem) = server.post("/api/v1/sql", &json!({"statement": statement})).await;
        assert_eq!(status, 400, "{statement}: {problem}");
        assert!(!problem.to_string().contains("root:"), "{statement}");
    }
    assert_eq!(server.get("/api/v1/count").await["count"], 8);
    assert!(!std::path::Path::new("/tmp/stolen.parquet").exists());
    let (_, problem) = server.post("/api/v1/sql", &json!({"statement": "SELECT * FROM '/etc/passwd'"})).await;
    assert_snapshot!(line(&problem), @r#"400 bad-question: there is no table "'/etc/passwd'" (write one SELECT over the tables flows and objects)"#);
    let (_, problem) = server.post("/api/v1/sql", &json!({"statement": "SELECT colour FROM flows"})).await;
    assert!(line(&problem).contains("colour"), "{problem}");
    let (status, _) =
        server.post("/api/v1/sql", &json!({"statement": "SELECT 1", "file": "/etc/passwd"})).await;
    assert_eq!(status, 400, "unknown members are mistakes");
}
