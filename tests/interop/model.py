"""What a flow row must be, worked out from the objects' bytes without Flowglass."""

import datetime
import gzip
import ipaddress
import json
import urllib.parse

import blake3

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

TIMES = ["start_time", "end_time", "connection_start_time"]
PORTS = ["initiator_port", "target_port", "transport_protocol"]
FLAGS = ["was_initiated", "was_terminated"]
COUNTERS = [
    f"{cumulative}{what}_from_{who}"
    for cumulative in ("", "cumulative_")
    for who in ("initiator", "target")
    for what in ("bytes", "packets")
]
RECORD = [*TIMES, "direction", "action", "initiator_ip", "target_ip", *PORTS, "ether_type", *FLAGS, *COUNTERS]
HEADER = [
    "version",
    "collector_crn",
    "attached_endpoint_type",
    "network_interface_id",
    "instance_crn",
    "vpc_crn",
    "capture_start_time",
    "capture_end_time",
    "state",
]
KEY = ["subnet_crn", "account_id", "region", "zone", "vpc_id", "subnet_id", "instance_id", "vnic_id", "record_type", "stream_id", "sequence_number"]
# The open table's columns and their types as Delta names them.
COLUMNS = {
    **dict.fromkeys(["time", *TIMES, "capture_start_time", "capture_end_time"], "timestamp"),
    **dict.fromkeys(FLAGS, "boolean"),
    **dict.fromkeys(PORTS, "integer"),
    **dict.fromkeys(["record_index", "sequence_number", *COUNTERS], "long"),
    **dict.fromkeys(
        ["object_id", "provider", "orientation", "direction", "action", "initiator_ip", "target_ip", "ether_type", "extra"],
        "string",
    ),
    **dict.fromkeys([name for name in HEADER + KEY if not name.endswith("_time") and name != "sequence_number"], "string"),
    "day": "date",
}


def micros(text):
    """Returns a time as microseconds since 1970; no zone means UTC, empty means none."""
    if not text:
        return None
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.timezone.utc)
    return (time - EPOCH) // datetime.timedelta(microseconds=1)


def read(body):
    """Returns the document of an object's bytes."""
    if body[:2] == b"\x1f\x8b":
        body = gzip.decompress(body)
    return json.loads(body.decode("utf-8-sig").strip().removeprefix("\ufeff"))


def last(crn):
    return crn.rsplit(":", 1)[-1] if crn else None


def location(crn):
    return crn.split(":")[5] if crn else None


def region_of(place):
    name, _, number = (place or "").rpartition("-")
    return name if number.isdigit() else place


def of_key(key):
    """Returns what a key says; empty if it is outside the layouts."""
    if key.startswith("ibm_vpc_flowlogs_v1/"):
        # A raw CRN holds one slash, in `a/<account>`.
        parts = key.replace(":a/", ":a%2F").split("/")
        values = dict(urllib.parse.unquote(part).split("=", 1) for part in parts[1:-1])
        subnet, instance = values["subnet-id"], values["instance-id"]
        found = {
            "account_id": values["account"],
            "region": values["region"],
            "zone": location(subnet),
            "vnic_id": values["vnic-id"],
            "record_type": values["record-type"],
            "stream_id": values["stream-id"],
        }
        vpc = values["vpc-id"]
    elif key.startswith("ibm_vpc_flowlogs_v0/"):
        parts = key.replace(":a/", ":a%2F").split("/")
        _, account, zone, vpc, subnet, _, instance, vnic, record_type, stream, _ = map(urllib.parse.unquote, parts)
        found = {
            "account_id": account,
            "region": region_of(zone),
            "zone": zone,
            "vnic_id": vnic,
            "record_type": record_type,
            "stream_id": stream,
        }
    else:
        return {}
    return found | {
        "subnet_crn": subnet,
        "instance_crn": instance,
        "vpc_crn": vpc,
        "sequence_number": int(key.rsplit("/", 1)[-1].removesuffix(".gz")),
    }


def object_id(source, key, version):
    """Returns an object's permanent id: BLAKE3 over source, key and version, each with its length before it."""
    hasher = blake3.blake3()
    for part in (source, key, version):
        data = part.encode()
        hasher.update(len(data).to_bytes(8, "little") + data)
    return hasher.digest(length=16).hex()


def rows(key, body, source="file", version=None):
    """Returns the rows of one object as dictionaries: times in microseconds, the day as a date, all else plain."""
    document = read(body)
    named = of_key(key)
    head = {name: document.get(name) for name in HEADER}
    crns = {name: head[name] or named.get(name) for name in ("instance_crn", "vpc_crn")}
    ids = {name: named.get(name) or crns[name] for name in ("instance_crn", "vpc_crn")}
    capture_start = micros(head["capture_start_time"])
    state = head["state"]
    zone = named.get("zone") or location(ids["instance_crn"])
    account = next((crn.split(":")[6].removeprefix("a/") for crn in (*ids.values(), head["collector_crn"]) if crn), None)
    common = {
        "object_id": object_id(source, key, version or blake3.blake3(body).hexdigest()[:32]),
        "provider": "ibm",
        "orientation": "connection",
        **head,
        **crns,
        "state": state.lower() if state and state.lower() in ("ok", "skip data") else state,
        "capture_start_time": capture_start,
        "capture_end_time": micros(head["capture_end_time"]),
        "subnet_crn": named.get("subnet_crn"),
        "account_id": named.get("account_id") or account,
        "region": named.get("region") or location(ids["vpc_crn"]) or region_of(zone),
        "zone": zone,
        "vpc_id": last(ids["vpc_crn"]),
        "subnet_id": last(named.get("subnet_crn")),
        "instance_id": last(ids["instance_crn"]),
        "vnic_id": named.get("vnic_id") or head["network_interface_id"],
        "record_type": named.get("record_type"),
        "stream_id": named.get("stream_id"),
        "sequence_number": named.get("sequence_number"),
        "day": (EPOCH + datetime.timedelta(microseconds=capture_start)).date(),
    }
    unknown = {name: value for name, value in document.items() if name not in (*HEADER, "number_of_flow_logs", "flow_logs")}
    found = []
    for index, record in enumerate(document["flow_logs"]):
        row = {name: record.get(name) for name in RECORD}
        for name in TIMES:
            row[name] = micros(row[name])
        for name in ("initiator_ip", "target_ip"):
            row[name] = row[name] and address(row[name])
        row["direction"] = {"inbound": "I", "outbound": "O"}.get(row["direction"], row["direction"])
        row["action"] = row["action"] and row["action"].lower()
        extra = unknown | {name: value for name, value in record.items() if name not in RECORD}
        row["extra"] = extra or None
        row["record_index"] = index
        row["time"] = row["start_time"] if row["start_time"] is not None else capture_start
        found.append(common | row)
    return found


def address(text):
    """Returns the canonical text of an address (RFC 5952, section 5 for mapped ones)."""
    parsed = ipaddress.ip_address(text)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return f"::ffff:{mapped}" if mapped else str(parsed)


def bucket_rows(root):
    """Returns the rows of all objects below a directory."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file():
            found += rows(path.relative_to(root).as_posix(), path.read_bytes())
    return found
