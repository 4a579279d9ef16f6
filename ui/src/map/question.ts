//! What the map shows, as it stands in the address: `level=subnet&count=bytes&view=matrix`.

import { useMemo } from "react";

import type { Range, Scope } from "../state/range";
import { go, useParam } from "../state/url";

export const LEVELS = [
  { id: "host", title: "Hosts", doc: "Each address of the VPC by itself" },
  { id: "subnet", title: "Subnets", doc: "Hosts of a subnet together" },
  { id: "vpc", title: "VPCs", doc: "Hosts of a VPC together" },
] as const;

export const NETS = [
  { id: "auto", title: "fitting networks" },
  { id: "32", title: "addresses" },
  { id: "24", title: "/24 networks" },
  { id: "16", title: "/16 networks" },
  { id: "8", title: "/8 networks" },
  { id: "one", title: "one place" },
] as const;

export const COUNTS = [
  { id: "records", title: "Records", doc: "Records without closing ones" },
  { id: "connections", title: "Connections", doc: "Distinct connections; one seen from both ends counts once" },
  { id: "bytes", title: "Bytes", doc: "Bytes of both directions; traffic seen from both ends counts once" },
] as const;

export const VIEWS = [
  { id: "graph", title: "Graph" },
  { id: "matrix", title: "Matrix" },
  { id: "list", title: "List" },
] as const;

export const VERDICTS = [
  { id: "all", title: "Both" },
  { id: "accepted", title: "Accepted" },
  { id: "rejected", title: "Rejected" },
] as const;

export type Level = (typeof LEVELS)[number]["id"];
export type Net = (typeof NETS)[number]["id"];
export type Count = (typeof COUNTS)[number]["id"];
export type View = (typeof VIEWS)[number]["id"];
export type Verdict = (typeof VERDICTS)[number]["id"];

export interface MapQuestion {
  level: Level;
  /** How addresses outside the VPC are put together. */
  net: Net;
  count: Count;
  /** None where the page chooses: a graph of few, a matrix of many. */
  view: View | null;
  only: Verdict;
  /** The part of the range that is shown; none for all of it. */
  window: Range | null;
}

function choice<Id extends string>(choices: readonly { id: Id }[], text: string | null): Id | undefined {
  return choices.find(({ id }) => id === text)?.id;
}

/** A window within a range; none if it does not lie in it, or is all of it. */
export function windowIn({ from, to }: Range, start: string | null, end: string | null): Range | null {
  if (start === null || end === null) return null;
  const [a, b] = [Math.max(Date.parse(start), Date.parse(from)), Math.min(Date.parse(end), Date.parse(to))];
  if (Number.isNaN(a) || Number.isNaN(b) || a >= b) return null;
  if (a === Date.parse(from) && b === Date.parse(to)) return null;
  return { from: instantOf(a), to: instantOf(b) };
}

function instantOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(".000Z", "Z");
}

/** The question in the address. */
export function useMapQuestion(scope: Scope): MapQuestion {
  const level = useParam("level");
  const net = useParam("net");
  const count = useParam("count");
  const view = useParam("view");
  const only = useParam("only");
  const start = useParam("wfrom");
  const end = useParam("wto");
  const { from, to } = scope;
  return useMemo(
    () => ({
      level: choice(LEVELS, level) ?? "host",
      net: choice(NETS, net) ?? "auto",
      count: choice(COUNTS, count) ?? "records",
      view: choice(VIEWS, view) ?? null,
      only: choice(VERDICTS, only) ?? "all",
      window: windowIn({ from, to }, start, end),
    }),
    [level, net, count, view, only, start, end, from, to],
  );
}

/** Shows only a part of the range, or all of it again. */
export function setWindow(window: Range | null): void {
  go({ wfrom: window?.from ?? null, wto: window?.to ?? null }, { replace: true });
}

/** Asks about another range, all of it. */
export function askAbout(range: Range): void {
  go({ from: range.from, to: range.to, last: null, v: null, wfrom: null, wto: null });
}

/** Opens the records of a query in Explore. What only the map knows stays behind. */
export function openRecords(query: string, range: Range): void {
  const left = { level: null, net: null, count: null, view: null, only: null, wfrom: null, wto: null };
  const now = new URLSearchParams(window.location.search);
  const kept = range.from === now.get("from") && range.to === now.get("to");
  go(
    { ...left, q: query, from: range.from, to: range.to, tab: null, open: null, ...(kept ? {} : { last: null }) },
    { page: "/explore" },
  );
}
