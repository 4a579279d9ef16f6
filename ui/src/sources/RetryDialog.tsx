import { useState } from "react";

import { count } from "../format/number";
import { Dialog } from "../parts/Dialog";
import { ProblemBox } from "../parts/ProblemBox";
import type { LedgerObject } from "./ObjectRow";
import { keyWords } from "./key";
import { type Asked, retry } from "./retry";

interface RetryDialogProps {
  objects: readonly LedgerObject[];
  onClose: () => void;
  onAsked: (asked: Asked) => void;
}

/** Asks before objects are read again. */
export function RetryDialog({ objects, onClose, onAsked }: RetryDialogProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const go = async () => {
    setBusy(true);
    try {
      onAsked(await retry(objects));
    } catch (problem) {
      setError(problem instanceof Error ? problem : new Error("The request failed"));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Read ${count(objects.length, "object")} again?`} onClose={onClose}>
      <p>
        They are fetched from their source once more. What can be read then becomes searchable, in place of what was
        there: nothing counts twice. What still cannot be read stays listed with its reason.
      </p>
      <ul className="fg-retry-list">
        {objects.slice(0, 5).map((object) => {
          const { place, file } = keyWords(object.key ?? object.object_id);
          return (
            <li key={object.object_id}>
              {place} <code>{file}</code>
            </li>
          );
        })}
        {objects.length > 5 && <li className="fg-dim">and {count(objects.length - 5, "more", "more")}</li>}
      </ul>
      {error && <ProblemBox error={error} />}
      <div className="fg-dialog-actions">
        <button type="button" className="fg-button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" className="fg-button fg-button-main" onClick={() => void go()} disabled={busy}>
          Read again
        </button>
      </div>
    </Dialog>
  );
}
