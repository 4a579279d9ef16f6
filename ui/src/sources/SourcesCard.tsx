import type { Answer, LakeAnswer } from "../api/types";
import { bytes, count, exact, short } from "../format/number";
import { ago, dateTime, length } from "../format/time";
import { useZone } from "../state/settings";
import { Bars } from "./Bars";
import { type SourceState, healthOf, rateOf } from "./health";

type Activity = Answer<"/api/v1/activity">;

interface SourcesCardProps {
  sources: LakeAnswer["sources"];
  activity: Activity | undefined;
}

/** Each source: state, rate, lag, last listing, what waits. */
export function SourcesCard({ sources, activity }: SourcesCardProps) {
  if (!sources || sources.length === 0) {
    return (
      <section className="fg-card fg-section" aria-labelledby="sources-title">
        <h2 id="sources-title">Sources</h2>
        <p className="fg-dim">
          {sources
            ? "No source was read into this lake yet."
            : "This server reads no sources: it answers from what other processes put into the lake."}{" "}
          Start it with one to have it watched: <code>flowglass serve s3://BUCKET --lake LAKE</code>
        </p>
      </section>
    );
  }
  return (
    <section className="fg-card fg-section" aria-labelledby="sources-title">
      <h2 id="sources-title">Sources</h2>
      <ul className="fg-sources">
        {sources.map((source) => (
          <Source key={source.source} source={source} activity={activity} />
        ))}
      </ul>
    </section>
  );
}

function Source({ source, activity }: { source: SourceState; activity: Activity | undefined }) {
  const zone = useZone();
  const health = healthOf(source);
  const mine = activity?.sources.find((one) => one.source === source.source);
  const minutes = mine?.objects ?? [];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const facts: [string, string, string][] = [
    [
      "Objects a minute",
      mine ? rateWords(minutes) : "0",
      "The mean of the last ten minutes that are over; the bars show an hour",
    ],
    [
      "Lag",
      mine?.lag_median === null || mine?.lag_median === undefined ? "–" : length(mine.lag_median * 1000),
      mine?.lag_max === null || mine?.lag_max === undefined
        ? "From an object's writing to its reading; nothing was read in the last hour"
        : `Median from an object's writing to its reading; at most ${length(mine.lag_max * 1000)} in the last hour`,
    ],
    [
      "Newest window ended",
      mine?.newest_window ? ago(mine.newest_window) : "–",
      mine?.newest_window ? dateTime(mine.newest_window, zone) : "No window was read in the last hour",
    ],
    [
      "Last listed",
      source.last_listed === null ? "never" : ago(source.last_listed),
      source.last_listed === null ? "" : dateTime(source.last_listed, zone),
    ],
    ["Pending", count(source.pending_objects, "object"), `${exact(source.pending_objects)} objects are listed and not read yet`],
  ];
  return (
    <li className="fg-source">
      <div className="fg-source-head">
        <h3>{source.source}</h3>
        <span className={`fg-state fg-state-${health.level}`}>{health.words}</span>
        <code className="fg-source-place">{source.location}</code>
      </div>
      <dl className="fg-facts">
        {facts.map(([name, value, title]) => (
          <div key={name} title={title}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {activity && (
        <div className="fg-source-hour">
          <Bars values={mine ? minutes : new Array<number>(60).fill(0)} from={activity.from} of="objects" />
          <p className="fg-dim">
            Last hour: {count(sum(minutes), "object")}, {count(sum(mine?.records ?? []), "record")}, {bytes(mine?.bytes ?? 0)}
            {mine && mine.unreadable > 0 ? `, ${short(mine.unreadable)} not read in whole` : ""}
          </p>
        </div>
      )}
    </li>
  );
}

/** The rate; and what just arrived, where that is far more. */
function rateWords(minutes: readonly number[]): string {
  const [rate, now] = [rateOf(minutes), minutes.at(-1) ?? 0];
  return now > 10 + 2 * rate ? `${short(rate)}, now ${short(now)}` : short(rate);
}
