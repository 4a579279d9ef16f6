import { useState } from "react";

import type { Answer } from "../api/types";
import { bytes, count, exact } from "../format/number";
import { ago, dateTime, rangeWords } from "../format/time";
import { Icon } from "../parts/Icon";
import { useZone } from "../state/settings";
import { keyWords } from "./key";
import { outcomeOf } from "./outcomes";

export type LedgerObject = Answer<"/api/v1/objects">["objects"][number];

interface ObjectRowProps {
  object: LedgerObject;
  /** Whether it is chosen to be read again; missing where nothing can be chosen. */
  chosen?: boolean | undefined;
  onChoose?: ((chosen: boolean) => void) | undefined;
}

/** An object of the ledger: what it is, what became of it and why; opened, everything that is known of it. */
export function ObjectRow({ object, chosen, onChoose }: ObjectRowProps) {
  const zone = useZone();
  const [open, setOpen] = useState(false);
  const { place, file } = keyWords(object.key ?? object.object_id);
  const outcome = outcomeOf(object.outcome);
  const words = `${place} ${file}`;
  return (
    <li className={`fg-object ${onChoose ? "fg-object-choice" : ""}`}>
      {onChoose && (
        <input
          type="checkbox"
          aria-label={`Choose ${words}`}
          checked={chosen ?? false}
          onChange={(event) => onChoose(event.target.checked)}
        />
      )}
      <div className="fg-object-words">
        <button type="button" className="fg-object-toggle" aria-expanded={open} onClick={() => setOpen((was) => !was)}>
          <Icon name={open ? "down" : "right"} size={12} />
          <span>
            {place} <code>{file}</code>
          </span>
        </button>
        <p className={object.reason === null ? "fg-dim" : ""}>{said(object)}</p>
        {open && (
          <div className="fg-object-open">
            <dl>
              {facts(object, zone).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
            {object.problems.length > 0 && (
              <>
                <h4>{count(object.problems.length, "remark")}</h4>
                <ul>
                  {object.problems.map((problem, index) => (
                    <li key={index}>
                      {problem.index != null && <strong>Record {exact(problem.index)}: </strong>}
                      {problem.reason}
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
        )}
      </div>
      <span className={`fg-outcome fg-outcome-${object.outcome}`} title={outcome?.means}>
        {outcome?.title ?? object.outcome}
      </span>
      <span className="fg-dim fg-object-when" title={object.recorded_at === null ? "" : dateTime(object.recorded_at, zone)}>
        {object.recorded_at === null ? "" : ago(object.recorded_at)}
      </span>
    </li>
  );
}

/** Why it is where it is, or what was in it. */
function said(object: LedgerObject): string {
  if (object.reason !== null) return object.reason;
  if ((object.unreadable ?? 0) > 0) {
    const first = object.problems.find(({ index }) => index != null);
    return `${count(object.unreadable ?? 0, "record")} of ${exact((object.records ?? 0) + (object.unreadable ?? 0))} unreadable${first ? `: ${first.reason}` : ""}`;
  }
  return count(object.records ?? 0, "record");
}

function facts(object: LedgerObject, zone: string): [string, string][] {
  const { capture_start_time: start, capture_end_time: end } = object;
  const all: [string, string | null][] = [
    ["Key", object.key],
    ["Source", object.source],
    ["Window", start !== null && end !== null ? rangeWords(start, end, zone) : null],
    ["State", object.state],
    ["Records", object.records === null ? null : exact(object.records)],
    ["Records by its header", object.declared_records === null ? null : exact(object.declared_records)],
    ["Unreadable", object.unreadable ? exact(object.unreadable) : null],
    ["Odd times", object.odd_times ? exact(object.odd_times) : null],
    ["Size", object.size === null ? null : `${bytes(object.size)} (${exact(object.size)} bytes)`],
    ["Written", object.last_modified === null ? null : dateTime(object.last_modified, zone)],
    ["Read", object.recorded_at === null ? null : dateTime(object.recorded_at, zone)],
    ["Version", object.etag],
    ["Id", object.object_id],
    ["Replaces", object.replaces],
  ];
  return all.filter((fact): fact is [string, string] => fact[1] !== null && fact[1] !== "");
}
