import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";

import { Icon } from "../parts/Icon";
import { useNarrow } from "../state/narrow";
import type { Range } from "../state/range";
import { applyEdge, applyPlace } from "./actions";
import type { Folded } from "./fold";
import { type Arc, type Spot, TALL, WIDE, laidOut, pathOf } from "./layout";
import type { Count } from "./question";
import { edgeWords, nodeWords, sumsWords } from "./words";

export interface ViewProps {
  map: Folded;
  count: Count;
  query: string;
  range: Range;
}

interface Box {
  x: number;
  y: number;
  /** Times as near as the whole. */
  zoom: number;
}

const WHOLE: Box = { x: 0, y: 0, zoom: 1 };
const KINDS = [
  { kind: "own", words: "with flow logs" },
  { kind: "private", words: "private" },
  { kind: "service", words: "provider service" },
  { kind: "public", words: "internet" },
  { kind: "rest", words: "the weakest, together" },
] as const;

/** Who talks to whom as a graph of few places. Every place can be reached by keyboard; edges stand in the list too. */
export function Graph({ map, count, query, range }: ViewProps) {
  const paper = useNarrow() ? TALL : WIDE;
  const { width, height } = paper;
  const laid = useMemo(() => laidOut(map, paper), [map, paper]);
  const [over, setOver] = useState<{ place?: string; arc?: string } | null>(null);
  const [box, setBox] = useState<Box>(WHOLE);
  const drag = useRef<{ x: number; y: number; box: Box } | null>(null);
  const frame = useRef<SVGSVGElement>(null);
  const zoomed = (by: number) =>
    setBox((was) => {
      const zoom = Math.min(6, Math.max(1, was.zoom * by));
      if (zoom === 1) return WHOLE;
      const grow = (1 / was.zoom - 1 / zoom) / 2;
      return { zoom, x: was.x + width * grow, y: was.y + height * grow };
    });
  const move = (event: PointerEvent) => {
    const start = drag.current;
    if (!start || box.zoom === 1) return;
    const scale = width / (frame.current?.clientWidth ?? width) / box.zoom;
    setBox({ ...box, x: start.box.x - (event.clientX - start.x) * scale, y: start.box.y - (event.clientY - start.y) * scale });
  };
  const near = useMemo(() => neighbours(laid.arcs, over?.place), [laid.arcs, over?.place]);
  const shownArc = laid.arcs.find((arc) => arcId(arc) === over?.arc);
  const shownNode = map.nodes.find(({ place }) => place.id === over?.place);
  const kinds = KINDS.filter(({ kind }) => map.nodes.some(({ place }) => place.kind === kind));
  return (
    <div className="fg-graph">
      <svg
        ref={frame}
        viewBox={`${box.x} ${box.y} ${width / box.zoom} ${height / box.zoom}`}
        role="group"
        aria-label={`Map of ${map.nodes.length} places and ${map.edges.length} connections between them`}
        className={box.zoom > 1 ? "fg-graph-near" : undefined}
        onPointerDown={(event) => {
          drag.current = { x: event.clientX, y: event.clientY, box };
        }}
        onPointerMove={move}
        onPointerUp={() => (drag.current = null)}
        onPointerLeave={() => (drag.current = null)}
      >
        <defs>
          {(["accepted", "rejected"] as const).map((verdict) => (
            <marker
              key={verdict}
              id={`fg-arrow-${verdict}`}
              viewBox="0 0 10 10"
              refX={verdict === "rejected" ? 5 : 8}
              refY="5"
              markerWidth="10"
              markerHeight="10"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path
                className={`fg-arrow-${verdict}`}
                d={verdict === "rejected" ? "M2 2 8 8M8 2 2 8" : "M0 1 9 5 0 9Z"}
              />
            </marker>
          ))}
        </defs>
        <g>
          {laid.arcs.map((arc) => {
            const id = arcId(arc);
            const far = over !== null && over.arc !== id && !(over.place && touches(arc, over.place));
            return (
              <g
                key={id}
                className={`fg-arc fg-arc-${arc.rejected ? "rejected" : "accepted"} ${far ? "fg-far" : ""}`}
                data-edge={arc.edge.id}
                onPointerEnter={() => setOver({ arc: id })}
                onPointerLeave={() => setOver(null)}
                onClick={(event) =>
                  applyEdge(arc.edge, query, range, {
                    exclude: event.altKey,
                    verdict: arc.rejected ? "rejected" : "accepted",
                  })
                }
              >
                <path className="fg-arc-touch" d={pathOf(arc)} />
                <path
                  className="fg-arc-line"
                  d={pathOf(arc)}
                  strokeWidth={arc.width}
                  markerEnd={`url(#fg-arrow-${arc.rejected ? "rejected" : "accepted"})`}
                />
                <title>{edgeWords(arc.edge, count)}</title>
              </g>
            );
          })}
        </g>
        <g>
          {laid.spots.map((spot) => (
            <Place
              key={spot.node.place.id}
              spot={spot}
              count={count}
              beside={paper.label > 0}
              far={over?.place !== undefined && !near.has(spot.node.place.id)}
              onOver={(is) => setOver(is ? { place: spot.node.place.id } : null)}
              onApply={(exclude) => applyPlace(spot.node.place, query, exclude)}
            />
          ))}
        </g>
      </svg>
      <div className="fg-graph-tools">
        <button type="button" className="fg-tool" onClick={() => zoomed(1.5)} aria-label="Nearer" title="Nearer">
          <Icon name="plus" />
        </button>
        <button type="button" className="fg-tool" onClick={() => zoomed(1 / 1.5)} aria-label="Farther" title="Farther">
          <Icon name="minus" />
        </button>
      </div>
      <div className="fg-graph-says" aria-hidden="true">
        {shownArc ? (
          <>
            <strong>
              {shownArc.edge.from.label} → {shownArc.edge.to.label}
            </strong>{" "}
            {shownArc.rejected ? "rejected" : "accepted"}{" "}
            {sumsWords(shownArc.edge[shownArc.rejected ? "rejected" : "accepted"], count)}
            <span className="fg-dim"> · click: its records, Alt-click: exclude</span>
          </>
        ) : shownNode ? (
          <>
            <strong>{nodeWords(shownNode, count)}</strong>
            <span className="fg-dim"> · click: only this, Alt-click: exclude</span>
          </>
        ) : (
          <ul className="fg-graph-legend">
            {kinds.map(({ kind, words }) => (
              <li key={kind}>
                <svg width="14" height="14" viewBox="-8 -8 16 16">
                  <Shape kind={kind} radius={6} />
                </svg>
                {words}
              </li>
            ))}
            <li>
              <svg width="26" height="10" viewBox="0 0 26 10" className="fg-arc-accepted">
                <path className="fg-arc-line" d="M1 5H24" strokeWidth="2.5" />
              </svg>
              accepted
            </li>
            <li>
              <svg width="26" height="10" viewBox="0 0 26 10" className="fg-arc-rejected">
                <path className="fg-arc-line" d="M1 5H18" strokeWidth="2.5" />
                <path className="fg-arrow-rejected" d="M19 2 25 8M25 2 19 8" />
              </svg>
              rejected
            </li>
          </ul>
        )}
      </div>
    </div>
  );
}

