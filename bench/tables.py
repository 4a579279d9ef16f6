"""Columns of the peers' tables, and the statements that make their files of flow-log objects and of a lake's rows."""

# Members of a record, and of an object's header: name, type for DuckDB, type for ClickHouse.
TEXT_OF_FEW = "LowCardinality(String)"
TIMES = ("start_time", "end_time", "connection_start_time")
RECORD = [
    ("start_time", "VARCHAR", "String"),
    ("end_time", "VARCHAR", "String"),
    ("connection_start_time", "VARCHAR", "String"),
    ("direction", "VARCHAR", TEXT_OF_FEW),
    ("action", "VARCHAR", TEXT_OF_FEW),
    ("initiator_ip", "VARCHAR", "String"),
    ("target_ip", "VARCHAR", "String"),
    ("initiator_port", "INTEGER", "Int32"),
    ("target_port", "INTEGER", "Int32"),
    ("transport_protocol", "INTEGER", "Int32"),
    ("ether_type", "VARCHAR", TEXT_OF_FEW),
    ("was_initiated", "BOOLEAN", "Bool"),
    ("was_terminated", "BOOLEAN", "Bool"),
    *(
        (f"{sum}{unit}_from_{side}", "BIGINT", "Int64")
        for sum in ("", "cumulative_")
        for side in ("initiator", "target")
        for unit in ("bytes", "packets")
    ),
]
HEADER = [
    ("version", "VARCHAR", TEXT_OF_FEW),
    ("collector_crn", "VARCHAR", TEXT_OF_FEW),
    ("attached_endpoint_type", "VARCHAR", TEXT_OF_FEW),
    ("network_interface_id", "VARCHAR", TEXT_OF_FEW),
    ("instance_crn", "VARCHAR", TEXT_OF_FEW),
    ("vpc_crn", "VARCHAR", TEXT_OF_FEW),
    ("capture_start_time", "TIMESTAMP", "String"),
    ("capture_end_time", "TIMESTAMP", "String"),
    ("state", "VARCHAR", TEXT_OF_FEW),
]
PROVIDED = [name for name, _, _ in RECORD + HEADER]
INSTANTS = (*TIMES, "capture_start_time", "capture_end_time")

# The lake's other columns as ClickHouse reads them from Parquet.
MADE = [
    ("time", "DateTime64(6, 'UTC')"),
    ("object_id", "String"),
    ("record_index", "Int64"),
    ("provider", TEXT_OF_FEW),
    ("orientation", TEXT_OF_FEW),
    ("subnet_crn", TEXT_OF_FEW),
    ("account_id", TEXT_OF_FEW),
    ("region", TEXT_OF_FEW),
    ("zone", TEXT_OF_FEW),
    ("vpc_id", TEXT_OF_FEW),
    ("subnet_id", TEXT_OF_FEW),
    ("instance_id", TEXT_OF_FEW),
    ("vnic_id", TEXT_OF_FEW),
    ("record_type", TEXT_OF_FEW),
    ("stream_id", TEXT_OF_FEW),
    ("sequence_number", "Int64"),
    ("extra", "Nullable(String)"),
]
# What the questions read. The peers' files hold no more, for sorting whole rows would take twenty times their disk; files
# by column are read no slower for it.
ASKED = [
    "time", "object_id", "record_index", "action", "direction", "initiator_ip", "initiator_port", "target_ip", "target_port",
    "transport_protocol", "bytes_from_initiator", "bytes_from_target", "was_initiated", "vnic_id",
]  # fmt: skip
CLICKHOUSE_INSTANT = "DateTime64(6, 'UTC')"
CLICKHOUSE_NULLABLE = ("start_time", "end_time")


def quoted(path):
    return "'" + str(path).replace("'", "''") + "'"


def duckdb_ingest(bucket, out):
    """Objects to one Parquet file: record and header columns and the object's name."""
    record = ", ".join(f"{name} {kind}" for name, kind, _ in RECORD)
    header = ", ".join(f"{name}: '{kind}'" for name, kind, _ in HEADER)
    times = ", ".join(f"nullif(flow.{name}, '')::TIMESTAMP AS {name}" for name in TIMES)
    others = ", ".join(f"flow.{name}" for name, _, _ in RECORD if name not in TIMES)
    columns = ", ".join(name for name, _, _ in HEADER)
    return f"""
        COPY (
            SELECT {times}, {others}, {columns}, filename AS object FROM (
                SELECT {columns}, filename, unnest(flow_logs) AS flow
                FROM read_json({quoted(f"{bucket}/**/*.gz")}, format = 'newline_delimited', compression = 'gzip',
                    filename = true, hive_partitioning = false, columns = {{{header}, flow_logs: 'STRUCT({record})[]'}})
            )
        ) TO {quoted(out)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"""


