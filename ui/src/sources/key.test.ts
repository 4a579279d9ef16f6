import { describe, expect, it } from "vitest";

import { keyWords } from "./key";

describe("keys", () => {
  it("are told apart by vNIC, kind and hour", () => {
    const key =
      "ibm_vpc_flowlogs_v1/account=a/region=us-south/vpc-id=crn%3Av1/subnet-id=s/endpoint-type=vnics/instance-id=i/" +
      "vnic-id=0717-9e2b/record-type=ingress/year=2026/month=11/day=23/hour=07/stream-id=20261122T064500Z/00000003.gz";
    expect(keyWords(key)).toEqual({ place: "0717-9e2b · ingress · 2026-11-23 07 h UTC", file: "00000003.gz" });
  });

  it("without such parts keep their last folders", () => {
    expect(keyWords("a/b/c/d.gz")).toEqual({ place: "b/c", file: "d.gz" });
    expect(keyWords("d.gz")).toEqual({ place: "", file: "d.gz" });
  });
});
