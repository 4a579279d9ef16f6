import { useState } from "react";

import { ask } from "../api/client";
import { useFields } from "../api/fields";
import { useNames } from "../api/names";
import { count, exact, milliseconds } from "../format/number";
import { ago, rangeWords } from "../format/time";
import type { TabProps } from "../explore/tabs";
import { Icon } from "../parts/Icon";
import { ProblemBox } from "../parts/ProblemBox";
import { Segments } from "../parts/Segments";
import { Waiting } from "../parts/Waiting";
import { go } from "../state/url";
import { MEASURES, aggregateTitle } from "./aggregates";
import { Bars } from "./Bars";
import { Builder } from "./Builder";
import { csvOf, saveText } from "./csv";
import { Lines } from "./Lines";
import { type GroupQuestion, SIZES, shownAggregate, useQuestion } from "./question";
import { Share } from "./Share";
import { Table } from "./Table";
import { type Groups, paramsOf, useGroups } from "./useGroups";

/** Counts and other numbers of groups of records: as a table, bars, lines over time, or shares. */
export default function GroupTab({ scope, zone }: TabProps) {
  const question = useQuestion();
  const fields = useFields();
  const names = useNames();
  const state = useGroups(scope, zone, question);
  const { data, gone, error, isPending, isStale, again } = state;
  const props = { question, fields, names, zone, scope, gone };
  return (
    <div className="fg-group">
      <Builder question={question} fields={fields} />
      {error && <ProblemBox error={error} onRetry={again} />}
      {isPending && <Waiting what="the groups" />}
      {data && !error && (
        <div className={isStale ? "fg-group-answer fg-stale" : "fg-group-answer"}>
          <Says data={data} gone={gone.length} question={question} zone={zone} scope={scope} />
          {data.rows.length === 0 ? (
            <p className="fg-nothing">Nothing matches in {rangeWords(scope.from, scope.to, zone)}: there is nothing to group.</p>
          ) : question.shape === "bars" ? (
            <Bars data={data} {...props} />
          ) : question.shape === "lines" ? (
            <Lines data={data} {...props} />
          ) : question.shape === "share" ? (
            <Share data={data} {...props} />
          ) : (
            <Table data={data} {...props} />
          )}
        </div>
      )}
    </div>
  );
}

interface SaysProps extends Pick<TabProps, "scope" | "zone"> {
  data: Groups;
  gone: number;
  question: GroupQuestion;
}

/** What the groups count, how many there are, and what was left out. */
function Says({ data, gone, question, zone, scope }: SaysProps) {
  const { size, by, shape, aggregates } = question;
  const { aggregate } = shownAggregate(question);
  const more = SIZES.find((one) => one > size);
  const measured = aggregates.find(({ measure }) => measure !== undefined);
  const words =
    measured?.text === data.meta.measure.name
      ? data.meta.measure.words
      : measured
        ? MEASURES.find(({ id }) => id === measured.measure)?.doc.toLowerCase()
        : `of ${data.meta.measure.words}`;
  return (
    <div className="fg-group-says">
      <p>
        {data.truncated ? (
          <>
            <strong>
              The {question.order === "keys" ? "first" : "greatest"} {exact(data.rows.length)} groups
            </strong>
            ; there are more.{" "}
            {more && (
              <button type="button" className="fg-link" onClick={() => go({ n: String(more) }, { replace: true })}>
                Show up to {exact(more)}
              </button>
            )}
          </>
        ) : (
          <strong>{by.length === 0 ? "Everything as one group" : count(data.rows.length, "group")}</strong>
        )}
        <span className="fg-dim">
          {" "}
          · {words} · {milliseconds(data.meta.elapsed_ms)}
        </span>
        {data.compared?.from && data.compared.to && (
          <span className="fg-dim">
            {" "}
            · compared with {rangeWords(data.compared.from, data.compared.to, zone)}
            {gone > 0 && `, since when ${count(gone, "group")} went`}
          </span>
        )}
      </p>
      <Unheld data={data} />
      {shape !== "table" && aggregates.length > 1 && (
        <Segments
          label="Of"
          shown
          choices={aggregates.map((one) => ({ id: one.text, title: aggregateTitle(one) }))}
          value={aggregate.text}
          onChange={(text) => go({ order: `-${text}` }, { replace: true })}
        />
      )}
      <ExportCsv question={question} scope={scope} zone={zone} />
    </div>
  );
}

/** Says that what is compared with is not held as a whole, so that differences are no news. */
function Unheld({ data }: { data: Groups }) {
  const from = data.compared?.from ?? null;
  const held = data.meta.coverage.held_from;
  if (from === null || held === null || Date.parse(held) <= Date.parse(from)) return null;
  const all = data.compared?.to && Date.parse(held) >= Date.parse(data.compared.to);
  return (
    <p className="fg-group-unheld" role="note">
      <Icon name="warning" size={14} /> The lake holds {all ? "nothing" : "only a part"} of the period compared with: it begins{" "}
      {ago(held)}.
    </p>
  );
}

/** Most groups that the server gives at once. */
const MOST = 10_000;

/** Exports all groups, not only those shown, and says if there are more than one file takes. */
function ExportCsv({ question, scope, zone }: Pick<SaysProps, "question" | "scope" | "zone">) {
  const [said, setSaid] = useState("");
  const save = async () => {
    setSaid("Reading…");
    try {
      const all = (await ask("/api/v1/group", { ...paramsOf(scope, zone, question), limit: MOST })) as Groups;
      saveText(csvOf(all), `flowglass-${question.by.join("-").replaceAll(":", "") || "all"}.csv`);
      setSaid(all.truncated ? `The ${exact(MOST)} first; there are more` : `${count(all.rows.length, "group")} exported`);
    } catch (error) {
      setSaid(error instanceof Error ? error.message : "Failed");
    }
  };
  return (
    <span className="fg-group-export">
      <span role="status" className="fg-dim">
        {said}
      </span>
      <button type="button" className="fg-tool" onClick={() => void save()} title="Export all groups as CSV">
        <Icon name="export" /> CSV
      </button>
    </span>
  );
}
