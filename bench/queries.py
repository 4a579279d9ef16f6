"""The questions: each as Flowglass is asked, as SQL for the peers, and how an answer reads as rows.

Whole answers are compared, order included: every question has a total order.
"""

import datetime

CLOSING = (
    "was_terminated AND NOT was_initiated AND bytes_from_initiator = 0 AND packets_from_initiator = 0"
    " AND bytes_from_target = 0 AND packets_from_target = 0"
)
# Traffic that two vNICs report counts once. All private addresses of the load scenario are vNICs' own, so the prefix
# says the same as the list of them, and is cheaper.
ONCE = "NOT (direction = 'I' AND initiator_ip LIKE '10.%')"
SHOWN = [
    "time", "action", "direction", "initiator_ip", "initiator_port", "target_ip", "target_port", "transport_protocol",
    "bytes_from_initiator", "bytes_from_target", "vnic_id",
]  # fmt: skip
MINUTE = 60_000_000


def micros(text):
    """Microseconds since the epoch of an instant as Flowglass prints it."""
    instant = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (instant - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(microseconds=1)


def instant(at):
    """An instant as questions take it, of microseconds since the epoch."""
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=at)).isoformat() + "Z"


class Dialect:
    """What the peers' SQL says differently."""

    def __init__(self, kind):
        self.kind = kind

    def time(self, at):
        text = instant(at).rstrip("Z").replace("T", " ")
        return f"TIMESTAMP '{text}'" if self.kind == "duckdb" else f"toDateTime64('{text}', 6, 'UTC')"

    def micros(self, column):
        return f"epoch_us({column})" if self.kind == "duckdb" else f"toUnixTimestamp64Micro({column})"

    def minute(self, column):
        """The start of a minute, in microseconds."""
        if self.kind == "duckdb":
            return f"epoch_us(date_trunc('minute', {column}))"
        return f"toUnixTimestamp(toStartOfMinute({column})) * 1000000"

    def distinct(self, column):
        return f"count(DISTINCT {column})" if self.kind == "duckdb" else f"uniqExact({column})"


class Question:
    """One question. `api` is path and parameters, `cli` the same for the command line, `sql` a function of a dialect
    that gives a statement with `{flows}`, `read` makes rows of Flowglass's answer."""

    def __init__(self, name, group, api, cli, sql, read):
        self.name, self.group, self.api, self.cli, self.sql, self.read = name, group, api, cli, sql, read


def shown(dialect):
    columns = [dialect.micros(name) if name == "time" else name for name in SHOWN]
    return ", ".join(columns)


def read_rows(answer):
    return [tuple(micros(row[name]) if name == "time" else row[name] for name in SHOWN) for row in answer["rows"]]


def read_groups(answer):
    return [(*row["keys"], *row["values"]) for row in answer["rows"]]


def read_top(answer):
    return [(row["value"], row["count"]) for row in answer["values"]]


def read_histogram(answer):
    rows = [
        ((micros(bucket["start"]), series["key"]) if answer.get("split") else (micros(bucket["start"]),)) + (bucket["value"],)
        for series in answer["series"]
        for bucket in series["buckets"]
        if bucket["value"]
    ]
    return sorted(rows)


def search(name, group, query, where, limit, times=None):
    api = {"query": query, "limit": limit, "fields": ",".join(SHOWN)}
    cli = ["search", query, "--limit", limit, "--fields", ",".join(SHOWN)]

    def sql(dialect):
        return (
            f"SELECT {shown(dialect)} FROM {{flows}} WHERE {where}{between(dialect, times)}"
            f" ORDER BY time DESC, object_id, record_index LIMIT {limit}"
        )

    return Question(name, group, ("search", api | api_times(times)), cli + cli_times(times), sql, read_rows)


def grouped(name, group, query, keys, figure, where, number, limit, times=None):
    api = {"query": query, "by": ",".join(keys), "aggregates": figure, "limit": limit}
    cli = ["group", query, "--by", ",".join(keys), "--agg", figure, "--limit", limit]
    listed = ", ".join(keys)

    def sql(dialect):
        return (
            f"SELECT {listed}, {number(dialect)} AS n FROM {{flows}} WHERE {where}{between(dialect, times)}"
            f" GROUP BY {listed} ORDER BY n DESC, {listed} LIMIT {limit}"
        )

    return Question(name, group, ("group", api | api_times(times)), cli + cli_times(times), sql, read_groups)


