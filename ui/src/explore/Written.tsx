import { useAnswer } from "../api/query";
import type { Row } from "../api/types";
import { bytes } from "../format/number";
import { CopyButton } from "../parts/CopyButton";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";

/** The record as the provider wrote it, and the object it stands in. */
export function Written({ id, row }: { id: string; row: Row }) {
  const record = useAnswer("/api/v1/rows/{row}/record", { row: id });
  const objects = useAnswer("/api/v1/objects", { object: row.object_id ?? "" }, { enabled: Boolean(row.object_id) });
  const object = objects.data?.objects[0];
  const text = record.data?.text ?? null;
  return (
    <section className="fg-written" aria-label="As written">
      <h3>As the provider wrote it</h3>
      {object && (
        <p>
          Record {(row.record_index ?? 0) + 1} of {object.records ?? 0} in an object of{" "}
          {object.size === null ? "unknown size" : bytes(object.size)}, {object.outcome}
          {object.state !== null && object.state !== "ok" && `, ${object.state}`}; source {object.source}
        </p>
      )}
      {object?.key && (
        <p className="fg-key">
          <code>{object.key}</code>
          <CopyButton text={() => object.key ?? ""} what="object key" icon />
        </p>
      )}
      {record.isPending && <Waiting what="the object" />}
      {record.error && <ProblemBox error={record.error} />}
      {text !== null && (
        <div className="fg-json">
          <CopyButton text={() => text} what="record as written" icon />
          <pre tabIndex={0}>{pretty(text)}</pre>
        </div>
      )}
      {record.data?.unavailable && (
        <p className="fg-dim">
          It cannot be read again: {record.data.unavailable}. The fields are those stored in the lake.
        </p>
      )}
    </section>
  );
}

/** JSON in lines. What is copied is byte for byte as written. */
function pretty(text: string): string {
  // Parsing would round large counters; a record is one flat object, so that breaking lines is enough.
  return text
    .trim()
    .replace(/^\{\s*/, "{\n  ")
    .replace(/\s*\}$/, "\n}")
    .replace(/,\s*(?="[^"]*"\s*:)/g, ",\n  ");
}
