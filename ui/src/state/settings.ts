//! What a person prefers on this device: theme and time zone. Nothing of it changes an answer's rows.

import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark";
export type ZoneChoice = "local" | "utc";

interface Settings {
  /** What was chosen; the system's where nothing was. */
  theme: Theme | null;
  zone: ZoneChoice;
}

const KEY = "flowglass.settings";
const listeners = new Set<() => void>();
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let settings = read();

function read(): Settings {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Settings>;
    return {
      theme: stored.theme === "light" || stored.theme === "dark" ? stored.theme : null,
      zone: stored.zone === "utc" ? "utc" : "local",
    };
  } catch {
    return { theme: null, zone: "local" };
  }
}

function update(next: Partial<Settings>) {
  settings = { ...settings, ...next };
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Without storage the choice lives as long as the page.
  }
  apply();
}

function apply() {
  document.documentElement.dataset.theme = themeNow();
  for (const listener of listeners) listener();
}

dark.addEventListener("change", apply);
apply();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function themeNow(): Theme {
  return settings.theme ?? (dark.matches ? "dark" : "light");
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, themeNow);
}

export function toggleTheme(): void {
  update({ theme: themeNow() === "dark" ? "light" : "dark" });
}

export function useZoneChoice(): ZoneChoice {
  return useSyncExternalStore(subscribe, () => settings.zone);
}

export function toggleZone(): void {
  update({ zone: settings.zone === "utc" ? "local" : "utc" });
}

/** The IANA name of the zone that times are shown in, and that the API reads times and makes buckets in. */
export function zoneName(choice: ZoneChoice): string {
  return choice === "utc" ? "UTC" : new Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

export function useZone(): string {
  return zoneName(useZoneChoice());
}
