"""Flowglass as the benchmark uses it: the command line, and a running server asked over one kept connection."""

import http.client
import json
import os
import socket
import subprocess
import time
import urllib.parse

from machine import Failed, memory, run, start, stop

# Nothing of the user's settings or environment.
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent", "FLOWGLASS_TZ": "UTC"}


class Program:
    def __init__(self, binary, threads):
        self.binary, self.threads = binary, threads

    def command(self, *arguments):
        return [self.binary, "--threads", self.threads, *arguments]

    def run(self, *arguments, timeout=3600):
        """Runs a command with `--format json`; returns its document and what it took."""
        done = run(self.command(*arguments, "--format", "json"), timeout, env=ENVIRONMENT)
        return json.loads(done.output), done

    def version(self):
        return run([self.binary, "--version"], 60, env=ENVIRONMENT).output.decode().strip()

    def simulate(self, target, records, hours, vnics, start="2026-11-02T00:00:00Z", seed=1):
        rate = records / (hours * 3600)
        shape = ["--scenario", "load", "--vnics", vnics, "--rate", rate, "--hours", hours, "--start", start, "--seed", seed]
        return self.run("simulate", target, *shape)[0]


class Server:
    """A running `flowglass serve`; a context manager."""

    def __init__(self, program, lake, log):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.log = open(log, "wb")
        command = program.command("serve", "--lake", lake, "--listen", f"127.0.0.1:{port}")
        begun = time.perf_counter()
        self.process = start(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=ENVIRONMENT)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while True:
            try:
                self.get("health/ready", {})
                break
            except (OSError, http.client.HTTPException, Failed) as error:
                self.connection.close()
                if self.process.poll() is not None or time.perf_counter() - begun > 120:
                    self.__exit__()
                    raise Failed(f"flowglass serve did not come up; see {log}") from error
                time.sleep(0.05)
        self.ready_after = time.perf_counter() - begun

    def get(self, path, parameters):
        """Asks; returns the parsed answer and the seconds until its last byte came."""
        target = f"/api/v1/{path}" + ("?" + urllib.parse.urlencode(parameters) if parameters else "")
        try:
            begun = time.perf_counter()
            self.connection.request("GET", target)
            answer = self.connection.getresponse()
        except http.client.RemoteDisconnected:
            # The server does not keep connections for as long as a peer may take for its answer.
            self.connection.close()
            begun = time.perf_counter()
            self.connection.request("GET", target)
            answer = self.connection.getresponse()
        body = answer.read()
        seconds = time.perf_counter() - begun
        if answer.status != 200:
            raise Failed(f"{target} gave {answer.status}: {body[:2000].decode(errors='replace')}")
        return json.loads(body), seconds

    def memory(self):
        return memory(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        stop(self.process)
        self.log.close()
