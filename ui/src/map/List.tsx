import type { Range } from "../state/range";
import { exact } from "../format/number";
import { applyEdge, applyPlace } from "./actions";
import type { Edge } from "./fold";
import type { Count } from "./question";
import { edgeWords, exactWords, measured } from "./words";

interface ListProps {
  edges: readonly Edge[];
  count: Count;
  query: string;
  range: Range;
  /** Edges that are listed. */
  most: number;
}

/** Who talks to whom as a table, strongest first: what the graph draws, for those who read. */
export function List({ edges, count, query, range, most }: ListProps) {
  return (
    <div className="fg-map-list" tabIndex={0} role="region" aria-label="List of who talks to whom">
      <table className="fg-group-table">
        <thead>
          <tr>
            <th scope="col">Initiator</th>
            <th scope="col">Target</th>
            <th scope="col" className="fg-number">
              Accepted
            </th>
            <th scope="col" className="fg-number">
              Rejected
            </th>
            <th scope="col">
              <span className="fg-sr">Records</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {edges.slice(0, most).map((edge) => (
            <tr key={edge.id}>
              {[edge.from, edge.to].map((place, index) => (
                <td key={index}>
                  <button
                    type="button"
                    className="fg-value fg-mono"
                    title={`${place.label}${place.note ? `, ${place.note}` : ""}\nClick: only this. Alt-click: exclude`}
                    onClick={(event) => applyPlace(place, query, event.altKey)}
                  >
                    {place.label}
                  </button>
                </td>
              ))}
              {(["accepted", "rejected"] as const).map((verdict) => (
                <td key={verdict} className="fg-number" title={exactWords(edge[verdict].value, count)}>
                  {edge[verdict].records === 0 ? <span className="fg-dim">–</span> : measured(edge[verdict].value, count)}
                </td>
              ))}
              <td>
                <button
                  type="button"
                  className="fg-link"
                  title="Its records in Explore. Alt-click: exclude"
                  aria-label={`Records of ${edgeWords(edge, count)}`}
                  onClick={(event) => applyEdge(edge, query, range, { exclude: event.altKey })}
                >
                  records
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {edges.length > most && (
        <p className="fg-dim fg-bars-more">
          The {exact(most)} strongest of {exact(edges.length)}.
        </p>
      )}
    </div>
  );
}
