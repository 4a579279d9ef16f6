import { beforeEach, describe, expect, it } from "vitest";

import type { FieldInfo } from "../api/types";
import { FUNCTIONS, addsUp, aggregateTitle, formatValue, parseAggregate, suits, unitOf } from "./aggregates";
import { changeOf, changeWords, goneGroups } from "./compare";
import { cell, csvOf } from "./csv";
import { parseQuestion, shownAggregate } from "./question";
import { bucketWidth, linesOf } from "./series";
import { applyGroup, queryOfGroups } from "./terms";
import type { Groups } from "./useGroups";

const field = (name: string, kind: string, unit: string | null = null): FieldInfo =>
  ({ name, kind, unit, origin: "record", values: [], doc: "" });

const FIELDS = [
  field("initiator_ip", "address"),
  field("target_port", "port"),
  field("action", "text"),
  field("bytes_from_target", "integer", "bytes"),
  field("extra", "json"),
];

const answer = (over: Partial<Groups>): Groups =>
  ({ keys: ["target_port"], aggregates: ["records"], rows: [], truncated: false, nearest: null, ...over }) as Groups;

describe("aggregates", () => {
  it("are read as the API writes them", () => {
    expect(parseAggregate("connections")).toEqual({ text: "connections", measure: "connections" });
    expect(parseAggregate("p99.5(bytes_from_target)")).toMatchObject({ of: "p99.5", field: "bytes_from_target" });
    for (const bad of ["", "count", "p101(a)", "sum()", "sum(a", "drop(a)"]) expect(parseAggregate(bad)).toBeUndefined();
  });

  it("have names, units and fields they suit", () => {
    const p95 = parseAggregate("p95(bytes_from_target)");
    expect(p95 && [aggregateTitle(p95), unitOf(p95, FIELDS), addsUp(p95)]).toEqual([
      "95th percentile of bytes_from_target",
      "bytes",
      false,
    ]);
    const distinct = parseAggregate("distinct(initiator_ip)");
    expect(distinct && unitOf(distinct, FIELDS)).toBeNull();
    const suited = (id: string) => {
      const of = FUNCTIONS.find((one) => one.id === id);
      return FIELDS.filter((one) => of && suits(of, one)).map(({ name }) => name);
    };
    expect(suited("p95")).toEqual(["bytes_from_target"]);
    expect(suited("min")).toEqual(["initiator_ip", "target_port", "action", "bytes_from_target"]);
    expect(suited("distinct")).toHaveLength(FIELDS.length);
    expect([formatValue(1234, "bytes", "UTC"), formatValue(null, null, "UTC"), formatValue("2026-11-22T07:21:07Z", null, "UTC")]).toEqual(
      ["1.23 kB", "–", "2026-11-22 07:21:07"],
    );
  });
});

describe("the question", () => {
  const parse = (search: string) => {
    const params = new URLSearchParams(search);
    return parseQuestion((name) => params.get(name));
  };

  it("has defaults, and leaves out what it does not understand", () => {
    expect(parse("")).toMatchObject({ by: ["initiator_ip"], order: "-attempts", size: 100, compare: "", shape: "table" });
    expect(parse("measure=bytes").aggregates).toEqual([{ text: "bytes", measure: "bytes" }]);
    expect(parse("by=action,action,a b,time:1h&agg=nonsense&n=7&compare=soon&as=pie&order=-packets")).toMatchObject({
      by: ["action", "time:1h"],
      order: "-attempts",
      size: 100,
      compare: "",
      shape: "table",
    });
    expect(parse("by=-").by).toEqual([]);
  });

  it("shows in charts what it is ordered by", () => {
    const question = parse("agg=records,bytes&order=-bytes&as=bars&compare=previous");
    expect(shownAggregate(question)).toMatchObject({ index: 1, aggregate: { text: "bytes" } });
    expect(question).toMatchObject({ shape: "bars", compare: "previous" });
  });
});

