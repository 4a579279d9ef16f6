//! The asked range. The address always holds it in absolute times; `last` says that it was meant relative to now.

import { useMemo } from "react";

import { go, useParam } from "./url";

export interface Range {
  /** First instant inside, RFC 3339 in UTC. */
  from: string;
  /** First instant after. */
  to: string;
}

/** What a new page begins with. */
export const DEFAULT_LAST = "24h";

/** Ranges up to now that are one click away. */
export const LASTS = [
  { last: "15m", words: "Last 15 minutes" },
  { last: "1h", words: "Last hour" },
  { last: "6h", words: "Last 6 hours" },
  { last: "24h", words: "Last 24 hours" },
  { last: "2d", words: "Last 2 days" },
  { last: "7d", words: "Last 7 days" },
  { last: "30d", words: "Last 30 days" },
] as const;

const UNITS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 };

/** Milliseconds of a length such as `24h`; none if it is no length. */
export function lengthOf(last: string): number | undefined {
  const match = /^(\d+)([smhdw])$/.exec(last);
  const unit = UNITS[match?.[2] ?? ""];
  return match && unit !== undefined ? Number(match[1]) * unit : undefined;
}

/** The range of that length up to now, which is rounded up to a second. */
export function upToNow(last: string, now = Date.now()): Range {
  const to = Math.ceil(now / 1000) * 1000;
  const length = lengthOf(last) ?? 864e5;
  return { from: instant(to - length), to: instant(to) };
}

/** RFC 3339 in UTC, without a fraction where there is none. */
export function instant(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(".000Z", "Z");
}

/** Moves a range by so many of its own lengths. */
export function shifted({ from, to }: Range, lengths: number): Range {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const by = (end - start) * lengths;
  return { from: instant(start + by), to: instant(end + by) };
}

/** A range of twice the length around the same middle; neither beyond now nor before 1970. */
export function widened({ from, to }: Range, now = Date.now()): Range {
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const half = (end - start) / 2;
  const last = Math.min(end + half, Math.max(end, now));
  return { from: instant(Math.max(0, last - 4 * half)), to: instant(last) };
}

export interface Scope extends Range {
  /** Query in the search language. */
  query: string;
  /** Set if the range was meant as the last so long: `24h`. */
  last: string | null;
}

let begun: { last: string; at: number; range: Range } | undefined;

/** The range up to now, the same for all parts of a page that is being opened. */
function beginning(last: string): Range {
  const at = Date.now();
  if (begun?.last !== last || at - begun.at > 2_000) begun = { last, at, range: upToNow(last, at) };
  return begun.range;
}

/** A question whose range is given in full; none if it is not. */
function complete(query: string, from: string | null, to: string | null, last: string | null): Scope | undefined {
  if (from === null || to === null || Number.isNaN(Date.parse(from)) || Number.isNaN(Date.parse(to))) return undefined;
  return { query, from, to, last };
}

/** The question that stands in the address, if its range does. */
export function scopeNow(): Scope | undefined {
  const params = new URLSearchParams(window.location.search);
  return complete(params.get("q") ?? "", params.get("from"), params.get("to"), params.get("last"));
}

/** The question in the address. A page without a range begins with the last 24 hours. */
export function useScope(): Scope {
  const query = useParam("q") ?? "";
  const from = useParam("from");
  const to = useParam("to");
  const last = useParam("last");
  return useMemo(() => {
    const given = complete(query, from, to, last);
    if (given) return given;
    const length = last !== null && lengthOf(last) !== undefined ? last : DEFAULT_LAST;
    const range = beginning(length);
    // Written down at once, so that what is shown, shared and reloaded is the same.
    queueMicrotask(() => go({ from: range.from, to: range.to, last: length }, { replace: true }));
    return { query, ...range, last: length };
  }, [query, from, to, last]);
}

/** Asks for another range. */
export function setRange(range: Range, last: string | null = null): void {
  go({ from: range.from, to: range.to, last, v: null });
}

/** Asks another query; a range that was meant up to now moves there. */
export function setQuery(query: string, { replace = false }: { replace?: boolean } = {}): void {
  const last = new URLSearchParams(window.location.search).get("last");
  const range = last === null ? {} : upToNow(last);
  go({ q: query.trim() === "" ? null : query, ...range, v: null }, { replace });
}
