import { useAnswer } from "../api/query";
import { count } from "../format/number";
import { Icon } from "../parts/Icon";
import { PageLink } from "../parts/PageLink";
import { Command } from "./Command";
import { isEmpty, stepsOf } from "./steps";

/** What to do with an empty lake, and how far it went. */
export default function EmptyLake({ onGoOn }: { onGoOn: () => void }) {
  const { data } = useAnswer("/api/v1/lake", {}, { every: 2_000 });
  if (!data) return null;
  const steps = stepsOf(data);
  const filled = !isEmpty(data);
  const lake = lakeArgument(data.location);
  return (
    <div className="fg-start">
      <header>
        <h1>{filled ? "The lake has its first records" : "This lake is empty"}</h1>
        <p className="fg-dim">
          {filled
            ? "From here on, every answer says for what part of the asked time it can speak."
            : "Point it at flow logs. This page ticks the steps by itself as they come."}
        </p>
      </header>
      <div className="fg-start-columns">
        <div>
          <ol className="fg-steps">
            {steps.map((step, index) => (
              <li key={step.title} className={step.done ? "fg-step-done" : ""}>
                <span className="fg-step-mark" aria-hidden="true">
                  {step.done ? <Icon name="check" /> : index + 1}
                </span>
                <div>
                  <strong>{step.title}</strong> <span className="fg-sr">{step.done ? "(done)" : "(to do)"}</span>
                  <p className="fg-dim">{step.words}</p>
                </div>
              </li>
            ))}
          </ol>
          <div className="fg-steps-end">
            {filled ? (
              <button type="button" className="fg-button fg-button-main" onClick={onGoOn}>
                Explore {count(data.stats?.rows ?? 0, "record")}
              </button>
            ) : (
              <PageLink page="/sources">See the sources in detail</PageLink>
            )}
          </div>
        </div>
        <div className="fg-ways">
          <section className="fg-card" aria-labelledby="way-bucket">
            <h2 id="way-bucket">Read a bucket</h2>
            <p>
              The bucket that a flow-log collector writes to. Credentials come from the environment:{" "}
              <code>IBMCLOUD_API_KEY</code>, or <code>AWS_ACCESS_KEY_ID</code> and <code>AWS_SECRET_ACCESS_KEY</code>.
            </p>
            <Command line="flowglass check s3://BUCKET --endpoint https://s3.REGION.cloud-object-storage.appdomain.cloud" />
            <Command line={`flowglass watch s3://BUCKET --endpoint https://s3.REGION.cloud-object-storage.appdomain.cloud --lake ${lake}`} />
            <p className="fg-dim">The first tells what to expect and writes nothing. The second reads, and goes on as objects appear.</p>
          </section>
          <section className="fg-card" aria-labelledby="way-directory">
            <h2 id="way-directory">Read a directory</h2>
            <p>Objects copied from a bucket, in the folders they had there.</p>
            <Command line={`flowglass watch ./DIRECTORY --lake ${lake}`} />
          </section>
          <section className="fg-card" aria-labelledby="way-demo">
            <h2 id="way-demo">Look around first</h2>
            <p>A simulated VPC with scanners and a refused SSH, and a walk through it. No cloud account is needed.</p>
            <Command line="flowglass demo" />
          </section>
        </div>
      </div>
    </div>
  );
}

/** The lake as it is given to `--lake`. */
function lakeArgument(location: string | null | undefined): string {
  const path = (location ?? "LAKE").replace(/^file:\/\//, "").replace(/(.)\/$/, "$1");
  return /^[\w./:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
