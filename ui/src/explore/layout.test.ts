import { expect, it } from "vitest";

import { DEFAULT_COLUMNS } from "./columns";
import { formatLayout, moved, parseLayout } from "./layout";

it("stands in the address and comes back", () => {
  const text = "time,action:120,target_port";
  expect(formatLayout(parseLayout(text))).toBe(text);
  expect(formatLayout(parseLayout(null))).toBeNull();
  expect(parseLayout(null).map(({ id }) => id)).toEqual(DEFAULT_COLUMNS);
});

it("survives what nobody wrote", () => {
  expect(parseLayout("a,a:50,<b>,c:-3,d:1e9,e:1")).toEqual([
    { id: "a" },
    { id: "c" },
    { id: "d", width: 900 },
    { id: "e", width: 40 },
  ]);
  expect(parseLayout(",,").length).toBe(DEFAULT_COLUMNS.length);
});

it("moves a column", () => {
  const places = [{ id: "a" }, { id: "b" }, { id: "c" }];
  const order = (id: string, to: number) => moved(places, id, to).map((place) => place.id);
  expect(order("a", 2)).toEqual(["b", "c", "a"]);
  expect(order("c", 0)).toEqual(["c", "a", "b"]);
  expect(order("x", 0)).toEqual(["a", "b", "c"]);
});
