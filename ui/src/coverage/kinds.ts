//! Why time is not covered, in words that say what to do.

import type { Coverage, Gap, LossyWindow } from "../api/types";
import { count } from "../format/number";

export interface Kind {
  /** `missing`, …, as the API says; `lossy` for windows whose records were lost in part. */
  id: Gap["kind"] | "lossy";
  title: string;
  /** What it means, and what can be done. */
  means: string;
}

/** Those to look at first come first. */
export const KINDS: readonly Kind[] = [
  {
    id: "quarantined",
    title: "Quarantined",
    means: "The object was read but is unreadable. Its reason stands on the Sources page, where it can be read again.",
  },
  {
    id: "missing",
    title: "No object",
    means: "No object of this time is known: not written, lost by the provider, or outside of what the source lists.",
  },
  {
    id: "not_read",
    title: "Not read yet",
    means: "The object is listed and waits to be read. This passes by itself.",
  },
  {
    id: "lossy",
    title: "Lossy",
    means: "The provider marked the window “skip data”: it lost some records, so counts are lower bounds.",
  },
  {
    id: "silent",
    title: "Silent",
    means: "The vNIC has written nothing for more than two windows. Its instance may be stopped or gone.",
  },
  {
    id: "before_retention",
    title: "Before retention",
    means: "Older than what the lake keeps. The bucket may still hold it.",
  },
];

/** A kind by its id. */
export function kindOf(id: string): Kind {
  return KINDS.find((kind) => kind.id === id) ?? { id: "missing", title: id, means: "" };
}

/** A piece of time of one vNIC that is not covered, or not wholly. */
export interface Piece {
  kind: Kind["id"];
  vnic: string | null;
  recordType: string | null;
  from: string;
  to: string;
}

export function pieceOf(piece: Gap | LossyWindow): Piece {
  return {
    kind: "kind" in piece ? piece.kind : "lossy",
    vnic: piece.vnic_id,
    recordType: piece.record_type,
    from: piece.from,
    to: piece.to,
  };
}

/** All pieces of a coverage, newest first. */
export function piecesOf(coverage: Coverage): Piece[] {
  return [...coverage.gaps, ...coverage.lossy]
    .map(pieceOf)
    .sort((a, b) => Date.parse(b.from) - Date.parse(a.from));
}

/** Seconds of some pieces together. */
export function secondsOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { from, to }) => sum + (Date.parse(to) - Date.parse(from)) / 1000, 0);
}

/** What is missing in few words: `1 gap`, `2 vNICs silent`. A vNIC that writes no more is none of the gaps: the covered
 * part is of the time until then. */
export function missingWords({ gaps, gap_count: all }: Coverage): string[] {
  const silent = gaps.filter(({ kind }) => kind === "silent").length;
  return [
    ...(all > silent ? [count(all - silent, "gap")] : []),
    ...(silent > 0 ? [`${count(silent, "vNIC")} silent`] : []),
  ];
}
