import type { LakeAnswer } from "../api/types";
import { exact, percent, short } from "../format/number";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { useParamState } from "../state/url";
import { ObjectRow } from "./ObjectRow";
import { OUTCOMES, outcomeOf } from "./outcomes";
import { useObjects } from "./useObjects";

/** What became of every object ever listed; a click lists those of one outcome. */
export function LedgerCard({ lake, every }: { lake: LakeAnswer; every: number | undefined }) {
  const [shown, setShown] = useParamState("objects", "");
  const counts = new Map((lake.stats?.objects ?? []).map(({ outcome, objects }) => [outcome, objects]));
  const total = [...counts.values()].reduce((sum, value) => sum + value, 0);
  const outcome = outcomeOf(shown);
  return (
    <section className="fg-card fg-section" aria-labelledby="ledger-title">
      <header className="fg-section-head">
        <h2 id="ledger-title">Ledger</h2>
        <span className="fg-dim">what became of {short(total)} objects</span>
      </header>
      <ul className="fg-outcomes">
        {OUTCOMES.map(({ id, title, means }) => {
          const value = counts.get(id) ?? 0;
          return (
            <li key={id}>
              <button
                type="button"
                aria-pressed={shown === id}
                onClick={() => setShown(shown === id ? "" : id)}
                disabled={value === 0 && shown !== id}
                title={means}
              >
                <span className={`fg-outcome fg-outcome-${id}`}>{title}</span>
                <span className="fg-number" title={exact(value)}>
                  {short(value)}
                </span>
                <span className="fg-outcome-track" aria-hidden="true">
                  <span className={`fg-outcome-bar fg-outcome-bar-${id}`} style={{ width: total > 0 ? `${(100 * value) / total}%` : 0 }} />
                </span>
                <span className="fg-dim fg-outcome-means">{means}</span>
                <span className="fg-sr">{total > 0 ? percent(value / total) : ""}</span>
              </button>
            </li>
          );
        })}
      </ul>
      {outcome && <Listed id={outcome.id} title={outcome.title} every={every} />}
    </section>
  );
}

function Listed({ id, title, every }: { id: string; title: string; every: number | undefined }) {
  const { objects, isPending, error, more, again } = useObjects([id], every);
  return (
    <div className="fg-listed">
      <h3>{title}, newest first</h3>
      {error && <ProblemBox error={error} onRetry={again} />}
      {isPending && !error && <Waiting what="the objects" />}
      <ul className="fg-objects">
        {objects.map((object) => (
          <ObjectRow key={object.object_id} object={object} />
        ))}
      </ul>
      {more && (
        <button type="button" className="fg-link" onClick={more}>
          Show more
        </button>
      )}
    </div>
  );
}
