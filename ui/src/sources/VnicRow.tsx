import { useState } from "react";

import { useAnswer } from "../api/query";
import { CoverageDetails } from "../coverage/CoverageDetails";
import { VnicStrip } from "../coverage/VnicStrip";
import { count, exact, percent, short } from "../format/number";
import { ago, dateTime } from "../format/time";
import { Icon } from "../parts/Icon";
import { PageLink } from "../parts/PageLink";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { term } from "../scope/terms";
import { useZone } from "../state/settings";
import { keyWords } from "./key";
import type { VnicLine } from "./vnics";

interface VnicRowProps {
  line: VnicLine;
  from: string;
  to: string;
  hours: string;
}

/** A vNIC; opened, its coverage in full. */
export function VnicRow({ line, from, to, hours }: VnicRowProps) {
  const zone = useZone();
  const [open, setOpen] = useState(false);
  const { state, life } = line;
  const last = state?.last_window ?? life?.last ?? null;
  const unreadable = (state?.quarantined ?? 0) + (state?.partial ?? 0);
  const place = [state?.zone, state?.subnet_id && `subnet ${state.subnet_id}`].filter(Boolean).join(" · ");
  return (
    <>
      <tr className={open ? "fg-open" : ""}>
        <th scope="row">
          <button
            type="button"
            className="fg-vnic-toggle"
            aria-expanded={open}
            onClick={() => setOpen((was) => !was)}
            title={place}
          >
            <Icon name={open ? "down" : "right"} size={12} />
            {line.name !== null && <strong>{line.name}</strong>}
            <code>{line.id ?? "no vNIC named"}</code>
          </button>
          <VnicStrip from={from} to={to} life={life} pieces={line.pieces} />
        </th>
        <td title={last === null ? undefined : dateTime(last, zone)}>
          {last === null ? "–" : ago(last)}
          {line.silentSince !== null && (
            <span className="fg-mark-silent">silent since {dateTime(line.silentSince, zone).slice(0, 16)}</span>
          )}
        </td>
        <td className="fg-number">{line.fraction === null ? "–" : percent(line.fraction)}</td>
        <Mark value={state?.missing_numbers ?? 0} className="fg-mark-gap" />
        <Mark value={state?.lossy ?? 0} className="fg-mark-lossy" />
        <Mark value={unreadable} className="fg-mark-gap fg-wide" />
        <td className="fg-number fg-wide" title={state ? `${exact(state.empty)} of them without a record` : undefined}>
          {short(state?.objects ?? 0)}
        </td>
        <td className="fg-number fg-wide" title={exact(state?.records ?? 0)}>
          {short(state?.records ?? 0)}
        </td>
      </tr>
      {open && (
        <tr className="fg-vnic-open">
          <td colSpan={8}>
            <Opened line={line} from={from} to={to} hours={hours} place={place} />
          </td>
        </tr>
      )}
    </>
  );
}

/** A number that should be none. */
function Mark({ value, className }: { value: number; className: string }) {
  return (
    <td className={`fg-number ${value > 0 ? className : className.includes("fg-wide") ? "fg-dim fg-wide" : "fg-dim"}`}>
      {value > 0 ? exact(value) : "0"}
    </td>
  );
}

function Opened({ line, from, to, hours, place }: VnicRowProps & { place: string }) {
  const query = term("vnic_id", line.id);
  const coverage = useAnswer("/api/v1/coverage", { query, from, to }, { keep: true });
  return (
    <div className="fg-vnic-details">
      <p>
        {place && <>{place} · </>}
        {line.state?.instance_id && <>instance {line.state.instance_id} · </>}
        <PageLink page="/explore" patch={{ q: query, last: `${hours}h` }}>
          Search its records
        </PageLink>
      </p>
      {coverage.error && <ProblemBox error={coverage.error} onRetry={() => void coverage.refetch()} />}
      {coverage.isPending && <Waiting what="its coverage" />}
      {coverage.data && <CoverageDetails coverage={coverage.data.coverage} from={from} to={to} brief />}
      {line.state && line.state.missing_numbers > 0 && (
        <section className="fg-pieces">
          <h3>{count(line.state.missing_numbers, "sequence number")} without an object</h3>
          <p className="fg-dim">The provider numbers the objects of an hour; these hours have holes:</p>
          <ul>
            {line.state.missing_in.map((folder) => (
              <li key={folder}>
                <code title={folder}>{keyWords(`${folder}/`).place}</code>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}
