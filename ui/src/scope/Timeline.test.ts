import { expect, it } from "vitest";

import type { HistogramAnswer } from "../api/types";
import { mirrored } from "./Timeline";

it("draws rejected below the line, and everything else above", () => {
  const buckets = (...values: number[]) =>
    values.map((value, index) => ({ start: `2020-06-04T00:0${index}:00Z`, value, coverage: 1 }));
  const answer = {
    series: [
      { key: "accepted", other: false, total: 3, buckets: buckets(1, 2) },
      { key: "rejected", other: false, total: 9, buckets: buckets(4, 5) },
      { key: null, other: false, total: 1, buckets: buckets(0, 1) },
    ],
  } as unknown as HistogramAnswer;
  const start = Date.parse("2020-06-04T00:00:00Z") / 1000;
  expect(mirrored(answer)).toEqual([
    [start, start + 60],
    [1, 3],
    [-4, -5],
  ]);
  expect(mirrored({ series: [] } as unknown as HistogramAnswer)).toEqual([[], [], []]);
});
