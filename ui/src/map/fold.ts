//! From pairs of addresses to a map of few places: sums by place, the strongest kept, the rest as one.

import type { Value } from "../api/types";
import { type Place, Places, type Prefix } from "./places";

/** Traffic from an address to another, of one verdict. */
export interface Pair {
  initiator: string | null;
  target: string | null;
  rejected: boolean;
  /** The asked measure. */
  value: number;
  records: number;
  bytes: number;
}

export interface Sums {
  value: number;
  records: number;
  bytes: number;
}

export interface Edge {
  id: string;
  from: Place;
  to: Place;
  accepted: Sums;
  rejected: Sums;
}

export interface Node {
  place: Place;
  /** Sums of what it began, and of what it was the target of. */
  out: number;
  in: number;
  accepted: number;
  rejected: number;
}

export interface Folded {
  /** Strongest first. */
  nodes: readonly Node[];
  edges: readonly Edge[];
  /** Places that were put together as the rest. */
  rest: number;
}

const NONE: Sums = { value: 0, records: 0, bytes: 0 };

/** Whole weight of an edge. */
export function weight({ accepted, rejected }: Pick<Edge, "accepted" | "rejected">): number {
  return accepted.value + rejected.value;
}

/** Sums pairs by place. */
export function edgesOf(pairs: readonly Pair[], places: Places): Edge[] {
  const edges = new Map<string, Edge>();
  for (const pair of pairs) {
    add(edges, places.of(pair.initiator), places.of(pair.target), pair.rejected ? "rejected" : "accepted", pair);
  }
  return [...edges.values()].sort((a, b) => weight(b) - weight(a));
}

function add(edges: Map<string, Edge>, from: Place, to: Place, verdict: "accepted" | "rejected", sums: Sums) {
  const id = `${from.id}>${to.id}`;
  const edge = edges.get(id) ?? { id, from, to, accepted: NONE, rejected: NONE };
  const before = edge[verdict];
  edges.set(id, {
    ...edge,
    [verdict]: {
      value: before.value + sums.value,
      records: before.records + sums.records,
      bytes: before.bytes + sums.bytes,
    },
  });
}

/** The places of edges with their sums, strongest first. */
export function nodesOf(edges: readonly Edge[]): Node[] {
  const nodes = new Map<string, Node>();
  const node = (place: Place) => {
    const known = nodes.get(place.id) ?? { place, out: 0, in: 0, accepted: 0, rejected: 0 };
    nodes.set(place.id, known);
    return known;
  };
  for (const edge of edges) {
    const [from, to] = [node(edge.from), node(edge.to)];
    from.out += weight(edge);
    to.in += weight(edge);
    for (const end of new Set([from, to])) {
      end.accepted += edge.accepted.value;
      end.rejected += edge.rejected.value;
    }
  }
  return [...nodes.values()].sort((a, b) => b.out + b.in - (a.out + a.in));
}

/**
 * Keeps the strongest `most` places and puts all others together. Places with flow logs go before others: the map is of the
 * VPC.
 */
export function folded(edges: readonly Edge[], most: number): Folded {
  const nodes = nodesOf(edges);
  if (nodes.length <= most) return { nodes, edges, rest: 0 };
  const own = nodes.filter(({ place }) => place.kind === "own").slice(0, most - 1);
  const others = nodes.filter((node) => !own.includes(node)).slice(0, most - 1 - own.length);
  const kept = new Set([...own, ...others].map(({ place }) => place.id));
  const shown = [...own, ...others].flatMap(({ place }) => place.items);
  const number = nodes.length - kept.size;
  const rest: Place = {
    id: "rest",
    kind: "rest",
    label: `${number.toLocaleString("en-US")} others`,
    note: "the weakest, together",
    items: shown,
    except: true,
  };
  const sums = new Map<string, Edge>();
  for (const edge of edges) {
    const [from, to] = [edge.from, edge.to].map((place) => (kept.has(place.id) ? place : rest));
    if (!from || !to) continue;
    if (edge.accepted.value > 0 || edge.accepted.records > 0) add(sums, from, to, "accepted", edge.accepted);
    if (edge.rejected.value > 0 || edge.rejected.records > 0) add(sums, from, to, "rejected", edge.rejected);
  }
  const left = [...sums.values()].sort((a, b) => weight(b) - weight(a));
  return { nodes: nodesOf(left), edges: left, rest: number };
}

/** Part of the whole that goes from or to the places put together. */
export function restPart({ edges }: Pick<Folded, "edges">): number {
  const sum = (some: readonly Edge[]) => some.reduce((total, edge) => total + weight(edge), 0);
  const whole = sum(edges);
  return whole === 0 ? 0 : sum(edges.filter(({ from, to }) => from.kind === "rest" || to.kind === "rest")) / whole;
}

/** Networks from fine to coarse. */
const PREFIXES: readonly Prefix[] = [32, 24, 16, 8];
/** Part of the whole that the shown places have to carry. */
const ENOUGH = 0.85;

/** The finest networks with which `most` places carry most of the traffic; /8 where none do. */
export function fittingPrefix(pairs: readonly Pair[], placesFor: (prefix: Prefix) => Places, most: number): Prefix {
  for (const prefix of PREFIXES) {
    if (restPart(folded(edgesOf(pairs, placesFor(prefix)), most)) <= 1 - ENOUGH) return prefix;
  }
  return 8;
}

/** Pairs from the rows of a group answer: `initiator_ip`, `target_ip`, and the aggregates as named. */
export function pairsOf(
  rows: readonly { keys: readonly Value[]; values: readonly Value[] }[],
  aggregates: readonly string[],
  measure: string,
  rejected: boolean,
): Pair[] {
  const at = (name: string) => aggregates.indexOf(name);
  const [value, records, bytes] = [at(measure), at("records"), at("bytes")];
  const number = (values: readonly Value[], index: number) => {
    const found = values[index];
    return typeof found === "number" ? found : 0;
  };
  const text = (found: Value | undefined) => (typeof found === "string" ? found : null);
  return rows.map(({ keys, values }) => ({
    initiator: text(keys[0]),
    target: text(keys[1]),
    rejected,
    value: number(values, value),
    records: number(values, records),
    bytes: number(values, bytes),
  }));
}
