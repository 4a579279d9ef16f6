import { describe, expect, it } from "vitest";

import type { ConnectionSummary } from "../api/types";
import { connectionQuery, endBy, lasted } from "./words";

type Side = ConnectionSummary["sides"][number];
const side = (direction: string, over: Partial<Side> = {}): Side =>
  ({ direction, actions: ["accepted"], terminated: false, lossy: false, rows: [], ...over }) as unknown as Side;

describe("a connection", () => {
  it("says who reports its end", () => {
    const by = (state: ConnectionSummary["state"], ...sides: Side[]) => endBy({ state, sides });
    expect(by("closed", side("O", { terminated: true }), side("I", { terminated: true }))).toBe("both vNICs");
    expect(by("closed", side("O"), side("I", { terminated: true }))).toBe("target's vNIC");
    expect(by("refused", side("I", { actions: ["rejected"] }))).toBe("on its way in");
    expect(by("refused", side("O", { actions: ["rejected"] }))).toBe("on its way out");
    expect(by("refused_by_target", side("O"), side("I", { actions: ["rejected"] }))).toBe("on its way in");
    expect(by("one_way", side("O"))).toBe("no answer");
    expect(by("open", side("O"))).toBe("");
  });

  it("is found by its five-tuple, as far as it is known", () => {
    const connection = {
      initiator_ip: "10.0.0.1",
      initiator_port: 5000,
      target_ip: "2001:db8::1",
      target_port: 443,
      transport_protocol: null,
      start: "2026-11-22T07:00:00Z",
      end: "2026-11-22T06:59:59Z",
    } as ConnectionSummary;
    expect(connectionQuery(connection)).toBe("initiator_ip:10.0.0.1 initiator_port:5000 target_ip:2001:db8::1 target_port:443");
    expect(lasted(connection)).toBe(0);
  });
});
