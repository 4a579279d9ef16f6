import type { Names } from "../api/names";
import { useAnswer } from "../api/query";
import type { FieldInfo, Row } from "../api/types";
import { exact, withUnit } from "../format/number";
import { dateTime } from "../format/time";
import { applyTerm } from "../parts/FilterValue";
import { CopyButton } from "../parts/CopyButton";
import { Icon } from "../parts/Icon";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { plain } from "../parts/value";
import { negated, term } from "../scope/terms";
import { setQuery } from "../state/range";
import { ConnectionView } from "./ConnectionView";
import { Written } from "./Written";
import { isClosing } from "./columns";
import { connectionQuery } from "./share";

interface RecordDetailsProps {
  id: string;
  zone: string;
  fields: readonly FieldInfo[];
  names: Names;
}

const ORIGINS = [
  { origin: "record", title: "Record" },
  { origin: "header", title: "Object header" },
  { origin: "key", title: "Object key" },
  { origin: "flowglass", title: "Flowglass" },
];

/** Everything about one record: its connection, every field with its meaning, where it came from, how it was written. */
export default function RecordDetails({ id, zone, fields, names }: RecordDetailsProps) {
  const { data, error, isPending, refetch } = useAnswer("/api/v1/rows/{row}", { row: id });
  if (error) return <ProblemBox error={error} onRetry={() => void refetch()} />;
  if (isPending) return <Waiting what="the record" />;
  const { row } = data;
  return (
    <>
      <p className="fg-details-words">
        <Sentence row={row} names={names} />
      </p>
      <div className="fg-details-tools">
        <button type="button" className="fg-button" onClick={() => setQuery(connectionQuery(row))}>
          <Icon name="filter" /> Only this connection
        </button>
        <CopyButton text={() => connectionQuery(row)} what="query" />
        <CopyButton text={() => JSON.stringify(row, null, 2)} what="JSON" />
        <CopyButton text={() => `curl -s '${window.location.origin}/api/v1/rows/${id}'`} what="curl" />
      </div>
      <div className="fg-details-columns">
        <div>
          <ConnectionView id={id} zone={zone} names={names} />
          <Written id={id} row={row} />
        </div>
        <div className="fg-fields">
          {ORIGINS.map(({ origin, title }) => {
            const own = fields.filter((field) => field.origin === origin);
            const given = own.filter(({ name }) => row[name as keyof Row] !== null);
            const missing = own.filter((field) => !given.includes(field));
            return (
              <section key={origin} aria-label={title}>
                <h3>{title}</h3>
                <dl>
                  {given.map((field) => (
                    <FieldLine
                      key={field.name}
                      field={field}
                      value={row[field.name as keyof Row]}
                      zone={zone}
                      names={names}
                    />
                  ))}
                </dl>
                {missing.length > 0 && (
                  <p className="fg-dim fg-missing">
                    Not in this record:{" "}
                    {missing.map((field, index) => (
                      <span key={field.name} title={field.doc}>
                        {index > 0 && ", "}
                        {field.name}
                      </span>
                    ))}
                  </p>
                )}
              </section>
            );
          })}
        </div>
      </div>
    </>
  );
}

interface FieldLineProps {
  field: FieldInfo;
  value: Row[keyof Row];
  zone: string;
  names: Names;
}

function FieldLine({ field, value, zone, names }: FieldLineProps) {
  const text = term(field.name, value ?? null, field.kind);
  const note = noteOf(field, value, names);
  return (
    <div className="fg-field">
      <dt>
        <code>{field.name}</code>
        <span className="fg-dim">{field.doc}</span>
      </dt>
      <dd>
        <span className="fg-field-value" title={plain(value)}>
          {shown(field, value, zone)}
          {note && <span className="fg-name">{note}</span>}
        </span>
        <span className="fg-field-tools">
          <button
            type="button"
            className="fg-tool"
            title={`Only ${text}`}
            aria-label={`Only ${text}`}
            onClick={() => applyTerm(text)}
          >
            <Icon name="plus" size={14} />
          </button>
          <button
            type="button"
            className="fg-tool"
            title={`Exclude: ${negated(text)}`}
            aria-label={`Exclude ${text}`}
            onClick={() => applyTerm(text, true)}
          >
            <Icon name="minus" size={14} />
          </button>
          <CopyButton text={() => plain(value)} what={field.name} icon />
        </span>
      </dd>
    </div>
  );
}

function shown(field: FieldInfo, value: Row[keyof Row], zone: string): string {
  if (typeof value === "number" && field.kind === "integer" && field.unit) {
    return value < 1000 ? withUnit(value, field.unit) : `${withUnit(value, field.unit)} (${exact(value)})`;
  }
  if (field.kind === "time" && typeof value === "string") return dateTime(value, zone, true);
  return plain(value);
}

function noteOf(field: FieldInfo, value: Row[keyof Row], names: Names): string | undefined {
  if (typeof value === "number") {
    if (field.kind === "port") return names.service(value);
    if (field.kind === "protocol") return names.protocol(value);
  }
  if (typeof value !== "string") return undefined;
  if (field.kind === "address") return [names.host(value), names.label(value)].filter(Boolean).join(", ");
  if (field.name === "direction")
    return value === "I" ? "in: the initiator is outside" : "out: the vNIC is the initiator";
  return names.id(value);
}

/** What the record says, as a sentence. */
function Sentence({ row, names }: { row: Row; names: Names }) {
  const service = names.service(row.target_port, row.transport_protocol);
  const packets = (row.packets_from_initiator ?? 0) + (row.packets_from_target ?? 0);
  const side = row.direction === "I" ? "by the target's vNIC" : row.direction === "O" ? "by the initiator's vNIC" : "";
  return (
    <>
      <strong>{names.host(row.initiator_ip) ?? row.initiator_ip ?? "Unknown"}</strong> to{" "}
      <strong>
        {names.host(row.target_ip) ?? row.target_ip ?? "unknown"}
        {row.target_port !== null && row.target_port !== undefined && ` port ${row.target_port}`}
      </strong>
      {service && ` (${service})`}: {names.protocol(row.transport_protocol) ?? "unknown protocol"},{" "}
      <strong className={`fg-word-${row.action ?? "none"}`}>{row.action ?? "no verdict"}</strong>
      {side && `, reported ${side}`}.{" "}
      {isClosing(row)
        ? "A closing record: it ends an earlier flow and is no second attempt."
        : row.was_initiated
          ? "The connection began in this window."
          : "The connection began in an earlier window."}
      {row.action === "accepted" && packets > 0 && row.packets_from_target === 0 && " The target did not answer."}
      {row.state === "skip data" && " The window is lossy: counts are lower bounds."}
    </>
  );
}
