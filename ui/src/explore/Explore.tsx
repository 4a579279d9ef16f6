import { Suspense, useEffect, useState } from "react";

import { applyTerm } from "../parts/FilterValue";
import { Icon } from "../parts/Icon";
import { TabBar } from "../parts/TabBar";
import { Waiting } from "../parts/Waiting";
import { ScopeBar } from "../scope/ScopeBar";
import { TimelineCard, useMeasure, useTimeline } from "../scope/TimelineCard";
import { useKeys } from "../state/keys";
import { useScope } from "../state/range";
import { useZone } from "../state/settings";
import { go, useParam, useParamState } from "../state/url";
import { ColumnsMenu } from "./ColumnsMenu";
import { Facets } from "./Facets";
import { ShareMenu } from "./ShareMenu";
import { Summary } from "./Summary";
import { TABS } from "./tabs";

/** Search: what matches, when, by which values, and every record of it. */
export default function Explore() {
  const scope = useScope();
  const zone = useZone();
  const chart = useTimeline(scope, zone);
  const measure = useMeasure();
  const live = useParam("live") !== null;
  const version = useParam("v");
  const [tabId, setTab] = useParamState("tab", "records");
  const [fieldsOpen, setFieldsOpen] = useState(() => window.innerWidth >= 1000);
  const tab = TABS.find(({ id }) => id === tabId) ?? TABS[0];

  // Whoever opens this address later learns whether the lake has changed.
  const answered = chart.data && !chart.isPlaceholderData ? String(chart.data.meta.lake_version) : null;
  useEffect(() => {
    if (answered !== null && version === null) go({ v: answered }, { replace: true });
  }, [answered, version]);

  const toggleLive = () => go({ live: live ? null : "1", tab: null });
  useKeys([
    { keys: "l", does: "Follow new records, or stop", section: "Records", run: toggleLive },
    { keys: "f", does: "Show or hide the fields", section: "Records", run: () => setFieldsOpen((open) => !open) },
    {
      keys: "x",
      does: "Exclude the focused value",
      section: "Records",
      run: () => {
        const text = document.activeElement?.closest<HTMLElement>("[data-term]")?.dataset.term;
        if (text) applyTerm(text, true);
      },
    },
    ...TABS.filter(() => TABS.length > 1).map(({ id, title, key }) => ({
      keys: `v ${key}`,
      does: `Show ${title}`,
      section: "Records",
      run: () => setTab(id),
    })),
  ]);
  if (!tab) return null;

  return (
    <div className="fg-explore">
      <h1 className="fg-sr">Explore</h1>
      <ScopeBar>
        <button
          type="button"
          className={`fg-button fg-live ${live ? "fg-live-on" : ""}`}
          aria-pressed={live}
          onClick={toggleLive}
          title="Follow new records (l)"
        >
          <Icon name={live ? "pause" : "play"} size={14} /> Live
        </button>
      </ScopeBar>
      <Summary scope={scope} zone={zone} meta={chart.data?.meta} measure={measure} />
      {!live && <TimelineCard scope={scope} zone={zone} />}
      <div className="fg-explore-body">
        {!live && fieldsOpen && (
          <aside className="fg-card fg-fields-panel" aria-label="Fields">
            <Facets scope={scope} zone={zone} measure={measure} />
          </aside>
        )}
        <section className="fg-card fg-records" aria-label={tab.title}>
          <TabBar
            label="Views"
            tabs={TABS}
            selected={tab.id}
            onSelect={setTab}
            tools={
              <>
                {!live && (
                  <button
                    type="button"
                    className="fg-tool"
                    aria-pressed={fieldsOpen}
                    onClick={() => setFieldsOpen((open) => !open)}
                    title="Show or hide the fields (f)"
                  >
                    <Icon name="filter" />
                    <span className="fg-wide">Fields</span>
                  </button>
                )}
                {tab.id === "records" && <ColumnsMenu />}
                <ShareMenu scope={scope} zone={zone} />
              </>
            }
          >
            <Suspense fallback={<Waiting what="the view" />}>
              <tab.Content scope={scope} zone={zone} />
            </Suspense>
          </TabBar>
        </section>
      </div>
    </div>
  );
}
