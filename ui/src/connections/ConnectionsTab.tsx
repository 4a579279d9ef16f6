import { useRef, useState } from "react";

import { useNames } from "../api/names";
import { useAnswer } from "../api/query";
import type { ConnectionSummary } from "../api/types";
import type { TabProps } from "../explore/tabs";
import { count, exact, milliseconds } from "../format/number";
import { rangeWords } from "../format/time";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { useKeys } from "../state/keys";
import { instant, setRange } from "../state/range";
import { go, useParam } from "../state/url";
import { ConnectionRow } from "./ConnectionRow";
import { ENDS, type End } from "./words";

/** How many are read at first, and then. The server gives at most the last. */
const SIZES = [100, 300, 1000] as const;

/** Connections of the matching records, newest first: each stitched from its windows on all vNICs. */
export default function ConnectionsTab({ scope, zone }: TabProps) {
  const { query, from, to } = scope;
  const [size, setSize] = useState<number>(SIZES[0]);
  const ended = useParam("ended");
  const open = useParam("open");
  const names = useNames();
  const table = useRef<HTMLTableElement>(null);
  const asked = { query, from, to, tz: zone, limit: size };
  const { data, error, isPending, isPlaceholderData, refetch } = useAnswer("/api/v1/connections", asked, { keep: true });
  const move = (step: number) => {
    const rows = [...(table.current?.querySelectorAll<HTMLElement>(".fg-conn-open") ?? [])];
    const at = rows.findIndex((row) => row === document.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, at + step))]?.focus();
  };
  useKeys([
    { keys: "j", does: "Next connection", section: "Connections", run: () => move(1) },
    { keys: "k", does: "Connection before", section: "Connections", run: () => move(-1) },
  ]);
  if (error) return <ProblemBox error={error} onRetry={() => void refetch()} />;
  if (isPending) return <Waiting what="the connections" />;
  const shown = data.connections.filter(({ state }) => ended === null || state === ended);
  const earliest = data.connections.at(-1)?.end;
  const next = SIZES.find((one) => one > size);
  return (
    <div className={isPlaceholderData ? "fg-conns fg-stale" : "fg-conns"}>
      <div className="fg-conns-says">
        <p>
          <strong>
            {data.truncated
              ? `The ${exact(data.connections.length)} newest connections`
              : count(data.connections.length, "connection")}
          </strong>
          {data.truncated && "; there are more"}
          <span className="fg-dim"> · stitched over windows and vNICs · {milliseconds(data.meta.elapsed_ms)}</span>
        </p>
        <Ends connections={data.connections} chosen={ended} />
      </div>
      {shown.length === 0 ? (
        <p className="fg-nothing">
          {data.connections.length === 0
            ? `No connection matches in ${rangeWords(from, to, zone)}.`
            : "None of these connections ended so."}
        </p>
      ) : (
        <div className="fg-group-scroll" tabIndex={0} role="region" aria-label="List of connections">
          <table className="fg-group-table fg-conn-table" ref={table}>
            <thead>
              <tr>
                <th scope="col">Start</th>
                <th scope="col" className="fg-number">
                  Length
                </th>
                <th scope="col">Initiator</th>
                <th scope="col">Target</th>
                <th scope="col" className="fg-conn-more-room">
                  Proto
                </th>
                <th scope="col">End</th>
                <th scope="col" className="fg-number" title="Bytes from the initiator, counted once">
                  Sent
                </th>
                <th scope="col" className="fg-number" title="Bytes from the target, counted once">
                  Answered
                </th>
                <th scope="col" className="fg-number fg-conn-most-room">
                  Packets
                </th>
                <th scope="col" className="fg-number fg-conn-most-room" title="Records it was stitched from, and vNICs that report it">
                  Records
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((connection) => (
                <ConnectionRow
                  key={connection.id}
                  connection={connection}
                  open={open !== null && holds(connection, open)}
                  row={open}
                  names={names}
                  zone={zone}
                />
              ))}
            </tbody>
          </table>
          {data.truncated && (
            <p className="fg-conns-more">
              {next ? (
                <button type="button" className="fg-button" onClick={() => setSize(next)}>
                  Show up to {exact(next)}
                </button>
              ) : (
                earliest !== undefined && (
                  <button
                    type="button"
                    className="fg-button"
                    onClick={() => setRange({ from, to: instant(Math.ceil(Date.parse(earliest) / 1000) * 1000 + 1000) })}
                  >
                    Go on with earlier ones
                  </button>
                )
              )}
            </p>
          )}
        </div>
      )}
    </div>
  );
}

function holds(connection: ConnectionSummary, row: string): boolean {
  return connection.id === row || connection.sides.some(({ rows }) => rows.includes(row));
}

/** How many ended how; each narrows the list. */
function Ends({ connections, chosen }: { connections: readonly ConnectionSummary[]; chosen: string | null }) {
  const set = (end: End | null) => go({ ended: end }, { replace: true });
  return (
    <div className="fg-segments" role="group" aria-label="How they ended">
      <div className="fg-segments-row">
        <button type="button" aria-pressed={chosen === null} onClick={() => set(null)}>
          All
        </button>
        {ENDS.map(({ id, title, doc }) => {
          const number = connections.filter(({ state }) => state === id).length;
          if (number === 0 && chosen !== id) return null;
          return (
            <button key={id} type="button" aria-pressed={chosen === id} title={doc} onClick={() => set(chosen === id ? null : id)}>
              <span className={`fg-end fg-end-${id}`} aria-hidden="true" />
              {title} <span className="fg-dim">{exact(number)}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
