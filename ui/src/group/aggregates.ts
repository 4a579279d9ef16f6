//! What can be computed of a group: measures, and functions of a field. In the words of the API: `connections`,
//! `p95(bytes_from_target)`.

import type { FieldInfo, Measure, Value } from "../api/types";
import { bytes, exact, short } from "../format/number";
import { dateTime } from "../format/time";

export interface MeasureChoice {
  id: Measure;
  title: string;
  /** What it counts, in a sentence. */
  doc: string;
}

export const MEASURES: readonly MeasureChoice[] = [
  { id: "records", title: "Records", doc: "Records without closing ones" },
  { id: "attempts", title: "Attempts", doc: "Connections begun in a window, by the vNIC that reports them" },
  { id: "connections", title: "Connections", doc: "Distinct connections; one seen from both ends counts once" },
  { id: "bytes", title: "Bytes", doc: "Bytes of both directions; traffic seen from both ends counts once" },
  { id: "packets", title: "Packets", doc: "Packets of both directions; traffic seen from both ends counts once" },
  { id: "all_records", title: "All records", doc: "Every record, closing ones too: what Records lists" },
];

export interface FunctionChoice {
  id: string;
  title: string;
  /** True if it needs numbers worth adding up. */
  numbers: boolean;
}

export const FUNCTIONS: readonly FunctionChoice[] = [
  { id: "sum", title: "Sum", numbers: true },
  { id: "distinct", title: "Distinct values", numbers: false },
  { id: "min", title: "Least", numbers: false },
  { id: "max", title: "Greatest", numbers: false },
  { id: "avg", title: "Average", numbers: true },
  { id: "p50", title: "Median", numbers: true },
  { id: "p75", title: "75th percentile", numbers: true },
  { id: "p90", title: "90th percentile", numbers: true },
  { id: "p95", title: "95th percentile", numbers: true },
  { id: "p99", title: "99th percentile", numbers: true },
];

export interface Aggregate {
  /** As the API reads it. */
  text: string;
  measure?: Measure;
  /** Name of the function: `p95`. */
  of?: string;
  field?: string;
}

/** Reads an aggregate; none if it is not one. */
export function parseAggregate(text: string): Aggregate | undefined {
  const measure = MEASURES.find(({ id }) => id === text);
  if (measure) return { text, measure: measure.id };
  const match = /^(sum|distinct|min|max|avg|p\d{1,2}(?:\.\d+)?|p100)\((\w+(?:\.\w+)*)\)$/.exec(text);
  return match?.[1] && match[2] ? { text, of: match[1], field: match[2] } : undefined;
}

/** A function's short name before its field: `95th percentile`. */
export function functionTitle(id: string): string {
  const known = FUNCTIONS.find((one) => one.id === id);
  return known?.title ?? `${id.slice(1)}th percentile`;
}

/** An aggregate as a heading: `Connections`, `95th percentile of bytes_from_target`. */
export function aggregateTitle(aggregate: Aggregate): string {
  if (aggregate.measure) return MEASURES.find(({ id }) => id === aggregate.measure)?.title ?? aggregate.text;
  return `${functionTitle(aggregate.of ?? "")} of ${aggregate.field ?? ""}`;
}

/** True where the parts add up to the whole, so that a share has a meaning. */
export function addsUp(aggregate: Aggregate): boolean {
  return aggregate.measure !== undefined || aggregate.of === "sum";
}

/** True where nothing means 0, not unknown. */
export function isCount(aggregate: Aggregate): boolean {
  return addsUp(aggregate) || aggregate.of === "distinct";
}

/** True if a function can be computed of a field. */
export function suits(of: FunctionChoice, field: FieldInfo): boolean {
  if (of.numbers) return field.kind === "integer";
  return of.id === "distinct" || !["json", "boolean", "crn"].includes(field.kind);
}

/** Unit of an aggregate's numbers: `bytes`, `packets`, none. */
export function unitOf(aggregate: Aggregate, fields: readonly FieldInfo[]): string | null {
  if (aggregate.measure === "bytes" || aggregate.measure === "packets") return aggregate.measure;
  if (aggregate.measure || aggregate.of === "distinct") return null;
  return fields.find(({ name }) => name === aggregate.field)?.unit ?? null;
}

/** An aggregate's value in few letters, with its unit. */
export function formatValue(value: Value | undefined, unit: string | null, zone: string): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return unit === "bytes" ? bytes(value) : short(value);
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return dateTime(value, zone);
  return String(value);
}

/** All digits of an aggregate's value. */
export function exactValue(value: Value | undefined, unit: string | null): string {
  if (typeof value !== "number") return value === null || value === undefined ? "none" : String(value);
  return unit ? `${exact(value)} ${unit}` : exact(value);
}
