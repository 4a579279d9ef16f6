import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";

import { useAnswer } from "../api/query";
import type { FieldInfo } from "../api/types";
import { count, exact, short } from "../format/number";
import { Icon } from "../parts/Icon";
import { ProblemBox } from "../parts/ProblemBox";
import { useKeys } from "../state/keys";
import { go } from "../state/url";
import { RecordRow } from "./RecordRow";
import { TableHead } from "./TableHead";
import { EMPTY, Follower, type FollowState, KEPT } from "./follow";
import { useTable } from "./useTable";

/** Earlier records shown below the new ones. */
const BEFORE = 200;

interface FollowProps {
  query: string;
  zone: string;
  fields: readonly FieldInfo[];
}

/** New records as they are committed, newest on top. Pausing, or scrolling down, holds the view still; what comes
 * meanwhile is counted and shown on going on. */
export function Follow({ query, zone, fields }: FollowProps) {
  const { layout, context, columns, asked, rowHeight, width, className } = useTable(fields, zone);
  const [state, setState] = useState<FollowState>(EMPTY);
  /** What is shown while it holds still. */
  const [held, setHeld] = useState<FollowState | null>(null);
  const scroller = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const follower = new Follower({ query, zone, fields: asked, onChange: setState });
    return () => {
      follower.stop();
      setState(EMPTY);
      setHeld(null);
    };
  }, [query, zone, asked]);

  const { rows: fresh, received } = held ?? state;
  // What came before, so that there is something to look at until the next object arrives.
  const before = useAnswer("/api/v1/search", { query, tz: zone, fields: asked, limit: BEFORE }, { fresh: true });
  const rows = useMemo(() => {
    const earlier = before.data?.rows ?? [];
    if (fresh.length === 0) return earlier;
    const known = new Set(fresh.map(({ id }) => id));
    return [...fresh, ...earlier.filter(({ id }) => !known.has(id))];
  }, [fresh, before.data]);
  const waiting = state.received - received;
  const pause = () => setHeld(state);
  const resume = () => {
    setHeld(null);
    scroller.current?.scrollTo({ top: 0 });
  };
  useKeys([
    { keys: "p", does: "Pause or go on", section: "Follow", run: () => (held ? resume() : pause()) },
    { keys: "Escape", does: "Stop following", section: "Follow", run: () => go({ live: null }) },
  ]);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const words =
    state.state === "connecting"
      ? "Connecting…"
      : state.state === "ended"
        ? "Ended"
        : held
          ? `Paused, ${count(waiting, "new record")} waiting`
          : state.received === 0
            ? "Following: new records appear on top as objects arrive"
            : "Following";
  return (
    <div className="fg-follow">
      <div className="fg-follow-bar" role="status" aria-live="off">
        <span className={`fg-dot ${state.state === "following" && !held ? "fg-dot-live" : "fg-dot-idle"}`} />
        <span>{words}</span>
        <span className="fg-dim" title="received since following began">
          {short(state.perSecond)} records/s · {exact(state.received)} received
          {state.skipped > 0 && ` · ${exact(state.skipped)} too fast to show, counted`}
          {state.received > KEPT && ` · the newest ${exact(KEPT)} are kept`}
        </span>
        <span className="fg-follow-tools">
          <button type="button" className="fg-button" onClick={held ? resume : pause}>
            <Icon name={held ? "play" : "pause"} size={14} /> {held ? "Go on" : "Pause"}
          </button>
          <button type="button" className="fg-button" onClick={() => go({ live: null })}>
            Stop
          </button>
        </span>
      </div>
      {state.problem && <ProblemBox error={state.problem} />}
      <div
        className={className}
        ref={scroller}
        tabIndex={0}
        role="group"
        aria-label="New records, scrollable"
        onScroll={(event) => {
          if (!held && event.currentTarget.scrollTop > rowHeight) setHeld(state);
        }}
      >
        <div role="table" aria-label="New records" aria-rowcount={rows.length + 1} style={{ minWidth: width }}>
          <div className="fg-table-head" role="rowgroup">
            <TableHead layout={layout} />
          </div>
          <div role="rowgroup" className="fg-table-body" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index];
              if (!row) return null;
              return (
                <div
                  key={row.id ?? item.index}
                  role="presentation"
                  className="fg-item"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <RecordRow
                    row={row}
                    columns={columns}
                    context={context}
                    index={item.index}
                    selected={false}
                    open={false}
                    onToggle={openInSearch}
                  />
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

/** Opening a record leaves the tail: the search shows it with everything around. */
function openInSearch(id: string) {
  go({ live: null, open: id });
}
