//! Columns of the records table: composed ones people read, and every field of a row.

import type { ReactNode } from "react";

import type { Names } from "../api/names";
import type { FieldInfo, Row } from "../api/types";
import { bytes, exact } from "../format/number";
import { dateTime } from "../format/time";
import { Action } from "../parts/Action";
import { FilterValue } from "../parts/FilterValue";
import { plain } from "../parts/value";

export interface Column {
  id: string;
  label: string;
  /** What it means, for the tooltip. */
  doc: string;
  /** Fields of the row it needs. */
  fields: readonly string[];
  /** Width in pixels until it is changed. */
  width: number;
  numeric?: boolean;
  cell: (row: Row, context: CellContext) => ReactNode;
}

export interface CellContext {
  zone: string;
  names: Names;
}

const NONE = <span className="fg-dim">–</span>;

const sum = (one: number | null | undefined, other: number | null | undefined) => (one ?? 0) + (other ?? 0);

/** Address and port of one side, each a filter, with the name of the host or service where there is one. */
function side(
  name: "initiator" | "target",
  address: string | null | undefined,
  port: number | null | undefined,
  protocol: number | null | undefined,
  { names }: CellContext,
): ReactNode {
  if (!address) return NONE;
  const host = names.host(address);
  const service = name === "target" ? names.service(port, protocol) : undefined;
  return (
    <span className="fg-mono">
      <FilterValue field={`${name}_ip`} value={address} kind="address" note={names.label(address)}>
        {address}
      </FilterValue>
      {port !== null && port !== undefined && (
        <span className="fg-port">
          :
          <FilterValue field={`${name}_port`} value={port} kind="port">
            {port}
          </FilterValue>
        </span>
      )}
      {(service ?? host) && <span className="fg-name">{[host, service].filter(Boolean).join(" ")}</span>}
    </span>
  );
}

/** Columns made of several fields. */
const COMPOSED: readonly Column[] = [
  {
    id: "time",
    label: "Time",
    doc: "When it happened: the first packet in the window, or the window's start",
    fields: ["time"],
    width: 122,
    cell: (row, { zone }) => (
      <span className="fg-mono" title={row.time ? dateTime(row.time, zone, true) : undefined}>
        {row.time ? dateTime(row.time, zone).slice(5) : "–"}
      </span>
    ),
  },
  {
    id: "action",
    label: "Action",
    doc: "Verdict of security groups, network ACLs and connection state",
    fields: ["action", "was_initiated", "was_terminated", "packets_from_initiator", "packets_from_target"],
    width: 120,
    cell: (row) => (
      <>
        <FilterValue field="action" value={row.action ?? null}>
          <Action action={row.action} />
        </FilterValue>
        {isClosing(row) && (
          <span className="fg-tag" title="Closing record: it ends an earlier flow; no traffic, no attempt">
            end
          </span>
        )}
      </>
    ),
  },
  {
    id: "direction",
    label: "Dir",
    doc: "in: the initiator is outside the vNIC; out: the vNIC is the initiator",
    fields: ["direction"],
    width: 46,
    cell: (row) =>
      row.direction ? (
        <FilterValue field="direction" value={row.direction}>
          {row.direction === "I" ? "in" : "out"}
        </FilterValue>
      ) : (
        NONE
      ),
  },
  {
    id: "initiator",
    label: "Initiator",
    doc: "The side that sent the connection's first packet",
    fields: ["initiator_ip", "initiator_port", "transport_protocol"],
    width: 204,
    cell: (row, context) => side("initiator", row.initiator_ip, row.initiator_port, row.transport_protocol, context),
  },
  {
    id: "target",
    label: "Target",
    doc: "The other side, and the service asked for",
    fields: ["target_ip", "target_port", "transport_protocol"],
    width: 238,
    cell: (row, context) => side("target", row.target_ip, row.target_port, row.transport_protocol, context),
  },
  {
    id: "protocol",
    label: "Proto",
    doc: "Transport protocol",
    fields: ["transport_protocol"],
    width: 54,
    cell: ({ transport_protocol: protocol }, { names }) =>
      protocol === null || protocol === undefined ? (
        NONE
      ) : (
        <FilterValue field="transport_protocol" value={protocol} kind="protocol">
          {names.protocol(protocol) ?? protocol}
        </FilterValue>
      ),
  },
  {
    id: "bytes",
    label: "Bytes",
    doc: "Bytes of both directions in this window",
    fields: ["bytes_from_initiator", "bytes_from_target", "state"],
    width: 80,
    numeric: true,
    cell: (row) => {
      const value = sum(row.bytes_from_initiator, row.bytes_from_target);
      return <span title={`${exact(value)} bytes`}>{lower(row) + bytes(value)}</span>;
    },
  },
  {
    id: "packets",
    label: "Packets",
    doc: "Packets of both directions in this window",
    fields: ["packets_from_initiator", "packets_from_target", "state"],
    width: 76,
    numeric: true,
    cell: (row) => lower(row) + exact(sum(row.packets_from_initiator, row.packets_from_target)),
  },
  {
    id: "flags",
    label: "Began / ended",
    doc: "Whether the connection began or ended in this window",
    fields: ["was_initiated", "was_terminated"],
    width: 108,
    cell: (row) => [row.was_initiated && "began", row.was_terminated && "ended"].filter(Boolean).join(", ") || NONE,
  },
  {
    id: "vnic",
    label: "vNIC",
    doc: "The network interface that reports",
    fields: ["vnic_id"],
    width: 120,
    cell: (row, { names }) =>
      row.vnic_id ? (
        <FilterValue field="vnic_id" value={row.vnic_id}>
          <span className="fg-mono">{names.id(row.vnic_id) ?? shortId(row.vnic_id)}</span>
        </FilterValue>
      ) : (
        NONE
      ),
  },
];

