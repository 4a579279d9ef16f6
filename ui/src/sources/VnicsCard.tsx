import { useMemo, useState } from "react";

import { useAnswer } from "../api/query";
import type { Coverage } from "../api/types";
import { KINDS, missingWords, piecesOf } from "../coverage/kinds";
import { StripLegend } from "../coverage/VnicStrip";
import { count, percent } from "../format/number";
import { dayMinute } from "../format/time";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { useParamState } from "../state/url";
import { useZone } from "../state/settings";
import { VnicRow } from "./VnicRow";
import { type VnicLine, linesOf } from "./vnics";

const SPANS = [
  { hours: "6", words: "6 h" },
  { hours: "24", words: "24 h" },
  { hours: "168", words: "7 d" },
  { hours: "720", words: "30 d" },
] as const;

/** How many are shown before one asks for all. */
const FIRST = 50;

/** Every vNIC: its time in a range, its last window, what is missing between its objects. */
export function VnicsCard({ every }: { every: number | undefined }) {
  const zone = useZone();
  const [chosen, setHours] = useParamState("hours", "24");
  const hours = SPANS.find((span) => span.hours === chosen)?.hours ?? "24";
  const [filter, setFilter] = useState("");
  const [all, setAll] = useState(false);
  const live = every === undefined ? {} : { every };
  const vnics = useAnswer("/api/v1/vnics", { hours: Number(hours) }, { keep: true, ...live });
  const coverage = useAnswer("/api/v1/coverage", { last: `${hours}h` }, { keep: true, ...live });
  const lines = useMemo(
    () => (vnics.data && coverage.data ? linesOf(vnics.data.vnics, coverage.data.coverage) : []),
    [vnics.data, coverage.data],
  );
  const wanted = lines.filter((line) => fits(line, filter));
  const error = vnics.error ?? coverage.error;
  const whole = coverage.data?.coverage;
  const kinds = whole ? KINDS.filter(({ id }) => piecesOf(whole).some(({ kind }) => kind === id)) : [];

  return (
    <section className="fg-card fg-section" aria-labelledby="vnics-title">
      <header className="fg-section-head">
        <h2 id="vnics-title">vNICs</h2>
        {whole && <span className="fg-dim">{wholeWords(whole)}</span>}
        <div className="fg-section-tools">
          {lines.length > 8 && (
            <input
              className="fg-input"
              type="search"
              placeholder="Name or id"
              aria-label="Show vNICs whose name or id holds"
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
            />
          )}
          <div className="fg-choice" role="group" aria-label="Time shown">
            {SPANS.map((span) => (
              <button
                key={span.hours}
                type="button"
                className="fg-tool"
                aria-pressed={span.hours === hours}
                onClick={() => setHours(span.hours)}
              >
                {span.words}
              </button>
            ))}
          </div>
        </div>
      </header>
      {error && <ProblemBox error={error} onRetry={() => void Promise.all([vnics.refetch(), coverage.refetch()])} />}
      {!error && (!vnics.data || !coverage.data) && <Waiting what="the vNICs" />}
      {vnics.data && coverage.data && lines.length === 0 && (
        <p className="fg-dim">No vNIC wrote anything into this lake yet.</p>
      )}
      {vnics.data && lines.length > 0 && (
        <>
          <table className="fg-vnics">
            <thead>
              <tr>
                <th scope="col">
                  vNIC
                  <span className="fg-strip-axis" aria-hidden="true">
                    <span>{dayMinute(vnics.data.from, zone)}</span>
                    <span>{dayMinute(vnics.data.to, zone)}</span>
                  </span>
                </th>
                <th scope="col">Last window</th>
                <th scope="col" className="fg-number">
                  Covered
                </th>
                <th scope="col" className="fg-number" title="Sequence numbers without an object">
                  Missing numbers
                </th>
                <th scope="col" className="fg-number" title="Windows the provider marked “skip data”: counts are lower bounds">
                  Lossy
                </th>
                <th scope="col" className="fg-number fg-wide" title="Objects that could not be read, or not in whole">
                  Unreadable
                </th>
                <th scope="col" className="fg-number fg-wide">
                  Objects
                </th>
                <th scope="col" className="fg-number fg-wide">
                  Records
                </th>
              </tr>
            </thead>
            <tbody>
              {wanted.slice(0, all ? undefined : FIRST).map((line) => (
                <VnicRow key={line.id ?? ""} line={line} from={vnics.data.from} to={vnics.data.to} hours={hours} />
              ))}
            </tbody>
          </table>
          {wanted.length === 0 && <p className="fg-dim">No vNIC&apos;s name or id holds “{filter}”.</p>}
          <footer className="fg-section-foot">
            <StripLegend kinds={kinds.map(({ id }) => id)} />
            {wanted.length > FIRST && !all && (
              <button type="button" className="fg-link" onClick={() => setAll(true)}>
                Show all {wanted.length}
              </button>
            )}
            {vnics.data.vnic_count > vnics.data.vnics.length && (
              <span className="fg-dim">
                The {vnics.data.vnics.length} with the newest windows, of {vnics.data.vnic_count}
              </span>
            )}
          </footer>
        </>
      )}
    </section>
  );
}

function fits(line: VnicLine, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  return [line.id, line.name, line.state?.subnet_id, line.state?.instance_id].some(
    (text) => wanted === "" || (text?.toLowerCase().includes(wanted) ?? false),
  );
}

function wholeWords(coverage: Coverage): string {
  const parts = [
    coverage.fraction === null ? "nothing held in this time" : `${percent(coverage.fraction)} covered`,
    ...(coverage.gap_count > 0 ? missingWords(coverage) : ["no gaps"]),
  ];
  if (coverage.lossy_windows > 0) parts.push(count(coverage.lossy_windows, "lossy window"));
  return parts.join(", ");
}