describe("a comparison", () => {
  it("tells what changed, and says nothing it cannot know", () => {
    const words = (now: number | null, before: number | null, counted = true) => changeWords(changeOf(now, before, counted));
    expect([words(150, 100), words(50, 100), words(100, 100), words(300, 100), words(2500, 100)]).toEqual([
      "+50 %",
      "−50 %",
      "same",
      "×3.0",
      "×25",
    ]);
    expect([words(5, null), words(null, 5), words(0, null), words(5, 0)]).toEqual(["new", "gone", "same", "new"]);
    // An average that was not there is not 0.
    expect([words(5, null, false), words(null, 5, false), words(5, 0, false)]).toEqual(["–", "–", "up"]);
  });

  it("finds groups that are gone, unless a list is cut", () => {
    const now = answer({ rows: [{ keys: [22], values: [3] }], compared: { from: "a", to: "b" } });
    const before = answer({ rows: [{ keys: [22], values: [1] }, { keys: [23], values: [9] }] });
    expect(goneGroups(now, before)).toEqual([{ keys: [23], values: [null], previous: [9] }]);
    expect(goneGroups({ ...now, truncated: true }, before)).toEqual([]);
  });
});

describe("CSV", () => {
  it("quotes what it must, and keeps formulas from spreadsheets", () => {
    expect([cell('a "b", c'), cell(null), cell(-5), cell("=1+1"), cell("us-south")]).toEqual([
      '"a ""b"", c"',
      "",
      "-5",
      "'=1+1",
      "us-south",
    ]);
    const rows = [{ keys: [22], values: [3], previous: [1] }];
    expect(csvOf(answer({ rows, compared: { from: null, to: null } }))).toBe(
      "target_port,records,records before\r\n22,3,1\r\n",
    );
  });
});

describe("groups as terms", () => {
  beforeEach(() => window.history.replaceState(null, "", "/explore?q=is:public"));
  const group = { keys: ["10.0.0.1", null], values: [] };
  const by = ["initiator_ip", "extra"];

  it("narrow to a group, or exclude it whole", () => {
    applyGroup(by, group, FIELDS, false);
    expect(new URLSearchParams(window.location.search).get("q")).toBe("is:public initiator_ip:10.0.0.1 -extra:*");
    window.history.replaceState(null, "", "/explore");
    applyGroup(by, group, FIELDS, true);
    expect(new URLSearchParams(window.location.search).get("q")).toBe("-(initiator_ip:10.0.0.1 -extra:*)");
  });

  it("ask for the time of a bucket", () => {
    applyGroup(["time:1h"], { keys: ["2026-11-22T07:00:00Z"], values: [] }, FIELDS, false);
    const search = new URLSearchParams(window.location.search);
    expect([search.get("from"), search.get("to")]).toEqual(["2026-11-22T07:00:00Z", "2026-11-22T08:00:00Z"]);
  });

  it("join to the query of several", () => {
    expect(queryOfGroups("is:public", ["target_port"], [{ keys: [22], values: [] }, { keys: [23], values: [] }], FIELDS)).toBe(
      "is:public ((target_port:22) OR (target_port:23))",
    );
  });
});

describe("lines", () => {
  it("have a value for every instant, 0 only where things are counted", () => {
    const instants = ["2026-11-22T07:00:00Z", "2026-11-22T08:00:00Z"];
    const groups = [{ keys: [22], values: [] }];
    const rows = [
      { keys: ["2026-11-22T08:00:00Z", 22], values: [4], previous: [2] },
      { keys: ["2026-11-22T08:00:00Z", 23], values: [9] },
    ];
    const compared = answer({ rows, compared: { from: null, to: null } });
    expect(linesOf(compared, groups, instants, true)).toEqual([{ keys: [22], values: [0, 4], before: [0, 2] }]);
    expect(linesOf(answer({ rows }), groups, instants, false)).toEqual([{ keys: [22], values: [null, 4], before: null }]);
  });

  it("have at most about 120 points", () => {
    expect(bucketWidth("2026-11-22T00:00:00Z", "2026-11-22T00:15:00Z")).toBe("10s");
    expect(bucketWidth("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")).toBe("15m");
    expect(bucketWidth("2026-10-24T00:00:00Z", "2026-11-22T00:00:00Z")).toBe("6h");
    expect(bucketWidth("2016-01-01T00:00:00Z", "2026-11-22T00:00:00Z")).toBe("7d");
  });
});
