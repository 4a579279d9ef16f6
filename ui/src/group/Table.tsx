import type { MouseEvent } from "react";

import type { Value } from "../api/types";
import { valueWords } from "../format/value";
import { Action } from "../parts/Action";
import { FilterValue } from "../parts/FilterValue";
import { go } from "../state/url";
import { aggregateTitle, exactValue, formatValue, isCount, unitOf } from "./aggregates";
import { changeOf, changeWords } from "./compare";
import { type ShapeProps, kindOf } from "./props";
import { isBucket, shownAggregate } from "./question";
import { applyBucket } from "./terms";
import type { Group } from "./useGroups";

/** The groups as a table: every value a filter, every column an order. */
export function Table({ data, gone, question, fields, names, zone }: ShapeProps) {
  const { by, aggregates, order } = question;
  const { index: shown } = shownAggregate(question);
  const compared = Boolean(data.compared);
  const most = Math.max(
    ...data.rows.map(({ values }) => (typeof values[shown] === "number" ? Math.abs(values[shown]) : 0)),
  );
  const context = { fields, names, zone };
  return (
    <div className="fg-group-scroll" tabIndex={0} role="region" aria-label="Groups">
      <table className="fg-group-table">
        <thead>
          <tr>
            {by.map((key) => (
              <th key={key} scope="col" aria-sort={order === "keys" ? "ascending" : undefined}>
                <button type="button" onClick={() => go({ order: "keys" }, { replace: true })} title="Order by the fields">
                  {key}
                  {order === "keys" && key === by[0] && " ▴"}
                </button>
              </th>
            ))}
            {aggregates.map((aggregate) => {
              const down = order === `-${aggregate.text}`;
              const up = order === aggregate.text;
              return (
                <th
                  key={aggregate.text}
                  scope="col"
                  className="fg-number"
                  colSpan={compared ? 3 : 1}
                  aria-sort={down ? "descending" : up ? "ascending" : undefined}
                >
                  <button
                    type="button"
                    title={`Order by ${aggregate.text}`}
                    onClick={() => go({ order: down ? aggregate.text : `-${aggregate.text}` }, { replace: true })}
                  >
                    {aggregateTitle(aggregate)}
                    {down ? " ▾" : up ? " ▴" : ""}
                  </button>
                </th>
              );
            })}
          </tr>
          {compared && (
            <tr className="fg-group-sub">
              {by.map((key) => (
                <td key={key} />
              ))}
              {aggregates.map(({ text }) => ["now", "before", "change"].map((word) => <th key={text + word}>{word}</th>))}
            </tr>
          )}
        </thead>
        <tbody>
          {[...data.rows, ...gone].map((row) => (
            <tr key={JSON.stringify(row.keys)} className={gone.includes(row) ? "fg-group-gone" : undefined}>
              {by.map((key, index) => (
                <th key={key} scope="row">
                  <Key field={key} value={row.keys[index] ?? null} {...context} />
                </th>
              ))}
              {aggregates.map((aggregate, index) => (
                <Numbers
                  key={aggregate.text}
                  row={row}
                  index={index}
                  unit={unitOf(aggregate, fields)}
                  counted={isCount(aggregate)}
                  compared={compared}
                  bar={index === shown && most > 0 ? most : undefined}
                  zone={zone}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface KeyProps extends Pick<ShapeProps, "fields" | "names" | "zone"> {
  field: string;
  value: Value;
}

function Key({ field, value, fields, names, zone }: KeyProps) {
  const kind = kindOf(field, fields);
  const { text, name, note } = valueWords(value, kind, field, names, zone);
  if (isBucket(field)) {
    const click = (event: MouseEvent) => {
      if (!event.altKey) applyBucket(field, value);
    };
    return (
      <button type="button" className="fg-value fg-mono" title="Click: only this time" onClick={click}>
        {text}
      </button>
    );
  }
  return (
    <FilterValue field={field} value={value} kind={kind} note={note}>
      {field === "action" && typeof value === "string" ? (
        <Action action={value} />
      ) : (
        <span className={value === null ? "fg-dim" : "fg-mono"}>{text}</span>
      )}
      {name !== undefined && <span className="fg-name"> {name}</span>}
    </FilterValue>
  );
}

interface NumbersProps {
  row: Group;
  index: number;
  unit: string | null;
  counted: boolean;
  compared: boolean;
  /** The greatest number of the column, where it has bars. */
  bar: number | undefined;
  zone: string;
}

function Numbers({ row, index, unit, counted, compared, bar, zone }: NumbersProps) {
  const value = row.values[index] ?? (counted ? 0 : null);
  const before = row.previous?.[index] ?? null;
  const change = changeOf(row.values[index], before, counted);
  return (
    <>
      <td className="fg-number" title={exactValue(value, unit)}>
        {bar !== undefined && typeof value === "number" && (
          <span className="fg-group-bar" aria-hidden="true">
            <span style={{ width: `${(Math.abs(value) / bar) * 100}%` }} />
          </span>
        )}
        {formatValue(value, unit, zone)}
      </td>
      {compared && (
        <>
          <td className="fg-number fg-dim" title={exactValue(before, unit)}>
            {formatValue(before ?? (counted ? 0 : null), unit, zone)}
          </td>
          <td
            className={`fg-number fg-change fg-change-${change.kind}`}
            title={"by" in change ? `${change.by > 0 ? "+" : ""}${exactValue(change.by, unit)}` : undefined}
          >
            {changeWords(change)}
          </td>
        </>
      )}
    </>
  );
}
