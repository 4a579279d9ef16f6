//! Times as people read them, in the zone they chose.

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) {
    // Swedish writes dates as ISO 8601 does.
    made = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, hourCycle: "h23", ...options });
    formats.set(key, made);
  }
  return made;
}

const DAY = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;

/** `2026-11-23 06:38:18`, with milliseconds where there are some and `fraction` wants them. */
export function dateTime(time: string | number, zone: string, fraction = false): string {
  const at = new Date(time);
  const text = format(zone, { ...DAY, ...CLOCK }).format(at);
  const rest = fraction ? /\.\d+/.exec(String(time))?.[0] : undefined;
  return rest ? text + rest : text;
}

/** `06:38:18` */
export function clock(time: string | number, zone: string): string {
  return format(zone, CLOCK).format(new Date(time));
}

/** `06:38` */
export function minute(time: string | number, zone: string): string {
  return format(zone, { hour: "2-digit", minute: "2-digit" }).format(new Date(time));
}

/** `2026-11-23` */
export function day(time: string | number, zone: string): string {
  return format(zone, DAY).format(new Date(time));
}

/** `23 Nov 06:38`, the shortest that tells times of some days apart; `23 Nov 2025 06:38` with the year. */
export function dayMinute(time: string | number, zone: string, withYear = false): string {
  const options = {
    ...(withYear ? ({ year: "numeric" } as const) : {}), day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).formatToParts(new Date(time));
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  const year = withYear ? ` ${part("year")}` : "";
  return `${part("day")} ${part("month")}${year} ${part("hour")}:${part("minute")}`;
}

/** The zone as shown beside times: `UTC`, `UTC+1`. */
export function zoneLabel(zone: string, at: string | number = Date.now()): string {
  if (zone === "UTC") return "UTC";
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "shortOffset" }).formatToParts(
    new Date(at),
  );
  return (parts.find((part) => part.type === "timeZoneName")?.value ?? zone).replace("GMT", "UTC");
}

const LENGTHS = [
  { ms: 86_400_000, one: "d" },
  { ms: 3_600_000, one: "h" },
  { ms: 60_000, one: "min" },
  { ms: 1_000, one: "s" },
];

/** A length in its two greatest units: `3 h 20 min`, `5 min`, `12 s`. */
export function length(milliseconds: number): string {
  const size = Math.abs(milliseconds);
  if (size < 1000) return `${Math.round(size)} ms`;
  const index = LENGTHS.findIndex(({ ms }) => size >= ms);
  const [large, small] = [LENGTHS[index], LENGTHS[index + 1]];
  if (!large) return "0 s";
  const whole = Math.floor(size / large.ms);
  const rest = small ? Math.floor((size - whole * large.ms) / small.ms) : 0;
  return rest && small ? `${whole} ${large.one} ${rest} ${small.one}` : `${whole} ${large.one}`;
}

/** How long ago: `2 min ago`, `just now`. */
export function ago(time: string | number, now = Date.now()): string {
  const passed = now - new Date(time).getTime();
  if (passed < 0) return `in ${length(-passed)}`;
  return passed < 5_000 ? "just now" : `${length(passed)} ago`;
}

/** A range in few words; the day is said once where both ends are in it, the year where it is not this one. */
export function rangeWords(from: string, to: string, zone: string, now = Date.now()): string {
  const same = day(from, zone) === day(to, zone);
  const years = new Set([from, to, now].map((time) => day(time, zone).slice(0, 4)));
  const withYear = years.size > 1;
  return `${dayMinute(from, zone, withYear)} – ${same ? minute(to, zone) : dayMinute(to, zone, withYear)}`;
}
