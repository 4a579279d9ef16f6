//! Numbers and edges of the map in words.

import { bytes, count as counted, exact, short } from "../format/number";
import type { Edge, Node, Sums } from "./fold";
import { placeTerm } from "./places";
import type { Count } from "./question";

/** A measure's number in few letters. */
export function measured(value: number, count: Count): string {
  return count === "bytes" ? bytes(value) : short(value);
}

/** A measure's number with its unit. */
export function measuredWords(value: number, count: Count): string {
  if (count === "bytes") return bytes(value);
  return counted(value, count === "records" ? "record" : "connection");
}

/** What one verdict of an edge sums up to: `1,204 connections, 3.1 MB`. */
export function sumsWords({ value, records, bytes: size }: Sums, count: Count): string {
  const parts = [measuredWords(value, count)];
  if (count !== "records") parts.push(counted(records, "record"));
  if (count !== "bytes") parts.push(bytes(size));
  return parts.join(", ");
}

/** An edge in a sentence. */
export function edgeWords({ from, to, accepted, rejected }: Edge, count: Count): string {
  const parts = [
    ...(accepted.records > 0 ? [`accepted ${sumsWords(accepted, count)}`] : []),
    ...(rejected.records > 0 ? [`rejected ${sumsWords(rejected, count)}`] : []),
  ];
  return `${from.label} to ${to.label}: ${parts.join("; ")}`;
}

/** A place in a sentence. */
export function nodeWords({ place, accepted, rejected }: Node, count: Count): string {
  const note = place.note ? `, ${place.note}` : "";
  return `${place.label}${note}: accepted ${measuredWords(accepted, count)}, rejected ${measuredWords(rejected, count)}`;
}

/** The query of an edge's records, of one verdict or both. */
export function edgeQuery({ from, to }: Pick<Edge, "from" | "to">, query: string, verdict?: "accepted" | "rejected"): string {
  const action = verdict === undefined ? [] : [`action:===${verdict}`];
  const kept = query.trim() === "*" ? "" : query;
  return [kept, placeTerm(from, "initiator_ip"), placeTerm(to, "target_ip"), ...action].filter(Boolean).join(" ");
}

/** All digits, for tooltips. */
export function exactWords(value: number, count: Count): string {
  return `${exact(value)} ${count}`;
}
