import { renderHook } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";

import { lengthOf, setQuery, setRange, shifted, upToNow, useScope, widened } from "./range";

beforeEach(() => window.history.replaceState(null, "", "/explore"));

const now = Date.parse("2026-11-23T12:00:00.500Z");

it("is absolute, whatever was meant", () => {
  expect(upToNow("6h", now)).toEqual({ from: "2026-11-23T06:00:01Z", to: "2026-11-23T12:00:01Z" });
  expect([lengthOf("15m"), lengthOf("7d"), lengthOf("x"), lengthOf("1y")]).toEqual([
    900_000,
    604_800_000,
    undefined,
    undefined,
  ]);
});

it("moves by its own length and widens around its middle, not beyond now", () => {
  const range = { from: "2026-11-23T10:00:00Z", to: "2026-11-23T11:00:00Z" };
  expect(shifted(range, -1)).toEqual({ from: "2026-11-23T09:00:00Z", to: "2026-11-23T10:00:00Z" });
  expect(widened(range, now)).toEqual({ from: "2026-11-23T09:30:00Z", to: "2026-11-23T11:30:00Z" });
  const last = { from: "2026-11-23T10:00:00Z", to: "2026-11-23T12:00:00Z" };
  expect(widened(last, Date.parse(last.to))).toEqual({ from: "2026-11-23T08:00:00Z", to: "2026-11-23T12:00:00Z" });
});

it("is written into an address without one", async () => {
  const { result } = renderHook(() => useScope());
  expect(result.current.last).toBe("24h");
  await Promise.resolve();
  const params = new URLSearchParams(window.location.search);
  expect([params.get("from"), params.get("to"), params.get("last")]).toEqual([
    result.current.from,
    result.current.to,
    "24h",
  ]);
});

it("stays where it is when it was chosen, and follows now when it was meant so", () => {
  setRange({ from: "2020-06-04T00:00:00Z", to: "2020-06-05T00:00:00Z" });
  setQuery("action:rejected");
  expect(window.location.search).toBe("?from=2020-06-04T00:00:00Z&to=2020-06-05T00:00:00Z&q=action:rejected");
  setRange({ from: "2020-06-04T00:00:00Z", to: "2020-06-05T00:00:00Z" }, "24h");
  setQuery("");
  const params = new URLSearchParams(window.location.search);
  expect(params.get("q")).toBeNull();
  expect(Date.parse(params.get("to") ?? "")).toBeGreaterThan(Date.parse("2026-01-01"));
});
