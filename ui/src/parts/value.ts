//! Values as the API gives them, as text.

/** A value of a field as text that can be copied; nothing for null. */
export function plain(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
