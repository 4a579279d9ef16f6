import { expect, it } from "vitest";

import { byteOffsets, bytesBefore } from "./text";

it("counts bytes as the API does", () => {
  const text = "aé€😀b";
  const offset = byteOffsets(text);
  expect([0, 1, 3, 6, 10, 11, 99].map(offset)).toEqual([0, 1, 2, 3, 5, 6, 6]);
  expect(bytesBefore(text, 5)).toBe(10);
  expect(byteOffsets("plain")(3)).toBe(3);
});
