//! The icons used, drawn at 16 px: a line each, so that the page does not load a set.

const PATHS = {
  brand: "",
  sun: "M8 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z",
  keyboard: "M1.5 4h13v8h-13zM4 6.5h0M6.5 6.5h0M9 6.5h0M11.5 6.5h0M4.5 9.5h7",
  close: "m4 4 8 8M12 4l-8 8",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5 14 14",
  play: "m5 3 8 5-8 5z",
  pause: "M5.5 3v10M10.5 3v10",
  down: "m4 6 4 4 4-4",
  right: "m6 4 4 4-4 4",
  left: "m10 4-4 4 4 4",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  export: "M8 2v8M5 7l3 3 3-3M3 13.5h10",
  clock: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 5v3.2l2.2 1.3",
  zoomOut: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5 14 14M5 7h4",
  history: "M2.5 8a5.5 5.5 0 1 0 1.6-3.9L2.5 5.7M2.5 2.5v3.2h3.2M8 5v3.2l2 1.2",
  filter: "M2 3h12l-4.7 5.5V13l-2.6-1.5v-3z",
  link: "M6.5 9.5 9.5 6.5M7 4.5 8.8 2.7a3.2 3.2 0 0 1 4.5 4.5L11.5 9M9 11.5l-1.8 1.8a3.2 3.2 0 0 1-4.5-4.5L4.5 7",
  refresh: "M13.5 8a5.5 5.5 0 1 1-1.6-3.9l1.6 1.6M13.5 2.5v3.2h-3.2",
  warning: "M8 2 1.5 13.5h13zM8 6.5v3.2M8 11.5h0",
  tree: "M3 3h4M5 3v9h3M5 7.5h3M10 7.5h3M10 12h3",
  check: "m3 8.5 3.2 3.2L13 4.8",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon beside words, or on a button that has a label of its own. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  if (name === "brand") {
    return (
      <svg className="fg-logo" viewBox="0 0 32 32" width={22} height={22} fill="none" aria-hidden="true">
        <circle cx="14" cy="14" r="9.5" stroke="var(--fg-accent)" strokeWidth="2.6" />
        <path d="m21 21 7 7" stroke="var(--fg-accent)" strokeWidth="3.4" strokeLinecap="round" />
        <path
          d="M8.5 12.2h9m-3-3 3 3-3 3"
          stroke="currentColor"
          strokeWidth="2"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
        <path d="M18.5 17.5H12" stroke="var(--fg-rejected)" strokeWidth="2" strokeLinecap="round" />
      </svg>
    );
  }
  return (
    <svg className="fg-icon" viewBox="0 0 16 16" width={size} height={size} fill="none" aria-hidden="true">
      <path d={PATHS[name]} stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
