import type { MouseEvent, ReactNode } from "react";

import type { Value } from "../api/types";
import { negated, term, withTerm } from "../scope/terms";
import { setQuery } from "../state/range";

interface FilterValueProps {
  field: string;
  value: Value;
  /** The field's kind in the catalogue; text unless told. */
  kind?: string;
  /** More about the value, for its tooltip. */
  note?: string | undefined;
  children: ReactNode;
  className?: string;
}

/** Narrows the query by a term, or excludes what it finds. */
export function applyTerm(text: string, exclude = false): void {
  const query = new URLSearchParams(window.location.search).get("q") ?? "";
  setQuery(withTerm(query, exclude ? negated(text) : text));
}

/** A value that is a filter: a click asks for it only, Alt and click (or `x`) excludes it. */
export function FilterValue({ field, value, kind = "text", note, children, className = "" }: FilterValueProps) {
  const text = term(field, value, kind);
  const click = (event: MouseEvent) => {
    event.stopPropagation();
    applyTerm(text, event.altKey);
  };
  return (
    <button
      type="button"
      className={`fg-value ${className}`}
      data-term={text}
      title={`${text}${note ? ` (${note})` : ""}\nClick: only this. Alt-click: exclude`}
      onClick={click}
    >
      {children}
    </button>
  );
}
