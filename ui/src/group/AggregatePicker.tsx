import { useState } from "react";

import type { FieldInfo } from "../api/types";
import { FieldList } from "../parts/FieldList";
import { FUNCTIONS, MEASURES, suits } from "./aggregates";

interface AggregatePickerProps {
  fields: readonly FieldInfo[];
  /** What is computed already. */
  taken: readonly string[];
  onAdd: (text: string) => void;
  /** Computes this and nothing else. */
  onInstead: (text: string) => void;
}

/** Offers the measures, and functions of fields. */
export function AggregatePicker({ fields, taken, onAdd, onInstead }: AggregatePickerProps) {
  const [of, setOf] = useState("p95");
  const chosen = FUNCTIONS.find(({ id }) => id === of);
  const choices = fields
    .filter((field) => chosen && suits(chosen, field) && !taken.includes(`${of}(${field.name})`))
    .map(({ name, doc }) => ({ id: name, title: name, doc }));
  return (
    <div className="fg-aggregates">
      <section aria-label="Measures">
        <h3>Measures</h3>
        <ul className="fg-menu-list">
          {MEASURES.map(({ id, title, doc }) => (
            <li key={id} className="fg-aggregate">
              <button type="button" disabled={taken.includes(id)} onClick={() => onAdd(id)}>
                <strong>{title}</strong> <span className="fg-dim">{doc}</span>
              </button>
              {!(taken.length === 1 && taken[0] === id) && (
                <button type="button" className="fg-link" onClick={() => onInstead(id)} aria-label={`Only ${title}`}>
                  only
                </button>
              )}
            </li>
          ))}
        </ul>
      </section>
      <section aria-label="Of a field">
        <h3>Of a field</h3>
        <select className="fg-select" aria-label="Function" value={of} onChange={(event) => setOf(event.target.value)}>
          {FUNCTIONS.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
        <FieldList what="a field to compute of" choices={choices} onChoose={(field) => onAdd(`${of}(${field})`)} />
      </section>
    </div>
  );
}
