import { useInfiniteQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import type { Problem } from "../api/problem";
import type { SearchAnswer } from "../api/types";
import type { Scope } from "../state/range";

/** Records of a page. */
const PAGE = 200;

/** The matching records, newest first, page by page and without end. */
export function useRecords(scope: Scope, fields: readonly string[], zone: string) {
  const { query, from, to } = scope;
  return useInfiniteQuery<SearchAnswer, Problem, { pages: SearchAnswer[] }, readonly unknown[], string | null>({
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
