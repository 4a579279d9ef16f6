import { useCallback } from "react";

import { useAnswer } from "../api/query";
import type { HistogramAnswer, Measure } from "../api/types";
import { bytes, exact, short } from "../format/number";
import { length } from "../format/time";
import { Action } from "../parts/Action";
import { applyTerm } from "../parts/FilterValue";
import { Icon } from "../parts/Icon";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { type Range, type Scope, setRange, widened } from "../state/range";
import { go, useParam } from "../state/url";
import { CoverageStrip, CoverageWords } from "./CoverageStrip";
import { Timeline } from "./Timeline";

const MEASURES: readonly { measure: Measure; words: string }[] = [
  { measure: "attempts", words: "Attempts" },
  { measure: "records", words: "Records" },
  { measure: "connections", words: "Connections" },
  { measure: "bytes", words: "Bytes" },
  { measure: "packets", words: "Packets" },
];

/** The measure in the address; attempts unless told, because rejected traffic is charted. */
export function useMeasure(): Measure {
  const given = useParam("measure");
  return MEASURES.find(({ measure }) => measure === given)?.measure ?? "attempts";
}

/** The chart's answer, as every part of the page that needs it asks for it. */
export function useTimeline({ query, from, to }: Scope, zone: string) {
  const measure = useMeasure();
  return useAnswer("/api/v1/histogram", { query, from, to, tz: zone, split: "action", measure }, { keep: true });
}

interface TimelineCardProps {
  scope: Scope;
  zone: string;
}

/** Accepted and rejected over time with their coverage: drag to zoom, double click to go back. */
export function TimelineCard({ scope, zone }: TimelineCardProps) {
  const chart = useTimeline(scope, zone);
  const zoom = useCallback((range: Range) => setRange(range), []);
  const back = useCallback(() => window.history.back(), []);
  // Said once, where the records would be.
  if (chart.error?.isQuestion) return null;
  return (
    <section className="fg-card fg-timeline" aria-label="Timeline">
      {chart.error && <ProblemBox error={chart.error} onRetry={() => void chart.refetch()} />}
      {chart.isPending && <Waiting what="the timeline" />}
      {chart.data && (
        <div className={chart.isPlaceholderData ? "fg-stale" : ""}>
          <div className="fg-timeline-top">
            <MeasureChoice answer={chart.data} />
            <Legend answer={chart.data} />
            <span className="fg-dim fg-timeline-step">per {length(chart.data.bucket_seconds * 1000)}</span>
            <span className="fg-timeline-tools">
              <CoverageWords coverage={chart.data.meta.coverage} from={scope.from} to={scope.to} />
              <button
                type="button"
                className="fg-tool"
                onClick={() => setRange(widened(scope))}
                title="Twice the range (-)"
                aria-label="Zoom out"
              >
                <Icon name="zoomOut" />
              </button>
            </span>
          </div>
          <CoverageStrip coverage={chart.data.meta.coverage} from={scope.from} to={scope.to} />
          <Timeline answer={chart.data} from={scope.from} to={scope.to} onZoom={zoom} onBack={back} />
        </div>
      )}
    </section>
  );
}

function MeasureChoice({ answer }: { answer: HistogramAnswer }) {
  const { name, words } = answer.meta.measure;
  return (
    <label className="fg-measure" title={`Counted: ${words}`}>
      <span className="fg-sr">What is counted</span>
      <select
        className="fg-select"
        value={name}
        onChange={(event) => go({ measure: event.target.value }, { replace: true })}
      >
        {MEASURES.map(({ measure, words: label }) => (
          <option key={measure} value={measure}>
            {label}
          </option>
        ))}
        {name === "all_records" && <option value={name}>All records</option>}
      </select>
    </label>
  );
}

/** Sums of what is charted; each a filter. */
function Legend({ answer }: { answer: HistogramAnswer }) {
  const inBytes = answer.meta.measure.name === "bytes";
  const lossy = answer.meta.coverage.lossy_windows > 0;
  const total = (rejected: boolean) =>
    answer.series.filter(({ key }) => (key === "rejected") === rejected).reduce((sum, one) => sum + one.total, 0);
  return (
    <>
      {["accepted", "rejected"].map((action) => {
        const value = total(action === "rejected");
        return (
          <button
            key={action}
            type="button"
            className="fg-legend"
            data-term={`action:===${action}`}
            title={`${exact(value)} ${answer.meta.measure.words}${lossy ? "; a lower bound: some windows are lossy" : ""}\nClick: only ${action}. Alt-click: exclude`}
            onClick={(event) => applyTerm(`action:===${action}`, event.altKey)}
          >
            <Action action={action} />{" "}
            <strong>
              {lossy && value > 0 && "≥ "}
              {inBytes ? bytes(value) : short(value)}
            </strong>
          </button>
        );
      })}
    </>
  );
}
