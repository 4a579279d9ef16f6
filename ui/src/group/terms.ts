//! Groups as terms of a query: a click narrows to a group, or excludes it.

import type { FieldInfo, Value } from "../api/types";
import { negated, term, withTerm } from "../scope/terms";
import { setQuery, setRange, instant } from "../state/range";
import { isBucket, widthOf } from "./question";
import type { Group } from "./useGroups";
import { lengthOf } from "../state/range";

/** The term of one value. */
export function termOf(field: string, value: Value, fields: readonly FieldInfo[]): string {
  return term(field, value, fields.find(({ name }) => name === field)?.kind ?? "text");
}

/** The terms of a group's fields; its time bucket is none. */
export function termsOf(by: readonly string[], group: Group, fields: readonly FieldInfo[]): string[] {
  return by.flatMap((key, index) => (isBucket(key) ? [] : [termOf(key, group.keys[index] ?? null, fields)]));
}

/** The query of only these groups. */
export function queryOfGroups(
  query: string,
  by: readonly string[],
  groups: readonly Group[],
  fields: readonly FieldInfo[],
): string {
  const each = groups.map((group) => termsOf(by, group, fields)).filter((terms) => terms.length > 0);
  if (each.length === 0) return query;
  return withTerm(query, `(${each.map((terms) => `(${terms.join(" ")})`).join(" OR ")})`);
}

/** Narrows the query to a group, or excludes it. */
export function applyGroup(by: readonly string[], group: Group, fields: readonly FieldInfo[], exclude: boolean): void {
  const terms = termsOf(by, group, fields);
  const query = new URLSearchParams(window.location.search).get("q") ?? "";
  const bucket = by.findIndex(isBucket);
  if (terms.length > 0) {
    const [only = ""] = terms;
    if (exclude) setQuery(withTerm(query, terms.length === 1 ? negated(only) : `-(${terms.join(" ")})`));
    else setQuery(terms.reduce(withTerm, query));
  } else if (bucket >= 0 && !exclude) applyBucket(by[bucket] ?? "", group.keys[bucket] ?? null);
}

/** Asks for the time of a bucket. */
export function applyBucket(key: string, start: Value): void {
  if (typeof start !== "string") return;
  const from = Date.parse(start);
  setRange({ from: instant(from), to: instant(from + (lengthOf(widthOf(key)) ?? 36e5)) });
}
