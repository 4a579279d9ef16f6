//! SQL reaches the two tables and nothing else.

use flowglass_lake::LakeError;
use flowglass_lake::answer::{Limits, RowWriter};

use super::rows::{TestLake, TestObject, TestRow, parse};

const START: i64 = 1_591_278_000_000_000;

async fn lake() -> TestLake {
    let rows = (0..10).map(|at| {
        TestRow::default()
            .with("time", START + at * 1_000_000)
            .with("initiator_ip", format!("10.0.0.{at}"))
            .with("target_port", 22 + at % 2)
            .with("bytes_from_target", 100 * at)
    });
    TestLake::new(&[TestObject::new("a", "v", "ingress", (START, START + 300_000_000), rows.collect())]).await
}

fn shown(batches: &[arrow::array::RecordBatch]) -> Vec<String> {
    let lines = batches.iter().flat_map(|batch| {
        let writer = RowWriter::new(batch, &[]);
        let line = |row| {
            (0..batch.num_columns()).map(|at| writer.text(row, at).unwrap_or_default()).collect::<Vec<_>>()
        };
        (0..batch.num_rows()).map(|row| line(row).join("|")).collect::<Vec<_>>()
    });
    lines.collect()
}

#[tokio::test]
async fn selects_run() {
    let lake = lake().await;
    let long =
        format!("SELECT count(*) FROM flows WHERE {}target_port = 22", "target_port = 23 OR ".repeat(180))
            .replace("target_port = 23", "target_port <> 23");
    let list = format!("SELECT count(*) FROM flows WHERE target_port IN (22{})", ", 9".repeat(5000));
    for (statement, expected) in [
        ("SELECT count(*), sum(bytes_from_target) FROM flows", vec!["10|4500"]),
        (
            "WITH ssh AS (SELECT * FROM flows WHERE target_port = 22) SELECT initiator_ip FROM ssh ORDER BY time LIMIT 2;",
            vec!["10.0.0.0", "10.0.0.2"],
        ),
        ("SELECT key, outcome FROM objects", vec!["a|done"]),
        ("SELECT count(*) FROM flows JOIN objects USING (object_id)", vec!["10"]),
        ("SELECT count(*) FROM flows WHERE in_network(initiator_ip, '10.0.0.4/30')", vec!["4"]),
        (
            "SELECT initiator_ip FROM flows WHERE bytes_from_target = (SELECT max(bytes_from_target) FROM flows)",
            vec!["10.0.0.9"],
        ),
        ("SELECT min(time) FROM FLOWS", vec!["2020-06-04T13:40:00Z"]),
        ("SELECT 1 UNION ALL SELECT 2", vec!["1", "2"]),
        ("SELECT count(*) FROM flows WHERE time < now() AND time < current_date", vec!["10"]),
        (long.as_str(), vec!["5"]),
        (list.as_str(), vec!["5"]),
        (
            "SELECT DATE_TRUNC('minute', time), count(*) FROM flows GROUP BY 1",
            vec!["2020-06-04T13:40:00Z|10"],
        ),
    ] {
        let answer = lake.reader.sql(statement, None, Limits::default()).await;
        let answer = answer.unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        assert_eq!(shown(&answer.rows), expected, "{statement}");
    }
}

#[tokio::test]
async fn all_rows_can_be_asked_for() {
    let lake = lake().await;
    for max_rows in [usize::MAX, i64::MAX as usize, 10] {
        let limits = Limits { max_rows, ..Limits::default() };
        let answer = lake.reader.sql("SELECT record_index FROM flows", None, limits).await.unwrap();
        assert_eq!((shown(&answer.rows).len(), answer.truncated), (10, false), "{max_rows}");
    }
}

