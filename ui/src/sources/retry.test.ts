import { expect, it } from "vitest";

import type { LedgerObject } from "./ObjectRow";
import { stateOf } from "./retry";

const listed = (id: string, recorded_at: string) => ({ object_id: id, recorded_at }) as LedgerObject;

it("tells what left the quarantine, what stays in it and what waits", () => {
  const accepted = ["a", "b", "c"].map((id) => ({ id, recordedAt: "2026-11-23T07:00:00Z" }));
  const quarantine = [listed("b", "2026-11-23T08:00:00Z"), listed("c", "2026-11-23T07:00:00Z"), listed("d", "x")];
  expect(stateOf({ accepted, refused: 0 }, quarantine)).toEqual({ left: 1, still: 1, waiting: 1 });
  expect(stateOf({ accepted, refused: 0 }, [])).toEqual({ left: 3, still: 0, waiting: 0 });
});
