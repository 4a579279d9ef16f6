import { useCallback, useMemo, useState } from "react";
import uPlot from "uplot";

import { useAnswer } from "../api/query";
import type { Coverage } from "../api/types";
import { dateTime, dayMinute, minute } from "../format/time";
import { Plot, colour } from "../parts/Plot";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { CoverageStrip } from "../scope/CoverageStrip";
import { instant, setRange } from "../state/range";
import { aggregateTitle, exactValue, formatValue, isCount, unitOf } from "./aggregates";
import { SERIES, type ShapeProps, groupWords, seriesColour } from "./props";
import { isBucket, shownAggregate } from "./question";
import { type Line, bucketWidth, linesOf } from "./series";
import { applyGroup, queryOfGroups } from "./terms";
import { type Groups, paramsOf } from "./useGroups";

const LEFT = 56;
/** More buckets times lines than any range asks for. */
const MOST = 10_000;

/** The greatest groups over time, the period before dashed. Dragging over a stretch asks for it. */
export function Lines(props: ShapeProps) {
  const { data, question, fields, zone, scope } = props;
  const { aggregate } = shownAggregate(question);
  const by = useMemo(() => question.by.filter((key) => !isBucket(key)), [question.by]);
  const groups = useMemo(() => {
    const kept = question.by.map((key) => !isBucket(key));
    const seen = new Set<string>();
    return data.rows
      .map((row) => ({ ...row, keys: row.keys.filter((_, index) => kept[index]) }))
      .filter(({ keys }) => !seen.has(JSON.stringify(keys)) && seen.add(JSON.stringify(keys)))
      .slice(0, SERIES);
  }, [data, question.by]);
  const width = bucketWidth(scope.from, scope.to);
  const query = queryOfGroups(scope.query, by, groups, fields);
  const times = useAnswer("/api/v1/histogram", { query: scope.query, from: scope.from, to: scope.to, tz: zone, by: width }, { keep: true });
  const answer = useAnswer(
    "/api/v1/group",
    {
      ...paramsOf({ ...scope, query }, zone, { ...question, by: [`time:${width}`, ...by], aggregates: [aggregate], order: "keys" }),
      limit: MOST,
    },
    { keep: true },
  );
  const instants = useMemo(() => times.data?.series[0]?.buckets.map(({ start }) => start) ?? [], [times.data]);
  const lines = useMemo(
    () => (answer.data ? linesOf(answer.data as Groups, groups, instants, isCount(aggregate)) : []),
    [answer.data, groups, instants, aggregate],
  );
  const error = answer.error ?? times.error;
  if (error) return <ProblemBox error={error} onRetry={() => void answer.refetch()} />;
  if (!answer.data || !times.data) return <Waiting what="the lines" />;
  return (
    <div className="fg-group-scroll fg-lines-place">
      <Chart {...props} by={by} lines={lines} instants={instants} coverage={times.data.meta.coverage} />
      {data.rows.length > groups.length && question.by.length === by.length && (
        <p className="fg-dim fg-bars-more">The {groups.length} greatest groups are drawn; the table lists all.</p>
      )}
      <p className="fg-dim fg-bars-more">
        Each point is {aggregateTitle(aggregate).toLowerCase()} of {width}.{answer.data.compared && " Dashed: the period before."}
      </p>
    </div>
  );
}

interface ChartProps extends ShapeProps {
  by: readonly string[];
  lines: readonly Line[];
  instants: readonly string[];
  coverage: Coverage;
}

