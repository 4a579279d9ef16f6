import { useVirtualizer } from "@tanstack/react-virtual";
import { Suspense, lazy, useCallback, useEffect, useMemo, useRef, useState } from "react";

import type { FieldInfo } from "../api/types";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { useKeys } from "../state/keys";
import type { Scope } from "../state/range";
import { go, useParam } from "../state/url";
import { NothingFound } from "./NothingFound";
import { RecordRow } from "./RecordRow";
import { TableHead } from "./TableHead";
import { useTable } from "./useTable";
import { useRecords } from "./useRecords";

const RecordDetails = lazy(() => import("./RecordDetails"));

/** Room for details until they are measured. */
const DETAILS_HEIGHT = 420;

interface RecordsProps {
  scope: Scope;
  zone: string;
  fields: readonly FieldInfo[];
}

/** The matching records. Only rows on the screen exist; more are read as they are scrolled to. */
export function Records({ scope, zone, fields }: RecordsProps) {
  const { layout, context, columns, asked, rowHeight, width, className } = useTable(fields, zone);
  const records = useRecords(scope, asked, zone);
  const rows = useMemo(() => records.data?.pages.flatMap((page) => page.rows) ?? [], [records.data]);
  const open = useParam("open");
  const [selected, setSelected] = useState(-1);
  const scroller = useRef<HTMLDivElement>(null);

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    getItemKey: (index) => rows[index]?.id ?? index,
    estimateSize: (index) => (rows[index]?.id === open ? rowHeight + DETAILS_HEIGHT : rowHeight),
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError } = records;
  useEffect(() => {
    if (last >= rows.length - 60 && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);

  const toggle = useCallback((id: string, index: number) => {
    setSelected(index);
    const now = new URLSearchParams(window.location.search).get("open");
    go({ open: now === id ? null : id }, { replace: true });
  }, []);
  const step = (by: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, selected + by));
    setSelected(next);
    virtual.scrollToIndex(next);
  };
  useKeys([
    { keys: "j", does: "Next record", section: "Records", run: () => step(1) },
    { keys: "k", does: "Previous record", section: "Records", run: () => step(-1) },
    { keys: "ArrowDown", does: "Next record", section: "Records", run: () => step(1) },
    { keys: "ArrowUp", does: "Previous record", section: "Records", run: () => step(-1) },
    {
      keys: "Enter",
      does: "Open or close the record",
      section: "Records",
      run: () => {
        const id = rows[selected]?.id;
        if (id) toggle(id, selected);
      },
    },
    { keys: "Escape", does: "Close the record", section: "Records", run: () => go({ open: null }, { replace: true }) },
  ]);

  if (records.error && rows.length === 0)
    return <ProblemBox error={records.error} onRetry={() => void records.refetch()} />;
  if (records.isPending) {
    if (records.fetchStatus !== "idle") return <Waiting what="records" />;
    return <Cancelled onAgain={() => void records.refetch()} />;
  }
  const first = records.data?.pages[0];
  if (rows.length === 0 && first) return <NothingFound answer={first} scope={scope} zone={zone} />;
  return (
    <div
      className={className}
      ref={scroller}
      tabIndex={0}
      role="group"
      aria-label="Records, scrollable"
    >
      <div role="table" aria-label="Records" aria-rowcount={-1} style={{ minWidth: width }}>
        <div className="fg-table-head" role="rowgroup">
          <TableHead layout={layout} />
        </div>
        <div role="rowgroup" className="fg-table-body" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            const isOpen = row.id === open;
            return (
              <div
                key={item.key}
                role="presentation"
                className="fg-item"
                data-index={item.index}
                ref={virtual.measureElement}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <RecordRow
                  row={row}
                  columns={columns}
                  context={context}
                  index={item.index}
                  selected={item.index === selected}
                  open={isOpen}
                  onToggle={toggle}
                />
                {isOpen && (
                  <div role="row" aria-rowindex={item.index + 2}>
                    <div role="cell" className="fg-details" aria-label="Details of the record">
                      <Suspense fallback={<Waiting what="the record" />}>
                        <RecordDetails id={row.id ?? ""} zone={zone} fields={fields} names={context.names} />
                      </Suspense>
                    </div>
                  </div>
                )}
              </div>
            );
          })}
        </div>
      </div>
      <div className="fg-table-end" role="status">
        {isFetchingNextPage && "Reading more…"}
        {isFetchNextPageError && (
          <button type="button" className="fg-link" onClick={() => void fetchNextPage()}>
            Reading more failed; try again
          </button>
        )}
        {!hasNextPage && rows.length > 20 && "That is all of them"}
      </div>
    </div>
  );
}

function Cancelled({ onAgain }: { onAgain: () => void }) {
  return (
    <div className="fg-waiting" role="status">
      Cancelled.
      <button type="button" className="fg-link" onClick={onAgain}>
        Ask again
      </button>
    </div>
  );
}
