import { type KeyboardEvent, memo, type MouseEvent } from "react";

import type { Row } from "../api/types";
import { Icon } from "../parts/Icon";
import type { CellContext, Column } from "./columns";

interface RecordRowProps {
  row: Row;
  columns: readonly Column[];
  context: CellContext;
  index: number;
  selected: boolean;
  open: boolean;
  onToggle: (id: string, index: number) => void;
}

/** One record. A click beside its values opens it. */
export const RecordRow = memo(function RecordRow(props: RecordRowProps) {
  const { row, columns, context, index, selected, open, onToggle } = props;
  const id = row.id ?? "";
  const toggle = (event: MouseEvent | KeyboardEvent) => {
    // Text that was just selected is meant to be copied.
    if (event.type === "click" && window.getSelection()?.toString()) return;
    onToggle(id, index);
  };
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={`fg-row fg-record ${selected ? "fg-row-selected" : ""} ${open ? "fg-row-open" : ""} fg-row-${row.action ?? "none"}`}
      onClick={toggle}
    >
      <div role="cell" className="fg-cell fg-cell-open">
        <button
          type="button"
          className="fg-opener"
          aria-expanded={open}
          aria-label={open ? "Close the record" : "Open the record"}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(id, index);
          }}
        >
          <Icon name={open ? "down" : "right"} size={14} />
        </button>
      </div>
      {columns.map((column) => (
        <div
          key={column.id}
          role="cell"
          className={column.numeric ? "fg-cell fg-number" : "fg-cell"}
          style={{ width: column.width }}
        >
          {column.cell(row, context)}
        </div>
      ))}
    </div>
  );
});
