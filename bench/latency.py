"""From an object's appearance in the bucket to its rows in answers, at a steady rate.

Objects are hard-linked (local directory) or put (local S3) at their times; a server's lake version is looked at all the
while; afterwards the table's log tells which version brought which object.
"""

import datetime
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse

import tables
from machine import Failed, percentile, say, start, stop
from program import ENVIRONMENT, Server

BUCKET = "flowglass"
LAG = 60


class Directory:
    """A bucket that is a directory."""

    kind = "directory"

    def __init__(self, folder, objects):
        self.root, self.objects = folder / "watched", objects
        self.root.mkdir()
        self.source, self.arguments, self.environment = self.root, [], {}

    def put(self, path):
        target = self.root / path.relative_to(self.objects)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(path, target)

    def close(self):
        shutil.rmtree(self.root)


class Store:
    """A bucket of the test S3 server."""

    kind = "S3"

    def __init__(self, binary, objects):
        self.objects = objects
        command = [binary, "--bucket", BUCKET, "--anonymous"]
        self.process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        endpoint = self.process.stdout.readline().decode().strip()
        self.source = f"s3://{BUCKET}"
        self.arguments, self.environment = ["--endpoint", endpoint, "--anonymous"], {}
        self.host = urllib.parse.urlsplit(endpoint).netloc
        name, _, port = self.host.rpartition(":")
        self.connection = socket.create_connection((name, int(port)), timeout=30)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def put(self, path):
        # By hand: http.client takes several times the processor, of which the watching gets what is left.
        key = urllib.parse.quote(str(path.relative_to(self.objects)), safe="/")
        with open(path, "rb", buffering=0) as file:
            body = file.read()
        head = f"PUT /{BUCKET}/{key} HTTP/1.1\r\nhost: {self.host}\r\ncontent-length: {len(body)}\r\n\r\n"
        self.connection.sendall(head.encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = self.connection.recv(4096)
            if not piece:
                raise Failed("the S3 server hung up")
            answer += piece
        # What is taken is answered without a body.
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise Failed(f"the S3 server refused an object: {answer.decode(errors='replace')}")

    def close(self):
        self.connection.close()
        stop(self.process)


def name_of(vnic, record_type, stream, number):
    return f"{vnic}/{record_type}/{stream}/{int(number)}"


def name_of_key(path):
    parts = dict(part.split("=", 1) for part in path.parts if "=" in part)
    return name_of(parts["vnic-id"], parts["record-type"], parts["stream-id"], path.name.split(".")[0])


def measure(program, duckdb, folder, rate, seconds, poll, per_object=400):
    """Feeds `rate` records a second for `seconds`; returns the latencies' percentiles and how it went."""
    objects = folder / "latency-objects"
    # This hour, because `watch` looks at the hours around now; 12 windows of each vNIC in two streams.
    vnics = max(2, int(rate * seconds / per_object / 24))
    begin = datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0)
    written = program.simulate(objects, rate * seconds, 1, vnics, begin.strftime("%Y-%m-%dT%H:%M:%SZ"), seed=2)
    paths = sorted(objects.rglob("*.gz"), key=lambda path: (path.name, str(path)))
    # The streams are known before: `watch` looks for new ones every few minutes only.
    known = sum(path.name == paths[0].name for path in paths)
    binary = program.binary.parent / "flowglass-test-s3"
    bucket = Store(binary, objects) if binary.exists() else Directory(folder, objects)
    lake = folder / "latency-lake"
    put, seen = {}, []
    log = open(folder / "watch.log", "wb")
    watch = server = None
    try:
        for path in paths[:known]:
            bucket.put(path)
        program.run("ingest", bucket.source, "--lake", lake, *bucket.arguments)
        command = program.command("watch", bucket.source, "--lake", lake, "--poll", poll, *bucket.arguments)
        server = Server(program, lake, folder / "serve-latency.log")
        first = server.get("lake/version", {})[0]["lake_version"]
        watch = start(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT | bucket.environment)
        wait_for_looks(watch, log.name)
        failed = []
        feeder = threading.Thread(target=feed, args=(bucket, paths[known:], seconds, put, failed), daemon=True)
        begun = time.monotonic()
        feeder.start()
        version, wanted = first, written["records"]
        while True:
            now = server.get("lake/version", {})[0]["lake_version"]
            if now != version:
                version = now
                seen.append((time.monotonic(), version))
            if watch.poll() is not None:
                raise Failed(f"flowglass watch ended with {watch.returncode}; see {log.name}")
            if failed:
                raise Failed(f"feeding failed: {failed[0]}")
            quiet = time.monotonic() - (seen[-1][0] if seen else begun)
            if not feeder.is_alive() and quiet > 2 and server.get("count", {})[0]["count"] == wanted:
                break
            if time.monotonic() - begun > seconds + LAG:
                raise Failed(f"objects are not searchable {LAG} s after the last one was written; see {log.name}")
            time.sleep(0.01)
        fed = max(put.values()) - min(put.values())
    finally:
        if watch:
            stop(watch)
        if server:
            server.__exit__()
        bucket.close()
        log.close()
    latencies = arrived(duckdb, lake, put, seen)
    shutil.rmtree(lake)
    shutil.rmtree(objects)
    say(f"latency: {len(latencies)} objects, {len(seen)} versions")
    return {
        "source": bucket.kind,
        "rate": written["records"] * (1 - known / len(paths)) / fed,
        "streams": known,
        "objects": len(latencies) / fed,
        "seconds": fed,
        "poll": poll,
        "p50": percentile(latencies, 0.5),
        "p99": percentile(latencies, 0.99),
        "max": max(latencies),
    }


def wait_for_looks(watch, log, seconds=5):
    """Gives `watch` time to find the streams."""
    time.sleep(seconds)
    if watch.poll() is not None:
        raise Failed(f"flowglass watch ended with {watch.returncode}; see {log}")


def feed(bucket, paths, seconds, put, failed):
    begun = time.monotonic()
    try:
        for at, path in enumerate(paths):
            wait = begun + at * seconds / len(paths) - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            bucket.put(path)
            put[name_of_key(path)] = time.monotonic()
    except Exception as error:  # Told to the thread that waits.
        failed.append(error)


def arrived(duckdb, lake, put, seen):
    """Seconds from each object's appearance to the first look that saw a version with it."""
    latencies, known = [], set()
    log = lake / "flows" / "_delta_log"
    for path in sorted(log.glob("[0-9]*.json")):
        version = int(path.stem)
        actions = [json.loads(line) for line in path.read_text().splitlines()]
        files = [lake / "flows" / urllib.parse.unquote(action["add"]["path"]) for action in actions if "add" in action]
        files = [file for file in files if file.exists()]
        if not files:
            continue
        listed = ", ".join(map(tables.quoted, files))
        rows, _ = duckdb.run(
            f"SELECT DISTINCT vnic_id, record_type, stream_id, sequence_number FROM read_parquet([{listed}], hive_partitioning = false)"
        )
        when = next((at for at, seen_version in seen if seen_version >= version), None)
        for row in rows:
            name = name_of(*row)
            if name in known or name not in put:
                continue
            known.add(name)
            if when is None:
                raise Failed(f"version {version} was never seen")
            latencies.append(when - put[name])
    if len(known) != len(put):
        raise Failed(f"{len(put)} objects were written, {len(known)} found in the table")
    return latencies
