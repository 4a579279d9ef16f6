//! The address bar is the state: page, question, range and layout stand there and nowhere else.

import { useCallback, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

function tell() {
  for (const listener of listeners) listener();
}

/** Tells a listener of every change of the address, before any page is drawn anew; returns what ends that. */
export function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) window.addEventListener("popstate", tell);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) window.removeEventListener("popstate", tell);
  };
}

/** What to change: a text, or null to leave the parameter out. */
export type Patch = Readonly<Record<string, string | null>>;

export interface Going {
  /** Replaces the history entry instead of adding one: for what the user did not decide. */
  replace?: boolean;
  /** Goes to this page, `/map`. */
  page?: string;
  /** Drops all other parameters. */
  fresh?: boolean;
}

/** The address after a change. Readable on purpose: `:` `,` `/` stay as they are. */
export function hrefOf(patch: Patch, { page, fresh = false }: Going = {}): string {
  const params = new URLSearchParams(fresh ? "" : window.location.search);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === "") params.delete(name);
    else params.set(name, value);
  }
  const search = params.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%2F", "/");
  return (page ?? window.location.pathname) + (search ? `?${search}` : "");
}

/** Changes the address, without loading anything. */
export function go(patch: Patch, going: Going = {}): void {
  const href = hrefOf(patch, going);
  if (href === window.location.pathname + window.location.search) return;
  if (going.replace) window.history.replaceState(null, "", href);
  else window.history.pushState(null, "", href);
  tell();
}

/** The path of the address, `/explore`. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => window.location.pathname);
}

/** One parameter of the address; null if it is not there. */
export function useParam(name: string): string | null {
  return useSyncExternalStore(subscribe, () => new URLSearchParams(window.location.search).get(name));
}

/** One parameter and its setter. Layout changes replace the history entry. */
export function useParamState(name: string, initial: string): [string, (value: string) => void] {
  const value = useParam(name) ?? initial;
  const set = useCallback(
    (next: string) => {
      go({ [name]: next === initial ? null : next }, { replace: true });
    },
    [name, initial],
  );
  return [value, set];
}
