import { useEffect, useRef, useState } from "react";

import { queryClient, useAnswer } from "../api/query";
import { ago } from "../format/time";
import { Icon } from "../parts/Icon";
import { ProblemBox } from "../parts/ProblemBox";
import { Waiting } from "../parts/Waiting";
import { LedgerCard } from "./LedgerCard";
import { MaintenanceCard } from "./MaintenanceCard";
import { QuarantineCard } from "./QuarantineCard";
import { SourcesCard } from "./SourcesCard";
import { VnicsCard } from "./VnicsCard";

/** What is asked often, and what is dearer. */
const OFTEN = 5_000;
const SELDOM = 15_000;

/** Where objects come from, whether they keep coming, what is missing, and the state of the lake. */
export default function Sources() {
  const [live, setLive] = useState(true);
  const often = live ? { every: OFTEN } : {};
  const lake = useAnswer("/api/v1/lake", {}, often);
  const activity = useAnswer("/api/v1/activity", { minutes: 60 }, { keep: true, ...often });
  const seldom = live ? SELDOM : undefined;
  useAnew(lake.data?.lake_version);

  return (
    <div className="fg-sources-page">
      <header className="fg-page-head">
        <h1>Sources</h1>
        <button
          type="button"
          className="fg-tool"
          aria-pressed={live}
          onClick={() => setLive((was) => !was)}
          title={live ? "Stop refreshing" : "Refresh every few seconds"}
        >
          <span className={`fg-dot ${live ? "fg-dot-good" : "fg-dot-idle"}`} />
          {live ? "Live" : `Paused, ${ago(lake.dataUpdatedAt)}`}
          <Icon name={live ? "pause" : "play"} size={12} />
        </button>
      </header>
      {lake.error && <ProblemBox error={lake.error} onRetry={() => void lake.refetch()} />}
      {activity.error && activity.error.details.status !== 403 && (
        <ProblemBox error={activity.error} onRetry={() => void activity.refetch()} />
      )}
      {lake.isPending && <Waiting what="the state of the lake" />}
      {lake.data && !lake.data.stats && (
        <p className="fg-notice">Your token shows some records only, so that the state of the whole lake is not shown.</p>
      )}
      {lake.data?.stats && (
        <>
          <SourcesCard sources={lake.data.sources} activity={activity.data} />
          <VnicsCard every={seldom} />
          <QuarantineCard lake={lake.data} every={seldom} />
          <div className="fg-sources-two">
            <LedgerCard lake={lake.data} every={seldom} />
            <MaintenanceCard stats={lake.data.stats} />
          </div>
        </>
      )}
    </div>
  );
}

/** Asks for what is dearer as soon as the lake has changed, not only when it is time. */
function useAnew(version: number | undefined): void {
  const seen = useRef(version);
  useEffect(() => {
    const changed = seen.current !== undefined && seen.current !== version;
    seen.current = version;
    if (!changed) return;
    for (const path of ["/api/v1/vnics", "/api/v1/coverage", "/api/v1/objects"]) {
      void queryClient.invalidateQueries({ queryKey: [path] });
    }
  }, [version]);
}
