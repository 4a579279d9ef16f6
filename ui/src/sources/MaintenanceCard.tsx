import type { LakeAnswer } from "../api/types";
import { bytes, count, exact, short } from "../format/number";
import { dateTime, length } from "../format/time";
import { useZone } from "../state/settings";

type Stats = NonNullable<LakeAnswer["stats"]>;

/** Files of one day above which questions become slower; upkeep keeps them below. */
const MANY_FILES = 200;

/** The lake itself: files, bytes, whether small files are merged, version. */
export function MaintenanceCard({ stats }: { stats: Stats }) {
  const zone = useZone();
  const behind = stats.most_files_in_a_day > MANY_FILES;
  const held =
    stats.oldest !== null && stats.newest !== null ? Date.parse(stats.newest) - Date.parse(stats.oldest) : null;
  const facts: [string, string, string][] = [
    ["Records", short(stats.rows), exact(stats.rows)],
    ["Bytes", bytes(stats.bytes), `${exact(stats.bytes)} bytes in data files`],
    ["Bytes a record", `${stats.bytes_per_record.toFixed(1)} B`, "Stored bytes of the data files, divided by the records"],
    ["Data files", short(stats.files), `${exact(stats.files)} Parquet files`],
    ["Mean file", stats.files > 0 ? bytes(stats.bytes / stats.files) : "–", "Larger files are read faster"],
    ["Days", short(stats.days), "UTC days with data, a folder each"],
    ["Held", held === null ? "nothing" : length(held), held === null ? "" : `${dateTime(stats.oldest ?? 0, zone)} – ${dateTime(stats.newest ?? 0, zone)}`],
    ["Lake version", exact(stats.lake_version), "Every commit makes a version; answers say which one they hold at"],
  ];
  return (
    <section className="fg-card fg-section" aria-labelledby="maintenance-title">
      <header className="fg-section-head">
        <h2 id="maintenance-title">Maintenance</h2>
        <span className={`fg-state fg-state-${behind ? "bad" : "good"}`}>{behind ? "Compaction is behind" : "Compacted"}</span>
      </header>
      <dl className="fg-facts">
        {facts.map(([name, value, title]) => (
          <div key={name} title={title}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className="fg-dim">
        The fullest day has {count(stats.most_files_in_a_day, "file")}; eight of similar size are merged into one while a
        source is read.
        {behind && (
          <>
            {" "}
            Run <code>flowglass lake compact</code>, and look whether a process that reads sources runs.
          </>
        )}
      </p>
    </section>
  );
}
