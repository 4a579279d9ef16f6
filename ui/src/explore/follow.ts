//! The live tail without React: reads the event stream, keeps the newest rows, and tells at most once a frame.

import { address, request } from "../api/client";
import { Problem, isAbort } from "../api/problem";
import type { ProblemDetails, Row } from "../api/types";

/** Rows that are kept: as many as one scrolls back through, and few enough for any browser. */
export const KEPT = 10_000;
/** Rows a second that are asked for at most. */
export const RATE = 5_000;

export interface Event {
  event: string;
  data: string;
  id: string;
}

/** Takes a server-sent event stream apart, in whatever pieces it arrives. */
export class EventReader {
  private rest = "";

  /** The events that a piece of the stream completes. */
  push(piece: string): Event[] {
    const text = (this.rest + piece).replaceAll("\r\n", "\n");
    const end = text.lastIndexOf("\n\n");
    if (end < 0) {
      this.rest = text;
      return [];
    }
    this.rest = text.slice(end + 2);
    const events: Event[] = [];
    for (const block of text.slice(0, end).split("\n\n")) {
      const event: Event = { event: "message", data: "", id: "" };
      for (const line of block.split("\n")) {
        const colon = line.indexOf(":");
        if (colon <= 0) continue;
        const [name, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
        if (name === "data") event.data += event.data ? `\n${value}` : value;
        else if (name === "event") event.event = value;
        else if (name === "id") event.id = value;
      }
      if (event.data) events.push(event);
    }
    return events;
  }
}

export interface FollowState {
  /** Newest first; a new array only when something came. */
  rows: readonly Row[];
  /** Rows received since it began. */
  received: number;
  /** Rows that came faster than the rate and were only counted. */
  skipped: number;
  /** Rows of the last seconds, per second. */
  perSecond: number;
  state: "connecting" | "following" | "ended";
  problem: Problem | null;
}

export const EMPTY: FollowState = {
  rows: [],
  received: 0,
  skipped: 0,
  perSecond: 0,
  state: "connecting",
  problem: null,
};

interface FollowerOptions {
  query: string;
  zone: string;
  fields: readonly string[];
  onChange: (state: FollowState) => void;
}

/** How long after a lost connection it is tried again. */
const AGAIN = 2_000;
/** How often the page is told at most: what arrives in between is shown together. */
const FRAME = 120;

/** Follows new rows until it is stopped; a lost connection goes on where it was. */
export class Follower {
  private state = EMPTY;
  private fresh: Row[] = [];
  private counts: { at: number; rows: number }[] = [];
  private version = "";
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly abort = new AbortController();

  constructor(private readonly options: FollowerOptions) {
    void this.run();
  }

  stop(): void {
    this.abort.abort();
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    while (!this.abort.signal.aborted) {
      try {
        await this.read();
      } catch (error) {
        if (isAbort(error)) return;
        const problem = error instanceof Problem ? error : Problem.unreachable();
        // A query that is not understood stays so.
        const final = problem.details.status >= 400 && problem.details.status < 500;
        this.change({ problem, state: final ? "ended" : "connecting" });
        if (final) return;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
  }

  private async read(): Promise<void> {
    const { query, zone, fields } = this.options;
    const after = this.version ? { after: this.version } : {};
    const url = address("/api/v1/tail", { query, tz: zone, fields, rate: RATE, ...after });
    const response = await request(url, { signal: this.abort.signal, headers: { accept: "text/event-stream" } });
    if (!response.body) throw Problem.unreachable();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const event of events.push(value)) this.take(event);
      this.soon();
    }
  }

  private take({ event, data, id }: Event): void {
    if (id) this.version = id;
    if (event === "row") this.fresh.push(JSON.parse(data) as Row);
    else if (event === "start") this.change({ state: "following", problem: null });
    else if (event === "commit") {
      const { rows, skipped } = JSON.parse(data) as { rows: number; skipped: number };
      this.counts.push({ at: Date.now(), rows: rows + skipped });
      this.state = { ...this.state, skipped: this.state.skipped + skipped };
    } else if (event === "problem") throw new Problem(JSON.parse(data) as ProblemDetails);
  }

  /** Tells what came in, once for everything of a frame. */
  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const now = Date.now();
      this.counts = this.counts.filter(({ at }) => now - at < 10_000);
      const perSecond = this.counts.reduce((sum, { rows }) => sum + rows, 0) / 10;
      const { fresh } = this;
      this.fresh = [];
      const received = this.state.received + fresh.length;
      const rows = fresh.length > 0 ? [...fresh.reverse(), ...this.state.rows].slice(0, KEPT) : this.state.rows;
      this.change({ rows, received, perSecond });
    }, FRAME);
  }

  private change(next: Partial<FollowState>): void {
    if (this.abort.signal.aborted) return;
    this.state = { ...this.state, ...next };
    this.options.onChange(this.state);
  }
}
