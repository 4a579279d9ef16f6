"""Fixtures: the program, simulated and hand-made buckets, and the lakes made of them."""

import json
import os
import pathlib
import subprocess

import pytest

import quirks

# Any day will do; all times in these tests are UTC.
START = "2026-11-02T00:00:00Z"


class Flowglass:
    """The program under test; runs in a folder of its own, with nothing of the user's environment."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def run(self, *arguments, environment=None, check=True):
        """Runs it; returns the finished process, or fails with what it said."""
        done = subprocess.run(
            [self.binary, *map(str, arguments)],
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "FLOWGLASS_TZ": "UTC", **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert not check or done.returncode == 0, f"{arguments} gave {done.returncode}: {done.stderr}\n{done.stdout}"
        return done

    def json(self, *arguments, **options):
        """Runs it with `--format json` and returns the document."""
        return json.loads(self.run(*with_format(arguments, "json"), **options).stdout)

    def ndjson(self, *arguments, **options):
        """Runs it with `--format ndjson` and returns the rows."""
        lines = self.run(*with_format(arguments, "ndjson"), **options).stdout.splitlines()
        return [json.loads(line) for line in lines]


def with_format(arguments, format):
    """Arguments with a format, which must stand before `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [*arguments[:end], "--format", format, *arguments[end:]]


@pytest.fixture(scope="session")
def flowglass(tmp_path_factory):
    binary = os.environ.get("FLOWGLASS_BINARY")
    if not binary or not pathlib.Path(binary).is_file():
        pytest.exit("FLOWGLASS_BINARY names no program: run `make test-interop`", returncode=1)
    return Flowglass(binary, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def simulated(flowglass, tmp_path_factory):
    """A day of the walk-through: every quirk of real buckets that comes once a day is in it."""
    bucket = tmp_path_factory.mktemp("simulated")
    flowglass.run("simulate", bucket, "--hours", 24, "--seed", 7, "--start", START)
    return bucket


@pytest.fixture(scope="session")
def handmade(tmp_path_factory):
    """Objects in every form that is allowed."""
    bucket = tmp_path_factory.mktemp("handmade")
    quirks.write(bucket)
    return bucket


@pytest.fixture(scope="session")
def lake(flowglass, simulated, tmp_path_factory):
    """The simulated bucket's lake."""
    lake = tmp_path_factory.mktemp("lake")
    flowglass.run("ingest", simulated, "--lake", lake)
    return lake


@pytest.fixture(scope="session")
def handmade_lake(flowglass, handmade, tmp_path_factory):
    """The hand-made bucket's lake."""
    lake = tmp_path_factory.mktemp("handmade-lake")
    flowglass.run("ingest", handmade, "--lake", lake)
    return lake
