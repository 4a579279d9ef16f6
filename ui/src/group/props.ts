import type { Names } from "../api/names";
import type { FieldInfo, Value } from "../api/types";
import { inOne, valueWords } from "../format/value";
import type { Scope } from "../state/range";
import { type GroupQuestion, isBucket } from "./question";
import type { Group, Groups } from "./useGroups";

/** What every form of the groups gets. */
export interface ShapeProps {
  data: Groups;
  /** Groups of the period before that are gone. */
  gone: readonly Group[];
  question: GroupQuestion;
  fields: readonly FieldInfo[];
  names: Names;
  zone: string;
  scope: Scope;
}

/** Kind of a key's field. */
export function kindOf(key: string, fields: readonly FieldInfo[]): string {
  return isBucket(key) ? "time" : (fields.find(({ name }) => name === key)?.kind ?? "text");
}

/** A group in words: its values, joined. */
export function groupWords(
  keys: readonly Value[],
  { question, fields, names, zone }: Pick<ShapeProps, "question" | "fields" | "names" | "zone">,
): string {
  if (keys.length === 0) return "everything";
  return question.by
    .map((key, index) => {
      const value = keys[index] ?? null;
      if (value === null) return `no ${key}`;
      return inOne(valueWords(value, kindOf(key, fields), key, names, zone));
    })
    .join(" · ");
}

/** The colour of a series: of its meaning where it has one, else by its place. */
export function seriesColour(by: readonly string[], keys: readonly Value[], place: number): string {
  const action = by.length === 1 && by[0] === "action" ? keys[0] : undefined;
  if (action === "accepted" || action === "rejected") return `--fg-${action}`;
  return `--fg-series-${(place % SERIES) + 1}`;
}

/** Colours that series have; what is beyond is put together. */
export const SERIES = 8;
