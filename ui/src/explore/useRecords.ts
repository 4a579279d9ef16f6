import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { ask } from "../api/client";
import type { Problem } from "../api/problem";
import { queryClient } from "../api/query";
import type { SearchAnswer } from "../api/types";
import { type Scope, scopeNow } from "../state/range";
import { subscribe } from "../state/url";

/** Records of a page. */
const PAGE = 200;

function question({ query, from, to }: Scope, fields: readonly string[], zone: string) {
  return infiniteQueryOptions<SearchAnswer, Problem, { pages: SearchAnswer[] }, readonly unknown[], string | null>({
    queryKey: ["records", query, from, to, zone, fields],
    queryFn: ({ pageParam, signal }) =>
      ask(
        "/api/v1/search",
        { query, from, to, tz: zone, fields: [...fields], limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) },
        signal,
      ),
    initialPageParam: null,
    getNextPageParam: (last) => last.next,
  });
}

/** Asks for the records of a new question as soon as the address holds it, before the page is drawn anew for it. */
function useAhead(fields: readonly string[], zone: string) {
  useEffect(() => {
    const asked = () => {
      const scope = scopeNow();
      return scope && question(scope, fields, zone);
    };
    let last = String(asked()?.queryKey);
    const path = window.location.pathname;
    return subscribe(() => {
      const next = asked();
      if (!next || String(next.queryKey) === last || window.location.pathname !== path) return;
      last = String(next.queryKey);
      // The table tells what went wrong.
      queryClient.infiniteQuery(next).catch(() => undefined);
    });
  }, [fields, zone]);
}

/** The matching records, newest first, page by page and without end. */
export function useRecords(scope: Scope, fields: readonly string[], zone: string) {
  useAhead(fields, zone);
  return useInfiniteQuery(question(scope, fields, zone));
}
