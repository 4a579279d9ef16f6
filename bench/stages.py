"""What is measured: ingest, size, questions, memory. Each stage fills a dictionary that report.py prints."""

import itertools
import pathlib
import shlex
import shutil
import time

import deltalake
import queries
import tables
from machine import Failed, median, run, say, tree_bytes
from program import ENVIRONMENT, Server

# The greatest number of rows whose ingest is compared; what counts is a rate.
LONG = 7200


def live_files(lake):
    """The data files the lake's newest version consists of."""
    return sorted(uri.removeprefix("file://") for uri in deltalake.DeltaTable(str(lake / "flows")).file_uris())


def lake_bytes(lake):
    """All bytes under a lake but the data files that its newest versions no longer use, and their indexes: vacuum deletes them."""
    total = tree_bytes(lake)
    for table in ("flows", "objects"):
        live = {uri.removeprefix("file://") for uri in deltalake.DeltaTable(str(lake / table)).file_uris()}
        total -= sum(path.stat().st_size for path in (lake / table).rglob("*.parquet") if str(path) not in live)
        indexes = {pathlib.Path(file).name.removesuffix("-indexed.parquet") for file in live}
        total -= sum(path.stat().st_size for path in (lake / table).rglob("*.fgi") if path.stem not in indexes)
    return total


