import type { ExplainAnswer } from "../api/types";
import { Icon } from "../parts/Icon";
import { Menu } from "../parts/Menu";
import { setQuery } from "../state/range";
import { recentQueries } from "./recent";

/** How the query is read: which of `OR` and the space binds tighter is seen here. */
export function QueryReading({ explained }: { explained: ExplainAnswer | null }) {
  return (
    <Menu label={<Icon name="tree" size={14} />} name="How the query is read" align="end" quiet>
      {() => (
        <div className="fg-reading">
          <strong>Read as</strong>
          <pre>
            {explained?.error ? explained.error.message : (explained?.text ?? "everything").trim() || "everything"}
          </pre>
          <p className="fg-dim">
            A space means AND, OR binds tighter than AND, a leading - excludes. Addresses match whole; 10.240. or a CIDR
            match networks.
          </p>
        </div>
      )}
    </Menu>
  );
}

/** Queries asked before, newest first. */
export function QueryHistory() {
  return (
    <Menu label={<Icon name="history" size={14} />} name="Queries asked before" align="end" quiet>
      {(close) => {
        const queries = recentQueries();
        if (queries.length === 0) return <p className="fg-reading fg-dim">No queries yet on this device.</p>;
        return (
          <ul className="fg-menu-list fg-history">
            {queries.map((query) => (
              <li key={query}>
                <button
                  type="button"
                  onClick={() => {
                    setQuery(query);
                    close();
                  }}
                >
                  {query}
                </button>
              </li>
            ))}
          </ul>
        );
      }}
    </Menu>
  );
}
