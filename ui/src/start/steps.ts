//! How far the way from an empty lake to the first answer is gone, told from the lake's state.

import type { LakeAnswer } from "../api/types";
import { count } from "../format/number";
import { ago } from "../format/time";

export interface Step {
  title: string;
  done: boolean;
  /** What is known, or what to do. */
  words: string;
}

/** True for a lake that never held a record: nothing was read, or only quiet windows and what is unreadable. */
export function isEmpty(lake: LakeAnswer | undefined): boolean {
  const stats = lake?.stats;
  if (!stats || stats.rows > 0) return false;
  return !stats.objects.some(({ outcome, objects }) => objects > 0 && !["empty", "quarantined"].includes(outcome));
}

/** The check list, in order. A later step that is done shows that those before it are. */
export function stepsOf(lake: LakeAnswer, now = Date.now()): Step[] {
  const stats = lake.stats;
  const sources = lake.sources ?? [];
  const listed = stats?.last_listed ?? null;
  const known = (stats?.objects ?? []).reduce((sum, { objects }) => sum + objects, 0);
  const bad = (stats?.objects ?? []).find(({ outcome }) => outcome === "quarantined")?.objects ?? 0;
  const pending = sources.reduce((sum, source) => sum + source.pending_objects, 0);
  const rows = stats?.rows ?? 0;
  const reached = rows > 0 ? 5 : known > 0 || pending > 0 ? 4 : listed !== null ? 3 : sources.length > 0 ? 2 : 1;
  const paused = sources.find((source) => source.paused !== undefined)?.paused;
  const steps = [
    { title: "The lake is there and served", words: "You see this page" },
    {
      title: "A source is set",
      words: sources.length > 0 ? sources.map(({ location }) => location).join(", ") : "Run one of the commands beside",
    },
    {
      title: "Its objects are listed",
      words: paused !== undefined ? `Paused: ${paused}` : listed === null ? "Waiting for the first listing" : `Last ${ago(listed, now)}`,
    },
    {
      title: "Objects arrive",
      words:
        known === 0 && pending === 0
          ? listed === null
            ? "Waiting for the first object"
            : "No flow-log object is there yet. A collector writes every five minutes, also when nothing flows"
          : [
              count(known, "object"),
              ...(pending > 0 ? [`${count(pending, "more", "more")} to read`] : []),
              ...(bad > 0 ? [`${count(bad, "object")} in quarantine: see Sources`] : []),
            ].join(", "),
    },
    {
      title: "Records can be searched",
      words: rows > 0 ? count(rows, "record") : known > 0 ? "Only quiet or unreadable objects so far" : "Within a second of an object's reading",
    },
  ];
  return steps.map((step, index) => ({ ...step, done: index < reached }));
}
