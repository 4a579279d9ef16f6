"""Measures Flowglass beside DuckDB and ClickHouse, and writes the results as a Markdown table.

`make bench` (minutes) and `make bench-full` (100 million rows, an hour and 30 GB). Everything it makes lies in a temporary
directory (BENCH_FOLDER names another place for it) that is removed at the end. With BENCH_KEEP=folder it is made there and
stays, and a run goes on from what an earlier one of as many rows made.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import decode
import latency
import report
import stages
import tables
from machine import ROOT, Failed, description, say
from peers import Peer
from program import Program


def settings():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", required=True, type=pathlib.Path, help="the program, a release build")
    parser.add_argument("--rows", type=int, default=4_000_000, help="records that questions are asked of")
    parser.add_argument("--ingest-rows", type=int, default=2_000_000, help="records of the ingest that is compared")
    parser.add_argument("--hours", type=int, default=120, help="hours of history; at most 166, for minutes must be charted")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--latency-seconds", type=int, default=20, help="0 leaves it out")
    parser.add_argument("--latency-rate", type=int, default=0, help="records a second; half of the ingest's unless given")
    parser.add_argument("--poll", default="500ms")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench" / "results", help="folder of the results")
    parser.add_argument("--decode", action="store_true", help="run cargo's benchmark of decoding first")
    parser.add_argument("--keep-going", action="store_true", help="note answers that differ instead of failing")
    given = parser.parse_args()
    given.bare = os.environ.get("BENCH_BARE")
    keep = os.environ.get("BENCH_KEEP")
    given.keep = pathlib.Path(keep).resolve() if keep else None
    given.binary = given.binary.resolve()
    if not given.binary.is_file():
        parser.error(f"{given.binary} is no program: build it first")
    return given


# Rows up to which ClickHouse's files of all columns are made of the whole lake.
WHOLLY_SORTED = 20_000_000


def made(folder, name, rows, keep, make):
    """What a stage returns, which makes files in the folder; that of an earlier run where the folder is kept."""
    note = folder / f"{name}-{rows}.json"
    if keep and note.exists():
        say(f"{name}: made before")
        return json.loads(note.read_text())
    result = make()
    if keep:
        note.write_text(json.dumps(result))
    return result


def measure(given, folder):
    program = Program(given.binary, given.threads)
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    result = {
        "settings": vars(given),
        "date": datetime.date.today().isoformat(),
        "machine": description(),
        "load": ", ".join(f"{load:.1f}" for load in os.getloadavg()),
        "version": program.version(),
        "commit": commit or "no commit",
    }
    if given.decode:
        say("decoding: cargo bench")
        result["decode"] = list(decode.measure())
    peers = []
    try:
        for kind in ("duckdb", "clickhouse"):
            peers.append(Peer(kind, folder / kind, given.threads))
        result["versions"] = {peer.kind: peer.version for peer in peers}
        say(f"{result['version']}, DuckDB {peers[0].version}, ClickHouse {peers[1].version}, in {folder}")
        result["ingest"] = stages.ingest(program, peers, folder, given)
        # Objects of about 350 records.
        vnics = max(8, given.rows // (given.hours * 24) // 350)
        lake, tenth = folder / "lake", folder / "tenth"
        stage = lambda name, make: made(folder, name, given.rows, given.keep, make)
        result["lake"] = stage("lake", lambda: stages.make_lake(program, lake, given.rows, given.hours, vnics))
        smaller = stage("tenth", lambda: stages.make_lake(program, tenth, given.rows // 10, given.hours // 10, vnics))
        # ClickHouse sorts all columns of 100 million rows for a quarter of an hour.
        result["sized"], sized = ("tenth", smaller) if given.rows > WHOLLY_SORTED else ("lake", result["lake"])
        columns = {"the same columns": tables.all_columns(), "the provider's columns alone": ["time", *tables.PROVIDED]}
        result["sizes"] = {
            f"ClickHouse, {what}": stage(
                f"size-{at}", lambda: stages.clickhouse_bytes(peers[1], folder, folder / result["sized"], names)
            )
            / sized["records"]
            for at, (what, names) in enumerate(columns.items())
        }
        files = stage("layouts", lambda: stages.layouts(peers, folder, lake))
        result["asked"] = asked = stages.ask(program, lake, peers, files, folder, given)
        result["rare_tenth"], result["rare_whole"] = (
            stages.rare_in(program, of, asked["rare"], folder) for of in (tenth, lake)
        )
        if given.latency_seconds:
            rate = given.latency_rate or int(result["ingest"]["rates"]["flowglass"] / 2)
            result["latency"] = latency.measure(program, peers[0], folder, rate, given.latency_seconds, given.poll)
    finally:
        for peer in peers:
            peer.close()
    return result


def main():
    # Stopped from outside, everything is still cleaned up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))
    given = settings()
    place = os.environ.get("BENCH_FOLDER")
    if given.keep:
        given.keep.mkdir(parents=True, exist_ok=True)
    folder = given.keep or pathlib.Path(tempfile.mkdtemp(prefix="flowglass-bench-", dir=place)).resolve()
    try:
        free, needed = shutil.disk_usage(folder).free, given.rows * 300
        if free < needed and not given.keep:
            raise Failed(f"{given.rows:,} rows need about {needed / 1e9:.0f} GB in {folder.parent}, {free / 1e9:.0f} GB are free: set BENCH_FOLDER")
        result = measure(given, folder)
    except Failed as failed:
        for log in folder.glob("*.log"):
            say(f"{log.name}: {log.read_text(errors='replace')[-1000:]}")
        sys.exit(f"bench: {failed}")
    finally:
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
    text = report.everything(result)
    given.results.mkdir(parents=True, exist_ok=True)
    out = given.results / f"{result['date']}{'-full' if given.rows >= 100_000_000 else ''}.md"
    out.write_text(text)
    print(text)
    say(f"written to {out}")


if __name__ == "__main__":
    main()
