import { Suspense, lazy, useState } from "react";

import type { Coverage } from "../api/types";
import { missingWords } from "../coverage/kinds";
import { count, percent } from "../format/number";
import { length, rangeWords } from "../format/time";
import { useZone } from "../state/settings";

interface CoverageStripProps {
  coverage: Coverage;
  /** The range of the chart below, which the strip is aligned with. */
  from: string;
  to: string;
}

const KINDS: Readonly<Record<string, string>> = {
  missing: "no object",
  quarantined: "object unreadable",
  not_read: "not read yet",
  before_retention: "before retention",
  silent: "vNIC silent",
};

/** A gap's kind in words. */
export function gapWords(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** What part of the asked time objects cover: a strip above the chart with missing and lossy stretches. */
export function CoverageStrip({ coverage, from, to }: CoverageStripProps) {
  const zone = useZone();
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const place = (piece: { from: string; to: string }) => {
    const left = Math.max(0, (Date.parse(piece.from) - start) / (end - start));
    const right = Math.min(1, (Date.parse(piece.to) - start) / (end - start));
    return { left: `${left * 100}%`, width: `max(3px, ${Math.max(0, right - left) * 100}%)` };
  };
  const inside = (piece: { from: string; to: string }) => Date.parse(piece.to) > start && Date.parse(piece.from) < end;
  const held = coverage.held_from !== null && coverage.held_to !== null;
  const range = { from: coverage.range.from ?? from, to: coverage.range.to ?? to };
  return (
    <div className="fg-coverage">
      <div className="fg-coverage-strip" aria-hidden="true">
        {held && inside(range) && <span className="fg-coverage-held" style={place(range)} />}
        {coverage.gaps.filter(inside).map((gap, index) => (
          <span
            key={index}
            className="fg-coverage-gap"
            style={place(gap)}
            title={`${gapWords(gap.kind)}: ${rangeWords(gap.from, gap.to, zone)}, ${gap.vnic_id ?? "unknown vNIC"} ${gap.record_type ?? ""}`}
          />
        ))}
        {coverage.lossy.filter(inside).map((window, index) => (
          <span
            key={index}
            className="fg-coverage-lossy"
            style={place(window)}
            title={`lossy window, counts are lower bounds: ${rangeWords(window.from, window.to, zone)}`}
          />
        ))}
      </div>
    </div>
  );
}

const CoverageDialog = lazy(() => import("../coverage/CoverageDialog"));

/** The same in words: `99.9 % covered, of 2 vNICs · 1 gap · 1 lossy window`. A click opens the details. */
export function CoverageWords({ coverage, from, to }: CoverageStripProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        className="fg-coverage-words"
        aria-haspopup="dialog"
        title="What is missing, and why"
        onClick={() => setOpen(true)}
      >
        <strong>{coverage.fraction === null ? "Nothing held" : percent(coverage.fraction)}</strong>
        {coverage.fraction !== null && ` covered, of ${count(coverage.vnic_count, "vNIC")}`}
        {missingWords(coverage).map((words) => (
          <span key={words} className="fg-mark-gap">
            {" "}
            · {words}
          </span>
        ))}
        {coverage.lossy_windows > 0 && (
          <span className="fg-mark-lossy">
            {" "}
            · {count(coverage.lossy_windows, "lossy window")} ({length(coverage.lossy_seconds * 1000)})
          </span>
        )}
      </button>
      {open && (
        <Suspense>
          <CoverageDialog coverage={coverage} from={from} to={to} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
