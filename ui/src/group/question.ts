//! How to group, as it stands in the address: `by=target_port&agg=connections,p95(bytes_from_target)&as=bars`.

import { useMemo } from "react";

import { go, useParam } from "../state/url";
import { type Aggregate, parseAggregate } from "./aggregates";

export const SHAPES = [
  { id: "table", title: "Table" },
  { id: "bars", title: "Bars" },
  { id: "lines", title: "Over time" },
  { id: "share", title: "Share" },
] as const;

export type Shape = (typeof SHAPES)[number]["id"];

/** What the groups can be compared with. */
export const COMPARISONS = [
  { id: "", title: "Nothing" },
  { id: "previous", title: "The period before" },
  { id: "1d", title: "A day earlier" },
  { id: "7d", title: "A week earlier" },
] as const;

/** How many groups can be listed. */
export const SIZES = [25, 100, 1000, 10_000] as const;

/** Widths of a time bucket that groups can have. */
export const WIDTHS = ["1m", "5m", "1h", "1d"] as const;

export interface GroupQuestion {
  /** Keys: fields, or `time:1h`. */
  by: readonly string[];
  aggregates: readonly Aggregate[];
  /** `keys`, an aggregate, or `-` and an aggregate for greatest first. */
  order: string;
  size: number;
  /** `previous`, a length, or nothing. */
  compare: string;
  shape: Shape;
}

export const DEFAULT_BY = "initiator_ip";
/** What is computed where nothing is asked: what the timeline above counts, else this. */
const DEFAULT_MEASURE = "attempts";

/** Reads the question; what is not understood is left out. */
export function parseQuestion(param: (name: string) => string | null): GroupQuestion {
  const by = unique((param("by") ?? DEFAULT_BY).split(",").filter((key) => /^\w+(\.\w+)*$|^time:\d+[smhdw]$/.test(key)));
  const given = unique((param("agg") ?? param("measure") ?? DEFAULT_MEASURE).split(","));
  const parsed = given.map(parseAggregate).filter((one) => one !== undefined);
  const aggregates = parsed.length > 0 ? parsed : [{ text: DEFAULT_MEASURE, measure: DEFAULT_MEASURE } as const];
  const order = param("order") ?? "";
  const texts = aggregates.map(({ text }) => text);
  const known = order === "keys" || texts.includes(order.replace(/^-/, ""));
  const size = Number(param("n"));
  const compare = param("compare") ?? "";
  return {
    by: by.slice(0, 8),
    aggregates: aggregates.slice(0, 8),
    order: known ? order : `-${texts[0] ?? DEFAULT_MEASURE}`,
    size: (SIZES as readonly number[]).includes(size) ? size : 100,
    compare: compare === "previous" || /^\d+[smhdw]$/.test(compare) ? compare : "",
    shape: SHAPES.find(({ id }) => id === param("as"))?.id ?? "table",
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts.filter(Boolean))];
}

/** The question in the address. */
export function useQuestion(): GroupQuestion {
  const by = useParam("by");
  const agg = useParam("agg");
  const measure = useParam("measure");
  const order = useParam("order");
  const n = useParam("n");
  const compare = useParam("compare");
  const as = useParam("as");
  return useMemo(() => {
    const params: Readonly<Record<string, string | null>> = { by, agg, measure, order, n, compare, as };
    return parseQuestion((name) => params[name] ?? null);
  }, [by, agg, measure, order, n, compare, as]);
}

/** Asks for other keys. None at all is a question too: one number of everything. */
export function setKeys(by: readonly string[]): void {
  go({ by: by.length === 0 ? "-" : by.join(",") === DEFAULT_BY ? null : by.join(",") });
}

/** Computes something else. An order by what is no longer computed falls back to the first. */
export function setAggregates(aggregates: readonly string[]): void {
  if (aggregates.length === 0) return;
  const text = aggregates.join(",");
  const order = new URLSearchParams(window.location.search).get("order")?.replace(/^-/, "");
  const kept = order === "keys" || (order !== undefined && aggregates.includes(order));
  go({ agg: text, ...(kept ? {} : { order: null }) });
}

/** Changes how it is shown. */
export function setShape(shape: Shape): void {
  go({ as: shape === "table" ? null : shape }, { replace: true });
}

/** The aggregate that charts show: the one the groups are ordered by, else the first. */
export function shownAggregate({ aggregates, order }: GroupQuestion): { aggregate: Aggregate; index: number } {
  const index = Math.max(0, aggregates.findIndex(({ text }) => text === order.replace(/^-/, "")));
  return { aggregate: aggregates[index] ?? { text: DEFAULT_MEASURE, measure: DEFAULT_MEASURE }, index };
}

/** True for a key that is a time bucket. */
export function isBucket(key: string): boolean {
  return key === "time" || key.startsWith("time:");
}

/** Width of a key's bucket: `1h`. */
export function widthOf(key: string): string {
  return key.split(":")[1] ?? "";
}