/** The one column of narrow screens: a record in two lines. */
export const NARROW_COLUMN: Column = {
  id: "narrow",
  label: "Record",
  doc: "",
  fields: COMPOSED.filter(({ id }) => !["flags", "vnic"].includes(id)).flatMap((column) => column.fields),
  width: 0,
  cell: (row, context) => {
    const volume = sum(row.bytes_from_initiator, row.bytes_from_target);
    const service = context.names.service(row.target_port, row.transport_protocol);
    return (
      <span className="fg-narrow">
        <span className="fg-narrow-top">
          <Action action={row.action} />
          {isClosing(row) && <span className="fg-tag">end</span>}
          <span className="fg-dim">
            {row.direction === "I" ? "in" : row.direction === "O" ? "out" : ""}{" "}
            {context.names.protocol(row.transport_protocol)} {service} · {lower(row) + bytes(volume)}
          </span>
          <span className="fg-narrow-time fg-dim">{row.time ? dateTime(row.time, context.zone).slice(5) : ""}</span>
        </span>
        <span className="fg-mono">
          {row.initiator_ip ?? "–"} → {row.target_ip ?? "–"}
          {row.target_port !== null && row.target_port !== undefined && `:${row.target_port}`}
        </span>
      </span>
    );
  },
};

/** Columns of a page that says nothing else. */
export const DEFAULT_COLUMNS = ["time", "action", "direction", "initiator", "target", "protocol", "bytes", "packets"];

/** A long id in few letters; the whole one stands in the tooltip. */
export function shortId(id: string): string {
  return id.length > 14 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}

/** Counts of lossy windows are lower bounds. */
function lower(row: Row): string {
  return row.state === "skip data" ? "≥ " : "";
}

/** True for a record that ends an earlier flow: no traffic, no attempt. */
export function isClosing(row: Row): boolean {
  return (
    row.was_terminated === true &&
    row.was_initiated === false &&
    sum(row.packets_from_initiator, row.packets_from_target) === 0
  );
}

/** Composed columns and their words, for the chooser. */
export const COMPOSED_COLUMNS: readonly Pick<Column, "id" | "label" | "doc">[] = COMPOSED;

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
    doc: field.doc,
    fields: [field.name],
    width: field.kind === "time" ? 160 : numeric ? 110 : 160,
    numeric,
    cell: (row, { zone }) => {
      const value = row[field.name as keyof Row];
      if (value === null || value === undefined) return NONE;
      if (numeric && typeof value === "number") return field.unit === "bytes" ? bytes(value) : exact(value);
      const text = field.kind === "time" && typeof value === "string" ? dateTime(value, zone) : plain(value);
      return (
        <FilterValue field={field.name} value={value} kind={field.kind}>
          <span className="fg-mono">{text}</span>
        </FilterValue>
      );
    },
  };
}

/** Fields to ask for, whatever columns are shown. */
export function fieldsOf(columns: readonly Column[]): string[] {
  return [...new Set(["time", "action", "state", ...columns.flatMap((column) => column.fields)])];
}
