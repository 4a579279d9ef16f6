//! What clicks on the map do: a place narrows the query, an edge opens its records; with Alt both exclude.

import { withTerm } from "../scope/terms";
import { type Range, setQuery } from "../state/range";
import type { Edge } from "./fold";
import { type Place, placeTerm } from "./places";
import { openRecords } from "./question";
import { edgeQuery } from "./words";

/** Shows only what a place takes part in, or all but that. */
export function applyPlace(place: Place, query: string, exclude: boolean): void {
  const term = placeTerm(place, "ip");
  const text = exclude ? (term.startsWith("-") ? term.slice(1) : `-${term}`) : term;
  setQuery(withTerm(query, text));
}

/** Opens an edge's records in Explore, or leaves the edge out. */
export function applyEdge(
  edge: Pick<Edge, "from" | "to">,
  query: string,
  range: Range,
  { exclude = false, verdict }: { exclude?: boolean; verdict?: "accepted" | "rejected" } = {},
): void {
  if (exclude) setQuery(withTerm(query, `-(${edgeQuery(edge, "", verdict)})`));
  else openRecords(edgeQuery(edge, query, verdict), range);
}
