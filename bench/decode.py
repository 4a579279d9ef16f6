"""Cargo's benchmark of decoding, as numbers."""

import json
import os
import pathlib
import subprocess
import sys
import time

from machine import ROOT, Failed


def measure():
    """Runs the codec's benchmark; yields (name, records/s, bytes of JSON/s) of each measurement."""
    target = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    begun = time.time()
    command = [os.environ.get("CARGO", "cargo"), "bench", "-q", "-p", "flowglass-codec", "--bench", "decode", "--", "--noplot"]
    if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
        raise Failed("cargo bench failed")
    for path in sorted((pathlib.Path(target) / "criterion").glob("*/*/new/benchmark.json")):
        if path.stat().st_mtime < begun:
            continue
        about = json.loads(path.read_text())
        seconds = json.loads((path.parent / "estimates.json").read_text())["median"]["point_estimate"] / 1e9
        throughput = about["throughput"]["ElementsAndBytes"]
        name = f"{about['function_id']}, {about['group_id']}"
        yield name, throughput["elements"] / seconds, throughput["bytes"] / seconds
