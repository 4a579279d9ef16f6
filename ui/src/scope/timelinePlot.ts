//! What is drawn on the timeline beside its bars: stretches without coverage, lossy windows, and the tooltip.

import type uPlot from "uplot";

import type { Coverage } from "../api/types";
import { colour } from "../parts/Plot";

/** A hatched fill of a colour. */
function hatch(context: CanvasRenderingContext2D, ink: string): CanvasPattern | null {
  const size = 8 * devicePixelRatio;
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext("2d");
  if (!pen) return null;
  pen.strokeStyle = ink;
  pen.globalAlpha = 0.55;
  pen.lineWidth = 1.5 * devicePixelRatio;
  pen.beginPath();
  for (const offset of [-size, 0, size]) {
    pen.moveTo(offset, size);
    pen.lineTo(offset + size, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

/** Marks gaps (tinted) and lossy windows (hatched) behind the bars. */
export function drawCoverage(plot: uPlot, coverage: Coverage): void {
  const { ctx, bbox } = plot;
  const [least, most] = [plot.scales.x?.min ?? 0, plot.scales.x?.max ?? 0];
  const band = (piece: { from: string; to: string }, fill: string | CanvasPattern | null, alpha: number) => {
    const from = Math.max(Date.parse(piece.from) / 1000, least);
    const to = Math.min(Date.parse(piece.to) / 1000, most);
    if (to <= from || fill === null) return;
    const left = plot.valToPos(from, "x", true);
    const width = Math.max(plot.valToPos(to, "x", true) - left, 3 * devicePixelRatio);
    ctx.globalAlpha = alpha;
    ctx.fillStyle = fill;
    ctx.fillRect(left, bbox.top, width, bbox.height);
  };
  ctx.save();
  for (const gap of coverage.gaps) band(gap, colour("--fg-missing"), 0.18);
  const lines = hatch(ctx, colour("--fg-lossy"));
  for (const window of coverage.lossy) band(window, lines, 1);
  ctx.restore();
}

/** A box beside the cursor; returns what shows text in it, or hides it. */
export function makeTooltip(plot: uPlot): (lines: readonly string[] | null) => void {
  const box = document.createElement("div");
  box.className = "fg-plot-tip";
  box.hidden = true;
  plot.over.append(box);
  return (lines) => {
    box.hidden = lines === null;
    if (lines === null) return;
    box.replaceChildren(
      ...lines.map((line) => {
        const element = document.createElement("div");
        element.textContent = line;
        return element;
      }),
    );
    const { left = 0 } = plot.cursor;
    const right = left > plot.over.clientWidth / 2;
    box.style.left = right ? "" : `${left + 14}px`;
    box.style.right = right ? `${plot.over.clientWidth - left + 14}px` : "";
  };
}
