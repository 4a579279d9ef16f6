import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";

import type { Coverage, HistogramAnswer } from "../api/types";
import { dayMinute, length, minute, rangeWords } from "../format/time";
import { Icon } from "../parts/Icon";
import { CoverageStrip, CoverageWords } from "../scope/CoverageStrip";
import { mirrored } from "../scope/Timeline";
import { type Range, instant } from "../state/range";
import { askAbout, setWindow } from "./question";

interface TimeBrushProps {
  answer: HistogramAnswer;
  /** The range of the page. */
  range: Range;
  /** The shown part of it; none for all. */
  window: Range | null;
  zone: string;
  /** What of the range is covered. */
  coverage: Coverage | undefined;
}

const HEIGHT = 44;
/** Milliseconds between two steps of what plays. */
const BEAT = 1100;
/** Part of the range that a window has when it begins to play. */
const PART = 12;

/** A small time line with a window on it: drag to choose, drag the window or use its handles' arrow keys to move it. */
export function TimeBrush({ answer, range, window: shown, zone, coverage }: TimeBrushProps) {
  const [start, end] = [Date.parse(range.from), Date.parse(range.to)];
  const step = answer.bucket_seconds * 1000;
  const [drawn, setDrawn] = useState<[number, number] | null>(null);
  const [playing, setPlaying] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const held = useRef<{ mode: "new" | "move" | "from" | "to"; at: number; from: number; to: number } | null>(null);
  const current: [number, number] = drawn ?? (shown ? [Date.parse(shown.from), Date.parse(shown.to)] : [start, end]);
  const whole = current[0] <= start && current[1] >= end;

  const set = (from: number, to: number) => {
    const [first, last] = [Math.max(start, Math.min(from, to)), Math.min(end, Math.max(from, to))];
    setWindow(first <= start && last >= end ? null : { from: instant(snap(first)), to: instant(Math.max(snap(last), snap(first) + 1000)) });
  };
  const timeAt = (event: PointerEvent) => {
    const box = place.current?.getBoundingClientRect();
    const part = box && box.width > 0 ? (event.clientX - box.left) / box.width : 0;
    return start + Math.min(1, Math.max(0, part)) * (end - start);
  };
  const hold = (event: PointerEvent) => {
    const at = timeAt(event);
    const handle = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-hold]")?.dataset.hold : undefined;
    const mode = handle === "from" || handle === "to" ? handle : handle === "move" && !whole ? "move" : "new";
    held.current = { mode, at, from: current[0], to: current[1] };
    place.current?.setPointerCapture(event.pointerId);
    setPlaying(false);
  };
  const drag = (event: PointerEvent) => {
    const was = held.current;
    if (!was) return;
    const at = timeAt(event);
    if (was.mode === "new") setDrawn([Math.min(was.at, at), Math.max(was.at, at)]);
    else if (was.mode === "move") setDrawn(moved([was.from, was.to], at - was.at, start, end));
    else if (was.mode === "from") setDrawn([Math.min(at, was.to - step), was.to]);
    else setDrawn([was.from, Math.max(at, was.from + step)]);
  };
  const drop = () => {
    // A click without a drag is no window.
    if (drawn && drawn[1] - drawn[0] > (end - start) / 400) set(...drawn);
    held.current = null;
    setDrawn(null);
  };
  const press = (which: "from" | "to" | "move") => (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? step : event.key === "ArrowLeft" ? -step : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const [from, to] = current;
    if (which === "move") set(...moved([from, to], by, start, end));
    else if (which === "from") set(Math.min(Math.max(start, from + by), to - step), to);
    else set(from, Math.max(Math.min(end, to + by), from + step));
  };

  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => {
      const size = whole ? Math.max(step, (end - start) / PART) : current[1] - current[0];
      const from = whole ? start : current[1];
      if (from >= end) setPlaying(false);
      else set(from, Math.min(end, from + size));
    }, whole ? 0 : BEAT);
    return () => clearTimeout(timer);
  });

  const [left, right] = current.map((at) => (100 * (at - start)) / (end - start)) as [number, number];
  const words = rangeWords(instant(current[0]), instant(current[1]), zone);
  const slider = (which: "from" | "to") => {
    const at = current[which === "from" ? 0 : 1];
    return (
      <span
        className={`fg-brush-handle fg-brush-${which}`}
        data-hold={which}
        role="slider"
        tabIndex={0}
        aria-label={which === "from" ? "Start of the shown time" : "End of the shown time"}
        aria-valuemin={0}
        aria-valuemax={Math.round((end - start) / 1000)}
        aria-valuenow={Math.round((at - start) / 1000)}
        aria-valuetext={dayMinute(at, zone)}
        onKeyDown={press(which)}
      />
    );
  };
  return (
    <div className="fg-brush">
      <button
        type="button"
        className="fg-tool"
        aria-pressed={playing}
        onClick={() => setPlaying((was) => !was)}
        title={playing ? "Stop" : "Play the range, a piece at a time"}
        aria-label={playing ? "Stop" : "Play the range"}
      >
        <Icon name={playing ? "pause" : "play"} />
      </button>
      <div
        className="fg-brush-line"
        ref={place}
        onPointerDown={hold}
        onPointerMove={drag}
        onPointerUp={drop}
        onPointerCancel={drop}
        onDoubleClick={() => setWindow(null)}
      >
        <Bars answer={answer} />
        {coverage && (
          <div className="fg-brush-coverage">
            <CoverageStrip coverage={coverage} from={range.from} to={range.to} />
          </div>
        )}
        <span className="fg-brush-out" style={{ left: 0, width: `${left}%` }} />
        <span className="fg-brush-out" style={{ left: `${right}%`, width: `${100 - right}%` }} />
        <div
          className={whole ? "fg-brush-window fg-brush-whole" : "fg-brush-window"}
          data-hold="move"
          style={{ left: `${left}%`, width: `${right - left}%` }}
        >
          {slider("from")}
          {slider("to")}
        </div>
        <span className="fg-brush-time fg-brush-start">{long(start, end) ? dayMinute(start, zone) : minute(start, zone)}</span>
        <span className="fg-brush-time fg-brush-end">{long(start, end) ? dayMinute(end, zone) : minute(end, zone)}</span>
      </div>
      <div className="fg-brush-says">
        {coverage && <CoverageWords coverage={coverage} from={range.from} to={range.to} />}
        {whole ? (
          <span className="fg-dim">Whole range. Drag to look at a part</span>
        ) : (
          <span>
            <strong>{words}</strong> <span className="fg-dim">{length(current[1] - current[0])}</span>{" "}
            <button type="button" className="fg-link" onClick={() => askAbout({ from: instant(snap(current[0])), to: instant(snap(current[1])) })}>
              Zoom in
            </button>{" "}
            <button type="button" className="fg-link" onClick={() => setWindow(null)}>
              Whole range
            </button>
          </span>
        )}
      </div>
    </div>
  );
}

