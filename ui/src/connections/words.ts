//! How a connection ended, and who says so.

import type { ConnectionSummary } from "../api/types";

export type End = ConnectionSummary["state"];

export const ENDS: readonly { id: End; title: string; doc: string }[] = [
  { id: "open", title: "Open", doc: "No record says that it ended" },
  { id: "closed", title: "Closed", doc: "A record says that it ended, after both sides had spoken" },
  { id: "refused", title: "Refused", doc: "Every record says rejected: no packet passed" },
  { id: "refused_by_target", title: "Refused at target", doc: "Accepted on the side that reports, rejected on the other" },
  { id: "one_way", title: "One-way", doc: "The target never answered" },
];

export function endTitle(end: End): string {
  return ENDS.find(({ id }) => id === end)?.title ?? end;
}

type Sides = Pick<ConnectionSummary, "state" | "sides">;

/** The side of a vNIC in words: a record's direction tells which end it is. */
export function sideWords(direction: string | null): string {
  return direction === "O" ? "initiator's vNIC" : direction === "I" ? "target's vNIC" : "vNIC";
}

/** Who says how it ended: `both vNICs`, `on its way in`. */
export function endBy({ state, sides }: Sides): string {
  const said = sides.filter(({ actions, terminated }) =>
    state === "closed" ? terminated : state === "refused" || state === "refused_by_target" ? actions.includes("rejected") : false,
  );
  if (said.length > 1) return state === "closed" ? "both vNICs" : "by both vNICs";
  const [only] = said;
  if (!only) return state === "one_way" ? "no answer" : "";
  if (state === "closed") return sideWords(only.direction);
  return only.direction === "O" ? "on its way out" : "on its way in";
}

/** Length of a connection in milliseconds. */
export function lasted({ start, end }: Pick<ConnectionSummary, "start" | "end">): number {
  return Math.max(0, Date.parse(end) - Date.parse(start));
}

/** The query that finds all records of its five-tuple. */
export function connectionQuery(connection: ConnectionSummary): string {
  const parts: readonly [string, string | number | null][] = [
    ["initiator_ip", connection.initiator_ip],
    ["initiator_port", connection.initiator_port],
    ["target_ip", connection.target_ip],
    ["target_port", connection.target_port],
    ["transport_protocol", connection.transport_protocol],
  ];
  return parts.flatMap(([field, value]) => (value === null ? [] : [`${field}:${value}`])).join(" ");
}