def ingest(program, peers, folder, settings):
    """gzip objects to rows: Flowglass until they are committed and searchable, the peers until a Parquet file is there."""
    bucket = folder / "ingest-bucket"
    written = program.simulate(bucket, settings.ingest_rows, 1, max(2, settings.ingest_rows // 10_000))
    say(f"ingest: {written['records']:,} records in {written['objects']:,} objects")
    records = written["records"]
    took = {"flowglass": [], **{peer.kind: [] for peer in peers}}
    cpu = {name: [] for name in took}
    if settings.bare:
        took["bare"] = []
    lake, checked, peak, compaction = folder / "ingest-lake", None, 0, []
    for turn in range(settings.runs):
        shutil.rmtree(lake, ignore_errors=True)
        # The compaction that ends an ingest otherwise is measured by itself.
        read, done = program.run("ingest", bucket, "--no-upkeep", "--lake", lake, timeout=LONG)
        if read["records"] != records:
            raise Failed(f"{records} records were written, {read['records']} ingested")
        took["flowglass"].append(read["seconds"])
        cpu["flowglass"].append(done.cpu)
        compacted, merged = program.run("lake", "compact", "--lake", lake, timeout=LONG)
        compaction.append(merged.cpu)
        peak = max(peak, done.peak, merged.peak)
        outs = {}
        for peer in peers:
            outs[peer.kind] = out = folder / f"ingest-{peer.kind}.parquet"
            statement = {"duckdb": tables.duckdb_ingest, "clickhouse": tables.clickhouse_ingest}[peer.kind](bucket, out)
            _, cost = peer.run(statement, LONG)
            took[peer.kind].append(cost["seconds"])
            cpu[peer.kind].append(cost["cpu"])
        if settings.bare:
            took["bare"].append(bare(settings, bucket, folder, records))
        if checked is None:
            duckdb = peers[0]
            digests = {"flowglass": duckdb.run(tables.digest(live_files(lake)), LONG)[0]}
            digests |= {kind: duckdb.run(tables.digest([out]), LONG)[0] for kind, out in outs.items()}
            if len({str(digest) for digest in digests.values()}) != 1 or digests["flowglass"][0][0] != records:
                raise Failed(f"the rows differ: {digests}")
            checked = True
        say(f"ingest, run {turn + 1}: " + ", ".join(f"{name} {records / values[-1]:,.0f}/s" for name, values in took.items()))
    rates = {name: records / median(values) for name, values in took.items()}
    result = {
        "records": records,
        "objects": written["objects"],
        "rates": rates,
        "cpu": {name: median(values) / records * 1e6 for name, values in cpu.items()},
        "compaction": median(compaction) / records * 1e6,
        "compacted": compacted,
        "peak": peak,
    }
    for path in (bucket, lake):
        shutil.rmtree(path)
    for out in outs.values():
        out.unlink()
    return result


def bare(settings, bucket, folder, records):
    """Runs the bare pipeline, a command given in BENCH_BARE with {bucket}, {out} and {threads}; returns its seconds."""
    out = folder / "bare"
    shutil.rmtree(out, ignore_errors=True)
    words = [word.format(bucket=bucket, out=out, threads=settings.threads) for word in shlex.split(settings.bare)]
    done = run(words, LONG)
    if str(records).encode() not in done.output:
        raise Failed(f"the bare pipeline does not say that it wrote {records} records: {done.output[-500:]!r}")
    shutil.rmtree(out, ignore_errors=True)
    return done.seconds


def make_lake(program, lake, rows, hours, vnics):
    """Simulates, ingests and compacts; returns what was seen on the way."""
    name, bucket = lake.name, lake.parent / f"{lake.name}-bucket"
    # What a run that was stopped left.
    for path in (bucket, lake):
        shutil.rmtree(path, ignore_errors=True)
    written = program.simulate(bucket, rows, hours, vnics)
    say(f"{name}: {written['records']:,} records in {written['objects']:,} objects, {written['bytes'] / 1e6:,.0f} MB")
    read, ingested = program.run("ingest", bucket, "--no-upkeep", "--lake", lake, timeout=LONG)
    if read["records"] != written["records"]:
        raise Failed(f"{written['records']} records were written, {read['records']} ingested")
    shutil.rmtree(bucket)
    before = lake_bytes(lake)
    compacted, done = program.run("lake", "compact", "--lake", lake, timeout=LONG)
    say(f"{name}: ingested in {ingested.seconds:.0f} s, compacted in {done.seconds:.0f} s: {compacted}")
    files = live_files(lake)
    return {
        "records": written["records"],
        "objects": written["objects"],
        "json": written["json_bytes"],
        "gzip": written["bytes"],
        "files": len(files),
        "before": before,
        "after": lake_bytes(lake),
        "seconds": ingested.seconds,
        "compact_seconds": done.seconds,
        "compact_cpu": done.cpu,
        "ingest_cpu": ingested.cpu,
    }


def layouts(peers, folder, lake):
    """Each peer's files of the lake's rows, by address and by time; (writer, layout, path) of each."""
    files, made = live_files(lake), []
    for peer in peers:
        make = {"duckdb": tables.duckdb_layout, "clickhouse": tables.clickhouse_layout}[peer.kind]
        for layout, order in (("by address", "initiator_ip, time"), ("by time", "time")):
            out = folder / f"{peer.kind}-{layout.replace(' ', '-')}.parquet"
            _, cost = peer.run(make(files, out, order), LONG)
            say(f"{peer.kind} {layout}: {out.stat().st_size:,} bytes, {cost['seconds']:.0f} s")
            made.append((peer.kind, layout, str(out)))
    return made


def clickhouse_bytes(peer, folder, lake, columns):
    """Bytes of ClickHouse's Parquet of some columns of a lake, sorted by address."""
    out = folder / "clickhouse-size.parquet"
    peer.run(tables.clickhouse_layout(live_files(lake), out, "initiator_ip, time", columns), LONG)
    size = out.stat().st_size
    out.unlink()
    return size


def differ(name, who, ours, theirs):
    """Fails where two answers are not the same, row by row."""
    ours, theirs = queries.plain(ours), queries.plain(theirs)
    if ours == theirs:
        return
    at = next((at for at, pair in enumerate(itertools.zip_longest(ours, theirs)) if pair[0] != pair[1]), 0)
    raise Failed(
        f"{name}: Flowglass gives {len(ours)} rows, {who} {len(theirs)}; they differ from row {at} on:"
        f" {ours[at : at + 2]} and {theirs[at : at + 2]}"
    )


def ask(program, lake, peers, made, folder, settings):
    """All questions to all: answers compared, the best file of each peer found, then timed in turns."""
    duckdb = peers[0]
    by_address = next(tables.source("duckdb", out) for kind, layout, out in made if (kind, layout) == ("duckdb", "by address"))
    chosen = queries.choose(lambda sql: duckdb.run(sql, LONG)[0], by_address)
    if len(chosen["rare"]) < 2 * settings.runs:
        raise Failed("no rare addresses are in the data: take more rows")
    fixed = queries.questions(chosen)
    # A rare address is asked once only, so that no cache of answers can help.
    rares = itertools.cycle(chosen["rare"])
    rows, misses = {}, []

    def compared(question, ours, peer, layout, source):
        """Asks a peer; returns its seconds once its answer is the same."""
        theirs, cost = peer.run(question.sql(queries.Dialect(peer.kind)).format(flows=source))
        try:
            differ(question.name, f"{peer.kind} {layout}", ours, theirs)
        except Failed as error:
            if not settings.keep_going:
                raise
            misses.append(str(error))
            say(str(error))
        return cost["seconds"]

    def own(server, question):
        answer, seconds = server.get(*question.api)
        ours = question.read(answer)
        if not ours:
            raise Failed(f"{question.name}: nothing is found, which would measure nothing")
        rows[question.name] = len(ours)
        return ours, seconds

    best, times = {}, {}
    with Server(program, lake, folder / "serve.log") as server:
        time.sleep(2)
        idle = server.memory()
        for question in [queries.rare(next(rares)), *fixed]:
            ours, _ = own(server, question)
            for peer in peers:
                files = [(writer, layout, tables.source(peer.kind, out)) for writer, layout, out in made]
                tried = [
                    # Twice: the first warms up.
                    (min(compared(question, ours, peer, layout, source) for _ in range(2)), layout, writer, source)
                    for writer, layout, source in files
                ]
                best[question.name, peer.kind] = min(tried)[1:]
        say("all answers are the same" if not misses else "answers differ")
        for turn in range(settings.runs):
            for question in [queries.rare(next(rares)), *fixed]:
                ours, seconds = own(server, question)
                took = {"flowglass": seconds}
                for peer in peers:
                    layout, _, source = best[question.name, peer.kind]
                    took[peer.kind] = compared(question, ours, peer, layout, source)
                command = program.command(*question.cli, "--lake", lake, "--format", "json")
                took["fresh"] = run(command, 300, env=ENVIRONMENT).seconds
                for who, value in took.items():
                    times.setdefault((question.name, who), []).append(value)
            say(f"questions, run {turn + 1} of {settings.runs}")
        busy = server.memory()
        ready = server.ready_after
    return {
        "questions": [(question.name, question.group) for question in [queries.rare(""), *fixed]],
        "rows": rows,
        "times": {key: median(values) for key, values in times.items()},
        "best": {key: (layout, writer) for key, (layout, writer, _) in best.items()},
        "idle": idle,
        "busy": busy,
        "ready": ready,
        "misses": misses,
        "rare": chosen["rare"],
    }


def rare_in(program, lake, addresses, folder):
    """Median seconds of rare addresses in a lake, one after another, for the growth with history."""
    with Server(program, lake, folder / "serve-tenth.log") as server:
        for address in addresses[:3]:
            server.get(*queries.rare(address).api)
        found = [server.get(*queries.rare(address).api) for address in addresses[3:40]]
    if not all(answer["rows"] for answer, _ in found):
        raise Failed("a rare address is missing in a lake")
    return median([seconds for _, seconds in found])
