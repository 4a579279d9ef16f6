import { useMemo } from "react";

import { useNames } from "../api/names";
import type { FieldInfo } from "../api/types";
import { useNarrow } from "../state/narrow";
import { NARROW_COLUMN, fieldsOf } from "./columns";
import { useLayout } from "./layout";

/** Pixels of a row: on narrow screens a record has two lines. */
const ROW_HEIGHT = 27;
const NARROW_HEIGHT = 46;
/** Pixels of the button that opens a row. */
const OPENER = 28;

const NARROW = [NARROW_COLUMN];

/** What the table of records and the live tail have in common: columns, their room, and what to ask for them. */
export function useTable(fields: readonly FieldInfo[], zone: string) {
  const layout = useLayout(fields);
  const names = useNames();
  const context = useMemo(() => ({ zone, names }), [zone, names]);
  const narrow = useNarrow() && layout.isUsual;
  const columns = narrow ? NARROW : layout.columns;
  const asked = useMemo(() => fieldsOf(columns), [columns]);
  return {
    layout,
    context,
    columns,
    /** The fields that the columns need. */
    asked,
    rowHeight: narrow ? NARROW_HEIGHT : ROW_HEIGHT,
    /** Of all columns, in pixels. */
    width: columns.reduce((sum, column) => sum + column.width, OPENER),
    className: narrow ? "fg-table fg-table-narrow" : "fg-table",
  };
}
