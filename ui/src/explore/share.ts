//! The question as a link, a query, a command or a file.

import { currentToken } from "../api/auth";
import { address, request } from "../api/client";
import type { Row } from "../api/types";
import type { Scope } from "../state/range";

/** A text as one argument of a shell. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The question as a curl command. The token is not in it: it is read from the environment. */
export function curlCommand(scope: Scope, limit = 100): string {
  const { query, from, to } = scope;
  const url = window.location.origin + address("/api/v1/search", { query, from, to, limit });
  const token = currentToken() === null ? "" : ' -H "Authorization: Bearer $FLOWGLASS_TOKEN"';
  return `curl -s${token} ${shellQuoted(url)}`;
}

/** The question for the command line. */
export function cliCommand({ query, from, to }: Scope): string {
  return `flowglass search ${shellQuoted(query)} --from ${from} --to ${to}`;
}

/** The query that finds a record's connection: its five-tuple. */
export function connectionQuery(row: Row): string {
  const parts = [
    ["initiator_ip", row.initiator_ip],
    ["initiator_port", row.initiator_port],
    ["target_ip", row.target_ip],
    ["target_port", row.target_port],
    ["transport_protocol", row.transport_protocol],
  ] as const;
  return parts
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([field, value]) => `${field}:${String(value)}`)
    .join(" ");
}

export type ExportFormat = "csv" | "ndjson";

/** Downloads all matching records. Without a token the browser streams them to disk by itself. */
export async function download(
  scope: Scope,
  zone: string,
  format: ExportFormat,
  fields: readonly string[],
): Promise<void> {
  const { query, from, to } = scope;
  const url = address("/api/v1/search", { query, from, to, tz: zone, format, fields });
  const name = `flowglass-${from.replaceAll(":", "")}-${to.replaceAll(":", "")}.${format}`;
  if (currentToken() === null) {
    save(url, name);
    return;
  }
  const response = await request(url);
  const local = URL.createObjectURL(await response.blob());
  save(local, name);
  setTimeout(() => URL.revokeObjectURL(local), 60_000);
}

function save(url: string, name: string) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}
