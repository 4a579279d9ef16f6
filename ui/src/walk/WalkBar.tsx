import { useEffect, useRef } from "react";

import { useAnswer } from "../api/query";
import { count } from "../format/number";
import { Icon } from "../parts/Icon";
import { upToNow } from "../state/range";
import { useParam } from "../state/url";
import { STEPS, type WalkStep } from "./steps";
import { hideWalk, restartWalk, useWalk, walkTo } from "./walk";

/** The guided walk through the demo: five questions, each a click that asks it and says what one sees. */
export default function WalkBar() {
  const { step, seen } = useWalk();
  const index = step ? STEPS.indexOf(step) : -1;
  const next = STEPS[index + 1];
  return (
    <aside className="fg-walk" aria-label="Guided walk">
      <div className="fg-walk-steps">
        <strong className="fg-walk-title">Five questions to a VPC</strong>
        <ol>
          {STEPS.map((one, place) => (
            <li key={one.id}>
              <button
                type="button"
                aria-current={one === step ? "step" : undefined}
                onClick={() => walkTo(one)}
                title={one.question}
              >
                <span className={`fg-walk-number ${seen.includes(one.id) ? "fg-walk-seen" : ""}`} aria-hidden="true">
                  {seen.includes(one.id) && one !== step ? <Icon name="check" size={12} /> : place + 1}
                </span>
                <span>{one.title}</span>
                {seen.includes(one.id) && <span className="fg-sr">(seen)</span>}
              </button>
            </li>
          ))}
        </ol>
        <button type="button" className="fg-tool" onClick={hideWalk} aria-label="Hide the walk" title="Hide; the header brings it back">
          <Icon name="close" />
        </button>
      </div>
      {step ? <Told key={step.id} step={step} next={next} /> : <Beginning />}
    </aside>
  );
}

function Beginning() {
  return (
    <div className="fg-walk-told">
      <p>
        This is a simulated VPC: <strong>vsi1</strong> (10.240.0.4) has a floating IP and serves an application on port
        3000; it asks <strong>vsi2</strong> (10.240.64.4), which is private. Seven security-group rules allow just that.
        Each question is one click; look around as you like in between.
      </p>
      <button
        type="button"
        className="fg-button fg-button-main"
        onClick={() => {
          const first = STEPS[0];
          if (first) walkTo(first);
        }}
      >
        Begin with the first question
      </button>
    </div>
  );
}

function Told({ step, next }: { step: WalkStep; next: WalkStep | undefined }) {
  const told = useRef<HTMLDivElement>(null);
  // Whoever listens instead of looking hears what the click brought.
  useEffect(() => told.current?.focus({ preventScroll: true }), []);
  return (
    <div className="fg-walk-told" ref={told} tabIndex={-1}>
      <div className="fg-walk-words">
        <h2>{step.question}</h2>
        <p>
          {step.sees} <Fact step={step} />
        </p>
        <p>
          <strong>Why:</strong> {step.why}
        </p>
        <p className="fg-dim">
          <strong>Try:</strong> {step.tryThis}
        </p>
      </div>
      {next ? (
        <button type="button" className="fg-button fg-button-main" onClick={() => walkTo(next)}>
          Next: {next.title} <Icon name="right" size={12} />
        </button>
      ) : (
        <div className="fg-walk-end">
          <button type="button" className="fg-button" onClick={restartWalk}>
            Once more
          </button>
          <button type="button" className="fg-button fg-button-main" onClick={hideWalk}>
            Done
          </button>
        </div>
      )}
    </div>
  );
}

/** The same in numbers of this lake. */
function Fact({ step }: { step: WalkStep }) {
  const from = useParam("from");
  const to = useParam("to");
  const range = from !== null && to !== null ? { from, to } : upToNow("24h");
  const { query, field, words } = step.fact;
  const { data } = useAnswer("/api/v1/top", { query, field, n: 3, measure: "attempts", ...range }, { enabled: from !== null });
  const told = (data?.values ?? []).map(({ value, count: attempts }) => words(String(value), count(attempts, "attempt")));
  if (told.length === 0) return null;
  return <span className="fg-walk-fact">In this range: {told.join(", ")}.</span>;
}
