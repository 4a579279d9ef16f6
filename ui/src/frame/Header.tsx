import { type MouseEvent, useEffect, useState } from "react";

import { setToken, useSignedIn } from "../api/auth";
import { queryClient, useAnswer } from "../api/query";
import { exact, short } from "../format/number";
import { ago, dateTime, length, zoneLabel } from "../format/time";
import { PAGES, type Page } from "../pages";
import { Icon } from "../parts/Icon";
import { toggleTheme, toggleZone, useTheme, useZone } from "../state/settings";
import { resumeWalk, useWalk } from "../walk/walk";
import { pageHref } from "./Frame";

interface HeaderProps {
  page: Page;
  onHelp: () => void;
  onGo: (path: string) => void;
}

export function Header({ page, onHelp, onGo }: HeaderProps) {
  const theme = useTheme();
  const zone = useZone();
  const signedIn = useSignedIn();
  const walk = useWalk();
  const follow = (path: string) => (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onGo(path);
  };
  return (
    <header className="fg-header">
      <a className="fg-brand" aria-label="Flowglass" href={pageHref("/explore")} onClick={follow("/explore")}>
        <Icon name="brand" />
        <span>Flowglass</span>
      </a>
      <nav className="fg-nav" aria-label="Pages">
        {PAGES.map((one) => (
          <a
            key={one.path}
            href={pageHref(one.path)}
            onClick={follow(one.path)}
            aria-current={one === page ? "page" : undefined}
          >
            {one.title}
          </a>
        ))}
      </nav>
      <LakeState zone={zone} />
      <div className="fg-header-tools">
        {walk.offered && !(walk.shown && page.scoped) && (
          <button type="button" className="fg-tool fg-walk-resume" onClick={resumeWalk} title="Go on with the guided walk">
            <Icon name="play" size={12} /> Walk
          </button>
        )}
        <button
          type="button"
          className="fg-tool fg-zone"
          onClick={toggleZone}
          title={`Times are in ${zone}. Click for ${zone === "UTC" ? "local time" : "UTC"} (z)`}
          aria-label={`Times are in ${zone}; switch to ${zone === "UTC" ? "local time" : "UTC"}`}
        >
          {zoneLabel(zone)}
        </button>
        <button
          type="button"
          className="fg-tool"
          onClick={toggleTheme}
          title={`${theme === "dark" ? "Light" : "Dark"} theme (t)`}
          aria-label={`Switch to the ${theme === "dark" ? "light" : "dark"} theme`}
        >
          <Icon name={theme === "dark" ? "sun" : "moon"} />
        </button>
        <button
          type="button"
          className="fg-tool fg-header-keys"
          onClick={onHelp}
          title="Keys (?)"
          aria-label="Show the keys"
        >
          <Icon name="keyboard" />
        </button>
        {signedIn && (
          <button type="button" className="fg-tool" onClick={() => setToken(null)} title="Forget the token">
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}

/** What the lake holds, and whether it is being fed. */
function LakeState({ zone }: { zone: string }) {
  const [down, setDown] = useState(false);
  const { data, isError } = useAnswer("/api/v1/lake", {}, { every: down ? 3_000 : 15_000 });
  if (isError !== down) setDown(isError);
  useEffect(() => {
    // Once the server is there again, what failed meanwhile is asked again.
    if (!down) void queryClient.refetchQueries({ type: "active", predicate: ({ state }) => state.status === "error" });
  }, [down]);
  if (isError) {
    return (
      <span className="fg-lake" role="status">
        <span className="fg-dot fg-dot-bad" /> server not reachable
      </span>
    );
  }
  const stats = data?.stats;
  if (!stats) return <span className="fg-lake" />;
  const held = stats.oldest && stats.newest ? Date.parse(stats.newest) - Date.parse(stats.oldest) : null;
  const listed = stats.last_listed;
  const fresh = listed !== null && Date.now() - Date.parse(listed) < 120_000;
  const paused = data.sources?.find((source) => source.paused !== undefined)?.paused;
  const words = paused
    ? `paused: ${paused}`
    : listed === null
      ? "no source listed yet"
      : fresh
        ? "source is listed continuously"
        : `source last listed ${ago(listed)}`;
  const title = [
    `${exact(stats.rows)} records in ${exact(stats.files)} files`,
    stats.newest ? `newest ${dateTime(stats.newest, zone)}` : "no records yet",
    words,
  ].join("; ");
  return (
    <span className="fg-lake" title={title}>
      <span className={`fg-dot ${paused ? "fg-dot-bad" : fresh ? "fg-dot-good" : "fg-dot-idle"}`} />
      <span className="fg-lake-words">
        {held === null ? "empty lake" : `${length(held)}, ${short(stats.rows)} records`}
      </span>
      <span className="fg-sr">{words}</span>
    </span>
  );
}
