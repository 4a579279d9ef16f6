"""The engines Flowglass is measured against, each in a process of its own that runs one statement at a time.

Run as a program (`python peers.py duckdb|clickhouse FOLDER THREADS`) it is such a process: a JSON request a line on
standard input, a JSON answer a line on standard output. The time of a statement is taken inside, without the pipe.
"""

import json
import pathlib
import resource
import select
import subprocess
import sys
import time

from machine import Failed, start, stop


class Peer:
    """A running engine."""

    def __init__(self, kind, folder, threads):
        self.kind = kind
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, __file__, kind, folder, threads]
        self.process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.rest = b""
        self.version = self.receive(120)["version"]

    def receive(self, timeout):
        deadline = time.monotonic() + timeout
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                self.close()
                raise Failed(f"{self.kind} took longer than {timeout} s")
            piece = self.process.stdout.read(1 << 20)
            if not piece:
                raise Failed(f"{self.kind} ended with {self.process.wait()}")
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def run(self, statement, timeout=300):
        """Runs a statement; returns its rows and a dictionary of `seconds` and `cpu`."""
        self.process.stdin.write(json.dumps(statement).encode() + b"\n")
        answer = self.receive(timeout)
        if "error" in answer:
            raise Failed(f"{self.kind}: {answer['error']}\n{statement}")
        return answer["rows"], answer

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                stop(self.process)


def duckdb_engine(folder, threads):
    import duckdb

    database = duckdb.connect(
        config={
            "threads": threads,
            "temp_directory": str(folder / "spill"),
            # Files hold the order they are given where that is asked for with ORDER BY.
            "preserve_insertion_order": "false",
        }
    )
    database.execute("SET TimeZone = 'UTC'; SET parquet_metadata_cache = true")
    return duckdb.__version__, lambda statement: database.execute(statement).fetchall()


def clickhouse_engine(folder, threads):
    from chdb import session

    database = session.Session(str(folder / "state"))
    database.query(f"SET max_threads = {threads}, max_insert_threads = {threads}, max_parsing_threads = {threads}")
    # A sort of more rows than fit goes to disk.
    database.query("SET max_bytes_before_external_sort = 4000000000, max_bytes_ratio_before_external_sort = 0")
    database.query("SET use_hive_partitioning = 0, output_format_json_quote_64bit_integers = 0")
    version = json.loads(database.query("SELECT version()", "JSONCompact").bytes())["data"][0][0]

    def run(statement):
        text = database.query(statement, "JSONCompact").bytes()
        return json.loads(text)["data"] if text else []

    return version, run


ENGINES = {"duckdb": duckdb_engine, "clickhouse": clickhouse_engine}


def serve(kind, folder, threads):
    answers = sys.stdout
    # Whatever an engine prints must not get among the answers.
    sys.stdout = sys.stderr
    version, run = ENGINES[kind](pathlib.Path(folder), threads)
    print(json.dumps({"version": version}), file=answers, flush=True)
    for line in sys.stdin:
        before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        try:
            rows = run(json.loads(line))
        except Exception as error:  # The statement's failure is the answer.
            answer = {"error": f"{type(error).__name__}: {error}"}
        else:
            seconds, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            answer = {"rows": rows, "seconds": seconds, "cpu": cpu}
        print(json.dumps(answer, default=str), file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
