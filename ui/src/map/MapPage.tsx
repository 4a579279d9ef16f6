import type { Nearest } from "../api/types";
import { count as counted, exact, milliseconds } from "../format/number";
import { rangeWords } from "../format/time";
import { ProblemBox } from "../parts/ProblemBox";
import { Segments } from "../parts/Segments";
import { Waiting } from "../parts/Waiting";
import { ScopeBar } from "../scope/ScopeBar";
import { useScope } from "../state/range";
import { useZone } from "../state/settings";
import { go } from "../state/url";
import { Graph } from "./Graph";
import { List } from "./List";
import { Matrix } from "./Matrix";
import { COUNTS, LEVELS, type MapQuestion, NETS, VERDICTS, VIEWS, askAbout, useMapQuestion } from "./question";
import { TimeBrush } from "./TimeBrush";
import { MOST_PAIRS, type MapState, useMap } from "./useMap";

/** Edges listed beside a graph, and by themselves. */
const BESIDE = 30;
const ALONE = 500;

/** Who talks to whom. */
export default function MapPage() {
  const scope = useScope();
  const zone = useZone();
  const question = useMapQuestion(scope);
  const state = useMap(scope, zone, question);
  const { map, edges, view, range, timeline, error, isPending, isStale, again } = state;
  const props = { count: question.count, query: scope.query, range };
  return (
    <div className="fg-map">
      <h1 className="fg-sr">Map</h1>
      <ScopeBar />
      <Controls question={question} state={state} />
      <section className="fg-card fg-map-time" aria-label="Shown time">
        {timeline && <TimeBrush answer={timeline} range={scope} window={question.window} zone={zone} coverage={timeline.meta.coverage} />}
      </section>
      <section className={`fg-card fg-map-body ${isStale ? "fg-stale" : ""}`} aria-label="Who talks to whom">
        {error && <ProblemBox error={error} onRetry={again} />}
        {isPending && !error && <Waiting what="the map" />}
        {map && !error && edges.length === 0 && <Nothing range={range} zone={zone} nearest={state.nearest} />}
        {map && !error && edges.length > 0 && (
          <>
            <Says state={state} question={question} />
            <div className={view === "graph" ? "fg-map-both" : "fg-map-one"}>
              {view === "graph" && <Graph map={map} {...props} />}
              {view === "matrix" && <Matrix map={map} {...props} />}
              {view !== "matrix" && (
                <List edges={view === "graph" ? map.edges : edges} {...props} most={view === "graph" ? BESIDE : ALONE} />
              )}
            </div>
          </>
        )}
      </section>
    </div>
  );
}

interface ControlsProps {
  question: MapQuestion;
  state: MapState;
}

/** What places are, what counts, and how it is drawn. */
function Controls({ question, state }: ControlsProps) {
  const set = (name: string, usual: string) => (value: string) => go({ [name]: value === usual ? null : value }, { replace: true });
  return (
    <div className="fg-map-controls">
      <Segments label="Show" shown choices={LEVELS} value={question.level} onChange={set("level", "host")} />
      <label className="fg-builder-select">
        <span>internet by</span>
        <select className="fg-select" value={question.net} onChange={(event) => set("net", "auto")(event.target.value)}>
          {NETS.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
              {id === "auto" && question.net === "auto" && state.map && ` (${prefixWords(state.prefix)})`}
            </option>
          ))}
        </select>
      </label>
      <Segments label="Count" shown choices={COUNTS} value={question.count} onChange={set("count", "records")} />
      <Segments label="Verdict" shown choices={VERDICTS} value={question.only} onChange={set("only", "all")} />
      <Segments label="As" shown choices={VIEWS} value={state.view} onChange={(view) => go({ view }, { replace: true })} />
    </div>
  );
}

function prefixWords(prefix: MapState["prefix"]): string {
  return prefix === 32 ? "addresses" : prefix === "one" ? "one" : `/${prefix}`;
}

/** What the numbers count, and what was put together or left out. */
function Says({ state, question }: ControlsProps) {
  const { map, meta, truncated, view, edges } = state;
  const places = new Set(edges.flatMap(({ from, to }) => [from.id, to.id])).size;
  const lossy = (meta?.coverage.lossy_windows ?? 0) > 0;
  return (
    <p className="fg-map-says" role="status">
      <strong>{counted(places, "place")}</strong>, {counted(edges.length, "pair")}
      {map && map.rest > 0 && view !== "list" && `; the weakest ${exact(map.rest)} stand together`}
      {truncated && (
        <span className="fg-mark-lossy">
          {" "}
          · only the {exact(MOST_PAIRS)} strongest pairs of addresses were read: narrow the query or the time to see all
        </span>
      )}
      {meta && (
        <span className="fg-dim">
          {" "}
          · {COUNTS.find(({ id }) => id === question.count)?.doc.toLowerCase()}
          {lossy && ", a lower bound: some windows are lossy"} · {milliseconds(meta.elapsed_ms)}
        </span>
      )}
    </p>
  );
}

interface NothingProps {
  range: { from: string; to: string };
  zone: string;
  nearest: Nearest | null;
}

function Nothing({ range, zone, nearest }: NothingProps) {
  const found = nearest?.before ?? nearest?.after;
  return (
    <div className="fg-nothing">
      <h2>Nobody talks in {rangeWords(range.from, range.to, zone)}</h2>
      <p className="fg-dim">No record matches the query in this time.</p>
      {found && (
        <button
          type="button"
          className="fg-button fg-button-main"
          onClick={() => {
            const half = (Date.parse(range.to) - Date.parse(range.from)) / 2;
            const at = Date.parse(found.time);
            askAbout({ from: new Date(at - half).toISOString(), to: new Date(at + half).toISOString() });
          }}
        >
          Go to the nearest match
        </button>
      )}
    </div>
  );
}
