import { expect, it } from "vitest";

import type { Coverage } from "../api/types";
import { missingWords } from "./kinds";

const words = (gap_count: number, ...kinds: string[]) =>
  missingWords({ gaps: kinds.map((kind) => ({ kind })), gap_count } as unknown as Coverage);

it("tells gaps from vNICs that write no more", () => {
  expect(words(0)).toEqual([]);
  expect(words(1, "missing")).toEqual(["1 gap"]);
  expect(words(2, "silent", "silent")).toEqual(["2 vNICs silent"]);
  expect(words(120, "missing", "silent")).toEqual(["119 gaps", "1 vNIC silent"]);
});
