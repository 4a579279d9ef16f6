import { type MouseEvent, useMemo, useState } from "react";

import { useFields } from "../api/fields";
import { useNames } from "../api/names";
import { useAnswer } from "../api/query";
import type { Facet, Measure, Value } from "../api/types";
import { bytes, exact, percent, short } from "../format/number";
import { dateTime } from "../format/time";
import { Action } from "../parts/Action";
import { applyTerm } from "../parts/FilterValue";
import { Icon } from "../parts/Icon";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { plain } from "../parts/value";
import { hasTerm, negated, term, withoutTerm } from "../scope/terms";
import { type Scope, setQuery } from "../state/range";
import { go, useParam } from "../state/url";

/** Fields of a page that says nothing else: what a person asks first. */
const DEFAULT_FACETS = [
  "action",
  "direction",
  "target_port",
  "initiator_ip",
  "target_ip",
  "transport_protocol",
  "vnic_id",
];

/** Values of a facet until more are asked for. */
const FEW = 5;
const MANY = 50;

function useShown(): readonly string[] {
  const given = useParam("facets");
  return useMemo(() => given?.split(",").filter(Boolean) ?? DEFAULT_FACETS, [given]);
}

/** The greatest values of the shown fields. They count what the chart counts. */
export function useFacets({ query, from, to }: Scope, zone: string, measure: Measure) {
  const fields = useShown();
  return useAnswer(
    "/api/v1/facets",
    { query, from, to, tz: zone, fields: [...fields], n: FEW + 1, measure },
    { enabled: fields.length > 0, keep: true },
  );
}

interface FacetsProps {
  scope: Scope;
  zone: string;
  measure: Measure;
}

/** The greatest values of some fields, with what counts and their share. */
export function Facets({ scope, zone, measure }: FacetsProps) {
  const fields = useFields();
  const shown = useShown();
  const { data, error, isPending, isPlaceholderData, refetch } = useFacets(scope, zone, measure);
  const set = (next: readonly string[]) =>
    go({ facets: next.join(",") === DEFAULT_FACETS.join(",") ? null : next.join(",") }, { replace: true });
  const others = fields.filter(({ name, kind }) => !shown.includes(name) && kind !== "json");

  if (error?.isQuestion) return null;
  if (error) return <ProblemBox error={error} onRetry={() => void refetch()} />;
  if (isPending) return <Waiting what="the fields" />;
  return (
    <div className={isPlaceholderData ? "fg-facets fg-stale" : "fg-facets"}>
      {data.facets.map((facet) => (
        <FacetList
          key={facet.field}
          facet={facet}
          scope={scope}
          zone={zone}
          measure={data.meta.measure.name}
          onRemove={() => set(shown.filter((name) => name !== facet.field))}
        />
      ))}
      <label className="fg-add-facet">
        <span className="fg-sr">Add a field</span>
        <select
          className="fg-select"
          value=""
          onChange={(event) => {
            if (event.target.value) set([...shown, event.target.value]);
          }}
        >
          <option value="">Add a field…</option>
          {others.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

interface FacetListProps {
  facet: Facet;
  scope: Scope;
  zone: string;
  /** What the numbers count. */
  measure: Measure;
  onRemove: () => void;
}

function FacetList({ facet, scope, zone, measure, onRemove }: FacetListProps) {
  const [all, setAll] = useState(false);
  const { query, from, to } = scope;
  const more = useAnswer(
    "/api/v1/facets",
    { query, from, to, tz: zone, fields: [facet.field], n: MANY, measure },
    { enabled: all, keep: true },
  );
  const fields = useFields();
  const field = fields.find(({ name }) => name === facet.field);
  const values = all ? (more.data?.facets[0]?.values ?? facet.values) : facet.values.slice(0, FEW);
  const number = (value: number) => (measure === "bytes" ? bytes(value) : short(value));
  return (
    <section className="fg-facet" aria-label={facet.field}>
      <header>
        <h3 title={field?.doc}>{facet.field}</h3>
        <span className="fg-dim" title={`${exact(facet.distinct)} different values`}>
          {short(facet.distinct)}
        </span>
        <button
          type="button"
          className="fg-tool"
          onClick={onRemove}
          aria-label={`Remove ${facet.field}`}
          title="Remove"
        >
          <Icon name="close" size={12} />
        </button>
      </header>
      {values.length === 0 && <p className="fg-dim">no values</p>}
      <ul>
        {values.map(({ value, count }) => (
          <FacetValue
            key={plain(value)}
            field={facet.field}
            kind={field?.kind ?? "text"}
            value={value as Value}
            count={number(count)}
            exactCount={exact(count)}
            share={facet.total > 0 ? count / facet.total : 0}
            query={query}
            zone={zone}
          />
        ))}
      </ul>
      {facet.distinct > FEW && (
        <button type="button" className="fg-link fg-facet-more" onClick={() => setAll((was) => !was)}>
          {all ? "Show fewer" : `Show more of ${short(facet.distinct)}`}
        </button>
      )}
    </section>
  );
}

interface FacetValueProps {
  field: string;
  kind: string;
  value: Value;
  count: string;
  exactCount: string;
  share: number;
  query: string;
  zone: string;
}

function FacetValue({ field, kind, value, count, exactCount, share, query, zone }: FacetValueProps) {
  const names = useNames();
  const text = term(field, value, kind);
  const applied = hasTerm(query, text);
  const note =
    typeof value === "number" && kind === "port"
      ? names.service(value)
      : typeof value === "string" && kind === "address"
        ? names.host(value)
        : typeof value === "string"
          ? names.id(value)
          : undefined;
  const click = (event: MouseEvent) => {
    if (applied) setQuery(withoutTerm(query, text));
    else applyTerm(text, event.altKey);
  };
  return (
    <li className="fg-facet-value">
      <button
        type="button"
        className="fg-facet-only"
        aria-pressed={applied}
        data-term={text}
        title={`${text}: ${exactCount}\nClick: ${applied ? "no longer only this" : "only this"}. Alt-click: exclude`}
        onClick={click}
      >
        <span className="fg-facet-bar" style={{ width: `${share * 100}%` }} />
        <span className="fg-facet-name">
          {field === "action" ? <Action action={plain(value)} /> : words(value, kind, field, zone, names.protocol)}
          {note && <span className="fg-name">{note}</span>}
        </span>
        <span className="fg-facet-count">{count}</span>
        <span className="fg-facet-share fg-dim">{percent(share)}</span>
      </button>
      <button
        type="button"
        className="fg-tool fg-facet-exclude"
        title={`Exclude: ${negated(text)}`}
        aria-label={`Exclude ${text}`}
        onClick={() => applyTerm(text, true)}
      >
        <Icon name="minus" size={12} />
      </button>
    </li>
  );
}

function words(
  value: Value,
  kind: string,
  field: string,
  zone: string,
  protocol: (number: number | null) => string | undefined,
): string {
  if (value === null) return "none";
  if (typeof value === "number" && kind === "protocol") return protocol(value) ?? String(value);
  if (field === "direction") return value === "I" ? "in" : value === "O" ? "out" : plain(value);
  if (kind === "time" && typeof value === "string") return dateTime(value, zone);
  return plain(value);
}
