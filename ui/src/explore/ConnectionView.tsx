import type { Names } from "../api/names";
import { useAnswer } from "../api/query";
import type { ConnectionSummary, Row } from "../api/types";
import { bytes, count, exact } from "../format/number";
import { clock, dateTime, length } from "../format/time";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { go } from "../state/url";
import { shortId } from "./columns";

const STATES: Readonly<Record<ConnectionSummary["state"], string>> = {
  open: "still open as far as records tell",
  closed: "closed after both sides had spoken",
  refused: "refused: no packet passed",
  refused_by_target: "accepted here, rejected at the target's vNIC",
  one_way: "one-way: the target never answered",
};

/** A connection's end in words. */
export function stateWords(state: ConnectionSummary["state"]): string {
  return STATES[state];
}

interface ConnectionViewProps {
  /** A row of it. */
  id: string;
  zone: string;
  names: Names;
}

/** The connection a record belongs to: its windows on every vNIC that reports it, over time, and its totals. */
export function ConnectionView({ id, zone, names }: ConnectionViewProps) {
  const { data, error, isPending } = useAnswer("/api/v1/connections/{row}", { row: id });
  if (error) return <ProblemBox error={error} />;
  if (isPending) return <Waiting what="the connection" />;
  const { connection, rows } = data;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const [start, end] = spanOf(rows, connection);
  const total = connection.bytes_from_initiator + connection.bytes_from_target;
  return (
    <section className="fg-connection" aria-label="Connection">
      <h3>Connection</h3>
      <p>
        {capital(STATES[connection.state])}. {span(connection.start, connection.end, zone)},{" "}
        {count(connection.records, "record")} from {count(connection.sides.length, "vNIC")}.
      </p>
      <div className="fg-windows">
        {connection.sides.map((side) => (
          <div key={`${side.vnic_id ?? ""}${side.direction ?? ""}`} className="fg-windows-side">
            <div className="fg-windows-name" title={side.vnic_id ?? undefined}>
              {side.direction === "O" ? "Initiator's side" : "Target's side"}
              <span className="fg-dim fg-mono">
                {" "}
                {names.id(side.vnic_id) ?? shortId(side.vnic_id ?? "unknown vNIC")}
              </span>
            </div>
            <div className="fg-windows-line">
              {side.rows.map((row) => (
                <Window key={row} row={byId.get(row)} id={row} current={id} start={start} end={end} zone={zone} />
              ))}
            </div>
            <div className="fg-windows-sum fg-dim">
              {side.lossy && "≥ "}
              → {bytes(side.bytes_from_initiator)} · ← {bytes(side.bytes_from_target)}
            </div>
          </div>
        ))}
        <div className="fg-windows-axis fg-dim">
          <span>{clock(start, zone)}</span>
          <span>{clock(end, zone)}</span>
        </div>
      </div>
      <p className="fg-dim" title={`${exact(total)} bytes`}>
        Counted once: {bytes(connection.bytes_from_initiator)} in {count(connection.packets_from_initiator, "packet")}{" "}
        from the initiator, {bytes(connection.bytes_from_target)} in {count(connection.packets_from_target, "packet")}{" "}
        from the target.
      </p>
    </section>
  );
}

interface WindowProps {
  row: Row | undefined;
  id: string;
  current: string;
  start: number;
  end: number;
  zone: string;
}

/** One window of the connection on one vNIC: opens its record. */
function Window({ row, id, current, start, end, zone }: WindowProps) {
  const from = Date.parse(row?.capture_start_time ?? row?.time ?? "");
  const to = Date.parse(row?.capture_end_time ?? row?.time ?? "");
  if (!row || Number.isNaN(from)) return null;
  const left = (100 * (from - start)) / (end - start);
  const width = (100 * (to - from)) / (end - start);
  const sum = (row.bytes_from_initiator ?? 0) + (row.bytes_from_target ?? 0);
  const words = [
    `${clock(from, zone)} to ${clock(to, zone)}: ${row.action ?? "no verdict"}, ${bytes(sum)}`,
    row.was_initiated && "began",
    row.was_terminated && "ended",
    row.state === "skip data" && "lossy",
  ]
    .filter(Boolean)
    .join(", ");
  return (
    <button
      type="button"
      className={`fg-window fg-window-${row.action ?? "none"} ${row.state === "skip data" ? "fg-window-lossy" : ""}`}
      aria-current={id === current}
      style={{ left: `${left}%`, width: `max(6px, calc(${width}% - 2px))` }}
      title={words}
      aria-label={words}
      onClick={() => go({ open: id })}
    />
  );
}

/** When it was, and for how long. */
function span(start: string, end: string, zone: string): string {
  const lasted = Date.parse(end) - Date.parse(start);
  if (lasted < 1000) return dateTime(start, zone);
  return `${dateTime(start, zone)} to ${clock(end, zone)} (${length(lasted)})`;
}

/** From the first window's start to the last one's end. */
function spanOf(rows: readonly Row[], connection: ConnectionSummary): [number, number] {
  const starts = rows.map((row) => Date.parse(row.capture_start_time ?? "")).filter((at) => !Number.isNaN(at));
  const ends = rows.map((row) => Date.parse(row.capture_end_time ?? "")).filter((at) => !Number.isNaN(at));
  const start = Math.min(Date.parse(connection.start), ...starts);
  const end = Math.max(Date.parse(connection.end), ...ends);
  return [start, Math.max(end, start + 1000)];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
