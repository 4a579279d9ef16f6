import { useEffect, useRef, useState } from "react";

import type { LakeAnswer } from "../api/types";
import { count } from "../format/number";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { useParam } from "../state/url";
import { type LedgerObject, ObjectRow } from "./ObjectRow";
import { RetryDialog } from "./RetryDialog";
import { type Asked, stateOf } from "./retry";
import { useObjects } from "./useObjects";

const OUTCOMES = ["quarantined", "partial"] as const;

interface QuarantineCardProps {
  lake: LakeAnswer | undefined;
  every: number | undefined;
}

/** What could not be read in whole, why, and reading it again. */
export function QuarantineCard({ lake, every }: QuarantineCardProps) {
  const [asked, setAsked] = useState<Asked | null>(null);
  // While something is being read again, its outcome is looked for more often.
  const { objects, isPending, error, more, again } = useObjects(OUTCOMES, asked && every ? 2_000 : every);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [confirming, setConfirming] = useState<readonly LedgerObject[] | null>(null);
  const section = useRef<HTMLElement>(null);
  const show = useParam("show") === "quarantine";
  useEffect(() => {
    if (show) section.current?.scrollIntoView({ block: "start" });
  }, [show, isPending]);

  const total = (lake?.stats?.objects ?? [])
    .filter(({ outcome }) => (OUTCOMES as readonly string[]).includes(outcome))
    .reduce((sum, one) => sum + one.objects, 0);
  const wanted = objects.filter(({ object_id }) => chosen.has(object_id));
  const canRetry = lake?.sources !== undefined;

  return (
    <section className="fg-card fg-section" id="quarantine" ref={section} aria-labelledby="quarantine-title">
      <header className="fg-section-head">
        <h2 id="quarantine-title">Quarantine</h2>
        <span className="fg-dim">{total > 0 ? count(total, "object") : ""}</span>
        {objects.length > 0 && canRetry && (
          <div className="fg-section-tools">
            <button
              type="button"
              className="fg-button"
              onClick={() => setConfirming(wanted.length > 0 ? wanted : objects)}
            >
              {wanted.length > 0 ? `Read ${wanted.length} again` : "Read all shown again"}
            </button>
          </div>
        )}
      </header>
      {error && <ProblemBox error={error} onRetry={again} />}
      {isPending && !error && <Waiting what="the quarantine" />}
      {asked && <Result asked={asked} objects={objects} onClose={() => setAsked(null)} />}
      {!isPending && objects.length === 0 && !error && (
        <p className="fg-dim">Empty: every object that was listed could be read in whole.</p>
      )}
      {objects.length > 0 && (
        <>
          {!canRetry && (
            <p className="fg-dim">
              This server reads no sources. To read them again: <code>flowglass lake quarantine retry --all</code>
            </p>
          )}
          <ul className="fg-objects">
            {objects.map((object) => (
              <ObjectRow
                key={object.object_id}
                object={object}
                chosen={chosen.has(object.object_id)}
                onChoose={
                  canRetry
                    ? (choose) =>
                        setChosen((was) => {
                          const next = new Set(was);
                          if (choose) next.add(object.object_id);
                          else next.delete(object.object_id);
                          return next;
                        })
                    : undefined
                }
              />
            ))}
          </ul>
          {more && (
            <button type="button" className="fg-link" onClick={more}>
              Show more
            </button>
          )}
        </>
      )}
      {confirming && (
        <RetryDialog
          objects={confirming}
          onClose={() => setConfirming(null)}
          onAsked={(result) => {
            setAsked(result);
            setChosen(new Set());
            setConfirming(null);
            again();
          }}
        />
      )}
    </section>
  );
}

/** What became of what was asked to be read again, as far as it is known. */
function Result({ asked, objects, onClose }: { asked: Asked; objects: readonly LedgerObject[]; onClose: () => void }) {
  const { left, still, waiting } = stateOf(asked, objects);
  const done = waiting === 0;
  return (
    <div className={`fg-notice ${done && still > 0 ? "fg-notice-warn" : ""}`} role="status">
      <div>
        <strong>
          {done
            ? asked.accepted.length === 0
              ? "Nothing is read again."
              : still === 0
                ? `${count(left, "object")} left the quarantine.`
                : `${count(left, "object")} left the quarantine, ${count(still, "object")} could not be read again either.`
            : `Reading ${count(waiting, "object")} again…`}
        </strong>
        {asked.refused > 0 && (
          <div className="fg-dim">{count(asked.refused, "object")} refused: of a source that this server does not read.</div>
        )}
        {done && still > 0 && (
          <div className="fg-dim">Their reasons are below. Replace them in the source, or leave them listed.</div>
        )}
      </div>
      <button type="button" className="fg-button" onClick={onClose}>
        {done ? "Done" : "Do not wait"}
      </button>
    </div>
  );
}
