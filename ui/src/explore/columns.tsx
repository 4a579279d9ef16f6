//! Columns of the records table: composed ones people read, and every field of a row.

import type { ReactNode } from "react";

import type { FieldInfo, Row } from "../api/types";
import { bytes, exact } from "../format/number";
import { dateTime } from "../format/time";

export interface Column {
  id: string;
  label: string;
  /** Fields of the row it needs. */
  fields: readonly string[];
  /** Width in pixels until it is changed. */
  width: number;
  numeric?: boolean;
  /** Field that a click on its value filters by. */
  filter?: string;
  cell: (row: Row, zone: string) => ReactNode;
}

export const PROTOCOLS: Readonly<Record<number, string>> = { 6: "TCP", 17: "UDP", 1: "ICMP", 58: "ICMPv6" };

const sum = (one: number | null | undefined, other: number | null | undefined) => (one ?? 0) + (other ?? 0);

function side(address: string | null | undefined, port: number | null | undefined): ReactNode {
  return (
    <span className="fg-mono">
      {address ?? "–"}
      {port !== null && port !== undefined && <span className="fg-dim">:{port}</span>}
    </span>
  );
}

export function Action({ action }: { action: string | null | undefined }) {
  if (!action) return <span className="fg-dim">–</span>;
  return <span className={`fg-action fg-action-${action}`}>{action}</span>;
}

/** Columns made of several fields. */
const COMPOSED: readonly Column[] = [
  {
    id: "time",
    label: "Time",
    fields: ["time"],
    width: 158,
    cell: (row, zone) => <span className="fg-mono">{row.time ? dateTime(row.time, zone) : "–"}</span>,
  },
  {
    id: "action",
    label: "Action",
    fields: ["action"],
    width: 92,
    filter: "action",
    cell: (row) => <Action action={row.action} />,
  },
  {
    id: "direction",
    label: "Dir",
    fields: ["direction"],
    width: 48,
    filter: "direction",
    cell: (row) => (row.direction === "I" ? "in" : row.direction === "O" ? "out" : "–"),
  },
  {
    id: "initiator",
    label: "Initiator",
    fields: ["initiator_ip", "initiator_port"],
    width: 190,
    filter: "initiator_ip",
    cell: (row) => side(row.initiator_ip, row.initiator_port),
  },
  {
    id: "target",
    label: "Target",
    fields: ["target_ip", "target_port"],
    width: 170,
    filter: "target_ip",
    cell: (row) => side(row.target_ip, row.target_port),
  },
  {
    id: "protocol",
    label: "Proto",
    fields: ["transport_protocol"],
    width: 60,
    filter: "transport_protocol",
    cell: (row) =>
      row.transport_protocol === null || row.transport_protocol === undefined
        ? "–"
        : (PROTOCOLS[row.transport_protocol] ?? String(row.transport_protocol)),
  },
  {
    id: "bytes",
    label: "Bytes",
    fields: ["bytes_from_initiator", "bytes_from_target"],
    width: 84,
    numeric: true,
    cell: (row) => bytes(sum(row.bytes_from_initiator, row.bytes_from_target)),
  },
  {
    id: "packets",
    label: "Packets",
    fields: ["packets_from_initiator", "packets_from_target"],
    width: 76,
    numeric: true,
    cell: (row) => exact(sum(row.packets_from_initiator, row.packets_from_target)),
  },
];

export const DEFAULT_COLUMNS = COMPOSED.map(({ id }) => id);

/** The column of that id: a composed one, else the field of that name. */
export function columnOf(id: string, fields: readonly FieldInfo[]): Column | undefined {
  const composed = COMPOSED.find((column) => column.id === id);
  if (composed) return composed;
  const field = fields.find(({ name }) => name === id);
  if (!field) return undefined;
  const numeric = field.kind === "integer";
  return {
    id,
    label: field.name,
    fields: [field.name],
    width: field.kind === "time" ? 170 : numeric ? 110 : 160,
    numeric,
    filter: field.name,
    cell: (row, zone) => {
      const value = row[field.name as keyof Row];
      if (value === null || value === undefined) return <span className="fg-dim">–</span>;
      if (field.kind === "time" && typeof value === "string") return dateTime(value, zone);
      if (numeric && typeof value === "number") return field.unit === "bytes" ? bytes(value) : exact(value);
      return <span className="fg-mono">{String(value)}</span>;
    },
  };
}

/** Fields to ask for, whatever columns are shown. */
export function fieldsOf(columns: readonly Column[]): string[] {
  return [...new Set(["time", "action", "state", ...columns.flatMap((column) => column.fields)])];
}
