//! The table's layout in the address: `cols=time,action:120,target_port` - which columns, in what order, how wide.

import { useCallback, useMemo } from "react";

import type { FieldInfo } from "../api/types";
import { go, useParam } from "../state/url";
import { type Column, DEFAULT_COLUMNS, columnOf } from "./columns";

export interface Place {
  id: string;
  /** Pixels, where it was changed. */
  width?: number;
}

const LEAST = 40;
const MOST = 900;

/** Reads a layout; what is not understood is left out. */
export function parseLayout(text: string | null): Place[] {
  if (!text) return DEFAULT_COLUMNS.map((id) => ({ id }));
  const places = text.split(",").flatMap((part): Place[] => {
    const [id = "", width] = part.split(":");
    if (!/^\w+$/.test(id)) return [];
    const pixels = Number(width);
    return [Number.isFinite(pixels) && pixels > 0 ? { id, width: clamp(pixels) } : { id }];
  });
  const seen = new Set<string>();
  const unique = places.filter(({ id }) => !seen.has(id) && seen.add(id));
  return unique.length > 0 ? unique : DEFAULT_COLUMNS.map((id) => ({ id }));
}

/** Writes a layout; none if it is the usual one. */
export function formatLayout(places: readonly Place[]): string | null {
  const text = places.map(({ id, width }) => (width === undefined ? id : `${id}:${width}`)).join(",");
  return text === DEFAULT_COLUMNS.join(",") ? null : text;
}

function clamp(width: number): number {
  return Math.round(Math.min(MOST, Math.max(LEAST, width)));
}

/** The places after one moved to where another is. */
export function moved(places: readonly Place[], id: string, to: number): Place[] {
  const one = places.find((place) => place.id === id);
  if (!one) return [...places];
  const rest = places.filter((place) => place.id !== id);
  return [...rest.slice(0, to), one, ...rest.slice(to)];
}

export interface Layout {
  /** True where nobody chose columns. */
  isUsual: boolean;
  columns: readonly Column[];
  places: readonly Place[];
  resize: (id: string, width: number) => void;
  move: (id: string, to: number) => void;
  toggle: (id: string) => void;
  reset: () => void;
}

/** The table's layout, and what changes it. */
export function useLayout(fields: readonly FieldInfo[]): Layout {
  const text = useParam("cols");
  const places = useMemo(() => parseLayout(text), [text]);
  const columns = useMemo(
    () =>
      places.flatMap(({ id, width }) => {
        const column = columnOf(id, fields);
        return column ? [width === undefined ? column : { ...column, width }] : [];
      }),
    [places, fields],
  );
  const set = useCallback((next: readonly Place[]) => go({ cols: formatLayout(next) }, { replace: true }), []);
  return {
    isUsual: text === null,
    columns,
    places,
    resize: (id, width) => set(places.map((place) => (place.id === id ? { id, width: clamp(width) } : place))),
    move: (id, to) => set(moved(places, id, to)),
    toggle: (id) => {
      const without = places.filter((place) => place.id !== id);
      if (without.length === places.length) set([...places, { id }]);
      else if (without.length > 0) set(without);
    },
    reset: () => go({ cols: null }, { replace: true }),
  };
}
