import type { Names } from "../api/names";
import { useAnswer } from "../api/query";
import type { ConnectionSummary, Row } from "../api/types";
import { ConnectionView } from "../explore/ConnectionView";
import { bytes, count, exact } from "../format/number";
import { clock } from "../format/time";
import { shortened } from "../format/value";
import { Action } from "../parts/Action";
import { CopyButton } from "../parts/CopyButton";
import { applyTerm } from "../parts/FilterValue";
import { go } from "../state/url";
import { setQuery } from "../state/range";
import { connectionQuery, sideWords } from "./words";

interface ConnectionDetailsProps {
  /** Id of its first record. */
  id: string;
  /** The record that is marked. */
  row: string;
  names: Names;
  zone: string;
}

/** All windows of a connection: as a time line, and as a table of what each vNIC reports. */
export function ConnectionDetails({ id, row, names, zone }: ConnectionDetailsProps) {
  const { data } = useAnswer("/api/v1/connections/{row}", { row: id });
  const connection = data?.connection;
  return (
    <div className="fg-conn-body">
      <ConnectionView id={id} zone={zone} names={names} />
      {connection && (
        <>
          <div className="fg-conn-tools">
            <button type="button" className="fg-button" onClick={() => setQuery(connectionQuery(connection))}>
              Only this
            </button>
            <button type="button" className="fg-button" onClick={() => applyTerm(`(${connectionQuery(connection)})`, true)}>
              Exclude
            </button>
            <button
              type="button"
              className="fg-button"
              onClick={() => go({ q: connectionQuery(connection), tab: null, open: row })}
            >
              Its records
            </button>
            <CopyButton what="query" text={() => connectionQuery(connection)} />
          </div>
          <Difference connection={connection} />
          <Windows connection={connection} rows={data.rows} marked={row} names={names} zone={zone} />
        </>
      )}
    </div>
  );
}

/** What one vNIC saw and the other did not. */
function Difference({ connection }: { connection: ConnectionSummary }) {
  const initiator = connection.sides.find(({ direction }) => direction === "O");
  const target = connection.sides.find(({ direction }) => direction === "I");
  if (!initiator || !target) {
    const only = connection.sides[0]?.direction ?? null;
    return (
      <p className="fg-dim">
        Only the {sideWords(only)} reports it: the other end is outside the lake&apos;s vNICs, or its records are missing.
      </p>
    );
  }
  const lost = [
    ["from the initiator", initiator.packets_from_initiator - target.packets_from_initiator],
    ["from the target", initiator.packets_from_target - target.packets_from_target],
  ] as const;
  const differs = lost.filter(([, by]) => by !== 0);
  if (differs.length === 0) return <p className="fg-dim">Both vNICs report the same number of packets.</p>;
  return (
    <p>
      The vNICs differ:{" "}
      {differs
        .map(
          ([words, by]) =>
            `the ${by > 0 ? "initiator's" : "target's"} vNIC saw ${count(Math.abs(by), "packet")} ${words} that the other did not report`,
        )
        .join("; ")}
      {(initiator.lossy || target.lossy) && ". A window of it is lossy, so that its counts are lower bounds"}.
    </p>
  );
}

interface WindowsProps {
  connection: ConnectionSummary;
  rows: readonly Row[];
  marked: string;
  names: Names;
  zone: string;
}

/** Windows listed at most; the time line shows them all. */
const MOST = 200;

/** Every window as a line: the time line for those who read. */
function Windows({ connection, rows, marked, names, zone }: WindowsProps) {
  const directionOf = new Map(connection.sides.flatMap((side) => side.rows.map((row) => [row, side.direction])));
  return (
    <div className="fg-conn-windows">
      <table>
        <caption className="fg-sr">Windows of the connection</caption>
        <thead>
          <tr>
            <th scope="col">Window</th>
            <th scope="col">Reported by</th>
            <th scope="col">Action</th>
            <th scope="col" className="fg-number">
              Sent
            </th>
            <th scope="col" className="fg-number">
              Answered
            </th>
            <th scope="col" className="fg-number">
              Packets
            </th>
            <th scope="col">Tells</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map((row) => {
            const least = row.state === "skip data" ? "≥ " : "";
            const tells = [
              row.was_initiated && "began",
              row.was_terminated && "ended",
              row.state === "skip data" && "lossy window",
            ].filter(Boolean);
            return (
              <tr key={row.id} aria-current={row.id === marked || undefined}>
                <th scope="row" className="fg-mono">
                  {row.capture_start_time ? clock(row.capture_start_time, zone) : "–"} –{" "}
                  {row.capture_end_time ? clock(row.capture_end_time, zone) : "–"}
                </th>
                <td title={row.vnic_id ?? undefined}>
                  {sideWords(directionOf.get(row.id ?? "") ?? row.direction ?? null)}{" "}
                  <span className="fg-dim">{names.id(row.vnic_id) ?? shortened(row.vnic_id ?? "")}</span>
                </td>
                <td>
                  <Action action={row.action} />
                </td>
                <td className="fg-number">{least + bytes(row.bytes_from_initiator ?? 0)}</td>
                <td className="fg-number">{least + bytes(row.bytes_from_target ?? 0)}</td>
                <td className="fg-number">
                  {least + exact((row.packets_from_initiator ?? 0) + (row.packets_from_target ?? 0))}
                </td>
                <td className="fg-dim">{tells.join(", ") || "went on"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {rows.length > MOST && <p className="fg-dim">The first {MOST} of {exact(rows.length)} windows.</p>}
    </div>
  );
}
