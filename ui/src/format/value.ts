//! Values of fields as people read them, with the names known of them.

import type { Names } from "../api/names";
import type { Value } from "../api/types";
import { dateTime } from "./time";

export interface ValueWords {
  /** What is shown: `22`, `TCP`, `10.240.0.4`. */
  text: string;
  /** A name of it: `ssh`, `vsi1`. */
  name?: string;
  /** What kind it is: `private`. */
  note?: string;
}

/** A long id in few letters; a CRN by its last segment. */
export function shortened(id: string): string {
  const last = id.startsWith("crn:") ? (id.split(":").filter(Boolean).at(-1) ?? id) : id;
  return last.length > 20 ? `${last.slice(0, 9)}…${last.slice(-4)}` : last;
}

/** A value of a field in words. */
export function valueWords(value: Value, kind: string, field: string, names: Names, zone: string): ValueWords {
  if (value === null) return { text: "none" };
  if (typeof value === "boolean") return { text: value ? "yes" : "no" };
  if (typeof value === "number") {
    if (kind === "protocol") return { text: names.protocol(value) ?? String(value) };
    return named(String(value), kind === "port" ? names.service(value) : undefined);
  }
  if (field === "direction") return { text: value === "I" ? "in" : value === "O" ? "out" : value };
  if (kind === "time") return { text: dateTime(value, zone) };
  if (kind === "address") {
    const note = names.label(value);
    return { ...named(value, names.host(value)), ...(note === undefined ? {} : { note }) };
  }
  const name = names.id(value) ?? names.id(value.split(":").at(-1));
  return named(field.endsWith("_id") || field.endsWith("_crn") ? shortened(value) : value, name);
}

function named(text: string, name: string | undefined): ValueWords {
  return name === undefined ? { text } : { text, name };
}

/** The words as one text, for labels. */
export function inOne({ text, name }: ValueWords): string {
  return name === undefined ? text : `${text} ${name}`;
}
