"""The program's answers equal SQL that DuckDB runs over the raw JSON of the objects."""

import duckdb
import pytest

# Both instances report, so what they say to each other is in the objects twice.
VSI1, VSI2 = "10.240.0.4", "10.240.64.4"
OWN = f"('{VSI1}', '{VSI2}')"
CLOSING = (
    "was_terminated AND NOT was_initiated AND bytes_from_initiator = 0 AND packets_from_initiator = 0"
    " AND bytes_from_target = 0 AND packets_from_target = 0"
)
# Volume counts once: not from the target's side when the initiator reports too.
ONCE = f"NOT (direction = 'I' AND initiator_ip IN {OWN})"


def number(address):
    """SQL for an IPv4 address as a number."""
    parts = [f"split_part({address}, '.', {at})::BIGINT * {256 ** (4 - at)}" for at in range(1, 5)]
    return "(" + " + ".join(parts) + ")"


def within(address, network, bits):
    """SQL for: an address lies in an IPv4 network."""
    size = 2 ** (32 - bits)
    return f"({number(address)} // {size} = {number(repr(network))} // {size})"


def private(address):
    """SQL for: an address is private."""
    networks = [("10.0.0.0", 8), ("172.16.0.0", 12), ("192.168.0.0", 16), ("100.64.0.0", 10), ("169.254.0.0", 16)]
    return "(" + " OR ".join(within(address, *network) for network in networks) + ")"


# A query, and what it means in SQL.
QUERIES = [
    # Verbatim from the walk-through.
    ("target_ip:10.240.0.4 action:rejected", f"target_ip = '{VSI1}' AND action = 'rejected'"),
    (
        "initiator_ip:10.240.64.4 -target_port:67 -target_port:123 -target_port:53",
        f"initiator_ip = '{VSI2}' AND target_port NOT IN (67, 123, 53)",
    ),
    ("action:rejected direction:I -initiator_ip:10.", "action = 'rejected' AND direction = 'I' AND initiator_ip NOT LIKE '10.%'"),
    # Everything, nothing, and what no flow has.
    ("", "true"),
    ("host:x", "false"),
    ("-host:x", "true"),
    # Addresses: whole, by octets, by network, either side.
    ("target_ip:10.240.0.", "target_ip LIKE '10.240.0.%'"),
    ("initiator_ip:198.18.0.0/15", within("initiator_ip", "198.18.0.0", 15)),
    ("initiator_ip:92.63.192.0/21", within("initiator_ip", "92.63.192.0", 21)),
    ("24.22.68.94", "initiator_ip = '24.22.68.94' OR target_ip = '24.22.68.94'"),
    ("ip:161.26.0.0/16", "initiator_ip LIKE '161.26.%' OR target_ip LIKE '161.26.%'"),
    ("local_ip:10.240.0.4 peer_ip:10.240.64.4", f"(CASE direction WHEN 'I' THEN target_ip ELSE initiator_ip END) = '{VSI1}' AND (CASE direction WHEN 'I' THEN initiator_ip ELSE target_ip END) = '{VSI2}'"),
    ("initiator_ip:[24.22.68.94,92.63.197.61]", "initiator_ip IN ('24.22.68.94', '92.63.197.61')"),
    # Numbers: equality, comparison, ranges, lists, compounds, names, units.
    ("target_port:22", "target_port = 22"),
    ("target_port:ssh", "target_port = 22"),
    ("target_port:==22", "target_port = 22"),
    ("target_port:1..1023", "target_port BETWEEN 1 AND 1023"),
    ("target_port:>=1024", "target_port >= 1024"),
    ("target_port:(>=20 <100 -53)", "target_port >= 20 AND target_port < 100 AND target_port <> 53"),
    ("target_port:[22,3389,3000]", "target_port IN (22, 3389, 3000)"),
    ("port:53", "initiator_port = 53 OR target_port = 53"),
    ("transport_protocol:udp", "transport_protocol = 17"),
    ("bytes_from_target:>5KB", "bytes_from_target > 5000"),
    ("bytes_from_target:>5KiB", "bytes_from_target > 5120"),
    ("bytes:>1MB", "bytes_from_initiator + bytes_from_target > 1000000"),
    ("packets:<=2", "packets_from_initiator + packets_from_target <= 2"),
    # Text: prefixes in any case, whole values, existence.
    ("action:rej", "action LIKE 'rej%'"),
    ("action:REJECTED", "action = 'rejected'"),
    ("action:==rejected", "action = 'rejected'"),
    ("action:===Rejected", "false"),
    ("state:\"skip data\"", "state = 'skip data'"),
    ("start_time:*", "start_time IS NOT NULL"),
    ("-start_time:*", "start_time IS NULL"),
    ("rejected", "action = 'rejected'"),
    # What a record is.
    ("is:closing", CLOSING),
    ("is:attempt", "was_initiated"),
    ("is:attempt action:rejected direction:I", "was_initiated AND action = 'rejected' AND direction = 'I'"),
    ("was_terminated:true -is:closing", f"was_terminated AND NOT ({CLOSING})"),
    ("is:one_way -is:closing", f"bytes_from_target = 0 AND packets_from_target = 0 AND NOT ({CLOSING})"),
    ("is:internal", f"{private('initiator_ip')} AND {private('target_ip')}"),
    # How terms bind: OR before AND, NOT before both.
    ("direction:I target_port:22 OR target_port:23", "direction = 'I' AND (target_port = 22 OR target_port = 23)"),
    ("(direction:I target_port:22) OR target_port:53", "(direction = 'I' AND target_port = 22) OR target_port = 53"),
    ("NOT target_port:22 OR action:accepted", "NOT (target_port = 22) OR action = 'accepted'"),
    ("-(target_port:22 OR target_port:3000)", "target_port NOT IN (22, 3000)"),
    # On closing records start_time is missing: a term is false there, its negation true.
    ("-start_time:>=2026-11-02T12:00:00Z", "start_time IS NULL OR start_time < '2026-11-02T12:00:00Z'"),
    ("vpc_id:r006-5a3b", "vpc_id LIKE 'r006-5a3b%'"),
    ("record_type:egress zone:us-south-2", "record_type = 'egress' AND zone = 'us-south-2'"),
]


