import { QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { queryClient } from "../api/query";
import { useScope } from "../state/range";
import { go } from "../state/url";
import { useRecords } from "./useRecords";

const FIELDS = ["time"];
const RANGE = { from: "2026-11-22T00:00:00Z", to: "2026-11-23T00:00:00Z" };

/** Queries that records were asked for, in order. */
function asked(): (string | null)[] {
  return vi.mocked(fetch).mock.calls.map(([url]) => new URL(url as string, "http://lake").searchParams.get("query"));
}

function shown() {
  const wrapper = ({ children }: { children: React.ReactNode }) => (
    <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
  );
  return renderHook(() => useRecords(useScope(), FIELDS, "UTC"), { wrapper });
}

beforeEach(() => {
  vi.stubGlobal(
    "fetch",
    vi.fn((url: string) => Promise.resolve(Response.json({ rows: [{ id: url }], next: null }))),
  );
  go({ ...RANGE, q: "first" }, { fresh: true });
});
afterEach(() => {
  vi.unstubAllGlobals();
  queryClient.clear();
});

it("asks a new question before the page is drawn for it, and once", async () => {
  const { result } = shown();
  await waitFor(() => expect(result.current.isSuccess).toBe(true));
  act(() => {
    go({ q: "second" });
    expect(asked()).toEqual(["first", "second"]);
  });
  await waitFor(() => expect(result.current.data?.pages[0]?.rows[0]?.id).toContain("second"));
  expect(asked()).toEqual(["first", "second"]);
});

it("asks nothing when something else in the address changes", async () => {
  vi.mocked(fetch).mockImplementation(() => Promise.resolve(Response.json({ title: "no" }, { status: 400 })));
  const { result } = shown();
  await waitFor(() => expect(result.current.isError).toBe(true));
  act(() => {
    go({ open: "1" });
  });
  expect(asked()).toEqual(["first"]);
});
