import { expect, it } from "vitest";

import { addressBits, namesOf } from "./names";

it("compares addresses of both families", () => {
  expect(addressBits("10.0.0.1")).toBe(0xffff_0a00_0001n);
  expect(addressBits("2001:db8::1")).toBe(0x2001_0db8_0000_0000_0000_0000_0000_0001n);
  expect(addressBits("::")).toBe(0n);
  expect([addressBits("x"), addressBits("1:2")]).toEqual([undefined, undefined]);
});

it("prefers the smallest network's name, and labels what has none", () => {
  const names = namesOf({
    services: [
      { port: 22, protocol: 6, name: "ssh" },
      { port: 53, protocol: 17, name: "dns" },
    ],
    protocols: [{ protocol: 6, name: "tcp" }],
    addresses: [
      { first: "10.240.0.0", last: "10.240.255.255", name: "subnet" },
      { first: "10.240.0.4", last: "10.240.0.4", name: "vsi1" },
    ],
    ids: [{ id: "0717-x", name: "vsi1" }],
    labels: [{ label: "private", networks: ["10.0.0.0/8", "fc00::/7"] }],
  });
  expect([names.host("10.240.0.4"), names.host("10.240.0.5"), names.host("10.9.0.1")]).toEqual([
    "vsi1",
    "subnet",
    undefined,
  ]);
  expect([names.label("10.9.0.1"), names.label("8.8.8.8"), names.label("fd00::1")]).toEqual([
    "private",
    "public",
    "private",
  ]);
  expect([names.service(22, 6), names.service(22, 17), names.service(53)]).toEqual(["ssh", undefined, "dns"]);
  expect([names.protocol(6), names.id("0717-x"), names.id(null)]).toEqual(["TCP", "vsi1", undefined]);
});
