import "uplot/dist/uPlot.min.css";

import { useEffect, useRef } from "react";
import uPlot from "uplot";

import { useTheme } from "../state/settings";

/** A colour of the style sheet, by its name: `--fg-accepted`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

interface PlotProps {
  /** Makes the chart's options; made anew with the theme, so that `colour` can be used in it. Keep it stable. */
  options: () => Omit<uPlot.Options, "width" | "height">;
  data: uPlot.AlignedData;
  height: number;
  /** What it shows, for screen readers. */
  label: string;
}

/** A chart over time that follows its container's width and the theme. */
export function Plot({ options, data, height, label }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);
  const theme = useTheme();

  useEffect(() => {
    latest.current = data;
    plot.current?.setData(data);
  }, [data]);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const made = new uPlot({ ...options(), width: element.clientWidth || 600, height }, latest.current, element);
    plot.current = made;
    const resize = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height });
    });
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [options, height, theme]);

  return <div className="fg-plot" ref={place} role="img" aria-label={label} style={{ height }} />;
}
