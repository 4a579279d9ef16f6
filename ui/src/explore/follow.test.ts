import { afterEach, describe, expect, it, vi } from "vitest";

import type { Row } from "../api/types";
import { EventReader, type FollowState, Follower, KEPT } from "./follow";

describe("the event stream", () => {
  it("is read in whatever pieces it arrives", () => {
    const stream =
      'event: start\r\ndata: {"lake_version":3}\r\nid: 3\r\n\r\n: still here\n\nevent: row\ndata: {"id":"a-1"}\n\nevent: commit\ndata: {"rows":1}\nid: 4\n\n';
    const whole = new EventReader().push(stream);
    expect(whole.map(({ event, id }) => [event, id])).toEqual([
      ["start", "3"],
      ["row", ""],
      ["commit", "4"],
    ]);
    const reader = new EventReader();
    expect(Array.from(stream, (letter) => reader.push(letter)).flat()).toEqual(whole);
  });
});

describe("following", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  function serve(text: string): string[] {
    const asked: string[] = [];
    let first = true;
    vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
      asked.push(url);
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          if (first) controller.enqueue(new TextEncoder().encode(text));
          // The first answer ends, as a lost connection does; the next one stays open.
          if (first) controller.close();
          first = false;
          init.signal?.addEventListener("abort", () => controller.error(new DOMException("gone", "AbortError")));
        },
      });
      return Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    });
    return asked;
  }

  const event = (name: string, data: unknown, id = "") =>
    `event: ${name}\ndata: ${JSON.stringify(data)}\n${id && `id: ${id}\n`}\n`;

  it("shows a flood in few steps, keeps the newest, and goes on where it was", async () => {
    vi.useFakeTimers();
    const rows = Array.from({ length: KEPT + 500 }, (_, index): Row => ({ id: `o-${index}` }));
    const asked = serve(
      event("start", { lake_version: 7 }, "7") +
        rows.map((row) => event("row", row)).join("") +
        event("commit", { lake_version: 8, rows: rows.length, skipped: 12 }, "8"),
    );
    const states: FollowState[] = [];
    const follower = new Follower({
      query: "action:rejected",
      zone: "UTC",
      fields: ["time"],
      onChange: (state) => states.push(state),
    });
    await vi.advanceTimersByTimeAsync(4_000);
    const last = states.at(-1);
    expect(last?.received).toBe(rows.length);
    expect(last?.skipped).toBe(12);
    expect(last?.rows.length).toBe(KEPT);
    expect(last?.rows[0]?.id).toBe(`o-${rows.length - 1}`);
    expect(states.length).toBeLessThan(20);
    expect(asked[0]).toContain("query=action%3Arejected");
    expect(asked[1]).toContain("after=8");
    follower.stop();
  });

  it("ends where the query is not understood", async () => {
    const problem = { type: "t", title: "Not understood", status: 400, detail: "there is no field x" };
    vi.stubGlobal("fetch", () =>
      Promise.resolve(
        new Response(JSON.stringify(problem), {
          status: 400,
          headers: { "content-type": "application/problem+json" },
        }),
      ),
    );
    const ended = new Promise<FollowState>((resolve) => {
      new Follower({ query: "x:1", zone: "UTC", fields: [], onChange: resolve });
    });
    expect((await ended).state).toBe("ended");
    expect((await ended).problem?.message).toBe("there is no field x");
  });
});
