import { type CSSProperties, type KeyboardEvent, useMemo } from "react";

import { applyEdge, applyPlace } from "./actions";
import { type Edge, weight } from "./fold";
import type { ViewProps } from "./Graph";
import type { Place } from "./places";
import type { Count } from "./question";
import { edgeWords, measured } from "./words";

/** Who talks to whom as a matrix: initiators down, targets across. Arrow keys move between cells. */
export function Matrix({ map, count, query, range }: ViewProps) {
  const { rows, columns, cells, most } = useMemo(() => gridOf(map.edges), [map.edges]);
  const move = (event: KeyboardEvent<HTMLTableElement>) => {
    const step = STEPS[event.key];
    const cell = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>("[data-at]") : null;
    if (!step || !cell) return;
    event.preventDefault();
    const [row = 0, column = 0] = (cell.dataset.at ?? "").split(",").map(Number);
    nextCell(event.currentTarget, row, column, step, rows.length, columns.length)?.focus();
  };
  return (
    <div className="fg-matrix-scroll" tabIndex={0} role="region" aria-label="Matrix of who talks to whom">
      <table className="fg-matrix" style={{ "--fg-columns": columns.length } as CSSProperties} onKeyDown={move}>
        <caption className="fg-sr">Initiators in rows, targets in columns</caption>
        <thead>
          <tr>
            <td className="fg-matrix-corner">
              <span>initiator ↓ target →</span>
            </td>
            {columns.map((place) => (
              <th key={place.id} scope="col">
                <Name place={place} query={query} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((from, row) => (
            <tr key={from.id}>
              <th scope="row">
                <Name place={from} query={query} />
              </th>
              {columns.map((to, column) => {
                const edge = cells.get(`${from.id}>${to.id}`);
                if (!edge) return <td key={to.id} />;
                return (
                  <td key={to.id}>
                    <button
                      type="button"
                      className="fg-cell-edge"
                      data-at={`${row},${column}`}
                      tabIndex={row === 0 || cells.size < 40 ? 0 : -1}
                      title={`${edgeWords(edge, count)}\nClick: its records. Alt-click: exclude`}
                      aria-label={edgeWords(edge, count)}
                      onClick={(event) => applyEdge(edge, query, range, { exclude: event.altKey })}
                    >
                      <Half edge={edge} verdict="accepted" most={most} count={count} />
                      <Half edge={edge} verdict="rejected" most={most} count={count} />
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const STEPS: Readonly<Record<string, readonly [number, number] | undefined>> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

/** The next cell in a direction that has something in it. */
function nextCell(
  table: HTMLElement,
  row: number,
  column: number,
  [down, right]: readonly [number, number],
  rows: number,
  columns: number,
): HTMLElement | null {
  for (let step = 1; step < Math.max(rows, columns); step++) {
    const at = `${row + down * step},${column + right * step}`;
    const cell = table.querySelector<HTMLElement>(`[data-at="${at}"]`);
    if (cell) return cell;
  }
  // None in line: the nearest of the next row or column.
  const all = [...table.querySelectorAll<HTMLElement>("[data-at]")];
  const beyond = all.filter((cell) => {
    const [r = 0, c = 0] = (cell.dataset.at ?? "").split(",").map(Number);
    return (r - row) * down > 0 || (c - column) * right > 0;
  });
  return (down + right > 0 ? beyond[0] : beyond.at(-1)) ?? null;
}

interface HalfProps {
  edge: Edge;
  verdict: "accepted" | "rejected";
  most: number;
  count: Count;
}

/** One verdict of a cell: the stronger, the fuller. Its number stands in it. */
function Half({ edge, verdict, most, count }: HalfProps) {
  const { value, records } = edge[verdict];
  if (records === 0 && value === 0) return null;
  const part = Math.log1p(value) / Math.log1p(Math.max(1, most));
  const strong = 10 + Math.round(part * 38);
  return (
    <span
      className={`fg-half fg-half-${verdict}`}
      style={{ background: `color-mix(in srgb, var(--fg-${verdict}) ${strong}%, var(--fg-surface))` }}
    >
      {verdict === "rejected" && "✕ "}
      {measured(value, count)}
    </span>
  );
}

function Name({ place, query }: { place: Place; query: string }) {
  return (
    <button
      type="button"
      className={`fg-matrix-name fg-matrix-${place.kind}`}
      title={`${place.label}${place.note ? `, ${place.note}` : ""}\nClick: only this. Alt-click: exclude`}
      onClick={(event) => applyPlace(place, query, event.altKey)}
    >
      {place.label}
    </button>
  );
}

/** Rows and columns by weight, the rest last. */
function gridOf(edges: readonly Edge[]) {
  const [rows, columns] = (["from", "to"] as const).map((end) => {
    const sums = new Map<string, { place: Place; sum: number }>();
    for (const edge of edges) {
      const place = edge[end];
      sums.set(place.id, { place, sum: (sums.get(place.id)?.sum ?? 0) + weight(edge) });
    }
    const last = (place: Place) => (place.kind === "rest" ? 1 : 0);
    return [...sums.values()].sort((a, b) => last(a.place) - last(b.place) || b.sum - a.sum).map(({ place }) => place);
  });
  const most = Math.max(0, ...edges.flatMap(({ accepted, rejected }) => [accepted.value, rejected.value]));
  return { rows: rows ?? [], columns: columns ?? [], cells: new Map(edges.map((edge) => [edge.id, edge])), most };
}
