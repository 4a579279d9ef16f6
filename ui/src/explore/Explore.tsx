import { useCallback } from "react";

import { useAnswer } from "../api/query";
import { milliseconds, short } from "../format/number";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { CoverageStrip } from "../scope/CoverageStrip";
import { ScopeBar } from "../scope/ScopeBar";
import { Timeline } from "../scope/Timeline";
import { type Range, setRange, useScope } from "../state/range";
import { useZone } from "../state/settings";
import { Records } from "./Records";

/** Search: what matches, when, and every record of it. */
export default function Explore() {
  const scope = useScope();
  const zone = useZone();
  const { query, from, to } = scope;
  const chart = useAnswer("/api/v1/histogram", { query, from, to, tz: zone, split: "action" }, { keep: true });
  const fields = useAnswer("/api/v1/fields", {});
  const zoom = useCallback((range: Range) => setRange(range), []);
  const back = useCallback(() => window.history.back(), []);

  return (
    <div className="fg-explore">
      <h1 className="fg-sr">Explore</h1>
      <ScopeBar />
      <section className="fg-card fg-timeline" aria-label="Timeline">
        {chart.error && <ProblemBox error={chart.error} onRetry={() => void chart.refetch()} />}
        {chart.isPending && <Waiting what="the timeline" />}
        {chart.data && (
          <>
            <p className="fg-measure">
              {chart.data.meta.measure.words} · {short(chart.data.series.reduce((sum, one) => sum + one.total, 0))} ·{" "}
              {milliseconds(chart.data.meta.elapsed_ms)}
            </p>
            <CoverageStrip coverage={chart.data.meta.coverage} from={from} to={to} />
            <Timeline answer={chart.data} from={from} to={to} onZoom={zoom} onBack={back} />
          </>
        )}
      </section>
      <section className="fg-card fg-records" aria-label="Records">
        {fields.data && <Records scope={scope} zone={zone} fields={fields.data.columns} />}
      </section>
    </div>
  );
}
