import { type PointerEvent, useRef, useState } from "react";

import type { Layout } from "./layout";

/** Headings of the table: drag one to move its column, its edge to change the width; with the keyboard, arrows and
 * Shift with arrows. */
export function TableHead({ layout }: { layout: Layout }) {
  const [dragged, setDragged] = useState<string | null>(null);
  const [over, setOver] = useState<number | null>(null);
  const start = useRef<{ id: string; x: number; width: number } | null>(null);
  const [width, setWidth] = useState<{ id: string; width: number } | null>(null);

  const grab = (event: PointerEvent, id: string, from: number) => {
    event.preventDefault();
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    start.current = { id, x: event.clientX, width: from };
  };
  const pull = (event: PointerEvent) => {
    const begun = start.current;
    if (begun) setWidth({ id: begun.id, width: Math.max(40, begun.width + event.clientX - begun.x) });
  };
  const release = () => {
    if (width) layout.resize(width.id, width.width);
    start.current = null;
    setWidth(null);
  };

  return (
    <div className="fg-row" role="row">
      <div className="fg-cell fg-cell-open" role="columnheader">
        <span className="fg-sr">Details</span>
      </div>
      {layout.columns.map((column, index) => {
        const shown = width?.id === column.id ? width.width : column.width;
        return (
          <div
            key={column.id}
            role="columnheader"
            tabIndex={0}
            title={`${column.doc}. Drag to move; Shift with arrows too`}
            className={[
              "fg-cell fg-head",
              column.numeric ? "fg-number" : "",
              over === index && dragged !== column.id ? "fg-head-over" : "",
            ].join(" ")}
            style={{ width: shown }}
            draggable
            onDragStart={(event) => {
              event.dataTransfer.effectAllowed = "move";
              event.dataTransfer.setData("text/plain", column.id);
              setDragged(column.id);
            }}
            onDragEnd={() => {
              setDragged(null);
              setOver(null);
            }}
            onDragOver={(event) => {
              if (dragged === null) return;
              event.preventDefault();
              setOver(index);
            }}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged !== null) layout.move(dragged, index);
              setDragged(null);
              setOver(null);
            }}
            onKeyDown={(event) => {
              const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
              if (step === 0) return;
              event.preventDefault();
              event.stopPropagation();
              if (event.shiftKey) layout.move(column.id, Math.max(0, index + step));
              else layout.resize(column.id, column.width + step * 12);
            }}
          >
            {column.label}
            <span
              className="fg-grip"
              aria-hidden="true"
              onPointerDown={(event) => grab(event, column.id, shown)}
              onPointerMove={pull}
              onPointerUp={release}
              onDoubleClick={() => layout.resize(column.id, 0)}
              draggable
              onDragStart={(event) => {
                event.preventDefault();
                event.stopPropagation();
              }}
            />
          </div>
        );
      })}
    </div>
  );
}
