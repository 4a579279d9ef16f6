//! Names for numbers: services, protocols, hosts, kinds of networks. Asked once.

import { useMemo } from "react";

import { useAnswer } from "./query";
import type { Answer } from "./types";

type NamesAnswer = Answer<"/api/v1/names">;

export interface Names {
  /** The service on a port: `ssh`. Of any protocol if none is given. */
  service: (port: number | null | undefined, protocol?: number | null) => string | undefined;
  /** A protocol in capitals: `TCP`. */
  protocol: (number: number | null | undefined) => string | undefined;
  /** The name given to an address. */
  host: (address: string | null | undefined) => string | undefined;
  /** What kind of network an address is in: `private`, `public`. */
  label: (address: string | null | undefined) => string | undefined;
  /** The name given to a vNIC, instance, subnet or VPC. */
  id: (id: string | null | undefined) => string | undefined;
}

const MAPPED = 0xffffn << 32n;

/** An address as a number: IPv4 as its IPv4-mapped IPv6 address, so that both can be compared. */
export function addressBits(text: string): bigint | undefined {
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (v4) return v4.slice(1).reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n) | MAPPED;
  if (!/^[\da-f:]+$/i.test(text) || !text.includes(":")) return undefined;
  const [head = "", tail] = text.split("::");
  const left = head ? head.split(":") : [];
  const right = tail ? tail.split(":") : [];
  const middle = tail === undefined ? [] : new Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  const groups = [...left, ...middle, ...right];
  if (groups.length !== 8) return undefined;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group || "0"}`), 0n);
}

/** First and last address of a network in CIDR notation. */
function networkBits(cidr: string): [bigint, bigint] | undefined {
  const [address = "", length = ""] = cidr.split("/");
  const bits = addressBits(address);
  if (bits === undefined) return undefined;
  const free = BigInt((address.includes(":") ? 128 : 32) - Number(length));
  const rest = (1n << free) - 1n;
  return [bits & ~rest, bits | rest];
}

export function namesOf(answer: NamesAnswer | undefined): Names {
  const services = new Map(answer?.services.map(({ port, protocol, name }) => [`${port}/${protocol}`, name]));
  const protocols = new Map(answer?.protocols.map(({ protocol, name }) => [protocol, name.toUpperCase()]));
  const ids = new Map(answer?.ids.map(({ id, name }) => [id, name]));
  const ranges = (answer?.addresses ?? [])
    .map(({ first, last, name }) => ({ first: addressBits(first), last: addressBits(last), name }))
    .filter(
      (range): range is { first: bigint; last: bigint; name: string } =>
        range.first !== undefined && range.last !== undefined,
    )
    .sort((a, b) => Number(a.last - a.first - (b.last - b.first)));
  const labels = (answer?.labels ?? []).flatMap(({ label, networks }) =>
    networks.flatMap((network) => {
      const bits = networkBits(network);
      return bits ? [{ first: bits[0], last: bits[1], name: label }] : [];
    }),
  );
  const found = new Map<string, [string | undefined, string | undefined]>();
  const lookUp = (address: string | null | undefined): [string | undefined, string | undefined] => {
    if (!address) return [undefined, undefined];
    const known = found.get(address);
    if (known) return known;
    const bits = addressBits(address);
    const within = ({ first, last }: { first: bigint; last: bigint }) =>
      bits !== undefined && first <= bits && bits <= last;
    const result: [string | undefined, string | undefined] = [
      ranges.find(within)?.name,
      bits === undefined || labels.length === 0 ? undefined : (labels.find(within)?.name ?? "public"),
    ];
    // A long session may meet very many addresses.
    if (found.size > 50_000) found.clear();
    found.set(address, result);
    return result;
  };
  return {
    service: (port, protocol) => {
      if (port === null || port === undefined) return undefined;
      if (protocol !== null && protocol !== undefined) return services.get(`${port}/${protocol}`);
      return services.get(`${port}/6`) ?? services.get(`${port}/17`);
    },
    protocol: (number) => (number === null || number === undefined ? undefined : protocols.get(number)),
    host: (address) => lookUp(address)[0],
    label: (address) => lookUp(address)[1],
    id: (id) => (id ? ids.get(id) : undefined),
  };
}

export function useNames(): Names {
  const { data } = useAnswer("/api/v1/names", {});
  return useMemo(() => namesOf(data), [data]);
}
