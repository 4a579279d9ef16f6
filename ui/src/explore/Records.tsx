import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";

import type { FieldInfo } from "../api/types";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import type { Scope } from "../state/range";
import { type Column, DEFAULT_COLUMNS, columnOf, fieldsOf } from "./columns";
import { useRecords } from "./useRecords";

const ROW_HEIGHT = 27;

interface RecordsProps {
  scope: Scope;
  zone: string;
  fields: readonly FieldInfo[];
}

/** The matching records. Only rows on the screen exist; more are read as they are scrolled to. */
export function Records({ scope, zone, fields }: RecordsProps) {
  const columns = useMemo(
    () => DEFAULT_COLUMNS.map((id) => columnOf(id, fields)).filter((column): column is Column => column !== undefined),
    [fields],
  );
  const asked = useMemo(() => fieldsOf(columns), [columns]);
  const records = useRecords(scope, asked, zone);
  const rows = useMemo(() => records.data?.pages.flatMap((page) => page.rows) ?? [], [records.data]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = records;
  useEffect(() => {
    if (last >= rows.length - 40 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  const width = columns.reduce((sum, column) => sum + column.width, 0);
  if (records.error) return <ProblemBox error={records.error} onRetry={() => void records.refetch()} />;
  if (records.isPending) return <Waiting what="records" />;
  return (
    <div className="fg-table" ref={scroller} tabIndex={0} role="table" aria-label="Records" aria-rowcount={-1}>
      <div className="fg-table-head" role="rowgroup" style={{ minWidth: width }}>
        <div className="fg-row" role="row">
          {columns.map((column) => (
            <div
              key={column.id}
              role="columnheader"
              className={column.numeric ? "fg-cell fg-number" : "fg-cell"}
              style={{ width: column.width }}
            >
              {column.label}
            </div>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="fg-table-body" style={{ height: virtual.getTotalSize(), minWidth: width }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            <div
              key={item.key}
              role="row"
              aria-rowindex={item.index + 2}
              className="fg-row"
              style={{ transform: `translateY(${item.start}px)`, height: item.size }}
            >
              {columns.map((column) => (
                <div
                  key={column.id}
                  role="cell"
                  className={column.numeric ? "fg-cell fg-number" : "fg-cell"}
                  style={{ width: column.width }}
                >
                  {column.cell(row, zone)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
