import type { ReactNode } from "react";

import { queryClient } from "../api/query";
import { Icon } from "../parts/Icon";
import { setQuery, setRange, upToNow, useScope } from "../state/range";
import { Busy } from "./Busy";
import { QueryBox } from "./QueryBox";
import { RangePicker } from "./RangePicker";

/** The question of a page: query and time. `children` are the page's own tools beside them. */
export function ScopeBar({ children }: { children?: ReactNode }) {
  const scope = useScope();
  const again = () => {
    if (scope.last !== null) setRange(upToNow(scope.last), scope.last);
    else setQuery(scope.query, { replace: true });
    void queryClient.invalidateQueries();
  };
  return (
    <div className="fg-scope">
      <QueryBox />
      <div className="fg-scope-tools">
        <Busy />
        <RangePicker />
        <button type="button" className="fg-tool" onClick={again} title="Ask again, up to now" aria-label="Ask again">
          <Icon name="refresh" />
        </button>
        {children}
      </div>
    </div>
  );
}
