//! Changing a query by click: the text always shows what is applied.

import type { Value } from "../api/types";

/** A value as it is written in a query. Quoted where the language would read something else. */
export function quoted(value: string): string {
  return /^[\w.:/@+-]+$/.test(value) && !value.startsWith("-")
    ? value
    : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Fields whose values match as prefixes unless told otherwise. */
const WHOLE = new Set(["address", "port", "protocol", "integer", "time", "day", "boolean"]);

/** The term that finds exactly a value of a field; of rows without the field where the value is null. */
export function term(field: string, value: Value | undefined, kind = "text"): string {
  if (value === null || value === undefined) return `-${field}:*`;
  const text = quoted(String(value));
  return WHOLE.has(kind) ? `${field}:${text}` : `${field}:===${text}`;
}

/** The term's negation. */
export function negated(text: string): string {
  return text.startsWith("-") ? text.slice(1) : `-${text}`;
}

/** A query narrowed by a term. A term that is there stays once; its negation is taken out. */
export function withTerm(query: string, added: string): string {
  const terms = split(query);
  if (terms.includes(added)) return query;
  const kept = terms.filter((one) => one !== negated(added) && one !== "*");
  // OR binds tighter than a space: a query with OR at its end keeps its meaning.
  return [...kept, added].join(" ").trim();
}

/** A query without a term. */
export function withoutTerm(query: string, removed: string): string {
  return split(query)
    .filter((one) => one !== removed)
    .join(" ");
}

/** True if the query has this term at its top. */
export function hasTerm(query: string, wanted: string): boolean {
  return split(query).includes(wanted);
}

/** The terms between spaces at the top level; what is in quotes, parentheses or brackets stays together. */
function split(query: string): string[] {
  const terms: string[] = [];
  let [term, depth, quote] = ["", 0, ""];
  for (const letter of query) {
    if (quote) quote = letter === quote && !term.endsWith("\\") ? "" : quote;
    else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === "(" || letter === "[") depth += 1;
    else if (letter === ")" || letter === "]") depth -= 1;
    if (letter === " " && !quote && depth <= 0) {
      if (term) terms.push(term);
      term = "";
    } else term += letter;
  }
  if (term) terms.push(term);
  return terms;
}
