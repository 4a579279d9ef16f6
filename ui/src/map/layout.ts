//! Where places stand in the graph. The same map always stands the same way.

import {
  type SimulationLinkDatum,
  type SimulationNodeDatum,
  forceCollide,
  forceLink,
  forceManyBody,
  forceSimulation,
  forceX,
  forceY,
} from "d3-force";

import { type Edge, type Folded, type Node, weight } from "./fold";

export interface Spot {
  node: Node;
  x: number;
  y: number;
  radius: number;
  /** Which side it stands on, and its label where there is room. */
  side: "left" | "right" | "below";
}

export interface Arc {
  edge: Edge;
  /** True for what was rejected: drawn apart from what was accepted. */
  rejected: boolean;
  from: Spot;
  to: Spot;
  width: number;
}

export interface Laid {
  spots: readonly Spot[];
  arcs: readonly Arc[];
}

/** The paper a map is drawn on. */
export interface Paper {
  width: number;
  height: number;
  /** Room that a label needs beside its place; 0 where labels stand below. */
  label: number;
}

export const WIDE: Paper = { width: 900, height: 560, label: 112 };
/** For a phone: as wide as letters stay legible on it. */
export const TALL: Paper = { width: 430, height: 600, label: 0 };
const MARGIN = 46;
/** Steps until places stand: few, since all is laid out at once. */
const TICKS = 160;

interface Body extends SimulationNodeDatum {
  id: string;
  node: Node;
  radius: number;
  home: number;
}

/** Lays a map out: initiators to the left, targets to the right, the VPC in the middle. */
export function laidOut({ nodes, edges }: Pick<Folded, "nodes" | "edges">, paper = WIDE): Laid {
  const { width, height, label } = paper;
  const sideOf = (home: number) => (home < width / 2 - 1 ? "left" : home > width / 2 + 1 ? "right" : "below");
  const most = Math.max(1, ...nodes.map((node) => node.in + node.out));
  const bodies = nodes.map((node, index): Body => {
    const home = homeOf(node, paper);
    return {
      id: node.place.id,
      node,
      radius: 6 + 16 * Math.sqrt((node.in + node.out) / most),
      home,
      // Begins on a spiral, so that no two stand on each other.
      x: home + Math.cos(index * 2.4) * (6 + index * 4),
      y: height / 2 + Math.sin(index * 2.4) * (6 + index * 6),
    };
  });
  const links = edges
    .filter(({ from, to }) => from.id !== to.id)
    .map((edge): SimulationLinkDatum<Body> => ({ source: edge.from.id, target: edge.to.id }));
  forceSimulation(bodies)
    .force("link", forceLink<Body, SimulationLinkDatum<Body>>(links).id(({ id }) => id).distance(width / 5.3).strength(0.05))
    .force("charge", forceManyBody<Body>().strength(-120))
    .force("x", forceX<Body>(({ home }) => home).strength(0.28))
    .force("y", forceY<Body>(height / 2).strength(0.05))
    .force("collide", forceCollide<Body>(({ radius }) => radius + 11).iterations(2))
    .alphaDecay(1 - 0.001 ** (1 / TICKS))
    .stop()
    .tick(TICKS);
  const spots = bodies.map(({ node, radius, x = 0, y = 0, home }): Spot => ({
    node,
    radius,
    x: clamp(x, MARGIN + (sideOf(home) === "left" ? label : 0), width - MARGIN - (sideOf(home) === "right" ? label : 0)),
    y: clamp(y, MARGIN / 2 + radius, height - MARGIN / 2 - radius),
    side: sideOf(home),
  }));
  stretch(spots, paper);
  spread(spots, "left", paper);
  spread(spots, "right", paper);
  return { spots, arcs: arcsOf(edges, spots) };
}

/** Those without flow logs stand at the side they act on: initiators left, targets right. */
function homeOf({ place, in: targeted, out }: Node, { width, label }: Paper): number {
  if (place.kind === "own") return width / 2;
  const tends = (targeted - out) / Math.max(1, targeted + out);
  return width / 2 + (tends > 0.2 ? 1 : tends < -0.2 ? -1 : 0.8) * (width / 2 - MARGIN - label);
}

/** Uses the height that there is. */
function stretch(spots: Spot[], { height }: Paper) {
  const [top, bottom] = [Math.min(...spots.map(({ y }) => y)), Math.max(...spots.map(({ y }) => y))];
  const room = height - 2 * MARGIN - 20;
  // Few places are not torn apart.
  const wanted = Math.min(room, 70 * Math.max(1, spots.length - 2));
  const by = bottom - top > 1 ? Math.max(1, wanted / (bottom - top)) : 1;
  for (const spot of spots) spot.y = height / 2 + (spot.y - (top + bottom) / 2) * by;
}

/** Puts labels of a side on lines of their own. */
function spread(spots: Spot[], side: Spot["side"], { height, label }: Paper) {
  const column = spots.filter((spot) => spot.side === side).sort((a, b) => a.y - b.y);
  const line = Math.min(label > 0 ? 34 : 52, (height - 2 * MARGIN) / Math.max(1, column.length - 1));
  for (let round = 0; round < 60; round++) {
    for (let index = 1; index < column.length; index++) {
      const [upper, lower] = [column[index - 1], column[index]];
      if (!upper || !lower) continue;
      const lack = line - (lower.y - upper.y);
      if (lack <= 0) continue;
      upper.y = clamp(upper.y - lack / 2, MARGIN / 2 + 6, height - MARGIN / 2 - 6);
      lower.y = clamp(lower.y + lack / 2, MARGIN / 2 + 6, height - MARGIN / 2 - 6);
    }
  }
}

function arcsOf(edges: readonly Edge[], spots: readonly Spot[]): Arc[] {
  const spotOf = new Map(spots.map((spot) => [spot.node.place.id, spot]));
  const most = Math.max(1, ...edges.map(weight));
  return edges.flatMap((edge) => {
    const [from, to] = [spotOf.get(edge.from.id), spotOf.get(edge.to.id)];
    if (!from || !to) return [];
    const arc = (rejected: boolean): Arc[] => {
      const { value, records } = edge[rejected ? "rejected" : "accepted"];
      if (value === 0 && records === 0) return [];
      return [{ edge, rejected, from, to, width: 1.2 + 7 * Math.sqrt(value / most) }];
    };
    return [...arc(false), ...arc(true)];
  });
}

/** The path of an arc: rejected ones bend more, so that both stand apart. Ends outside of the places. */
export function pathOf({ from, to, rejected }: Pick<Arc, "from" | "to" | "rejected">): string {
  if (from === to) {
    const reach = from.radius + (rejected ? 30 : 20);
    const { x, y, radius } = from;
    return `M${round(x - radius * 0.6)} ${round(y - radius * 0.8)}C${round(x - reach)} ${round(y - reach * 1.6)} ${round(x + reach)} ${round(y - reach * 1.6)} ${round(x + radius * 0.6)} ${round(y - radius * 0.8)}`;
  }
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const bend = (rejected ? 0.2 : 0.08) * length;
  const [mx, my] = [(from.x + to.x) / 2 - (dy / length) * bend, (from.y + to.y) / 2 + (dx / length) * bend];
  const start = towards(from, mx, my, from.radius + 1);
  const end = towards(to, mx, my, to.radius + 6);
  return `M${start}Q${round(mx)} ${round(my)} ${end}`;
}

function towards({ x, y }: { x: number; y: number }, tx: number, ty: number, by: number): string {
  const length = Math.hypot(tx - x, ty - y) || 1;
  return `${round(x + ((tx - x) / length) * by)} ${round(y + ((ty - y) / length) * by)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
