import { expect, it } from "vitest";

import type { LakeAnswer } from "../api/types";
import { isEmpty, stepsOf } from "./steps";

const now = Date.parse("2026-11-23T12:00:00Z");
const stats = { rows: 0, objects: [], last_listed: null } as unknown as NonNullable<LakeAnswer["stats"]>;
const source = { source: "flows", location: "s3://flows", last_listed: null, pending_objects: 0, written_at: "" };

function lake(change: Partial<typeof stats>, sources?: LakeAnswer["sources"]): LakeAnswer {
  return { lake_version: 1, stats: { ...stats, ...change }, ...(sources ? { sources } : {}) };
}

it("ticks what is done, in order", () => {
  const done = (answer: LakeAnswer) => stepsOf(answer, now).map((step) => step.done);
  const listed = "2026-11-23T11:59:58Z";
  expect(done(lake({}))).toEqual([true, false, false, false, false]);
  expect(done(lake({}, [source]))).toEqual([true, true, false, false, false]);
  expect(done(lake({ last_listed: listed }, [source]))).toEqual([true, true, true, false, false]);
  const objects = [{ outcome: "quarantined", objects: 2 }] as never;
  expect(done(lake({ last_listed: listed, objects }))).toEqual([true, true, true, true, false]);
  expect(stepsOf(lake({ objects }), now)[3]?.words).toBe("2 objects, 2 objects in quarantine: see Sources");
  expect(done(lake({ rows: 9 }))).toEqual([true, true, true, true, true]);
});

it("takes a lake for empty only if it never held a record", () => {
  expect(isEmpty(undefined)).toBe(false);
  expect(isEmpty(lake({}))).toBe(true);
  expect(isEmpty(lake({ objects: [{ outcome: "empty", objects: 3 }] as never }))).toBe(true);
  expect(isEmpty(lake({ objects: [{ outcome: "expired", objects: 3 }] as never }))).toBe(false);
  expect(isEmpty(lake({ rows: 1 }))).toBe(false);
});
