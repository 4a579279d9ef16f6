import { useMemo } from "react";

import type { FieldInfo } from "../api/types";
import { FieldList } from "../parts/FieldList";
import { Icon } from "../parts/Icon";
import { Menu } from "../parts/Menu";
import { Segments } from "../parts/Segments";
import { go } from "../state/url";
import { AggregatePicker } from "./AggregatePicker";
import { aggregateTitle } from "./aggregates";
import {
  COMPARISONS,
  type GroupQuestion,
  SHAPES,
  WIDTHS,
  isBucket,
  setAggregates,
  setKeys,
  setShape,
  widthOf,
} from "./question";

interface BuilderProps {
  question: GroupQuestion;
  fields: readonly FieldInfo[];
}

/** What to group by, what to compute, how to show it, and what to compare with. */
export function Builder({ question, fields }: BuilderProps) {
  const { by, aggregates, shape, compare } = question;
  const choices = useMemo(
    () => [
      ...fields
        .filter(({ name }) => name !== "time" && !by.includes(name))
        .map(({ name, doc }) => ({ id: name, title: name, doc })),
      ...WIDTHS.filter(() => !by.some(isBucket)).map((width) => ({
        id: `time:${width}`,
        title: `time:${width}`,
        doc: `When, in steps of ${widthWords(width)}`,
      })),
    ],
    [fields, by],
  );
  const texts = aggregates.map(({ text }) => text);
  return (
    <div className="fg-builder">
      <div className="fg-builder-row">
        <span className="fg-builder-label" id="fg-group-by">
          Group by
        </span>
        <ul className="fg-group-chips" aria-labelledby="fg-group-by">
          {by.map((key) => (
            <Chip
              key={key}
              text={isBucket(key) ? `time, in steps of ${widthWords(widthOf(key))}` : key}
              title={fields.find(({ name }) => name === key)?.doc}
              onRemove={() => setKeys(by.filter((one) => one !== key))}
            />
          ))}
          <li>
            <Menu label={<Icon name="plus" size={14} />} name="Add a field to group by" quiet>
              {(close) => (
                <FieldList
                  what="a field to group by"
                  choices={choices}
                  onChoose={(id) => {
                    setKeys([...by, id]);
                    close();
                  }}
                />
              )}
            </Menu>
          </li>
        </ul>
        <span className="fg-builder-label" id="fg-group-compute">
          Compute
        </span>
        <ul className="fg-group-chips" aria-labelledby="fg-group-compute">
          {aggregates.map((aggregate) => (
            <Chip
              key={aggregate.text}
              text={aggregateTitle(aggregate)}
              title={aggregate.text}
              onRemove={
                aggregates.length > 1 ? () => setAggregates(texts.filter((text) => text !== aggregate.text)) : undefined
              }
            />
          ))}
          <li>
            <Menu label={<Icon name="plus" size={14} />} name="Compute something else" quiet>
              {(close) => (
                <AggregatePicker
                  fields={fields}
                  taken={texts}
                  onAdd={(text) => {
                    setAggregates([...texts, text]);
                    close();
                  }}
                  onInstead={(text) => {
                    setAggregates([text]);
                    close();
                  }}
                />
              )}
            </Menu>
          </li>
        </ul>
      </div>
      <div className="fg-builder-row">
        <Segments label="Show as" choices={SHAPES} value={shape} onChange={setShape} shown />
        <label className="fg-builder-select">
          <span>Compare with</span>
          <select className="fg-select" value={compare} onChange={(event) => go({ compare: event.target.value || null })}>
            {COMPARISONS.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
            {!COMPARISONS.some(({ id }) => id === compare) && <option value={compare}>{compare} earlier</option>}
          </select>
        </label>
      </div>
    </div>
  );
}

const WIDTH_WORDS: Readonly<Record<string, string>> = {
  "1m": "a minute",
  "5m": "5 minutes",
  "1h": "an hour",
  "1d": "a day",
};

function widthWords(width: string): string {
  return WIDTH_WORDS[width] ?? width;
}

interface ChipProps {
  text: string;
  title?: string | undefined;
  onRemove?: (() => void) | undefined;
}

function Chip({ text, title, onRemove }: ChipProps) {
  return (
    <li className="fg-group-chip" title={title}>
      <span>{text}</span>
      {onRemove && (
        <button type="button" onClick={onRemove} aria-label={`Remove ${text}`} title="Remove">
          <Icon name="close" size={12} />
        </button>
      )}
    </li>
  );
}