@pytest.fixture(scope="module")
def sql(simulated):
    """Runs SQL over `flows`, a table of the raw JSON."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    whole = [
        "initiator_port", "target_port", "transport_protocol", "bytes_from_initiator", "packets_from_initiator",
        "bytes_from_target", "packets_from_target", "cumulative_bytes_from_initiator",
        "cumulative_packets_from_initiator", "cumulative_bytes_from_target", "cumulative_packets_from_target",
    ]
    text = ["start_time", "end_time", "connection_start_time", "direction", "action", "initiator_ip", "target_ip", "ether_type"]
    record = [f"{name} VARCHAR" for name in text] + [f"{name} UBIGINT" for name in whole]
    record += ["was_initiated BOOLEAN", "was_terminated BOOLEAN"]
    database.execute(
        f"""
        CREATE TABLE flows AS
        WITH objects AS (
            SELECT * FROM read_json('{simulated}/**/*.gz', filename = true, columns = {{
                capture_start_time: 'TIMESTAMPTZ', capture_end_time: 'TIMESTAMPTZ', state: 'VARCHAR',
                network_interface_id: 'VARCHAR', vpc_crn: 'VARCHAR', flow_logs: 'STRUCT({", ".join(record)})[]'}})
        ), records AS (
            SELECT * EXCLUDE (flow_logs), unnest(flow_logs, recursive := true) FROM objects
        )
        SELECT * REPLACE (
                nullif(start_time, '')::TIMESTAMPTZ AS start_time, nullif(end_time, '')::TIMESTAMPTZ AS end_time,
                connection_start_time::TIMESTAMPTZ AS connection_start_time),
            coalesce(nullif(start_time, '')::TIMESTAMPTZ, capture_start_time) AS time,
            network_interface_id AS vnic_id, split_part(vpc_crn, ':', 10) AS vpc_id,
            regexp_extract(filename, 'record-type=([a-z]+)', 1) AS record_type,
            regexp_extract(filename, 'subnet-id=crn%3Av1%3Abluemix%3Apublic%3Ais%3A([a-z0-9-]+)', 1) AS zone
        FROM records
        """
    )
    return lambda statement: database.execute(statement).fetchall()


def words(query):
    """A query as the shell would pass it: one argument, after `--` so that a leading hyphen is no option."""
    return ["--", query] if query else []


def test_the_raw_view_holds_every_quirk(sql):
    (rows, closing, untimed, lossy), = sql(
        f"SELECT count(*), count(*) FILTER ({CLOSING}), count(*) FILTER (start_time IS NULL AND NOT ({CLOSING})),"
        " count(*) FILTER (state = 'skip data') FROM flows"
    )
    assert rows > 8000 and closing > 1000 and untimed == 1 and lossy > 100


@pytest.mark.parametrize("query, where", QUERIES)
def test_search_counts(flowglass, lake, sql, query, where):
    (expected,), = sql(f"SELECT count(*) FROM flows WHERE {where}")
    counted = flowglass.run("search", "--count", "--lake", lake, *words(query)).stdout
    assert int(counted) == expected
    # A query that finds nothing where it should find something tests nothing.
    assert expected > 0 or where == "false"


def test_a_prefix_needs_its_dot(flowglass, lake):
    failed = flowglass.run("search", "--count", "--lake", lake, "target_ip:10.240.0", check=False)
    assert failed.returncode == 2 and "10.240.0." in failed.stderr


def test_search_gives_the_rows_newest_first(flowglass, lake, sql):
    where = "action = 'rejected' AND target_port = 22"
    expected = sql(f"SELECT strftime(time, '%Y-%m-%dT%H:%M:%SZ'), initiator_ip, initiator_port FROM flows WHERE {where}")
    rows = flowglass.ndjson("search", "--lake", lake, "--fields", "time,initiator_ip,initiator_port", "action:rejected target_port:22")
    found = [(row["time"], row["initiator_ip"], row["initiator_port"]) for row in rows]
    assert sorted(found) == sorted(expected) and len(found) > 50
    times = [row["time"] for row in rows]
    assert times == sorted(times, reverse=True)


def test_search_in_a_range(flowglass, lake, sql):
    begin, end = "2026-11-02T05:17:00Z", "2026-11-02T09:00:00Z"
    (expected,), = sql(f"SELECT count(*) FROM flows WHERE time >= '{begin}' AND time < '{end}'")
    counted = flowglass.run("search", "--count", "--lake", lake, "--from", begin, "--to", end).stdout
    assert int(counted) == expected > 0


@pytest.mark.parametrize(
    "query, measure, where, value",
    [
        ("", "all_records", "true", "count(*)"),
        ("", "records", f"NOT ({CLOSING})", "count(*)"),
        ("action:rejected", "attempts", "action = 'rejected' AND was_initiated", "count(*)"),
        ("", "bytes", ONCE, "sum(bytes_from_initiator + bytes_from_target)"),
        ("sides:both", "bytes", "true", "sum(bytes_from_initiator + bytes_from_target)"),
        ("target_port:3000", "packets", f"target_port = 3000 AND {ONCE}", "sum(packets_from_initiator + packets_from_target)"),
    ],
)
def test_histogram(flowglass, lake, sql, query, measure, where, value):
    answer = flowglass.json("histogram", "--lake", lake, "--by", "1h", "--measure", measure, *words(query))
    assert answer["meta"]["measure"]["name"] == measure and answer["bucket_seconds"] == 3600
    (series,) = answer["series"]
    found = {bucket["start"]: bucket["value"] for bucket in series["buckets"] if bucket["value"]}
    hour = "strftime(date_trunc('hour', time), '%Y-%m-%dT%H:%M:%SZ')"
    expected = {start: int(count) for start, count in sql(f"SELECT {hour}, {value} FROM flows WHERE {where} GROUP BY 1") if count}
    assert found == expected and len(found) > 20
    assert series["total"] == sum(expected.values())


def test_histogram_splits(flowglass, lake, sql):
    answer = flowglass.json("histogram", "--lake", lake, "--by", "30m", "--split", "action", "--measure", "attempts")
    found = {
        (series["key"], bucket["start"]): bucket["value"]
        for series in answer["series"]
        for bucket in series["buckets"]
        if bucket["value"]
    }
    half = "strftime(time_bucket(INTERVAL 30 minutes, time), '%Y-%m-%dT%H:%M:%SZ')"
    expected = {(action, start): count for action, start, count in sql(f"SELECT action, {half}, count(*) FROM flows WHERE was_initiated GROUP BY ALL")}
    assert found == expected and {key for key, _ in found} == {"accepted", "rejected"}


@pytest.mark.parametrize(
    "field, query, measure, where, value",
    [
        ("initiator_ip", "action:rejected direction:I", "attempts", "action = 'rejected' AND direction = 'I' AND was_initiated", "count(*)"),
        ("target_port", "direction:I", "records", f"direction = 'I' AND NOT ({CLOSING})", "count(*)"),
        ("target_ip", "", "bytes", ONCE, "sum(bytes_from_initiator + bytes_from_target)"),
        (
            "initiator_ip",
            "",
            "connections",
            f"NOT ({CLOSING}) AND {ONCE}",
            "count(DISTINCT (vnic_id, initiator_ip, target_ip, initiator_port, target_port, transport_protocol,"
            " coalesce(connection_start_time, time)))",
        ),
    ],
)
def test_top(flowglass, lake, sql, field, query, measure, where, value):
    answer = flowglass.json("top", field, "--lake", lake, "--limit", 10_000, "--measure", measure, *words(query))
    found = {entry["value"]: entry["count"] for entry in answer["values"]}
    rows = sql(f"SELECT {field}, {value} FROM flows WHERE {where} GROUP BY 1")
    expected = {name: int(count) for name, count in rows}
    assert found == expected and len(found) > 3
    assert (answer["total"], answer["distinct"]) == (sum(expected.values()), len(expected))
    counts = [entry["count"] for entry in answer["values"]]
    assert counts == sorted(counts, reverse=True)


def test_group_by_two_keys(flowglass, lake, sql):
    aggregates = ["records", "sum(bytes_from_target)", "distinct(initiator_ip)", "min(packets_from_initiator)", "max(bytes_from_initiator)", "avg(bytes_from_initiator)"]
    arguments = [part for aggregate in aggregates for part in ("--agg", aggregate)]
    answer = flowglass.json("group", "--lake", lake, "--by", "action", "--by", "target_port", "--limit", 10_000, *arguments, "direction:I")
    found = {tuple(row["keys"]): row["values"] for row in answer["rows"]}
    # Figures leave closing records out, which carry nothing.
    rows = sql(
        f"""SELECT action, target_port, count(*), sum(bytes_from_target), count(DISTINCT initiator_ip),
        min(packets_from_initiator), max(bytes_from_initiator), avg(bytes_from_initiator)
        FROM flows WHERE direction = 'I' AND NOT ({CLOSING}) GROUP BY ALL"""
    )
    expected = {(action, port): [int(value) if isinstance(value, int) else float(value) for value in values] for action, port, *values in rows}
    assert not answer["truncated"] and found.keys() == expected.keys() and len(found) > 20
    for key, values in expected.items():
        assert found[key] == pytest.approx(values), key


def test_distinct(flowglass, lake, sql):
    answer = flowglass.json("group", "--lake", lake, "--by", "1h", "--agg", "distinct(target_port)", "--limit", 100, "initiator_ip:92.63.197.61")
    found = sorted(row["values"][0] for row in answer["rows"])
    rows = sql(
        f"SELECT count(DISTINCT target_port) FROM flows WHERE initiator_ip = '92.63.197.61' AND NOT ({CLOSING})"
        " GROUP BY date_trunc('hour', time)"
    )
    assert found == sorted(count for (count,) in rows) and len(found) > 10


def test_percentiles(flowglass, lake, sql):
    answer = flowglass.json("group", "--lake", lake, "--by", "direction", "--agg", "p50(bytes_from_target)", "--agg", "p95(bytes_from_target)", "action:accepted")
    for (direction,), values in ((row["keys"], row["values"]) for row in answer["rows"]):
        where = f"action = 'accepted' AND direction = '{direction}' AND NOT ({CLOSING})"
        sorted_values = [value for (value,) in sql(f"SELECT bytes_from_target FROM flows WHERE {where} ORDER BY 1")]
        for share, value in zip((0.5, 0.95), values):
            # Percentiles are estimates: the value must stand within one percent of the rows of the exact place.
            low = sorted_values[max(0, int((share - 0.01) * len(sorted_values)))]
            high = sorted_values[min(len(sorted_values) - 1, int((share + 0.01) * len(sorted_values)) + 1)]
            assert low <= value <= high, (direction, share)
    assert len(answer["rows"]) == 2


def test_sql_is_raw(flowglass, lake, sql):
    statement = "SELECT direction, action, count(*) AS records, sum(bytes_from_target) AS bytes FROM flows GROUP BY direction, action"
    found = {(row["direction"], row["action"]): (row["records"], row["bytes"]) for row in flowglass.ndjson("sql", "--lake", lake, statement)}
    expected = {(direction, action): (records, int(volume)) for direction, action, records, volume in sql(statement)}
    assert found == expected


def test_queries_on_log_lines_parse(flowglass, lake):
    for query in [
        "(host:x label.database:postgresql )  -metrics -unknown client:1.2.3.4",
        "robots.txt OR favicon.ico OR .well-known",
        "app:ops AND -\"establish new stream\"",
        "logSourceCRN:\"crn:v1:...\"",
        "_platform:'Code Engine'",
        "host:x app:app[web] [event] -host:y",
    ]:
        explained = flowglass.run("search", "--explain", "--lake", lake, "--", query).stdout
        assert explained.strip(), query

