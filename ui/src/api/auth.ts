//! The token of this tab: kept in memory and the tab's session storage, never longer.

import { useSyncExternalStore } from "react";

const KEY = "flowglass.token";

let token = readStored();
let needed = false;
const listeners = new Set<() => void>();

function readStored(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function tell() {
  for (const listener of listeners) listener();
}

/** The token to send, if there is one. */
export function currentToken(): string | null {
  return token;
}

/** Keeps a token that the server accepted, or forgets it. */
export function setToken(next: string | null): void {
  token = next;
  needed = next === null && needed;
  try {
    if (next === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, next);
  } catch {
    // Without session storage the token lives as long as the page.
  }
  tell();
}

/** Notes that the server refused a request for want of a known token. */
export function noteUnauthorized(): void {
  if (needed) return;
  needed = true;
  tell();
}

/** Notes that a token was accepted. */
export function noteAuthorized(next: string): void {
  needed = false;
  setToken(next);
}

/** True while the page has to ask for a token. */
export function useSignInNeeded(): boolean {
  return useSyncExternalStore(subscribe, () => needed);
}

/** True while a token is in use. */
export function useSignedIn(): boolean {
  return useSyncExternalStore(subscribe, () => token !== null);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
