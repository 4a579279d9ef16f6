"""Another S3 server than our own: listing, keys that hold `%3A`, and a lake in a bucket."""

import logging

import boto3
import moto.server
import pytest

import model

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def endpoint():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def bucket(endpoint, handmade):
    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"], aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket="logs")
    client.create_bucket(Bucket="lake")
    for path in sorted(handmade.rglob("*")):
        if path.is_file():
            client.put_object(Bucket="logs", Key=path.relative_to(handmade).as_posix(), Body=path.read_bytes())
    return client


def expected(bucket):
    """The rows of a bucket by id; there the version is the ETag."""
    found = {}
    for item in bucket.list_objects_v2(Bucket="logs")["Contents"]:
        body = bucket.get_object(Bucket="logs", Key=item["Key"])["Body"].read()
        for row in model.rows(item["Key"], body, source="s3://logs", version=item["ETag"].strip('"')):
            found[f'{row["object_id"]}-{row["record_index"]}'] = row["target_port"]
    return found


def of_vnic(bucket, keys, vnic):
    """Objects that are of a vNIC, by their keys or else their headers."""
    def named(key):
        if (told := model.of_key(key).get("vnic_id")) is not None:
            return told == vnic
        header = model.read(bucket.get_object(Bucket="logs", Key=key)["Body"].read())
        return header.get("network_interface_id") == vnic
    return sum(named(key) for key in keys)


def test_keys_are_read_as_they_are_stored(bucket):
    keys = [item["Key"] for item in bucket.list_objects_v2(Bucket="logs")["Contents"]]
    assert any("%3A" in key and "%2F" in key for key in keys) and any("crn:v1" in key for key in keys)


@pytest.mark.parametrize("place", ["directory", "bucket"])
def test_ingest_from_a_bucket(flowglass, bucket, endpoint, tmp_path, place):
    lake = tmp_path / "lake" if place == "directory" else "s3://lake/flowglass"
    access = ["--lake", lake, "--endpoint", endpoint]
    first = flowglass.json("ingest", "s3://logs", *access, environment=KEYS)
    wanted = expected(bucket)
    assert (first["records"], first["quarantined"]) == (len(wanted), 0)
    rows = flowglass.ndjson("search", *access, "--fields", "id,target_port", environment=KEYS)
    assert {row["id"]: row["target_port"] for row in rows} == wanted
    again = flowglass.json("ingest", "s3://logs", *access, environment=KEYS)
    assert (again["objects"], again["new"], again["records"]) == (first["objects"], 0, 0)
    verified = flowglass.json("lake", "verify", "s3://logs", *access, environment=KEYS)
    assert verified["passed"] and verified["sources"][0]["report"]["counts"] == {"same": first["objects"]}


def test_a_filter_leaves_out_what_the_keys_exclude(flowglass, bucket, endpoint, tmp_path):
    access = ["--lake", tmp_path / "lake", "--endpoint", endpoint]
    keys = [item["Key"] for item in bucket.list_objects_v2(Bucket="logs")["Contents"]]
    # A key outside the layout says nothing of the vNIC: there the object's header does.
    other = flowglass.json("ingest", "s3://logs", *access, "--vnic", "another", environment=KEYS)
    assert other["new"] == 0
    ours = flowglass.json("ingest", "s3://logs", *access, "--vnic", "0727-vnic", environment=KEYS)
    assert ours["new"] == of_vnic(bucket, keys, "0727-vnic")
    # What was left out is not taken for read.
    rest = flowglass.json("ingest", "s3://logs", *access, environment=KEYS)
    assert rest["new"] == len(keys) - ours["new"]
