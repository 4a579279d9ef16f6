import { describe, expect, it } from "vitest";

import { namesOf } from "../api/names";
import { type Edge, type Pair, edgesOf, fittingPrefix, folded, nodesOf, pairsOf, restPart } from "./fold";
import { TALL, WIDE, laidOut, pathOf } from "./layout";
import { type Owners, Places, networkOf, placeTerm } from "./places";
import { windowIn } from "./question";
import { moved } from "./TimeBrush";
import { and } from "./useMap";
import { edgeQuery, edgeWords } from "./words";

const NAMES = namesOf({
  services: [],
  protocols: [],
  ids: [{ id: "subnet-a", name: "web" }],
  addresses: [{ first: "10.240.0.4", last: "10.240.0.4", name: "vsi1" }],
  labels: [
    { label: "private", networks: ["10.0.0.0/8"] },
    { label: "provider-service", networks: ["161.26.0.0/16"] },
    { label: "multicast", networks: ["224.0.0.0/4"] },
  ],
});

const OWNERS: Owners = new Map([
  ["10.240.0.4", { vnic: "v1", instance: "i1", subnet: "subnet-a", vpc: "vpc" }],
  ["10.240.0.5", { vnic: "v2", instance: "i2", subnet: "subnet-a", vpc: "vpc" }],
  ["10.240.64.4", { vnic: "v3", instance: "i3", subnet: "subnet-b", vpc: "vpc" }],
]);

const pair = (initiator: string, target: string, value: number, rejected = false): Pair => ({
  initiator,
  target,
  rejected,
  value,
  records: value,
  bytes: value * 100,
});

describe("networks", () => {
  it("are cut at octets, of IPv6 at twice the length", () => {
    expect(networkOf("92.63.197.61", 24)).toBe("92.63.197.0/24");
    expect(networkOf("92.63.197.61", 16)).toBe("92.63.0.0/16");
    expect(networkOf("92.63.197.61", 8)).toBe("92.0.0.0/8");
    expect(networkOf("92.63.197.61", 32)).toBe("92.63.197.61");
    expect(networkOf("2001:db8:1:2:3::4", 24)).toBe("2001:db8:1:2::/64");
    expect(networkOf("2001:db8:1:2:3::4", 16)).toBe("2001:db8:1::/48");
    expect(networkOf("2001:db8::1", 8)).toBe("2001:db8::/32");
    expect(networkOf("::1", 24)).toBe("::/64");
  });
});

describe("places", () => {
  const at = (level: "host" | "subnet" | "vpc", prefix: 32 | 24 | 16 | 8 | "one" = 24) =>
    new Places(OWNERS, NAMES, level, prefix);

  it("are hosts, subnets or VPCs inside, and networks outside", () => {
    expect(at("host").of("10.240.0.4")).toMatchObject({ kind: "own", label: "vsi1", items: ["10.240.0.4"] });
    expect(at("subnet").of("10.240.0.4")).toMatchObject({ label: "web", items: ["10.240.0.4", "10.240.0.5"] });
    expect(at("vpc").of("10.240.64.4")).toMatchObject({ kind: "own", note: "VPC of 3 hosts" });
    expect(at("host").of("10.9.9.9")).toMatchObject({ kind: "private", label: "10.9.9.9" });
    expect(at("subnet").of("10.9.9.9")).toMatchObject({ kind: "private", label: "10.9.9.0/24" });
    expect(at("subnet").of("161.26.0.10")).toMatchObject({ kind: "service", items: ["provider-service"] });
    expect(at("host").of("92.63.197.61")).toMatchObject({ kind: "public", label: "92.63.197.0/24" });
    expect(at("host", "one").of("92.63.197.61")).toMatchObject({ label: "Internet", items: ["public"] });
    expect(at("host").of("224.0.0.1").items).toEqual(["multicast"]);
  });

  it("call a network with one address by it", () => {
    const places = new Places(OWNERS, NAMES, "host", 16, ["92.63.197.61", "198.18.0.1", "198.18.0.2"]);
    expect(places.of("92.63.197.61").label).toBe("92.63.197.61");
    expect(places.of("198.18.0.1").label).toBe("198.18.0.0/16");
  });

  it("are terms of a query", () => {
    const web = at("subnet").of("10.240.0.5");
    expect(placeTerm(web, "initiator_ip")).toBe("initiator_ip:[10.240.0.4,10.240.0.5]");
    expect(placeTerm(at("host").of("10.240.0.4"), "ip")).toBe("ip:10.240.0.4");
    expect(placeTerm({ ...web, except: true }, "target_ip")).toBe("-target_ip:[10.240.0.4,10.240.0.5]");
  });
});

