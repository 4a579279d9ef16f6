//! Objects of the ledger, page by page.

import { type InfiniteData, useInfiniteQuery } from "@tanstack/react-query";

import { ask } from "../api/client";
import type { Problem } from "../api/problem";
import type { Answer } from "../api/types";
import type { LedgerObject } from "./ObjectRow";

type Page = Answer<"/api/v1/objects">;

/** Objects of a page. */
const LIMIT = 50;

interface Objects {
  objects: readonly LedgerObject[];
  isPending: boolean;
  error: Problem | null;
  /** Asks for the next page; nothing at the end. */
  more: (() => void) | undefined;
  again: () => void;
}

/** Objects with these outcomes, newest in the ledger first. */
export function useObjects(outcomes: readonly string[], every: number | undefined): Objects {
  const found = useInfiniteQuery<Page, Problem, InfiniteData<Page>, readonly unknown[], string | undefined>({
    queryKey: ["/api/v1/objects", outcomes],
    queryFn: ({ pageParam, signal }) =>
      ask("/api/v1/objects", { outcome: [...outcomes], limit: LIMIT, ...(pageParam ? { cursor: pageParam } : {}) }, signal),
    initialPageParam: undefined,
    getNextPageParam: (page) => page.next,
    ...(every === undefined ? {} : { refetchInterval: every, staleTime: every }),
  });
  return {
    objects: found.data?.pages.flatMap((page) => page.objects) ?? [],
    isPending: found.isPending,
    error: found.error,
    more: found.hasNextPage && !found.isFetchingNextPage ? () => void found.fetchNextPage() : undefined,
    again: () => void found.refetch(),
  };
}