interface PlaceProps {
  spot: Spot;
  count: Count;
  /** Whether there is room for labels beside places. */
  beside: boolean;
  far: boolean;
  onOver: (is: boolean) => void;
  onApply: (exclude: boolean) => void;
}

function Place({ spot, count, beside, far, onOver, onApply }: PlaceProps) {
  const { node, x, y, radius, side } = spot;
  const { place } = node;
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " " && event.key !== "x") return;
    event.preventDefault();
    event.stopPropagation();
    onApply(event.altKey || event.key === "x");
  };
  const [dx, dy, anchor] =
    beside && side === "left"
      ? [-radius - 6, 4, "end" as const]
      : beside && side === "right"
        ? [radius + 6, 4, "start" as const]
        : [0, radius + 15, "middle" as const];
  return (
    <g
      className={`fg-place fg-place-${place.kind} ${far ? "fg-far" : ""}`}
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
      role="button"
      tabIndex={0}
      aria-label={`${nodeWords(node, count)}. Show only this`}
      onClick={(event) => onApply(event.altKey)}
      onKeyDown={press}
      onPointerEnter={() => onOver(true)}
      onPointerLeave={() => onOver(false)}
      onFocus={() => onOver(true)}
      onBlur={() => onOver(false)}
    >
      <circle className="fg-place-touch" r={radius + 6} />
      <Shape kind={place.kind} radius={radius} />
      <text dx={dx} dy={dy} textAnchor={anchor}>
        {place.label}
        {side === "below" && place.note && (
          <tspan className="fg-place-note" x="0" dy="13">
            {place.note}
          </tspan>
        )}
      </text>
    </g>
  );
}

/** Each kind of place has a shape of its own. */
function Shape({ kind, radius }: { kind: string; radius: number }) {
  if (kind === "own") return <circle className={`fg-shape fg-shape-${kind}`} r={radius} />;
  if (kind === "public") {
    const size = radius * 1.15;
    return <path className={`fg-shape fg-shape-${kind}`} d={`M0 ${-size} ${size} 0 0 ${size} ${-size} 0Z`} />;
  }
  const size = radius * 0.9;
  return (
    <rect
      className={`fg-shape fg-shape-${kind}`}
      x={-size}
      y={-size}
      width={2 * size}
      height={2 * size}
      rx={kind === "service" ? 4 : 1}
    />
  );
}

function arcId({ edge, rejected }: Arc): string {
  return `${edge.id}${rejected ? "!" : ""}`;
}

function touches({ edge }: Arc, place: string): boolean {
  return edge.from.id === place || edge.to.id === place;
}

function neighbours(arcs: readonly Arc[], place: string | undefined): ReadonlySet<string> {
  if (place === undefined) return new Set();
  return new Set([place, ...arcs.filter((arc) => touches(arc, place)).flatMap(({ edge }) => [edge.from.id, edge.to.id])]);
}
