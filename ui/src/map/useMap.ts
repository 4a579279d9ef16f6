import { useMemo } from "react";

import { useNames } from "../api/names";
import type { Problem } from "../api/problem";
import { useAnswer } from "../api/query";
import type { HistogramAnswer, Meta, Nearest, Value } from "../api/types";
import type { Groups } from "../group/useGroups";
import type { Range, Scope } from "../state/range";
import { type Edge, type Folded, type Pair, edgesOf, fittingPrefix, folded, pairsOf, restPart } from "./fold";
import { type Owner, Places, type Prefix } from "./places";
import type { MapQuestion, Net, View } from "./question";

/** Pairs of addresses that are read at most, of each verdict. */
export const MOST_PAIRS = 5000;
/** Places that a graph shows; more are put together. */
const GRAPH_PLACES = 36;
/** Places that a matrix shows. */
const MATRIX_PLACES = 90;
/** Where more than this part of the traffic is of places put together, the page opens with a matrix. */
const TOO_MUCH = 0.3;

const PREFIX_OF: Readonly<Record<Exclude<Net, "auto">, Prefix>> = { "32": 32, "24": 24, "16": 16, "8": 8, one: "one" };

export interface MapState {
  map: Folded | undefined;
  /** All edges between places, nothing put together. */
  edges: readonly Edge[];
  view: View;
  /** How public addresses were put together. */
  prefix: Prefix;
  /** The shown part of the range. */
  range: Range;
  meta: Meta | undefined;
  timeline: HistogramAnswer | undefined;
  /** Where the query matches, when it does not match here. */
  nearest: Nearest | null;
  /** True where only the strongest pairs were read. */
  truncated: boolean;
  error: Problem | null;
  isPending: boolean;
  isStale: boolean;
  again: () => void;
}

/** A query and one more term; both hold. */
export function and(query: string, term: string): string {
  return `${query.trim() === "*" ? "" : query} ${term}`.trim();
}

/** What the map shows: who talks to whom in the window, in places of the asked level. */
export function useMap(scope: Scope, zone: string, question: MapQuestion): MapState {
  const { query, from, to } = scope;
  const { level, net, count, only } = question;
  const names = useNames();
  const range = question.window ?? { from, to };
  const aggregates = [...new Set([count, "records", "bytes"])];
  const shape = { ...range, tz: zone, by: ["initiator_ip", "target_ip"], aggregates, order: `-${count}`, limit: MOST_PAIRS };
  const accepted = useAnswer(
    "/api/v1/group",
    { ...shape, query: and(query, "-action:rejected") },
    { enabled: only !== "rejected", keep: true },
  );
  // What a target's side rejected counts too where the initiator's side, which saw it pass, is covered.
  const rejected = useAnswer(
    "/api/v1/group",
    { ...shape, query: and(query, "action:rejected sides:both") },
    { enabled: only !== "accepted", keep: true },
  );
  const owned = useAnswer("/api/v1/group", {
    from,
    to,
    by: ["local_ip", "vnic_id", "instance_id", "subnet_id", "vpc_id"],
    aggregates: ["records"],
    limit: 10_000,
  });
  const timeline = useAnswer(
    "/api/v1/histogram",
    { query, from, to, tz: zone, split: "action", measure: count },
    { keep: true },
  );
  const asked = [...(only === "rejected" ? [] : [accepted]), ...(only === "accepted" ? [] : [rejected])];
  const pairs = useMemo((): Pair[] | undefined => {
    const answers = [
      ...(only === "rejected" ? [] : [{ answer: accepted.data, is: false }]),
      ...(only === "accepted" ? [] : [{ answer: rejected.data, is: true }]),
    ];
    if (answers.some(({ answer }) => answer === undefined)) return undefined;
    return answers.flatMap(({ answer, is }) => {
      const groups = answer as Groups;
      return pairsOf(groups.rows, groups.aggregates, count, is);
    });
  }, [accepted.data, rejected.data, only, count]);
  const owners = useMemo(() => ownersOf(owned.data as Groups | undefined), [owned.data]);
  const ready = pairs !== undefined && (owned.data !== undefined || owned.error !== null);

  const { edges, prefix } = useMemo((): { edges: readonly Edge[]; prefix: Prefix } => {
    if (!ready) return { edges: [], prefix: 24 };
    const addresses = pairs.flatMap(({ initiator, target }) => [initiator, target].filter((one) => one !== null));
    const placesFor = (one: Prefix) => new Places(owners, names, level, one, addresses);
    const chosen = net === "auto" ? fittingPrefix(pairs, placesFor, GRAPH_PLACES) : PREFIX_OF[net];
    return { edges: edgesOf(pairs, placesFor(chosen)), prefix: chosen };
  }, [ready, pairs, owners, names, level, net]);
  const few = useMemo(() => folded(edges, GRAPH_PLACES), [edges]);
  const view: View = question.view ?? (restPart(few) > TOO_MUCH ? "matrix" : "graph");
  const map = useMemo(
    () => (ready ? (view === "graph" ? few : folded(edges, MATRIX_PLACES)) : undefined),
    [ready, few, edges, view],
  );
  return {
    map,
    edges,
    view,
    prefix,
    range,
    meta: asked[0]?.data?.meta,
    timeline: timeline.data,
    nearest: asked.find(({ data }) => data?.nearest)?.data?.nearest ?? null,
    truncated: asked.some(({ data }) => data?.truncated),
    error: asked.find(({ error }) => error)?.error ?? null,
    isPending: !ready && asked.some(({ isPending }) => isPending),
    isStale: asked.some(({ isPlaceholderData }) => isPlaceholderData),
    again: () => asked.forEach(({ refetch }) => void refetch()),
  };
}

/** The vNICs behind addresses. */
export function ownersOf(answer: Groups | undefined): ReadonlyMap<string, Owner> {
  const owners = new Map<string, Owner>();
  const text = (value: Value | undefined) => (typeof value === "string" ? value : null);
  for (const { keys } of answer?.rows ?? []) {
    const [address, vnic, instance, subnet, vpc] = keys;
    // Most records first: an address that moved belongs to where it was seen most.
    if (typeof address !== "string" || owners.has(address)) continue;
    owners.set(address, { vnic: text(vnic), instance: text(instance), subnet: text(subnet), vpc: text(vpc) });
  }
  return owners;
}
