import { useCallback, useMemo } from "react";
import uPlot from "uplot";

import type { HistogramAnswer } from "../api/types";
import { bytes, exact, percent, short } from "../format/number";
import { dayMinute, minute, rangeWords } from "../format/time";
import { Plot, colour } from "../parts/Plot";
import { type Range, instant } from "../state/range";
import { useZone } from "../state/settings";
import { drawCoverage, makeTooltip } from "./timelinePlot";

interface TimelineProps {
  answer: HistogramAnswer;
  from: string;
  to: string;
  height?: number;
  /** Asked for when a stretch is dragged over. */
  onZoom: (range: Range) => void;
  /** Asked for on double click. */
  onBack: () => void;
}

/** Room for the numbers on the left; the coverage strip leaves the same. */
export const TIMELINE_LEFT = 56;

/** The buckets of accepted and rejected traffic, in the form the chart takes: rejected below the line. */
export function mirrored(answer: HistogramAnswer): [number[], number[], number[]] {
  const buckets = answer.series[0]?.buckets ?? [];
  const sum = (rejected: boolean) =>
    buckets.map((_, index) =>
      answer.series
        .filter(({ key }) => (key === "rejected") === rejected)
        .reduce((total, series) => total + (series.buckets[index]?.value ?? 0), 0),
    );
  return [buckets.map(({ start }) => Date.parse(start) / 1000), sum(false), sum(true).map((value) => -value)];
}

/** Accepted above the line, rejected below it. */
export function Timeline({ answer, from, to, height = 132, onZoom, onBack }: TimelineProps) {
  const zone = useZone();
  const data = useMemo(() => mirrored(answer), [answer]);
  const inBytes = answer.meta.measure.name === "bytes";
  const options = useCallback((): Omit<uPlot.Options, "width" | "height"> => {
    const [start, end] = [Date.parse(from) / 1000, Date.parse(to) / 1000];
    const number = (value: number) => (inBytes ? bytes(Math.abs(value)) : short(Math.abs(value)));
    const bars = uPlot.paths.bars?.({ size: [0.86, Infinity], align: 1, gap: 1 });
    const axis = {
      stroke: colour("--fg-text-dim"),
      font: "11px IBM Plex Sans",
      grid: { stroke: colour("--fg-line"), width: 1 },
      ticks: { show: false },
    };
    const long = end - start > 86_400 * 1.5;
    let tell: ReturnType<typeof makeTooltip> | undefined;
    const about = (index: number) => {
      const bucket = answer.series[0]?.buckets[index];
      const at = data[0][index];
      if (!bucket || at === undefined) return null;
      const amount = (value: number) => (inBytes ? `${bytes(value)} (${exact(value)} bytes)` : exact(value));
      const ends = Math.min((at + answer.bucket_seconds) * 1000, end * 1000);
      const covered = bucket.coverage === null ? "nothing held" : `${percent(bucket.coverage)} covered`;
      return [
        rangeWords(bucket.start, instant(ends), zone),
        `accepted ${amount(data[1][index] ?? 0)}`,
        `rejected ${amount(Math.abs(data[2][index] ?? 0))}`,
        covered,
      ];
    };
    const series = (name: string) => ({
      fill: colour(name),
      stroke: colour(name),
      width: 0,
      points: { show: false },
      ...(bars ? { paths: bars } : {}),
    });
    return {
      legend: { show: false },
      padding: [4, 8, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      scales: {
        x: { time: true, range: () => [start, end] },
        y: { range: (_, least, most) => [Math.min(least, 0) * 1.05, Math.max(most, 1) * 1.05] },
      },
      axes: [
        {
          ...axis,
          size: 24,
          gap: 2,
          values: (_, splits) => splits.map((at) => (long ? dayMinute(at * 1000, zone) : minute(at * 1000, zone))),
          space: long ? 90 : 64,
        },
        { ...axis, size: TIMELINE_LEFT, space: 26, values: (_, splits) => splits.map(number) },
      ],
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
      series: [{}, series("--fg-accepted"), series("--fg-rejected")],
      hooks: {
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            const zoomed = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")].map((at) => Math.round(at));
            plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            const [first = start, last = end] = zoomed;
            onZoom({ from: instant(first * 1000), to: instant(Math.max(last, first + 1) * 1000) });
          },
        ],
        ready: [
          (plot) => {
            plot.over.addEventListener("dblclick", onBack);
            tell = makeTooltip(plot);
          },
        ],
        setCursor: [({ cursor }) => tell?.(cursor.idx === null || cursor.idx === undefined ? null : about(cursor.idx))],
        drawClear: [(plot) => drawCoverage(plot, answer.meta.coverage)],
      },
    };
  }, [answer, data, from, to, zone, inBytes, onZoom, onBack]);
  const [accepted, rejected] = [data[1], data[2]].map((values) => values.reduce((a, b) => a + Math.abs(b), 0));
  return (
    <Plot
      options={options}
      data={data}
      height={height}
      label={`${answer.meta.measure.words} over time: ${accepted} accepted, ${rejected} rejected, in ${data[0].length} steps`}
    />
  );
}
