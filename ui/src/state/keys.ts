//! The keyboard: pages register what keys do, one listener runs them, the `?` sheet lists them.

import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Binding {
  /** Keys as written on the sheet: `/`, `?`, `[`, `Enter`, or two in a row: `g m`. */
  keys: string;
  /** What they do, in sentence case. */
  does: string;
  /** Heading on the sheet. */
  section: string;
  run: () => void;
}

let bindings: readonly Binding[] = [];
const listeners = new Set<() => void>();
let first = "";
let timer: ReturnType<typeof setTimeout> | undefined;

/** How long the second key of two may take. */
const PAUSE = 1200;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Runs what a key does. Keys typed into fields, with modifiers or into dialogs are left alone. */
export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.target instanceof Element && event.target.closest("[role=dialog],[role=menu],[role=listbox]")) return;
  // Buttons and links keep their own keys.
  const own = event.target instanceof Element && event.target.closest("button,a,[role=tab]");
  if (own && (event.key === "Enter" || event.key === " ")) return;
  const keys = first ? `${first} ${event.key}` : event.key;
  clearTimeout(timer);
  first = "";
  const found = bindings.findLast((binding) => binding.keys === keys);
  if (found) {
    event.preventDefault();
    found.run();
  } else if (bindings.some((binding) => binding.keys.startsWith(`${keys} `))) {
    first = keys;
    timer = setTimeout(() => {
      first = "";
    }, PAUSE);
  }
}

/** Registers keys for as long as the component is mounted. */
export function useKeys(wanted: readonly Binding[]): void {
  const latest = useRef(wanted);
  useEffect(() => {
    latest.current = wanted;
  });
  const shape = JSON.stringify(wanted.map(({ keys, does, section }) => [keys, does, section]));
  useEffect(() => {
    const mine = (JSON.parse(shape) as [string, string, string][]).map(([keys, does, section], index) => ({
      keys,
      does,
      section,
      run: () => latest.current[index]?.run(),
    }));
    if (bindings.length === 0) window.addEventListener("keydown", handleKey);
    bindings = [...bindings, ...mine];
    for (const listener of listeners) listener();
    return () => {
      bindings = bindings.filter((binding) => !mine.includes(binding));
      if (bindings.length === 0) window.removeEventListener("keydown", handleKey);
      for (const listener of listeners) listener();
    };
  }, [shape]);
}

/** What keys do now. */
export function useBindings(): readonly Binding[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => bindings,
  );
}
