"""The results as Markdown: what was measured, each ratio, and whether its target holds."""

KINDS = ("duckdb", "clickhouse")
FACTORS = {"interactive": 1, "all time": 5}


def verdict(holds):
    return "yes" if holds else "**no**"


def ms(seconds):
    return f"{seconds * 1e3:,.1f}"


def mb(value):
    return f"{value / 1e6:,.0f} MB"


def table(head, rows):
    align = "|---|" + "---:|" * (len(head) - 1)
    return "\n".join(["| " + " | ".join(head) + " |", align, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def decoding(found):
    if not found:
        return []
    rows = [(name, f"{records:,.0f}", f"{volume / 1e6:,.0f}") for name, records, volume in found]
    return ["## Decoding, one core", "", table(("", "records/s", "MB of JSON a second"), rows), ""]


def ingest(found):
    rates = found["rates"]
    better = max(rates[kind] for kind in KINDS)
    ratio = rates["flowglass"] / better
    names = {"flowglass": "Flowglass, committed and searchable", "duckdb": "DuckDB, Parquet file", "clickhouse": "ClickHouse, Parquet file", "bare": "bare pipeline, Parquet files"}
    rows = [
        (names[name], f"{rate:,.0f}", f"{rates['flowglass'] / rate:.2f}", f"{found['cpu'][name]:.2f}" if found["cpu"].get(name) else "")
        for name, rate in rates.items()
    ]
    lines = [
        f"{found['records']:,} records in {found['objects']:,} gzip objects on local disk. The peers write one unsorted Parquet file of"
        " record and header members and the object's name; their rows are compared with the lake's by digest.",
        "",
        table(("", "records/s", "Flowglass is × as fast", "CPU µs a record"), rows),
        "",
        f"- 4 × the better peer: {ratio:.2f} ×, {verdict(ratio >= 4)}",
    ]
    if "bare" in rates:
        share = rates["flowglass"] / rates["bare"]
        lines.append(f"- 70 % of the bare pipeline: {share:.0%}, {verdict(share >= 0.7)}")
    else:
        lines.append("- 70 % of the bare pipeline: not measured; BENCH_BARE names no command")
    per_record = found["cpu"]["flowglass"] + found["compaction"]
    lines.append(
        f"- compaction: {found['compaction']:.2f} µs of CPU a record beside {found['cpu']['flowglass']:.2f} of ingest; together two"
        f" cores sustain at most {2e6 / per_record:,.0f} records/s"
    )
    lines.append(f"- greatest memory of ingest and compaction: {mb(found['peak'])}")
    return lines


def size(lake, per, of):
    own = lake["after"] / lake["records"]
    same = per["ClickHouse, the same columns"]
    rows = [("Flowglass, everything under the lake", f"{own:.1f}"), *((name, f"{value:.1f}") for name, value in per.items())]
    rows.append(("Flowglass, before compaction", f"{lake['before'] / lake['records']:.1f}"))
    rows.append(("the objects, gzip", f"{lake['gzip'] / lake['records']:.1f}"))
    made_of = "" if of == "lake" else " ClickHouse's files are of a tenth of the hours."
    return [
        f"After compaction: {lake['files']} data files. Files that only older versions use are not counted.{made_of}",
        "",
        table(("", "bytes a record"), rows),
        "",
        f"- under 20 bytes: {own:.1f}, {verdict(own < 20)}",
        f"- below ClickHouse's Parquet of the same columns: {own / same:.2f} ×, {verdict(own < same)}",
    ]


def questions(found):
    times, rows, lines = found["times"], [], []
    for name, group in found["questions"]:
        own = times[name, "flowglass"]
        peers = [(times[name, kind], *found["best"][name, kind]) for kind in KINDS]
        ratio = min(peers)[0] / own
        factor = FACTORS.get(group)
        rows.append(
            (
                name,
                f"{found['rows'][name]:,}",
                ms(own),
                *(f"{ms(seconds)} ({layout.removeprefix('by ')}, {writer[0].upper()})" for seconds, layout, writer in peers),
                f"{ratio:.2f} ×",
                f"> {factor} × {verdict(ratio > factor)}" if factor else "",
                ms(times[name, "fresh"]),
            )
        )
    head = ("question", "rows", "Flowglass ms", "DuckDB ms", "ClickHouse ms", "faster than the better", "target", "fresh process ms")
    lines.append(table(head, rows))
    return lines


def everything(result):
    settings, lake, asked = result["settings"], result["lake"], result["asked"]
    out = [
        f"# Benchmark of {result['date']}",
        "",
        f"{result['machine']}; {settings['threads']} threads for each engine, {settings['runs']} runs in turns, medians.",
        f"{result['version']} ({result['commit']}), DuckDB {result['versions']['duckdb']}, ClickHouse {result['versions']['clickhouse']} (chDB).",
        f"Load while measuring, other than the benchmark's, is not corrected for; load average before: {result['load']}.",
        "",
        *decoding(result.get("decode", [])),
        "## Ingest",
        "",
        *ingest(result["ingest"]),
        "",
        "## Size",
        "",
        f"{lake['records']:,} records of {settings['hours']} h in {lake['objects']:,} objects.",
        "",
        *size(lake, result["sizes"], result["sized"]),
        "",
        "## Questions",
        "",
        f"{lake['records']:,} records. Flowglass is asked over HTTP on one kept connection, its time includes the whole answer with"
        " coverage; the peers run in a process that stays, their time ends with the fetched rows. Each peer may read single Parquet"
        " files of the same rows and the columns that are asked for, sorted by address and by time, written by DuckDB (D) and by"
        " ClickHouse (C); the fastest for the question counts and is named. All answers are compared row by row in every run, order included.",
        "",
        *([f"**{len(asked['misses'])} answers differ**: " + "; ".join(asked["misses"][:5]), ""] if asked["misses"] else []),
        *questions(asked),
        "",
    ]
    rare = asked["times"]["rare address, all time", "flowglass"]
    fresh = asked["times"]["rare address, all time", "fresh"]
    growth = result["rare_whole"] / result["rare_tenth"]
    out += [
        f"- rare address in a running server under 50 ms: {ms(rare)} ms, {verdict(rare < 0.05)}",
        f"- in a fresh process under 200 ms: {ms(fresh)} ms, {verdict(fresh < 0.2)}",
        f"- less than 2 × the time at 10 × the rows: {ms(result['rare_tenth'])} → {ms(result['rare_whole'])} ms, {growth:.2f} ×, {verdict(growth < 2)} (addresses one after another)",
        "",
        "## Memory of `serve`",
        "",
        table(
            ("", "resident", "of it not files"),
            [("idle", mb(asked["idle"][0]), mb(asked["idle"][2])), ("after all questions", mb(asked["busy"][0]), mb(asked["busy"][2])), ("greatest", mb(asked["busy"][1]), "")],
        ),
        "",
        f"- idle under 200 MB: {mb(asked['idle'][0])}, {verdict(asked['idle'][0] < 200e6)}",
        f"- greatest under 600 MB: {mb(asked['busy'][1])}, {verdict(asked['busy'][1] < 600e6)}",
        f"- ready {asked['ready']:.2f} s after the start",
        "",
    ]
    late = result.get("latency")
    if late:
        out += [
            "## From written to searchable",
            "",
            f"`watch` on a local {late['source']} bucket, listing every {late['poll']}; {late['rate']:,.0f} records/s in {late['objects']:,.0f}"
            f" objects/s to {late['streams']:,} streams for {late['seconds']:.0f} s, half of the measured ingest rate at most. Counted from the object's appearance, so the"
            " wait for the listing is in it.",
            "",
            table(("", "seconds"), [("median", f"{late['p50']:.2f}"), ("p99", f"{late['p99']:.2f}"), ("greatest", f"{late['max']:.2f}")]),
            "",
            f"- p99 under 2 s: {late['p99']:.2f} s, {verdict(late['p99'] < 2)}",
            "",
        ]
    return "\n".join(out)
