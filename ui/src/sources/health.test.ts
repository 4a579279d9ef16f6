import { describe, expect, it } from "vitest";

import { type SourceState, healthOf, rateOf } from "./health";

const now = Date.parse("2026-11-23T12:00:00Z");
const source: SourceState = {
  source: "flows",
  location: "s3://flows",
  last_listed: "2026-11-23T11:59:50Z",
  pending_objects: 0,
  written_at: "2026-11-23T11:59:50Z",
};

describe("a source", () => {
  it("says what is wrong first", () => {
    const of = (change: Partial<SourceState>) => healthOf({ ...source, ...change }, now);
    expect(of({})).toEqual({ level: "good", words: "Up to date" });
    expect(of({ pending_objects: 1204 })).toEqual({ level: "idle", words: "Catching up: 1,204 objects to go" });
    expect(of({ last_listed: null })).toEqual({ level: "idle", words: "Not listed yet" });
    expect(of({ last_listed: "2026-11-23T11:00:00Z" })).toEqual({
      level: "bad",
      words: "Not listed for a while: last 1 h ago",
    });
    expect(of({ paused: "the disk is nearly full", pending_objects: 3 })).toEqual({
      level: "bad",
      words: "Paused: the disk is nearly full",
    });
  });

  it("has the rate of the minutes that are over", () => {
    expect(rateOf([100, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4, 99])).toBeCloseTo(0.8);
    expect(rateOf([7])).toBe(0);
  });
});