def clickhouse_ingest(bucket, out):
    """The same for ClickHouse."""
    # Plain text costs less here than text in a dictionary.
    record, header = (
        ", ".join(f"{name} {kind.replace(TEXT_OF_FEW, 'String')}" for name, _, kind in columns) for columns in (RECORD, HEADER)
    )

    def column(name, source):
        if name in INSTANTS:
            function = "parseDateTime64BestEffortOrNull" if name in CLICKHOUSE_NULLABLE else "parseDateTime64BestEffort"
            return f"{function}({source}, 6, 'UTC') AS {name}"
        return f"{source} AS {name}"

    columns = [column(name, f"flow.{name}") for name, _, _ in RECORD] + [column(name, f"o.{name}") for name, _, _ in HEADER]
    return f"""
        INSERT INTO FUNCTION file({quoted(out)}, Parquet)
        SELECT {", ".join(columns)}, o._path AS object
        FROM file({quoted(f"{bucket}/**/*.gz")}, JSONEachRow, '{escaped(f"{header}, flow_logs Array(Tuple({record}))")}', 'gzip') AS o
        ARRAY JOIN o.flow_logs AS flow
        SETTINGS engine_file_truncate_on_insert = 1, output_format_parquet_compression_method = 'zstd', output_format_compression_level = 1"""


def escaped(text):
    return text.replace("'", "\\'")


def digest(files, columns=PROVIDED):
    """For DuckDB: the number of rows and two digests of them, whatever their order."""
    parts = []
    for name in columns:
        if name in INSTANTS:
            parts.append(f"coalesce(epoch_us({name}), -1)")
        elif name in ("was_initiated", "was_terminated"):
            parts.append(f"{name}::INTEGER")
        elif name.endswith("port") or name == "transport_protocol" or "_from_" in name:
            parts.append(f"{name}::BIGINT")
        else:
            # ClickHouse may write text as bytes.
            parts.append(f"{name}::VARCHAR")
    row = f"hash({', '.join(parts)})"
    return (
        f"SELECT count(*), sum({row}::HUGEINT)::VARCHAR, bit_xor({row})::VARCHAR"
        f" FROM read_parquet([{', '.join(map(quoted, files))}], binary_as_string = true, hive_partitioning = false)"
    )


def duckdb_layout(files, out, order, names=ASKED):
    """For DuckDB: a lake's rows as one sorted Parquet file of its own making."""
    picked = ", ".join(f"{name}::TIMESTAMP AS {name}" if name in (*INSTANTS, "time") else name for name in names)
    return f"""
        COPY (SELECT {picked} FROM read_parquet([{', '.join(map(quoted, files))}], hive_partitioning = false) ORDER BY {order})
        TO {quoted(out)} (FORMAT parquet, COMPRESSION zstd)"""


def clickhouse_layout(files, out, order, names=ASKED):
    """For ClickHouse: the same."""
    source = " UNION ALL ".join(
        f"SELECT {', '.join(names)} FROM file({quoted(file)}, Parquet, '{escaped(clickhouse_schema(names))}')" for file in files
    )
    return f"""
        INSERT INTO FUNCTION file({quoted(out)}, Parquet) SELECT * FROM ({source}) ORDER BY {order}
        SETTINGS engine_file_truncate_on_insert = 1, output_format_parquet_compression_method = 'zstd',
            min_insert_block_size_rows = 1000000, output_format_parquet_row_group_size = 1000000"""


def all_columns():
    """Every column of a lake but its partition."""
    return [name for name, _ in MADE] + PROVIDED


def clickhouse_schema(names):
    """Some of the lake's columns for ClickHouse."""
    provided = [(name, CLICKHOUSE_INSTANT if name in INSTANTS else kind) for name, _, kind in RECORD + HEADER]
    provided = [(name, f"Nullable({kind})" if name in CLICKHOUSE_NULLABLE else kind) for name, kind in provided]
    return ", ".join(f"{name} {kind}" for name, kind in MADE + provided if name in names)


def source(kind, file):
    """What stands behind FROM."""
    if kind == "duckdb":
        return f"read_parquet({quoted(file)})"
    return f"file({quoted(file)}, Parquet, '{escaped(clickhouse_schema(ASKED))}')"
