import type { SearchAnswer } from "../api/types";
import { missingWords } from "../coverage/kinds";
import { count, percent } from "../format/number";
import { dateTime, length, rangeWords } from "../format/time";
import { type Range, type Scope, instant, setRange } from "../state/range";

interface NothingFoundProps {
  answer: SearchAnswer;
  scope: Scope;
  zone: string;
}

/** Why there is nothing, where the nearest match is, and what the lake holds. */
export function NothingFound({ answer, scope, zone }: NothingFoundProps) {
  const { coverage } = answer.meta;
  const [from, to] = [Date.parse(scope.from), Date.parse(scope.to)];
  const { held_from: first, held_to: last } = coverage;
  const near = [
    { row: answer.nearest?.before, words: (at: number) => `${length(from - at)} before the range` },
    { row: answer.nearest?.after, words: (at: number) => `${length(at - to)} after the range` },
  ];
  return (
    <div className="fg-nothing">
      <h2>No record matches in {rangeWords(scope.from, scope.to, zone)}</h2>
      {near.map(({ row, words }) => {
        if (!row) return null;
        const at = Date.parse(row.time);
        return (
          <p key={row.id}>
            <button type="button" className="fg-button fg-button-main" onClick={() => setRange(around(at, to - from))}>
              Go to the nearest match
            </button>{" "}
            {dateTime(row.time, zone)}, {words(at)}
          </p>
        );
      })}
      {!near.some(({ row }) => row) && <p>Nothing in the whole lake matches.</p>}
      {first !== null && last !== null ? (
        <p className="fg-dim">
          The lake holds {length(Date.parse(last) - Date.parse(first))} for{" "}
          {count(coverage.vnic_count, coverage.pinned ? "asked vNIC" : "vNIC")}: {rangeWords(first, last, zone)}.{" "}
          {coverage.fraction === null
            ? "None of them was recorded in this range."
            : `This range is ${percent(coverage.fraction)} covered, ${missingWords(coverage).join(", ") || "without gaps"}.`}{" "}
          <button type="button" className="fg-link" onClick={() => setRange({ from: first, to: last })}>
            Search all that is held
          </button>
        </p>
      ) : (
        <p className="fg-dim">The lake holds nothing yet.</p>
      )}
      {answer.meta.warnings.map((warning) => (
        <p className="fg-dim" key={warning}>
          {warning}
        </p>
      ))}
    </div>
  );
}

/** A range of that length with an instant in its middle. */
export function around(at: number, size: number): Range {
  const start = Math.floor((at - size / 2) / 1000) * 1000;
  return { from: instant(start), to: instant(start + size) };
}
