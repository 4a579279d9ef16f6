"""Flow-log objects in every form the format allows, written without Flowglass."""

import gzip
import json
import urllib.parse

ACCOUNT = "11112222333344445555666677778888"
VPC = f"crn:v1:bluemix:public:is:us-south:a/{ACCOUNT}::vpc:r006-vpc"
SUBNET = f"crn:v1:bluemix:public:is:us-south-2:a/{ACCOUNT}::subnet:0727-subnet"
INSTANCE = f"crn:v1:bluemix:public:is:us-south-2:a/{ACCOUNT}::instance:0727_instance"
COLLECTOR = f"crn:v1:bluemix:public:is:us-south:a/{ACCOUNT}::flow-log-collector:r006-collector"
VNIC = "0727-vnic"

RECORD = {
    "start_time": "2026-11-01T10:01:02Z",
    "end_time": "2026-11-01T10:01:32Z",
    "connection_start_time": "2026-11-01T10:01:02Z",
    "direction": "I",
    "action": "accepted",
    "initiator_ip": "198.51.100.7",
    "target_ip": "10.240.0.4",
    "initiator_port": 40001,
    "target_port": 443,
    "transport_protocol": 6,
    "ether_type": "IPv4",
    "was_initiated": True,
    "was_terminated": False,
    "bytes_from_initiator": 1234,
    "packets_from_initiator": 12,
    "bytes_from_target": 98765,
    "packets_from_target": 80,
    "cumulative_bytes_from_initiator": 1234,
    "cumulative_packets_from_initiator": 12,
    "cumulative_bytes_from_target": 98765,
    "cumulative_packets_from_target": 80,
}

CLOSING = RECORD | {
    "start_time": "",
    "end_time": "",
    "was_initiated": False,
    "was_terminated": True,
    **{f"{what}_from_{who}": 0 for what in ("bytes", "packets") for who in ("initiator", "target")},
}


def header(**changes):
    """Returns the header of an object; None takes a member away."""
    members = {
        "version": "0.0.1",
        "collector_crn": COLLECTOR,
        "attached_endpoint_type": "vnic",
        "network_interface_id": VNIC,
        "instance_crn": INSTANCE,
        "vpc_crn": VPC,
        "capture_start_time": "2026-11-01T10:00:00Z",
        "capture_end_time": "2026-11-01T10:05:00Z",
        "state": "ok",
    } | changes
    return {name: value for name, value in members.items() if value is not None}


def content(records, **changes):
    """Returns an object as a document."""
    members = header(**changes)
    members.setdefault("number_of_flow_logs", len(records))
    return members | {"flow_logs": records}


def key_v1(number, hour="10", day="01", record_type="ingress", encode=True):
    """Returns a key of today's layout, percent-encoded as the provider stores it, or raw."""
    crn = (lambda text: urllib.parse.quote(text, safe="")) if encode else (lambda text: text)
    return (
        f"ibm_vpc_flowlogs_v1/account={ACCOUNT}/region=us-south/vpc-id={crn(VPC)}/subnet-id={crn(SUBNET)}"
        f"/endpoint-type=vnics/instance-id={crn(INSTANCE)}/vnic-id={VNIC}/record-type={record_type}"
        f"/year=2026/month=11/day={day}/hour={hour}/stream-id=20261031T235959Z/{number:08}.gz"
    )


def key_v0(number):
    """Returns a key of the layout of 2020, whose CRNs hold raw slashes."""
    return (
        f"ibm_vpc_flowlogs_v0/{ACCOUNT}/us-south-2/{VPC}/{SUBNET}/vnics/{INSTANCE}/{VNIC}/egress"
        f"/20261101T100500Z/{number:08}.gz"
    )


def cases():
    """Yields (key, bytes) of objects that are readable, each with a form of its own."""
    number = iter(range(1, 1000))

    def plain(document):
        return json.dumps(document, separators=(",", ":")).encode()

    def put(document, key=None, write=gzip.compress):
        return key or key_v1(next(number)), write(plain(document))

    yield put(content([RECORD, CLOSING]))
    yield put(content([]))
    yield put(content([RECORD] * 3, number_of_flow_logs=7))
    yield put(content([RECORD], state="OK"))
    yield put(content([RECORD], state="Skip Data"))
    yield put(content([RECORD | {"start_time": "", "end_time": ""}]))
    yield put(content([RECORD | {"start_time": None, "end_time": None, "connection_start_time": None}]))
    yield put(content([{"direction": "O", "action": "rejected"}]))
    yield put(content([{}]))
    yield put(content([RECORD | {"direction": "inbound", "action": "ACCEPTED"}, RECORD | {"direction": "outbound"}]))
    yield put(content([RECORD | {"start_time": "2026-11-01T10:01:02", "end_time": "2026-11-01T10:01:02.250000Z"}]))
    yield put(content([RECORD | {"start_time": "2026-11-01T11:01:02.5+01:00"}]))
    yield put(content([RECORD | {"initiator_ip": "2001:DB8:0:0::01", "target_ip": "::ffff:10.240.0.4", "ether_type": "IPv6"}]))
    yield put(content([RECORD | {"bytes_from_target": 2**63 - 1, "initiator_port": 0, "target_port": 65535}]))
    yield put(content([RECORD | {"vpc_internal": True, "tags": ["a", {"b": None}], "note": "ä \"quoted\""}, RECORD]))
    yield put(content([RECORD, RECORD | {"note": "its own"}], note="of the header", collector_version=3))
    yield put(content([RECORD]), key=key_v1(900, hour="24"))
    yield put(content([RECORD]), key=key_v1(901, encode=False))
    yield put(content([RECORD | {"direction": "O"}]), key=key_v0(17))
    yield put(content([RECORD]), key="elsewhere/flowlog.json", write=bytes)
    yield put(content([RECORD], instance_crn=None, vpc_crn=None, collector_crn=None), key="elsewhere/bare.json", write=bytes)
    yield put(content([RECORD], capture_start_time="2026-10-31T23:57:30Z", capture_end_time="2026-11-01T00:02:30Z"))
    yield put(content([RECORD], capture_start_time="2026-11-01T10:00:00", capture_end_time="2026-11-01T10:05:00"))
    yield put(content([RECORD], network_interface_id="0727-attachment", version="0.0.2"))
    yield put(content([RECORD], network_interface_id="0727-alone"), key="elsewhere/alone.json", write=bytes)
    # Forms of the bytes: no compression, several gzip members, white space and a byte order mark, other orders.
    yield put(content([RECORD, CLOSING]), write=bytes)
    yield put(content([RECORD, CLOSING]), write=lambda body: gzip.compress(body[:200]) + gzip.compress(body[200:]))
    yield put(content([RECORD]), write=lambda body: gzip.compress(b"\xef\xbb\xbf" + body))
    yield put(content([RECORD]), write=lambda body: b"\n  \t" + body + b"\n")
    document = content([dict(sorted(RECORD.items())), CLOSING])
    yield key_v1(next(number)), gzip.compress(json.dumps(dict(sorted(document.items())), indent=1).encode())


def write(root):
    """Writes all cases below a directory."""
    for key, body in cases():
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