function Chart(props: ChartProps) {
  const { by, lines, instants, coverage, question, fields, zone, scope } = props;
  const { aggregate } = shownAggregate(question);
  const unit = unitOf(aggregate, fields);
  const [at, setAt] = useState<number | null>(null);
  const data = useMemo(
    (): uPlot.AlignedData => [
      instants.map((one) => Date.parse(one) / 1000),
      ...lines.map(({ values }) => values),
      ...lines.flatMap(({ before }) => (before ? [before] : [])),
    ],
    [instants, lines],
  );
  const colours = lines.map(({ keys }, place) => seriesColour(by, keys, place)).join();
  const compared = lines.filter(({ before }) => before).length;
  const { from, to } = scope;
  const options = useCallback((): Omit<uPlot.Options, "width" | "height"> => {
    const [start, end] = [Date.parse(from) / 1000, Date.parse(to) / 1000];
    const long = end - start > 86_400 * 1.5;
    const axis = {
      stroke: colour("--fg-text-dim"),
      font: "11px IBM Plex Sans",
      grid: { stroke: colour("--fg-line"), width: 1 },
      ticks: { show: false },
    };
    const names = colours.split(",").filter(Boolean);
    const series = (name: string, dash: boolean) => ({
      stroke: colour(name),
      width: dash ? 1.25 : 1.75,
      ...(dash ? { dash: [4, 4] } : {}),
      points: { show: false },
    });
    return {
      legend: { show: false },
      padding: [8, 8, 0, 0],
      cursor: { y: false, drag: { x: true, y: false, setScale: false } },
      scales: {
        x: { time: true, range: () => [start, end] },
        y: { range: (_, least, most) => [Math.min(0, least), most > 0 ? most * 1.05 : 1] },
      },
      axes: [
        {
          ...axis,
          size: 28,
          gap: 7,
          space: long ? 90 : 64,
          values: (_, splits) => splits.map((one) => (long ? dayMinute(one * 1000, zone) : minute(one * 1000, zone))),
        },
        { ...axis, size: LEFT, space: 30, values: (_, splits) => splits.map((one) => formatValue(one, unit, zone)) },
      ],
      tzDate: (one) => uPlot.tzDate(new Date(one * 1000), zone),
      series: [
        {},
        ...names.map((name) => series(name, false)),
        ...names.slice(0, compared).map((name) => series(name, true)),
      ],
      hooks: {
        setCursor: [(plot) => setAt(plot.cursor.idx ?? null)],
        setSelect: [
          (plot) => {
            const { left, width } = plot.select;
            if (width < 4) return;
            const [first, last] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")].map(Math.round);
            plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            if (first !== undefined && last !== undefined) {
              setRange({ from: instant(first * 1000), to: instant(Math.max(last, first + 1) * 1000) });
            }
          },
        ],
      },
    };
  }, [from, to, zone, unit, colours, compared]);
  const time = at === null ? undefined : instants[at];
  return (
    <div className="fg-lines">
      <div>
        <Plot
          // The number of lines is part of the chart's making.
          key={`${lines.length}/${compared}`}
          options={options}
          data={data}
          height={280}
          label={`${aggregateTitle(aggregate)} over time, ${lines.length} lines`}
        />
        <CoverageStrip coverage={coverage} from={scope.from} to={scope.to} />
      </div>
      <div>
        <p className="fg-lines-time fg-dim">{time === undefined ? "Over the whole range" : dateTime(time, zone)}</p>
        <ul className="fg-lines-legend">
          {lines.map((line, place) => {
            const row = { keys: line.keys, values: [] };
            const words = groupWords(line.keys, { ...props, question: { ...question, by } });
            const whole = props.data.rows.find(({ keys }) => JSON.stringify(keys) === JSON.stringify(line.keys));
            const index = question.aggregates.findIndex(({ text }) => text === aggregate.text);
            const value = at === null ? whole?.values[index] : line.values[at];
            const before = at === null ? whole?.previous?.[index] : line.before?.[at];
            return (
              <li key={JSON.stringify(line.keys)}>
                <button
                  type="button"
                  title={`${words}: ${exactValue(value, unit)}\nClick: only this. Alt-click: exclude`}
                  onClick={(event) => applyGroup(by, row, fields, event.altKey)}
                >
                  <span className="fg-swatch" style={{ background: `var(${seriesColour(by, line.keys, place)})` }} />
                  <span className="fg-share-words">{words}</span>
                  <strong>{formatValue(value, unit, zone)}</strong>
                  {line.before && <span className="fg-dim"> before {formatValue(before, unit, zone)}</span>}
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}
