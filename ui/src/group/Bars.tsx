import { exactValue, formatValue, isCount, unitOf } from "./aggregates";
import { changeOf, changeWords } from "./compare";
import { type ShapeProps, groupWords } from "./props";
import { shownAggregate } from "./question";
import { applyGroup } from "./terms";

/** Bars that are drawn; a table shows more. */
const MOST_BARS = 200;

/** The groups as bars, the period before as a mark on each. */
export function Bars(props: ShapeProps) {
  const { data, gone, question, fields, zone } = props;
  const { aggregate, index } = shownAggregate(question);
  const unit = unitOf(aggregate, fields);
  const rows = [...data.rows, ...gone].slice(0, MOST_BARS);
  const numbers = rows.flatMap(({ values, previous }) => [values[index], previous?.[index]]);
  const most = Math.max(...numbers.map((value) => (typeof value === "number" ? value : 0)));
  if (!numbers.some((value) => typeof value === "number")) {
    return <p className="fg-nothing">{aggregate.text} has no numbers that bars could show. The table shows its values.</p>;
  }
  const part = (value: unknown) => `${typeof value === "number" && most > 0 ? Math.max(0, value / most) * 100 : 0}%`;
  return (
    <div className="fg-group-scroll" tabIndex={0} role="region" aria-label="Groups as bars">
      <ul className="fg-bars">
        {rows.map((row) => {
          const [value, before] = [row.values[index], row.previous?.[index]];
          const words = groupWords(row.keys, props);
          const change = data.compared ? changeWords(changeOf(value, before, isCount(aggregate))) : "";
          const kind = data.compared ? changeOf(value, before, isCount(aggregate)).kind : "";
          return (
            <li key={JSON.stringify(row.keys)}>
              <button
                type="button"
                title={`${words}: ${exactValue(value, unit)}${data.compared ? `, before ${exactValue(before, unit)}` : ""}\nClick: only this. Alt-click: exclude`}
                onClick={(event) => applyGroup(question.by, row, fields, event.altKey)}
              >
                <span className="fg-bars-words">{words}</span>
                <span className="fg-bars-track" aria-hidden="true">
                  <span className={`fg-bars-bar ${barClass(row.keys[0], question.by)}`} style={{ width: part(value) }} />
                  {data.compared && <span className="fg-bars-before" style={{ left: part(before) }} />}
                </span>
                <span className="fg-bars-value">{formatValue(value ?? (isCount(aggregate) ? 0 : null), unit, zone)}</span>
                {data.compared && <span className={`fg-change fg-change-${kind}`}>{change}</span>}
              </button>
            </li>
          );
        })}
      </ul>
      {data.rows.length + gone.length > MOST_BARS && (
        <p className="fg-dim fg-bars-more">The first {MOST_BARS} are drawn; the table lists all.</p>
      )}
    </div>
  );
}

function barClass(value: unknown, by: readonly string[]): string {
  return by.length === 1 && by[0] === "action" && value === "rejected" ? "fg-bars-rejected" : "";
}
