//! What changed since the period before.

import type { Value } from "../api/types";
import { percent } from "../format/number";
import type { Group, Groups } from "./useGroups";

export type Change =
  | { kind: "unknown" }
  | { kind: "same" }
  | { kind: "new" }
  | { kind: "gone" }
  | { kind: "up" | "down"; by: number; ratio: number | null };

/** How a value differs from the one before. `counted`: nothing means 0. */
export function changeOf(now: Value | undefined, before: Value | undefined, counted: boolean): Change {
  const [present, past] = [now, before].map((value) => value ?? undefined);
  if (counted && past === undefined && typeof present === "number") return present === 0 ? { kind: "same" } : { kind: "new" };
  if (counted && present === undefined && typeof past === "number") return past === 0 ? { kind: "same" } : { kind: "gone" };
  if (typeof present !== "number" || typeof past !== "number") return { kind: "unknown" };
  if (present === past) return { kind: "same" };
  if (counted && past === 0) return { kind: "new" };
  if (counted && present === 0) return { kind: "gone" };
  const by = present - past;
  return { kind: by > 0 ? "up" : "down", by, ratio: past === 0 ? null : present / past };
}

/** The change in few letters: `+12 %`, `×8.4`, `new`. */
export function changeWords(change: Change): string {
  switch (change.kind) {
    case "unknown":
      return "–";
    case "same":
      return "same";
    case "new":
      return "new";
    case "gone":
      return "gone";
    case "up":
    case "down": {
      if (change.ratio === null) return change.kind;
      if (change.ratio >= 10) return `×${Math.round(change.ratio)}`;
      if (change.ratio >= 2) return `×${change.ratio.toFixed(1)}`;
      const part = Math.abs(change.ratio - 1);
      return `${change.kind === "up" ? "+" : "−"}${part > 1 ? `${Math.round(part * 100)} %` : percent(part)}`;
    }
  }
}

/** Groups of the period before that are no longer there. None can be told where the list of those that are is cut. */
export function goneGroups(now: Groups, before: Groups | undefined): Group[] {
  if (!before || now.truncated || !now.compared) return [];
  const there = new Set(now.rows.map(({ keys }) => JSON.stringify(keys)));
  return before.rows
    .filter(({ keys }) => !there.has(JSON.stringify(keys)))
    .map(({ keys, values }) => ({ keys, values: values.map(() => null), previous: values }));
}
