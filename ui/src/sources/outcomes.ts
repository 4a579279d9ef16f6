//! What became of objects, in words.

export interface Outcome {
  id: "done" | "empty" | "partial" | "quarantined" | "expired" | "gone";
  title: string;
  means: string;
}

export const OUTCOMES: readonly Outcome[] = [
  { id: "done", title: "Done", means: "Read; all of its records can be searched." },
  { id: "empty", title: "Empty", means: "Read; a quiet window without a record." },
  { id: "partial", title: "Partial", means: "Read, but some of its records are unreadable; each is listed with its reason." },
  { id: "quarantined", title: "Quarantined", means: "Could not be read. The reason is kept, and it can be read again." },
  { id: "expired", title: "Expired", means: "Left the lake by retention; not read again unless asked." },
  { id: "gone", title: "Gone", means: "Left the bucket; its rows are kept." },
];

export function outcomeOf(id: string): Outcome | undefined {
  return OUTCOMES.find((outcome) => outcome.id === id);
}
