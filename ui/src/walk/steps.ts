//! The five questions of the walk-through: what to ask, what one sees, and why it is so.

import type { Patch } from "../state/url";

export interface WalkStep {
  /** As in the address: `walk=ssh`. */
  id: string;
  /** Few words for the bar. */
  title: string;
  question: string;
  page: string;
  /** What the step sets beside the range. */
  patch: Patch;
  /** What one sees. */
  sees: string;
  /** Why it is so: the security-group rule that lets it in or is missing. */
  why: string;
  /** What to try next. */
  tryThis: string;
  /** A question whose answer is told in numbers. */
  fact: { query: string; field: "initiator_ip" | "target_ip" | "target_port"; words: (value: string, count: string) => string };
}

export const STEPS: readonly WalkStep[] = [
  {
    id: "ports",
    title: "Unexpected ports",
    question: "Are unexpected ports being reached?",
    page: "/explore",
    patch: { q: "action:accepted is:attempt direction:I", tab: "group", by: "target_ip,target_port", agg: "connections" },
    sees: "Of all that was let in, every connection went to port 3000, on both hosts. No other port was reached.",
    why: "Security group sg1 lets TCP 3000 in from anywhere, sg2 lets TCP 3000 in from sg1. There is no other inbound rule, and what no rule allows is refused.",
    tryThis: "Click a port to see its records.",
    fact: {
      query: "action:accepted is:attempt direction:I",
      field: "target_port",
      words: (port, count) => `port ${port} with ${count}`,
    },
  },
  {
    id: "ssh",
    title: "Refused SSH",
    question: "Does SSH reach the VPC, and why does it not work?",
    page: "/explore",
    patch: { q: "target_port:ssh direction:I is:attempt" },
    sees: "SSH reaches vsi1's network interface and is rejected there, each time. So the network delivers it; a rule refuses it.",
    why: "No security group has an inbound rule for TCP 22. To let your laptop in, add one to sg1: inbound, TCP, port 22, from its address only.",
    tryThis: "Open a row: it explains every field and shows the record as the provider wrote it.",
    fact: {
      query: "target_port:ssh direction:I is:attempt",
      field: "initiator_ip",
      words: (address, count) => `${address} with ${count}`,
    },
  },
  {
    id: "knocking",
    title: "Who is knocking",
    question: "Who is knocking from outside, and at what?",
    page: "/explore",
    patch: {
      q: "action:rejected direction:I -is:internal",
      tab: "group",
      by: "initiator_ip",
      agg: "attempts,distinct(target_port)",
    },
    sees: "A few addresses make most attempts. One with hundreds of distinct ports is a scanner; one with four tries the same doors again and again.",
    why: "vsi1 has a floating IP, so the whole internet can knock. Nothing is missing here: being refused is the right answer.",
    tryThis: "Hold Alt and click an address to leave it out, and see who remains.",
    fact: {
      query: "action:rejected direction:I -is:internal",
      field: "initiator_ip",
      words: (address, count) => `${address} with ${count}`,
    },
  },
  {
    id: "private",
    title: "The private host",
    question: "What does the private host talk to?",
    page: "/explore",
    patch: {
      q: "initiator_ip:10.240.64.4 -target_port:67 -target_port:123 -target_port:53",
      tab: "group",
      by: "target_ip,target_port,action",
      agg: "connections",
    },
    sees: "Without DHCP, NTP and DNS two things remain: the package mirror on port 80, accepted, and an address on the internet on port 443, refused again and again.",
    why: "Group install_software lets TCP 80 and 443 out to the mirror 161.26.0.6 only. Either an outbound rule is missing for something you want, or something runs on vsi2 that should not.",
    tryThis: "Click the refused address: when did it begin, and how often does it come?",
    fact: {
      query: "initiator_ip:10.240.64.4 action:rejected target_port:443",
      field: "target_ip",
      words: (address, count) => `${address} with ${count}`,
    },
  },
  {
    id: "normal",
    title: "What is normal",
    question: "What is normal here, and what could be closed?",
    page: "/map",
    patch: { q: "action:accepted is:attempt" },
    sees: "Accepted traffic is small and regular: clients to vsi1 on 3000, vsi1 to vsi2 on 3000, and both to the provider's DHCP, DNS and mirror.",
    why: "Seven rules allow these paths and each is used, so that none can be closed without breaking something. What is not on this picture is worth an alert.",
    tryThis: "Click an edge to see its records.",
    fact: {
      query: "action:accepted is:attempt",
      field: "target_port",
      words: (port, count) => `port ${port} with ${count}`,
    },
  },
];

export function stepAt(id: string | null): WalkStep | undefined {
  return STEPS.find((step) => step.id === id);
}
