import { useState } from "react";

import { useAnswer } from "../api/query";
import { exact, percent } from "../format/number";
import { addsUp, aggregateTitle, exactValue, formatValue, unitOf } from "./aggregates";
import { SERIES, type ShapeProps, groupWords, seriesColour } from "./props";
import { shownAggregate } from "./question";
import { Ring } from "./Ring";
import { applyGroup } from "./terms";
import { type Groups, paramsOf } from "./useGroups";

/** Each group's part of the whole, with what the rest adds up to. */
export function Share(props: ShapeProps) {
  const { data, question, fields, zone, scope } = props;
  const { aggregate, index } = shownAggregate(question);
  const [over, setOver] = useState<number | null>(null);
  const whole = useAnswer(
    "/api/v1/group",
    paramsOf(scope, zone, { ...question, by: [], aggregates: [aggregate], order: `-${aggregate.text}`, compare: "" }),
    { keep: true },
  );
  if (!addsUp(aggregate)) {
    return (
      <p className="fg-nothing">
        {aggregateTitle(aggregate)} of groups does not add up to a whole, so it has no shares. Counts, bytes, packets and sums
        do.
      </p>
    );
  }
  const unit = unitOf(aggregate, fields);
  const number = (value: unknown) => (typeof value === "number" ? value : 0);
  const shown = data.rows.slice(0, SERIES);
  const listed = shown.reduce((sum, { values }) => sum + number(values[index]), 0);
  const total = Math.max(listed, number((whole.data as Groups | undefined)?.rows[0]?.values[0]));
  const rest = total - listed;
  const parts = [
    ...shown.map((row, place) => ({
      id: JSON.stringify(row.keys),
      words: groupWords(row.keys, props),
      value: number(row.values[index]),
      colour: seriesColour(question.by, row.keys, place),
      row,
    })),
    ...(rest > 0
      ? [{ id: "rest", words: restWords(data, shown.length), value: rest, colour: "--fg-series-rest", row: undefined }]
      : []),
  ].filter(({ value }) => value > 0);
  return (
    <div className="fg-share">
      <Ring
        parts={parts}
        over={over}
        onOver={setOver}
        title={formatValue(over === null ? total : (parts[over]?.value ?? 0), unit, zone)}
        note={over === null ? aggregateTitle(aggregate).toLowerCase() : percent((parts[over]?.value ?? 0) / total)}
      />
      <ul className="fg-share-list">
        {parts.map(({ id, words, value, colour, row }, place) => (
          <li key={id}>
            <button
              type="button"
              disabled={!row}
              className={over === place ? "fg-share-over" : undefined}
              title={`${words}: ${exactValue(value, unit)}${row ? "\nClick: only this. Alt-click: exclude" : ""}`}
              onClick={(event) => row && applyGroup(question.by, row, fields, event.altKey)}
              onPointerEnter={() => setOver(place)}
              onPointerLeave={() => setOver(null)}
            >
              <span className="fg-swatch" style={{ background: `var(${colour})` }} />
              <span className="fg-share-words">{words}</span>
              <span className="fg-number">{formatValue(value, unit, zone)}</span>
              <span className="fg-number fg-dim">{percent(value / total)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function restWords(data: Groups, shown: number): string {
  if (data.truncated) return "all others";
  return `${exact(data.rows.length - shown)} others`;
}
