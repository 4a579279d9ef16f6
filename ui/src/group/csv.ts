//! Groups as a file for spreadsheets.

import type { Value } from "../api/types";
import type { Groups } from "./useGroups";

/** A cell of a CSV file (RFC 4180). What a spreadsheet would take for a formula is marked as text. */
export function cell(value: Value | undefined): string {
  if (value === null || value === undefined) return "";
  const plain = String(value);
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The groups as CSV: keys, aggregates, and with a comparison the aggregates before. */
export function csvOf({ keys, aggregates, rows, compared }: Groups): string {
  const before = compared ? aggregates.map((name) => `${name} before`) : [];
  const lines = rows.map((row) => [
    ...row.keys,
    ...row.values,
    ...(compared ? aggregates.map((_, index) => row.previous?.[index] ?? null) : []),
  ]);
  return [[...keys, ...aggregates, ...before], ...lines].map((line) => line.map(cell).join(",") + "\r\n").join("");
}

/** Hands a text to the browser as a file. */
export function saveText(text: string, name: string, type = "text/csv"): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
