//! Where one is in the walk. The step stands in the address (`walk=ssh`); this device remembers what was seen.

import { useSyncExternalStore } from "react";

import { useAnswer } from "../api/query";
import { upToNow } from "../state/range";
import { go, useParam } from "../state/url";
import { STEPS, type WalkStep, stepAt } from "./steps";

interface Remembered {
  /** Hidden until resumed. */
  hidden: boolean;
  /** The step to resume at; none before the first. */
  step: string | null;
  seen: readonly string[];
}

const KEY = "flowglass.walk";
/** The address of the beginning, which the demo prints. */
export const BEGIN = "start";
/** What the walk looks at: the demo's history. */
const LAST = "24h";

const listeners = new Set<() => void>();
let remembered = read();

function read(): Remembered {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Remembered>;
    const seen = Array.isArray(stored.seen) ? stored.seen.filter((id: unknown) => typeof id === "string" && stepAt(id)) : [];
    return { hidden: stored.hidden === true, step: stepAt(stored.step ?? null)?.id ?? null, seen };
  } catch {
    return { hidden: false, step: null, seen: [] };
  }
}

function remember(change: Partial<Remembered>) {
  remembered = { ...remembered, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(remembered));
  } catch {
    // Without storage the walk begins anew with the next page.
  }
  for (const listener of listeners) listener();
}

export interface Walk {
  /** True where there is a VPC to walk through. */
  offered: boolean;
  /** True while the walk is shown. */
  shown: boolean;
  /** The step one is at; none at the beginning. */
  step: WalkStep | undefined;
  seen: readonly string[];
}

export function useWalk(): Walk {
  const { data } = useAnswer("/api/v1/health/live", {});
  const param = useParam("walk");
  const memory = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => remembered,
  );
  const offered = data?.demo === true;
  return {
    offered,
    shown: offered && (param !== null || !memory.hidden),
    step: stepAt(param ?? memory.step),
    seen: memory.seen,
  };
}

/** Goes to a step: sets its page, query, range and layout. */
export function walkTo(step: WalkStep): void {
  remember({ hidden: false, step: step.id, seen: [...new Set([...remembered.seen, step.id])] });
  go({ ...step.patch, ...upToNow(LAST), last: LAST, walk: step.id }, { page: step.page, fresh: true });
}

/** Hides the walk; it goes on where it was. */
export function hideWalk(): void {
  remember({ hidden: true });
  go({ walk: null }, { replace: true });
}

/** Goes on with a hidden walk, or begins it. */
export function resumeWalk(): void {
  remember({ hidden: false });
  const step = stepAt(remembered.step);
  if (step) walkTo(step);
  else go({ walk: BEGIN }, { page: "/explore", fresh: true });
}

/** Begins anew. */
export function restartWalk(): void {
  remember({ hidden: false, step: null, seen: [] });
  const first = STEPS[0];
  if (first) walkTo(first);
}
