"""What the benchmarks share: processes that never outlive them, medians, and the machine's description."""

import ctypes
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Failed(Exception):
    """The benchmark cannot go on; the message says why."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def die_with_parent():
    """In a child before it runs: the kernel kills it when the benchmark ends, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def start(command, **options):
    """Starts a process that cannot outlive this one."""
    prepare = die_with_parent if sys.platform == "linux" else None
    return subprocess.Popen([str(part) for part in command], preexec_fn=prepare, **options)


def stop(process, patience=10):
    """Ends a process started here: politely, then not."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Done:
    """What a finished command took: wall and processor seconds, greatest memory in bytes, and what it printed."""

    def __init__(self, seconds, usage, output):
        self.seconds, self.output = seconds, output
        self.cpu, self.peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def run(command, timeout, **options):
    """Runs a command to its end; fails with the last of what it said."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = start(command, stdin=subprocess.DEVNULL, stdout=output, stderr=said, **options)
        late = threading.Event()
        watchdog = threading.Timer(timeout, lambda: (late.set(), os.kill(process.pid, signal.SIGKILL)))
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        finally:
            watchdog.cancel()
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        name = " ".join(map(str, command))
        if late.is_set():
            raise Failed(f"{name} took longer than {timeout} s")
        if process.returncode != 0:
            said.seek(0)
            raise Failed(f"{name} ended with {process.returncode}: {said.read().decode(errors='replace')[-2000:]}")
        output.seek(0)
        return Done(seconds, usage, output.read())


def median(values):
    return statistics.median(values) if values else None


def percentile(values, share):
    """The nearest-rank percentile of some values."""
    values = sorted(values)
    return values[min(len(values) - 1, max(0, -(-int(share * len(values) * 1000) // 1000) - 1))]


def tree_bytes(folder):
    """Bytes of all files under a folder."""
    return sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*") if path.is_file())


def memory(pid):
    """Resident memory of a process in bytes: now, its greatest, and what of it now is not files."""
    fields = {}
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM", "RssAnon"):
            fields[name] = int(value.split()[0]) * 1024
    return fields["VmRSS"], fields["VmHWM"], fields["RssAnon"]


def description():
    """The machine in one line."""
    model = platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        return f"{model}, {os.cpu_count()} cores, {pages / 2**30:.0f} GiB, Linux {platform.release()}"
    except (OSError, ValueError):
        return f"{model}, {os.cpu_count()} cores, {platform.platform()}"
