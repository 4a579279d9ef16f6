import { describe, expect, it } from "vitest";

import { bytes, count, exact, milliseconds, percent, short } from "./number";
import { ago, dateTime, length, rangeWords, zoneLabel } from "./time";

describe("numbers", () => {
  it("count in 1000s", () => {
    expect([0, 66, 999, 1000, 1234, 999_950, 21_600_000].map(bytes)).toEqual([
      "0 B",
      "66 B",
      "999 B",
      "1 kB",
      "1.23 kB",
      "1 MB",
      "21.6 MB",
    ]);
    expect([8842, 99_999, 123_456, 21_600_000].map(short)).toEqual(["8,842", "99,999", "123 k", "21.6 M"]);
    expect(exact(1_234_567)).toBe("1,234,567");
  });

  it("never round a part up to all or down to nothing", () => {
    expect([0, 0.00001, 0.5, 0.98765, 0.99999, 1].map(percent)).toEqual([
      "0 %",
      "0.1 %",
      "50 %",
      "98.7 %",
      "99.9 %",
      "100 %",
    ]);
  });

  it("have their unit", () => {
    expect([count(1, "gap"), count(2, "gap"), count(0, "entry", "entries")]).toEqual(["1 gap", "2 gaps", "0 entries"]);
    expect([milliseconds(0.2), milliseconds(12.4), milliseconds(1300)]).toEqual(["1 ms", "12 ms", "1.3 s"]);
  });
});

describe("times", () => {
  it("are shown in the zone asked for", () => {
    const at = "2026-03-29T00:59:59.25Z";
    expect(dateTime(at, "UTC", true)).toBe("2026-03-29 00:59:59.25");
    expect(dateTime(at, "Europe/Berlin")).toBe("2026-03-29 01:59:59");
    expect(dateTime("2026-03-29T01:00:00Z", "Europe/Berlin")).toBe("2026-03-29 03:00:00");
    expect(zoneLabel("UTC")).toBe("UTC");
    expect(zoneLabel("Europe/Berlin", at)).toBe("UTC+1");
  });

  it("say the day of a range once", () => {
    const words = (from: string, to: string) => rangeWords(from, to, "UTC", Date.parse("2026-12-01T00:00:00Z"));
    expect(words("2026-11-23T06:00:00Z", "2026-11-23T07:30:00Z")).toBe("23 Nov 06:00 – 07:30");
    expect(words("2026-11-22T06:00:00Z", "2026-11-23T07:30:00Z")).toBe("22 Nov 06:00 – 23 Nov 07:30");
    expect(words("2025-11-23T06:00:00Z", "2025-11-23T07:30:00Z")).toBe("23 Nov 2025 06:00 – 07:30");
    expect(words("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z")).toBe("1 Jan 1970 00:00 – 1 Jan 2100 00:00");
  });

  it("have lengths in two units", () => {
    expect([400, 12_000, 300_000, 12_000_000, 338_400_000].map(length)).toEqual([
      "400 ms",
      "12 s",
      "5 min",
      "3 h 20 min",
      "3 d 22 h",
    ]);
    expect(ago(0, 1000)).toBe("just now");
    expect(ago(0, 120_000)).toBe("2 min ago");
  });
});
