//! In what order the parts of an answer are asked for: a server of two cores would else work on all of them at once, and
//! the records, which one looks at first, would come last.

/** Who waits for whom: a part begins once nothing of an earlier stage is asked or waits. */
const STAGES: Readonly<Record<string, number | undefined>> = {
  "/api/v1/search": 0,
  "/api/v1/histogram": 1,
  "/api/v1/count": 1,
  "/api/v1/facets": 2,
};

/** How long a stage waits for earlier ones at most, in milliseconds: a slow part does not hold back quick ones for long. */
export const PATIENCE = [0, 300, 1_000] as const;

const busy = PATIENCE.map(() => 0);
const waiting = new Set<() => void>();

/** Sends a request when it is its turn. Rejects at once if it is aborted while it waits. */
export async function inTurn<T>(path: string, signal: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
  const stage = STAGES[path];
  if (stage === undefined) return send();
  busy[stage] = (busy[stage] ?? 0) + 1;
  try {
    if (stage > 0) await turn(stage, signal);
    return await send();
  } finally {
    const next = () => {
      busy[stage] = (busy[stage] ?? 1) - 1;
      for (const look of [...waiting]) look();
    };
    // Those who wait would take the processors from drawing what has just come.
    if (waiting.size > 0) afterDrawing(next);
    else next();
  }
}

/** Runs it once what is to be shown now has been drawn; a page in the background draws nothing. */
function afterDrawing(run: () => void) {
  if (document.hidden) setTimeout(run);
  else requestAnimationFrame(() => setTimeout(run));
}

function turn(stage: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      waiting.delete(look);
      signal?.removeEventListener("abort", look);
      clearTimeout(last);
    };
    const look = () => {
      if (signal?.aborted) {
        done();
        reject(new DOMException("The request was given up", "AbortError"));
      } else if (busy.slice(0, stage).every((requests) => requests === 0)) {
        done();
        resolve();
      }
    };
    const last = setTimeout(() => {
      done();
      resolve();
    }, PATIENCE[stage]);
    waiting.add(look);
    signal?.addEventListener("abort", look);
    // Not before all parts of a new question have been asked for, in whatever order.
    setTimeout(look);
  });
}
