import { useRef } from "react";

import { useAnswer } from "../api/query";
import type { Measure, Meta } from "../api/types";
import { exact, milliseconds, short } from "../format/number";
import { DEFAULT_LAST, type Scope, setRange, upToNow } from "../state/range";
import { useParam } from "../state/url";
import { useFacets } from "./Facets";

interface SummaryProps {
  scope: Scope;
  zone: string;
  meta: Meta | undefined;
  measure: Measure;
}

/** How many records match, how long that took, and what else is to know of the answer. */
export function Summary({ scope, zone, meta, measure }: SummaryProps) {
  const { query, from, to } = scope;
  const { data, isPending } = useAnswer("/api/v1/count", { query, from, to, tz: zone }, { keep: true });
  const facets = useFacets(scope, zone, measure);
  const initiators = facets.data?.facets.find(({ field }) => field === "initiator_ip")?.distinct;
  return (
    <p className="fg-summary" role="status" aria-label="Summary">
      {data ? (
        <span>
          <strong title={exact(data.count)}>{short(data.count)}</strong> {data.count === 1 ? "record" : "records"}
          {initiators !== undefined && (
            <>
              {" "}
              · <strong>{short(initiators)}</strong> {initiators === 1 ? "initiator" : "initiators"}
            </>
          )}
          <span
            className="fg-dim"
            title={`${exact(data.meta.rows_read)} rows read in ${data.meta.files_read} of ${data.meta.files_total} files`}
          >
            {" "}
            · {milliseconds(data.meta.elapsed_ms)}
          </span>
        </span>
      ) : (
        <span className="fg-dim">{isPending && "counting…"}</span>
      )}
      <Linked meta={meta} scope={scope} />
      {meta?.warnings
        .filter((warning) => !warning.includes("skip data"))
        .map((warning) => (
          <span key={warning} className="fg-chip fg-chip-warn" title={warning}>
            {warning}
          </span>
        ))}
    </p>
  );
}

/** Says if the lake has changed since the opened link was made. */
function Linked({ meta, scope }: { meta: Meta | undefined; scope: Scope }) {
  // Only what was in the address when the page opened is a link.
  const opened = useRef(window.location.search);
  const version = useParam("v");
  const made = new URLSearchParams(opened.current).get("v");
  const unchanged = made !== null && made === version;
  if (!meta || !unchanged || Number(made) >= meta.lake_version) return null;
  const last = scope.last ?? DEFAULT_LAST;
  return (
    <span className="fg-chip" title={`The link was made at version ${made}; the lake is now at ${meta.lake_version}`}>
      The lake has changed since this link was made
      {scope.last !== null && (
        <button type="button" className="fg-link" onClick={() => setRange(upToNow(last), last)}>
          Show up to now
        </button>
      )}
    </span>
  );
}
