//! vNICs as two answers tell of them: their objects, and their coverage.

import type { Answer, Coverage } from "../api/types";
import { type Piece, piecesOf } from "../coverage/kinds";

export type VnicState = Answer<"/api/v1/vnics">["vnics"][number];

export interface VnicLine {
  id: string | null;
  name: string | null;
  /** What its objects in the range tell; nothing if it wrote none. */
  state: VnicState | undefined;
  /** First capture start and last capture end in the whole lake. */
  life: { first: string; last: string } | null;
  silentSince: string | null;
  /** Covered part of its life in the range. */
  fraction: number | null;
  pieces: readonly Piece[];
}

/** One line a vNIC: those with something to look at first, then by name and id. */
export function linesOf(states: readonly VnicState[], coverage: Coverage): VnicLine[] {
  const pieces = piecesOf(coverage);
  const covered = new Map(coverage.vnics.map((vnic) => [vnic.vnic_id, vnic]));
  const known = new Map(states.map((state) => [state.vnic_id, state]));
  const ids = new Set([...known.keys(), ...covered.keys()]);
  const lines = [...ids].map((id): VnicLine => {
    const [state, cover] = [known.get(id), covered.get(id)];
    return {
      id,
      name: state?.name ?? null,
      state,
      life: cover ? { first: cover.first, last: cover.last } : null,
      silentSince: cover?.silent_since ?? null,
      fraction: cover?.fraction ?? null,
      pieces: pieces.filter(({ vnic }) => vnic === id),
    };
  });
  return lines.sort(
    (a, b) => troubles(b) - troubles(a) || (a.name ?? "").localeCompare(b.name ?? "") || (a.id ?? "").localeCompare(b.id ?? ""),
  );
}

/** How many kinds of trouble it has: what is not covered or not readable. */
function troubles({ state, pieces, silentSince }: VnicLine): number {
  const kinds = new Set<string>(pieces.map(({ kind }) => kind));
  if (silentSince !== null) kinds.add("silent");
  if (state && state.missing_numbers > 0) kinds.add("missing");
  if (state && state.quarantined + state.partial > 0) kinds.add("quarantined");
  kinds.delete("before_retention");
  return kinds.size;
}
