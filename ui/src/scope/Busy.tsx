import { type Query, useIsFetching } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { cancelAll, queryClient } from "../api/query";
import { Icon } from "../parts/Icon";

/** Questions, not what is asked again and again by itself. */
function isQuestion(query: Query): boolean {
  return !query.observers.some(({ options }) => options.refetchInterval);
}

/** Says that a question is slow and how to give it up; after that, how to ask again. Quick answers never show it. */
export function Busy() {
  const busy = useIsFetching({ predicate: isQuestion }) > 0;
  const [seconds, setSeconds] = useState(0);
  const [cancelled, setCancelled] = useState(false);
  useEffect(() => {
    if (!busy) return;
    const started = performance.now();
    const timer = setInterval(() => {
      setSeconds((performance.now() - started) / 1000);
      setCancelled(false);
    }, 250);
    return () => {
      clearInterval(timer);
      setSeconds(0);
    };
  }, [busy]);
  if (busy && seconds >= 0.75) {
    return (
      <button
        type="button"
        className="fg-button fg-busy"
        title="Give up what is being read"
        onClick={() => {
          cancelAll();
          setCancelled(true);
        }}
      >
        <span className="fg-spinner" aria-hidden="true" /> Cancel
        {seconds >= 2 && <span className="fg-dim">{Math.floor(seconds)} s</span>}
      </button>
    );
  }
  if (!cancelled || busy) return null;
  return (
    <button
      type="button"
      className="fg-button fg-busy"
      title="The question was given up; what is shown may be of an earlier one"
      onClick={() => {
        setCancelled(false);
        void queryClient.refetchQueries({ type: "active", predicate: isQuestion });
      }}
    >
      <Icon name="warning" size={14} /> Cancelled: ask again
    </button>
  );
}
