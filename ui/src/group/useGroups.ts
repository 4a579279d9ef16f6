import { useMemo } from "react";

import type { Problem } from "../api/problem";
import { useAnswer } from "../api/query";
import type { Meta, Nearest, Value } from "../api/types";
import type { Scope } from "../state/range";
import { goneGroups } from "./compare";
import { type GroupQuestion, isBucket } from "./question";

export interface Group {
  keys: readonly Value[];
  values: readonly Value[];
  /** The same in the period compared with. */
  previous?: readonly Value[] | null;
}

/** An answer of the API, its values typed. */
export interface Groups {
  meta: Meta;
  keys: readonly string[];
  aggregates: readonly string[];
  rows: readonly Group[];
  truncated: boolean;
  compared?: { from: string | null; to: string | null } | null;
  nearest: Nearest | null;
}

export interface GroupsState {
  data: Groups | undefined;
  /** Groups of the period before that are gone. */
  gone: readonly Group[];
  error: Problem | null;
  isPending: boolean;
  /** True while the last answer is shown instead of the one asked for. */
  isStale: boolean;
  again: () => void;
}

/** The parameters of a question. */
export function paramsOf(scope: Pick<Scope, "query" | "from" | "to">, zone: string, question: GroupQuestion) {
  const { query, from, to } = scope;
  const by = question.by.map((key) => (key === "time" ? "time:1h" : key));
  return {
    query,
    from,
    to,
    tz: zone,
    by,
    aggregates: question.aggregates.map(({ text }) => text),
    order: question.order,
    limit: question.size,
    ...(question.compare ? { compare: question.compare } : {}),
  };
}

/** The groups, and with a comparison also those that are gone. */
export function useGroups(scope: Scope, zone: string, question: GroupQuestion): GroupsState {
  const asked = paramsOf(scope, zone, question);
  const now = useAnswer("/api/v1/group", asked, { keep: true });
  const data = now.data as Groups | undefined;
  const { from, to } = data?.compared ?? { from: null, to: null };
  // Time buckets of the period before are other ones by themselves.
  const telling = question.compare !== "" && from !== null && to !== null && !question.by.some(isBucket);
  const before = useAnswer(
    "/api/v1/group",
    { ...asked, from: from ?? "", to: to ?? "", compare: "" },
    { enabled: telling && data !== undefined && !data.truncated, keep: true },
  );
  const past = telling ? (before.data as Groups | undefined) : undefined;
  return {
    data,
    gone: useMemo(() => (data && past ? goneGroups(data, past) : []), [data, past]),
    error: now.error,
    isPending: now.isPending,
    isStale: now.isPlaceholderData,
    again: () => void now.refetch(),
  };
}