/** A window moved by so much, kept within the range. */
export function moved([from, to]: [number, number], by: number, start: number, end: number): [number, number] {
  const kept = Math.max(start - from, Math.min(end - to, by));
  return [from + kept, to + kept];
}

function snap(at: number): number {
  return Math.round(at / 1000) * 1000;
}

function long(start: number, end: number): boolean {
  return end - start > 20 * 36e5;
}

/** Accepted above the line, rejected below. */
function Bars({ answer }: { answer: HistogramAnswer }) {
  const [, accepted, rejected] = useMemo(() => mirrored(answer), [answer]);
  const [up, down] = [Math.max(0, ...accepted), Math.max(0, ...rejected.map(Math.abs))];
  const line = up + down === 0 ? HEIGHT / 2 : (HEIGHT * up) / (up + down);
  const scale = up + down === 0 ? 0 : HEIGHT / (up + down);
  const width = 1000 / Math.max(1, accepted.length);
  return (
    <svg viewBox={`0 0 1000 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {accepted.map((value, index) => {
        const below = Math.abs(rejected[index] ?? 0);
        const x = index * width;
        return (
          <g key={index}>
            <rect className="fg-brush-accepted" x={x} y={line - value * scale} width={width * 0.84} height={value * scale} />
            <rect className="fg-brush-rejected" x={x} y={line} width={width * 0.84} height={below * scale} />
          </g>
        );
      })}
    </svg>
  );
}
