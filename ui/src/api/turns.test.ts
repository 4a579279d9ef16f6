import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { PATIENCE, inTurn } from "./turns";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Longer than a frame is shown. */
const FRAME = 20;

/** Asks for a part; `end` answers it. */
function asked(path: string, log: string[], signal?: AbortSignal) {
  const name = path.slice("/api/v1/".length);
  let end: () => void = () => undefined;
  const done = inTurn(path, signal, () => {
    log.push(name);
    return new Promise<void>((resolve) => (end = resolve));
  });
  return { done, end: () => (end(), done) };
}

it("asks for records first, for what is dear last, in whatever order they come", async () => {
  const log: string[] = [];
  const facets = asked("/api/v1/facets", log);
  const chart = asked("/api/v1/histogram", log);
  const records = asked("/api/v1/search", log);
  asked("/api/v1/explain", log);
  await vi.advanceTimersByTimeAsync(0);
  expect(log).toEqual(["search", "explain"]);
  await records.end();
  // Not before the records are drawn.
  await vi.advanceTimersByTimeAsync(0);
  expect(log).toEqual(["search", "explain"]);
  await vi.advanceTimersByTimeAsync(FRAME);
  expect(log).toEqual(["search", "explain", "histogram"]);
  await chart.end();
  await vi.advanceTimersByTimeAsync(FRAME);
  expect(log.at(-1)).toBe("facets");
  await facets.end();
});

it("waits for slow ones only so long, and not at all once it is given up", async () => {
  const log: string[] = [];
  const records = asked("/api/v1/search", log);
  const chart = asked("/api/v1/histogram", log);
  const abort = new AbortController();
  const facets = asked("/api/v1/facets", log, abort.signal);
  const given = expect(facets.done).rejects.toThrow("given up");
  await vi.advanceTimersByTimeAsync(PATIENCE[1] - 1);
  expect(log).toEqual(["search"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(log).toEqual(["search", "histogram"]);
  abort.abort();
  await given;
  await chart.end();
  await records.end();
});