def top(name, group, field, measure, where, number, times=None):
    api = {"field": field, "n": 20, "measure": measure}
    cli = ["top", field, "--limit", 20, "--measure", measure]

    def sql(dialect):
        return (
            f"SELECT {field}, {number} AS n FROM {{flows}} WHERE {where}{between(dialect, times)}"
            f" GROUP BY {field} ORDER BY n DESC, {field} LIMIT 20"
        )

    return Question(name, group, ("top", api | api_times(times)), cli + cli_times(times), sql, read_top)


def histogram(name, group, query, measure, where, split=None):
    api = {"query": query, "by": "1m", "measure": measure} | ({"split": split} if split else {})
    cli = ["histogram", *([query] if query else []), "--by", "1m", "--measure", measure, *(["--split", split] if split else [])]
    keys = f", {split}" if split else ""

    def sql(dialect):
        return (
            f"SELECT {dialect.minute('time')} AS minute{keys}, count(*) AS n FROM {{flows}} WHERE {where}"
            f" GROUP BY minute{keys} ORDER BY minute{keys}"
        )

    return Question(name, group, ("histogram", api), cli, sql, read_histogram)


def between(dialect, times):
    return f" AND time >= {dialect.time(times[0])} AND time < {dialect.time(times[1])}" if times else ""


def api_times(times):
    return {"from": instant(times[0]), "to": instant(times[1])} if times else {}


def cli_times(times):
    return ["--from", instant(times[0]), "--to", instant(times[1])] if times else []


def either(address):
    return f"(initiator_ip = '{address}' OR target_ip = '{address}')"


def rare(address):
    return search("rare address, all time", "rare", address, either(address), 100)


def questions(chosen):
    """All questions but the rare address, of what was chosen from the data: `host` (the busiest vNIC's address), `day`
    (the last 24 hours)."""
    host, day = chosen["host"], chosen["day"]
    volume = "sum(bytes_from_initiator) + sum(bytes_from_target)"
    return [
        search("newest 200 of a busy host, 24 h", "interactive", host, either(host), 200, day),
        grouped(
            "negations grouped by target and port", "interactive",
            f"initiator_ip:{host} -target_port:67 -target_port:123 -target_port:53", ["target_ip", "target_port"], "all_records",
            f"initiator_ip = '{host}' AND target_port NOT IN (67, 123, 53)", lambda _: "count(*)", 100,
        ),
        grouped(
            "CIDR, distinct ports per initiator", "interactive", "is:attempt target_ip:10.0.0.0/16", ["initiator_ip"],
            "distinct(target_port)", "was_initiated AND target_ip LIKE '10.0.%'",
            lambda dialect: dialect.distinct("target_port"), 20,
        ),
        histogram(
            "rejected per minute, one target", "interactive", f"target_ip:{host} action:rejected", "attempts",
            f"target_ip = '{host}' AND action = 'rejected' AND was_initiated",
        ),
        top("top 20 initiators by bytes, 24 h", "interactive", "initiator_ip", "bytes", ONCE, volume, day),
        histogram("records per minute by action, all time", "all time", "", "all_records", "true", "action"),
        top("top ports, all time", "all time", "target_port", "all_records", "true", "count(*)"),
        top("top protocols, all time", "all time", "transport_protocol", "all_records", "true", "count(*)"),
        top("top vNICs, all time", "all time", "vnic_id", "all_records", "true", "count(*)"),
        top("top initiators by bytes, all time", "all time", "initiator_ip", "bytes", ONCE, volume),
    ]  # fmt: skip


def choose(run, flows):
    """Chooses addresses and times from the data; `run` runs SQL on DuckDB."""
    (first, last), = run(f"SELECT min(epoch_us(time)), max(epoch_us(time)) FROM {flows}")
    # Up to the whole hour after the last record.
    end = (last // (60 * MINUTE) + 1) * 60 * MINUTE
    (host, _), = run(
        f"SELECT target_ip, count(*) AS n FROM {flows} WHERE target_ip LIKE '10.%'"
        " GROUP BY target_ip ORDER BY n DESC, target_ip LIMIT 1"
    )
    # A little less than a tenth: the smaller lake ends before the last window that begins in its hours.
    tenth = first + (end - first) // 12
    found = run(
        f"SELECT address FROM (SELECT initiator_ip AS address, time FROM {flows} WHERE action = 'rejected' AND direction = 'I')"
        f" GROUP BY address HAVING count(*) <= 2 AND max(epoch_us(time)) < {tenth} ORDER BY hash(address) LIMIT 200"
    )
    rare = [address for address, in found]
    return {"host": host, "day": (end - 24 * 60 * MINUTE, end), "rare": rare}


def plain(rows):
    """Rows as they compare: numbers and booleans as such, text as text."""
    return [tuple(int(value) if isinstance(value, (bool, float)) and value == int(value) else value for value in row) for row in rows]