describe("a map", () => {
  const places = new Places(OWNERS, NAMES, "host", 24);
  const pairs = [
    pair("92.63.197.61", "10.240.0.4", 50, true),
    pair("92.63.197.62", "10.240.0.4", 5),
    pair("10.240.0.4", "10.240.64.4", 30),
    pair("24.22.68.94", "10.240.0.4", 2),
    pair("8.8.8.8", "10.240.0.4", 1),
  ];

  it("sums pairs by place, accepted and rejected apart", () => {
    const [first] = edgesOf(pairs, places);
    expect(first).toMatchObject({ id: "92.63.197.0/24>10.240.0.4", accepted: { value: 5 }, rejected: { value: 50, bytes: 5000 } });
    expect(first && edgeWords(first, "connections")).toBe(
      "92.63.197.0/24 to vsi1: accepted 5 connections, 5 records, 500 B; rejected 50 connections, 50 records, 5 kB",
    );
    expect(first && edgeQuery(first, "target_port:22", "rejected")).toBe(
      "target_port:22 initiator_ip:92.63.197.0/24 target_ip:10.240.0.4 action:===rejected",
    );
  });

  it("puts the weakest together, never what has flow logs, and loses nothing", () => {
    const edges = edgesOf(pairs, places);
    const map = folded(edges, 4);
    expect(map.rest).toBe(2);
    expect(map.nodes.map(({ place }) => place.label)).toEqual(["vsi1", "92.63.197.0/24", "10.240.64.4", "2 others"]);
    const sum = (some: readonly Edge[]) => some.reduce((total, { accepted, rejected }) => total + accepted.value + rejected.value, 0);
    expect(sum(map.edges)).toBe(sum(edges));
    const rest = map.nodes.find(({ place }) => place.kind === "rest");
    expect(rest && placeTerm(rest.place, "initiator_ip")).toBe("-initiator_ip:[10.240.0.4,10.240.64.4,92.63.197.0/24]");
    expect(restPart(map)).toBeCloseTo(3 / 88);
    expect(folded(edges, 10).rest).toBe(0);
  });

  it("chooses the finest networks that fit", () => {
    const many = Array.from({ length: 300 }, (_, index) => pair(`198.18.${index % 250}.${index % 199}`, "10.240.0.4", 1, true));
    const placesFor = (prefix: 32 | 24 | 16 | 8 | "one") => new Places(OWNERS, NAMES, "host", prefix);
    expect(fittingPrefix(pairs, placesFor, 10)).toBe(32);
    expect(fittingPrefix(many, placesFor, 10)).toBe(16);
  });

  it("reads pairs from groups by the names of the aggregates", () => {
    const rows = [{ keys: ["10.0.0.1", null], values: [7, 3, 900] }];
    expect(pairsOf(rows, ["connections", "records", "bytes"], "connections", true)).toEqual([
      { initiator: "10.0.0.1", target: null, rejected: true, value: 7, records: 3, bytes: 900 },
    ]);
  });
});

describe("the layout", () => {
  it("stands still, within the picture, labels apart", () => {
    const pairs = Array.from({ length: 24 }, (_, index) => pair(`198.18.${index}.1`, "10.240.0.4", index + 1, index % 2 === 0));
    const map = folded(edgesOf(pairs, new Places(OWNERS, NAMES, "host", 24)), 40);
    const { spots, arcs } = laidOut(map);
    expect(laidOut(map).spots).toEqual(spots);
    for (const paper of [WIDE, TALL]) {
      const { width, height } = paper;
      for (const { x, y } of laidOut(map, paper).spots) expect(x > 0 && x < width && y > 0 && y < height).toBe(true);
    }
    const left = spots.filter(({ side }) => side === "left").map(({ y }) => y).sort((a, b) => a - b);
    expect(left).toHaveLength(24);
    expect(Math.min(...left.slice(1).map((y, index) => y - (left[index] ?? 0)))).toBeGreaterThan(11);
    expect(arcs).toHaveLength(24);
    for (const arc of arcs) expect(pathOf(arc)).not.toContain("NaN");
  });

  it("draws what talks to itself as a loop", () => {
    const map = folded(edgesOf([pair("8.8.8.8", "8.8.8.8", 1)], new Places(OWNERS, NAMES, "host", 24)), 40);
    const [arc] = laidOut(map).arcs;
    expect(arc && pathOf(arc)).toMatch(/^M.*C/);
    expect(nodesOf(map.edges)).toMatchObject([{ in: 1, out: 1, accepted: 1 }]);
  });
});

describe("the window", () => {
  const range = { from: "2026-11-22T00:00:00Z", to: "2026-11-23T00:00:00Z" };

  it("lies in the range, or is none", () => {
    expect(windowIn(range, "2026-11-22T06:00:00Z", "2026-11-22T07:00:00Z")).toEqual({
      from: "2026-11-22T06:00:00Z",
      to: "2026-11-22T07:00:00Z",
    });
    expect(windowIn(range, "2026-11-21T00:00:00Z", "2026-11-22T07:00:00Z")?.from).toBe(range.from);
    expect(windowIn(range, range.from, range.to)).toBeNull();
    expect(windowIn(range, "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z")).toBeNull();
    expect(windowIn(range, "x", "y")).toBeNull();
    expect(windowIn(range, null, null)).toBeNull();
  });

  it("moves within the range", () => {
    expect(moved([10, 20], 5, 0, 100)).toEqual([15, 25]);
    expect(moved([10, 20], -50, 0, 100)).toEqual([0, 10]);
    expect(moved([10, 20], 500, 0, 100)).toEqual([90, 100]);
  });

  it("joins the page's query with a term", () => {
    expect([and("", "a:1"), and("*", "a:1"), and("x OR y", "a:1")]).toEqual(["a:1", "a:1", "x OR y a:1"]);
  });
});
