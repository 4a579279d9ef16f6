"""Other engines read the lake without Flowglass, and find in every column what the objects say."""

import json

import deltalake
import duckdb
import polars
import pyarrow
import pytest

import model


def plain(rows):
    """Rows as {id: values in column order}; JSON text becomes the document it is."""
    found = {}
    for row in rows:
        row = row | {"extra": json.loads(row["extra"]) if isinstance(row["extra"], str) else row["extra"]}
        identity = (row["object_id"], row["record_index"])
        assert identity not in found, f"{identity} is there twice"
        found[identity] = {name: row[name] for name in model.COLUMNS}
    return found


def with_deltalake(table):
    arrow = pyarrow.table(deltalake.DeltaTable(str(table)).to_pyarrow_table())
    for at, field in enumerate(arrow.schema):
        if pyarrow.types.is_timestamp(field.type):
            assert (field.type.unit, field.type.tz) == ("us", "UTC")
            arrow = arrow.set_column(at, field.name, arrow.column(at).cast("int64"))
    return arrow.to_pylist()


def with_polars(table):
    frame = polars.read_delta(str(table))
    return frame.with_columns(polars.col(polars.Datetime).dt.timestamp("us")).to_dicts()


def with_duckdb(table):
    # The files that the log lists; DuckDB's own Delta reader cannot be installed without a network.
    actions = pyarrow.table(deltalake.DeltaTable(str(table)).get_add_actions(flatten=True)).to_pylist()
    found = []
    for action in actions:
        query = duckdb.sql(
            "SELECT * REPLACE (" + ", ".join(f"epoch_us({name}) AS {name}" for name, kind in model.COLUMNS.items() if kind == "timestamp")
            + ") FROM read_parquet(?, hive_partitioning = false)",
            params=[str(table / action["path"])],
        )
        names = query.columns
        found += [dict(zip(names, row)) | {"day": action["partition.day"]} for row in query.fetchall()]
    return found


READERS = [with_deltalake, with_polars, with_duckdb]


def test_the_open_schema(lake):
    fields = deltalake.DeltaTable(str(lake / "flows")).schema().fields
    assert {field.name: field.type.type for field in fields} == model.COLUMNS
    assert all(field.nullable for field in fields)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bucket, table", [("simulated", "lake"), ("handmade", "handmade_lake")])
def test_every_column_is_what_the_objects_say(reader, bucket, table, request):
    expected = plain(model.bucket_rows(request.getfixturevalue(bucket)))
    found = plain(reader(request.getfixturevalue(table) / "flows"))
    assert len(expected) > 30
    assert found.keys() == expected.keys()
    for identity, row in expected.items():
        assert found[identity] == row, identity


def test_the_forms_are_all_different(handmade):
    rows = model.bucket_rows(handmade)
    for name in model.COLUMNS:
        values = {json.dumps(row[name], default=str) for row in rows}
        constant = name in ("provider", "orientation", "attached_endpoint_type")
        assert len(values) > 1 or constant, f"{name} is always {values}"


def test_the_ledger_lists_every_object(lake, simulated, handmade_lake, handmade):
    for bucket, folder in [(simulated, lake), (handmade, handmade_lake)]:
        objects = deltalake.DeltaTable(str(folder / "objects")).to_pyarrow_table().to_pylist()
        found = {row["key"]: (row["outcome"], row["records"], row["object_id"]) for row in objects}
        assert len(found) == len(objects)
        files = {path.relative_to(bucket).as_posix(): path.read_bytes() for path in bucket.rglob("*") if path.is_file()}
        expected = {}
        for key, body in files.items():
            count = len(model.read(body)["flow_logs"])
            identity = model.object_id("file", key, model.blake3.blake3(body).hexdigest()[:32])
            expected[key] = ("done" if count else "empty", count, identity)
        assert found == expected
