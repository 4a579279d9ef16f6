import { useEffect, useState } from "react";

import { cancelAll } from "../api/query";

interface WaitingProps {
  /** What is being waited for: `the records`. */
  what: string;
}

/** Says what is being waited for, and how to stop. Quick answers never show it. */
export function Waiting({ what }: WaitingProps) {
  const seconds = useSeconds();
  if (seconds < 0.3) return <div className="fg-waiting" />;
  return (
    <div className="fg-waiting" role="status">
      <span className="fg-spinner" aria-hidden="true" />
      Reading {what}
      {seconds >= 2 && <span className="fg-dim"> {Math.floor(seconds)} s</span>}
      {seconds >= 1 && (
        <button type="button" className="fg-link" onClick={cancelAll}>
          Cancel
        </button>
      )}
    </div>
  );
}

function useSeconds(): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const started = performance.now();
    const timer = setInterval(() => setSeconds((performance.now() - started) / 1000), 100);
    return () => clearInterval(timer);
  }, []);
  return seconds;
}
