//! What state a source is in, from what is known of it.

import type { LakeAnswer } from "../api/types";
import { count } from "../format/number";
import { ago } from "../format/time";

export type SourceState = NonNullable<LakeAnswer["sources"]>[number];

export interface SourceHealth {
  level: "good" | "idle" | "bad";
  words: string;
}

/** After this long without a listing a source is called stale. Sources are listed every ten seconds unless told. */
const STALE = 10 * 60_000;

export function healthOf(source: SourceState, now = Date.now()): SourceHealth {
  if (source.paused !== undefined) return { level: "bad", words: `Paused: ${source.paused}` };
  if (source.last_listed === null) return { level: "idle", words: "Not listed yet" };
  if (now - Date.parse(source.last_listed) > STALE) {
    return { level: "bad", words: `Not listed for a while: last ${ago(source.last_listed, now)}` };
  }
  if (source.pending_objects > 0) {
    return { level: "idle", words: `Catching up: ${count(source.pending_objects, "object")} to go` };
  }
  return { level: "good", words: "Up to date" };
}

/** Objects a minute over the last minutes that are over. vNICs write every five minutes, so ten tell the rate. */
export function rateOf(minutes: readonly number[], span = 10): number {
  const over = minutes.slice(0, -1).slice(-span);
  return over.length === 0 ? 0 : over.reduce((sum, value) => sum + value, 0) / over.length;
}
