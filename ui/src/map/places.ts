//! Places of the map: hosts, subnets and VPCs with flow logs, and what is outside of them by network.

import type { Names } from "../api/names";
import { shortened } from "../format/value";
import type { Level } from "./question";

export type PlaceKind = "own" | "private" | "service" | "public" | "rest";

export interface Place {
  id: string;
  kind: PlaceKind;
  /** What is written beside it. */
  label: string;
  /** A second line: what it is. */
  note: string;
  /** Addresses and networks it is made of, as a query reads them. */
  items: readonly string[];
  /** True where it is everything but the items. */
  except?: boolean;
}

/** The vNIC behind an address. */
export interface Owner {
  vnic: string | null;
  instance: string | null;
  subnet: string | null;
  vpc: string | null;
}

export type Owners = ReadonlyMap<string, Owner>;

/** A network's length, or everything public as one. */
export type Prefix = 32 | 24 | 16 | 8 | "one";

/** The network of an address: `192.0.2.0/24`. Of IPv6 addresses twice the length counts, up to /64. */
export function networkOf(address: string, prefix: Exclude<Prefix, "one">): string {
  if (prefix === 32) return address;
  if (!address.includes(":")) {
    const octets = address.split(".").map((octet, index) => (index < prefix / 8 ? octet : "0"));
    return `${octets.join(".")}/${prefix}`;
  }
  const [head = "", tail] = address.split("::");
  const left = head.split(":").filter(Boolean);
  const right = (tail ?? "").split(":").filter(Boolean);
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const groups = [...left, ...(tail === undefined ? [] : zeros), ...right];
  const kept = groups.slice(0, prefix === 24 ? 4 : prefix / 8 + 1);
  while (kept.at(-1) === "0") kept.pop();
  const length = prefix === 24 ? 64 : (prefix / 8 + 1) * 16;
  return `${kept.join(":")}::/${length}`;
}

/** Makes places of addresses. Addresses of one place share one object. */
export class Places {
  private readonly known = new Map<string, Place>();
  /** Addresses of each subnet and VPC. */
  private readonly members = new Map<string, string[]>();
  /** The only address of each network that has one. */
  private readonly alone = new Map<string, string | null>();

  constructor(
    private readonly owners: Owners,
    private readonly names: Names,
    private readonly level: Level,
    private readonly prefix: Prefix,
    /** All addresses of the map: a network with one of them is called by it. */
    addresses: Iterable<string> = [],
  ) {
    if (prefix !== "one" && prefix !== 32) {
      for (const address of new Set(addresses)) {
        const network = networkOf(address, prefix);
        this.alone.set(network, this.alone.has(network) ? null : address);
      }
    }
    for (const [address, owner] of owners) {
      const id = level === "vpc" ? owner.vpc : owner.subnet;
      if (id !== null) this.members.set(id, [...(this.members.get(id) ?? []), address]);
    }
  }

  /** The place of an address. */
  of(address: string | null): Place {
    if (address === null) return this.once("none", () => ({ kind: "public", label: "no address", note: "", items: ["0.0.0.0"] }));
    const owner = this.owners.get(address);
    if (owner) return this.own(address, owner);
    const label = this.names.label(address);
    if (label === "public") return this.outside(address);
    if (label === "provider-service") {
      return this.level === "host" ? this.host(address, "service", "provider service") : this.labelled("service", "provider-service", "Provider services");
    }
    if (label !== "private") return this.labelled("private", label ?? "private", label ?? "private");
    if (this.level === "vpc") return this.labelled("private", "private", "Private, without flow logs");
    return this.level === "host" ? this.host(address, "private", "no flow logs") : this.network(address, 24, "private", "no flow logs");
  }

  private own(address: string, { subnet, vpc, instance, vnic }: Owner): Place {
    if (this.level === "host") {
      const note = this.names.id(instance) ?? this.names.id(vnic) ?? (instance ? shortened(instance) : "");
      return this.host(address, "own", note);
    }
    const id = this.level === "vpc" ? vpc : subnet;
    if (id === null) return this.host(address, "own", "");
    const items = this.members.get(id) ?? [address];
    return this.once(id, () => ({
      kind: "own",
      label: this.names.id(id) ?? shortened(id),
      note: `${this.level === "vpc" ? "VPC" : "subnet"} of ${items.length} ${items.length === 1 ? "host" : "hosts"}`,
      items,
    }));
  }

  private outside(address: string): Place {
    if (this.prefix === "one") return this.labelled("public", "public", "Internet");
    const alone = this.prefix === 32 || this.alone.get(networkOf(address, this.prefix)) === address;
    return alone ? this.host(address, "public", "") : this.network(address, this.prefix, "public", "");
  }

  private host(address: string, kind: PlaceKind, note: string): Place {
    const name = this.names.host(address);
    return this.once(address, () => ({
      kind,
      label: name ?? address,
      note: name === undefined ? note : address,
      items: [address],
    }));
  }

  private network(address: string, prefix: Exclude<Prefix, "one">, kind: PlaceKind, note: string): Place {
    const network = networkOf(address, prefix);
    return this.once(network, () => ({ kind, label: network, note, items: [network] }));
  }

  private labelled(kind: PlaceKind, item: string, label: string): Place {
    return this.once(`label:${item}`, () => ({ kind, label, note: "", items: [item] }));
  }

  private once(id: string, make: () => Omit<Place, "id">): Place {
    const known = this.known.get(id);
    if (known) return known;
    const made = { id, ...make() };
    this.known.set(id, made);
    return made;
  }
}

/** The term that finds a place on one side, or on either. */
export function placeTerm(place: Place, side: "initiator_ip" | "target_ip" | "ip"): string {
  const [only = ""] = place.items;
  const term = place.items.length === 1 ? `${side}:${only}` : `${side}:[${place.items.join(",")}]`;
  return place.except ? `-${term}` : term;
}
