//! Reading objects again, and finding out what became of them.

import { post } from "../api/client";
import type { LedgerObject } from "./ObjectRow";

/** What was asked to be read again. */
export interface Asked {
  /** The objects that will be, with the time of their last reading. */
  accepted: readonly { id: string; recordedAt: string | null }[];
  /** How many will not be. */
  refused: number;
}

/** Has objects read again. */
export async function retry(objects: readonly LedgerObject[]): Promise<Asked> {
  const ids = objects.map(({ object_id }) => object_id);
  const answer = await post<{ accepted: string[]; refused: string[] }>("/api/v1/quarantine/retry", { objects: ids });
  const accepted = objects
    .filter(({ object_id }) => answer.accepted.includes(object_id))
    .map(({ object_id, recorded_at }) => ({ id: object_id, recordedAt: recorded_at }));
  return { accepted, refused: answer.refused.length };
}

/** How many of them left the quarantine, were read and stay in it, or wait for their turn. */
export function stateOf(asked: Asked, quarantine: readonly LedgerObject[]): { left: number; still: number; waiting: number } {
  const listed = new Map(quarantine.map((object) => [object.object_id, object.recorded_at]));
  let [left, still] = [0, 0];
  for (const { id, recordedAt } of asked.accepted) {
    if (!listed.has(id)) left += 1;
    else if (listed.get(id) !== recordedAt) still += 1;
  }
  return { left, still, waiting: asked.accepted.length - left - still };
}
