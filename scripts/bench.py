"""Measures decoding and ingest on generated objects with the release build, and prints a Markdown table.

`make bench`. BENCH_RECORDS is the number of records of the ingest (5,000,000); the bucket and the lake lie in a
temporary directory that is removed at the end.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
TARGET = TARGET if TARGET.is_absolute() else ROOT / TARGET
CARGO = os.environ.get("CARGO", "cargo")
VNICS, HOURS = 500, 1


def say(text):
    print(text, file=sys.stderr, flush=True)


def decode():
    """Runs the codec's benchmark; yields (name, records/s, bytes of JSON/s) of each measurement."""
    begun = time.time()
    command = [CARGO, "bench", "-q", "-p", "flowglass-codec", "--bench", "decode", "--", "--noplot"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    for path in sorted((TARGET / "criterion").glob("*/*/new/benchmark.json")):
        if path.stat().st_mtime < begun:
            continue
        about = json.loads(path.read_text())
        seconds = json.loads((path.parent / "estimates.json").read_text())["median"]["point_estimate"] / 1e9
        throughput = about["throughput"]["ElementsAndBytes"]
        name = f"{about['function_id']}, {about['group_id']}"
        yield name, throughput["elements"] / seconds, throughput["bytes"] / seconds


def run(binary, *arguments):
    """Runs the program with `--format json`; returns its answer, the seconds it took and its greatest memory in bytes."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([binary, *map(str, arguments), "--format", "json"], stdin=subprocess.DEVNULL, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        if process.returncode != 0:
            sys.exit(f"bench: {arguments[0]} failed with {process.returncode}")
        out.seek(0)
        return json.loads(out.read()), seconds, usage.ru_maxrss * 1024


def ingest(records):
    """Simulates a bucket and reads it into a lake; yields (name, records/s, bytes of JSON/s) and says the rest."""
    subprocess.run([CARGO, "build", "-q", "--release", "-p", "flowglass"], cwd=ROOT, check=True)
    binary = TARGET / "release" / "flowglass"
    with tempfile.TemporaryDirectory(prefix="flowglass-bench-") as folder:
        bucket, lake = pathlib.Path(folder, "bucket"), pathlib.Path(folder, "lake")
        rate = records / (HOURS * 3600)
        shape = ["--scenario", "load", "--vnics", VNICS, "--rate", rate, "--hours", HOURS, "--start", "2026-11-02T00:00:00Z"]
        written, seconds, _ = run(binary, "simulate", bucket, *shape)
        yield "simulate, to a directory", written["records"] / seconds, written["json_bytes"] / seconds
        read, seconds, memory = run(binary, "ingest", bucket, "--lake", lake)
        if read["records"] != written["records"]:
            sys.exit(f"bench: {written['records']} records were written, {read['records']} read")
        yield "ingest, directory to lake", read["records"] / seconds, written["json_bytes"] / seconds
        size = sum(path.stat().st_size for path in lake.rglob("*.parquet"))
        say(
            f"{read['records']:,} records in {read['objects']:,} objects, {written['bytes'] / 1e6:,.0f} MB gzip,"
            f" {written['json_bytes'] / written['records']:.0f} B of JSON a record; lake {size / read['records']:.1f} B a"
            f" record; ingest took {seconds:.1f} s and at most {memory / 1e6:,.0f} MB of memory"
        )


def main():
    records = int(os.environ.get("BENCH_RECORDS", 5_000_000))
    rows = [*decode(), *ingest(records)]
    print(f"Decoding runs on one core, the others on all {os.cpu_count()}. MB are of JSON, before compression.\n")
    print("| stage | records/s | MB/s |\n|---|---:|---:|")
    for name, per_second, volume in rows:
        print(f"| {name} | {per_second:,.0f} | {volume / 1e6:,.0f} |")


if __name__ == "__main__":
    main()
