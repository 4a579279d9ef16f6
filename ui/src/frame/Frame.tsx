import { Suspense, lazy, useEffect, useState } from "react";

import { useSignInNeeded } from "../api/auth";
import { PAGES, pageAt } from "../pages";
import { Waiting } from "../parts/Waiting";
import { FirstMinutes } from "../start/FirstMinutes";
import { useKeys } from "../state/keys";
import { toggleTheme, toggleZone } from "../state/settings";
import { go, hrefOf, usePath } from "../state/url";
import { useWalk } from "../walk/walk";
import { ErrorBoundary } from "./ErrorBoundary";
import { Header } from "./Header";
import { KeySheet } from "./KeySheet";
import { SignIn } from "./SignIn";

const WalkBar = lazy(() => import("../walk/WalkBar"));

/** Where a link to a page leads: the question goes along where the page asks one. */
export function pageHref(path: string): string {
  return pageAt(path).scoped && pageAt(window.location.pathname).scoped
    ? hrefOf({ tab: null, open: null }, { page: path })
    : hrefOf({}, { page: path, fresh: true });
}

function goTo(path: string) {
  if (pageAt(path).scoped && pageAt(window.location.pathname).scoped) go({ tab: null, open: null }, { page: path });
  else go({}, { page: path, fresh: true });
}

export function Frame() {
  const path = usePath();
  const page = pageAt(path);
  const signIn = useSignInNeeded();
  const [help, setHelp] = useState(false);
  const walk = useWalk();

  useEffect(() => {
    document.title = `${page.title} · Flowglass`;
  }, [page.title]);

  useKeys([
    { keys: "?", does: "Show or hide this list", section: "Everywhere", run: () => setHelp((shown) => !shown) },
    { keys: "t", does: "Light or dark theme", section: "Everywhere", run: toggleTheme },
    { keys: "z", does: "Local time or UTC", section: "Everywhere", run: toggleZone },
    ...PAGES.map((one) => ({
      keys: `g ${one.key}`,
      does: `Go to ${one.title}`,
      section: "Everywhere",
      run: () => goTo(one.path),
    })),
  ]);

  return (
    <div className="fg-frame">
      <a className="fg-skip" href="#content">
        Skip to content
      </a>
      <Header page={page} onHelp={() => setHelp(true)} onGo={goTo} />
      {walk.shown && page.scoped && !signIn && (
        <Suspense>
          <WalkBar />
        </Suspense>
      )}
      <main id="content" className="fg-main" tabIndex={-1}>
        {signIn ? (
          <SignIn />
        ) : (
          <ErrorBoundary key={page.path}>
            <Suspense fallback={<Waiting what="the page" />}>
              {page.scoped ? (
                <FirstMinutes>
                  <page.Content />
                </FirstMinutes>
              ) : (
                <page.Content />
              )}
            </Suspense>
          </ErrorBoundary>
        )}
      </main>
      {help && <KeySheet onClose={() => setHelp(false)} />}
    </div>
  );
}