#[tokio::test]
async fn everything_else_is_refused() {
    let lake = lake().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    std::fs::write(file.path(), "secret\n1\n").unwrap();
    let own = [
        format!("SELECT * FROM '{path}'"),
        format!("COPY (SELECT * FROM flows) TO '{path}'"),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{path}'"),
        format!("SELECT * FROM read_csv('{path}')"),
    ];
    let refused = [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM 's3://bucket/key.parquet'",
        "SELECT * FROM \"s3://bucket/\"",
        "SELECT * FROM 'http://127.0.0.1/x.csv'",
        "SELECT * FROM read_parquet('s3://bucket/key')",
        "SELECT * FROM parquet_metadata('/etc/passwd')",
        "SELECT * FROM generate_series(1, 1000000000000)",
        "SELECT * FROM range(1, 10)",
        "SELECT * FROM TABLE(range(1, 10))",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM datafusion.public.flows",
        "SELECT * FROM public.flows",
        "SELECT * FROM nothing",
        "SELECT (SELECT count(*) FROM '/etc/passwd')",
        "SELECT * FROM flows WHERE object_id IN (SELECT a FROM '/etc/passwd')",
        "WITH x AS (SELECT * FROM '/etc/passwd') SELECT * FROM x",
        "COPY flows TO '/tmp/x.csv'",
        "COPY flows TO 's3://bucket/x'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE TABLE t AS SELECT * FROM flows",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE flows",
        "INSERT INTO flows SELECT * FROM flows",
        "DELETE FROM flows",
        "UPDATE flows SET target_port = 1",
        "TRUNCATE TABLE flows",
        "MERGE INTO flows USING objects ON true WHEN MATCHED THEN DELETE",
        "SELECT * INTO t FROM flows",
        "WITH x AS (INSERT INTO flows SELECT * FROM flows RETURNING *) SELECT * FROM x",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r",
        "SET datafusion.execution.batch_size = 1",
        "RESET datafusion.execution.batch_size",
        "SHOW TABLES",
        "SHOW ALL",
        "DESCRIBE flows",
        "EXPLAIN SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE flows",
        "",
        ";",
        "SELECT repeat('x', 1000000000)",
        "SELECT \"repeat\"('x', 1000000000)",
        "SELECT lpad('x', 1000000000, 'y')",
        "SELECT array_repeat(1, 1000000000)",
        "SELECT generate_series(1, 1000000000)",
        "SELECT range(1, 1000000000)",
        "SELECT no_such_column FROM flows",
        "SELECT 1 FROM flows FOR UPDATE",
        "VALUES (1); VALUES (2)",
    ];
    for statement in refused.iter().map(|s| (*s).to_owned()).chain(own) {
        match lake.reader.sql(&statement, None, Limits::default()).await {
            Err(LakeError::BadRequest { .. }) => {}
            Err(other) => panic!("{statement}: {other:?}"),
            Ok(answer) => panic!("{statement} ran: {:?}", shown(&answer.rows)),
        }
    }
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "secret\n1\n");
    for long in [
        format!("SELECT {}1", "1 + ".repeat(15_000)),
        format!("SELECT count(*) FROM flows WHERE {}true", "target_port = 1 AND ".repeat(3000)),
        format!("SELECT 1 {}", " UNION SELECT 1".repeat(4000)),
        format!("SELECT {}1", "- ".repeat(20_000)),
        format!("SELECT {}true", "NOT ".repeat(10_000)),
        format!("SELECT 1 FROM flows f0 {}", (1..100).map(|at| format!(", flows f{at}")).collect::<String>()),
    ] {
        assert!(lake.reader.sql(&long, None, Limits::default()).await.is_err(), "{}", &long[..40]);
    }
    let deep = format!("SELECT {}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert!(lake.reader.sql(&deep, None, Limits::default()).await.is_err());
}

#[tokio::test]
async fn limits_hold() {
    let lake = lake().await;
    let few = Limits { max_rows: 3, ..Limits::default() };
    let answer = lake.reader.sql("SELECT * FROM flows", None, few).await.unwrap();
    assert_eq!(
        (answer.rows.iter().map(|batch| batch.num_rows()).sum::<usize>(), answer.truncated),
        (3, true)
    );
    let crossed = "SELECT sum(a.target_port * b.target_port * c.target_port * h.target_port) \
                   FROM flows a, flows b, flows c, flows d, flows e, flows f, flows g, flows h";
    let quick = Limits { timeout: std::time::Duration::from_millis(300), ..Limits::default() };
    let started = std::time::Instant::now();
    let error = lake.reader.sql(crossed, None, quick).await.unwrap_err();
    assert!(matches!(error, LakeError::TimedOut { .. }), "{error:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
    let small = Limits { memory_bytes: 1 << 16, ..Limits::default() };
    let sorted = "SELECT a.* FROM flows a, flows b, flows c, flows d ORDER BY a.initiator_ip || b.initiator_ip, c.time";
    let error = lake.reader.sql(sorted, None, small).await.unwrap_err();
    assert!(matches!(error, LakeError::LimitReached { .. }), "{error:?}");
}

#[tokio::test]
async fn a_row_filter_holds_in_sql() {
    let lake = lake().await;
    let filter = parse("target_port:23");
    let count = |statement: &'static str| lake.reader.sql(statement, Some(&filter), Limits::default());
    assert_eq!(shown(&count("SELECT count(*) FROM flows").await.unwrap().rows), ["5"]);
    assert_eq!(
        shown(&count("SELECT count(*) FROM flows WHERE target_port = 22 OR true").await.unwrap().rows),
        ["5"]
    );
    assert!(count("SELECT * FROM objects").await.is_err());
}
