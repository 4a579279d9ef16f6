//! Numbers as people read them. Prefixes count in 1000s; the exact number stands in the tooltip.

const STEPS = [
  { from: 1e15, by: 1e15, letter: "P" },
  { from: 1e12, by: 1e12, letter: "T" },
  { from: 1e9, by: 1e9, letter: "G" },
  { from: 1e6, by: 1e6, letter: "M" },
  { from: 1e3, by: 1e3, letter: "k" },
];

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** All digits, grouped: `1,204`. */
export function exact(value: number): string {
  return Number.isInteger(value) ? WHOLE.format(value) : new Intl.NumberFormat("en-US").format(value);
}

function scaled(value: number): [string, string] {
  const size = Math.abs(value);
  // What rounds up to the next prefix takes it: 999,950 is 1 M, not 1000 k.
  const step = STEPS.find(({ from }) => size >= from * 0.9995);
  if (!step) return [Number.isInteger(value) ? String(value) : value.toPrecision(3), ""];
  const number = value / step.by;
  const digits = Math.abs(number) < 10 ? 2 : Math.abs(number) < 100 ? 1 : 0;
  return [String(Number(number.toFixed(digits))), step.letter];
}

/** A count in few letters: `8,842`, `21.6 M`. Exact below 100,000. */
export function short(value: number): string {
  if (Math.abs(value) < 100_000) return exact(Math.round(value * 100) / 100);
  const [number, letter] = scaled(value);
  return `${number} ${letter}`.trim();
}

/** Bytes: `66 B`, `1.2 kB`. */
export function bytes(value: number): string {
  const [number, letter] = scaled(value);
  return `${number} ${letter}B`;
}

/** A number with the unit the field catalogue gives it. */
export function withUnit(value: number, unit: string | null | undefined): string {
  if (unit === "bytes") return bytes(value);
  return unit ? `${short(value)} ${unit}` : short(value);
}

/** A part of 1: `98.7 %`. Never 100 % unless it is all, never 0 % unless it is nothing. */
export function percent(part: number): string {
  if (part === 0 || part === 1) return `${part * 100} %`;
  const shown = part > 0.5 ? Math.floor(part * 1000) / 10 : Math.ceil(part * 1000) / 10;
  return `${Math.min(shown, 99.9)} %`;
}

/** A number of things: `1 record`, `3 records`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${short(value)} ${value === 1 ? one : many}`;
}

/** Wall time of an answer: `12 ms`, `1.3 s`. */
export function milliseconds(value: number): string {
  return value < 1000 ? `${Math.max(1, Math.round(value))} ms` : `${(value / 1000).toFixed(1)} s`;
}
