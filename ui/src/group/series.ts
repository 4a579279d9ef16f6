//! Groups over time: one line for each, on the same instants.

import type { Value } from "../api/types";
import type { Group, Groups } from "./useGroups";

export interface Line {
  /** Values of the group's keys. */
  keys: readonly Value[];
  /** One value for each instant; null where there is none. */
  values: (number | null)[];
  /** The same in the period compared with. */
  before: (number | null)[] | null;
}

/** Widths that buckets can have, in seconds, as the API writes them. */
const WIDTHS: readonly [number, string][] = [
  [10, "10s"],
  [60, "1m"],
  [300, "5m"],
  [900, "15m"],
  [3600, "1h"],
  [10_800, "3h"],
  [21_600, "6h"],
  [86_400, "1d"],
  [604_800, "7d"],
];

/** The width of buckets that gives at most about 120 over a range. */
export function bucketWidth(from: string, to: string): string {
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return (WIDTHS.find(([width]) => seconds / width <= 120) ?? ([0, "7d"] as const))[1];
}

/**
 * The lines of some groups: an answer by time and the groups' keys is put on the given instants. `counted`: nothing means 0.
 */
export function linesOf(answer: Groups, groups: readonly Group[], instants: readonly string[], counted: boolean): Line[] {
  const place = new Map(instants.map((instant, index) => [Date.parse(instant), index]));
  const nothing = () => instants.map((): number | null => (counted ? 0 : null));
  const lines = new Map<string, Line>(
    groups.map(({ keys }) => [
      JSON.stringify(keys),
      { keys, values: nothing(), before: answer.compared ? nothing() : null },
    ]),
  );
  for (const { keys, values, previous } of answer.rows) {
    const [time, ...rest] = keys;
    const line = lines.get(JSON.stringify(rest));
    const at = place.get(Date.parse(String(time)));
    if (!line || at === undefined) continue;
    if (typeof values[0] === "number") line.values[at] = values[0];
    if (line.before && typeof previous?.[0] === "number") line.before[at] = previous[0];
  }
  return [...lines.values()];
}
