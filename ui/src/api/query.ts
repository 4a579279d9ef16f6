//! The API as React hooks: answers are kept by what was asked, cancelled when nobody wants them any more.

import { QueryClient, type UseQueryResult, keepPreviousData, notifyManager, useQuery } from "@tanstack/react-query";

import { ask } from "./client";
import { Problem } from "./problem";
import type { Answer, GetPath, Params } from "./types";

const MINUTE = 60_000;

// An answer is shown in the turn it comes in; a timer of its own would stand behind whatever else the page has to do.
notifyManager.setScheduler(queueMicrotask);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // A question names its range in absolute times: its answer is asked again only on request.
      staleTime: 5 * MINUTE,
      gcTime: 10 * MINUTE,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      retry: (failures, error) => error instanceof Problem && error.isPassing && failures < 3,
      retryDelay: (failures, error) =>
        (error instanceof Problem ? (error.details.retry_after ?? 1) : 1) * 1000 + failures * 500,
    },
  },
});

interface AnswerOptions {
  /** False as long as the question is not complete. */
  enabled?: boolean;
  /** Keeps showing the last answer while the next one is on its way. */
  keep?: boolean;
  /** Asks again after so many milliseconds. */
  every?: number;
  /** Asks anew whenever it is shown: for questions up to now. */
  fresh?: boolean;
}

/** The answer to a question. */
export function useAnswer<Path extends GetPath>(
  path: Path,
  params: Params<Path>,
  { enabled = true, keep = false, every, fresh = false }: AnswerOptions = {},
): UseQueryResult<Answer<Path>, Problem> {
  return useQuery<Answer<Path>, Problem>({
    queryKey: [path, params],
    queryFn: ({ signal }) => ask(path, params, signal),
    enabled,
    ...(keep ? { placeholderData: keepPreviousData } : {}),
    ...(fresh ? { staleTime: 0, gcTime: 0 } : {}),
    ...(every === undefined ? {} : { refetchInterval: every, staleTime: every }),
  });
}

/** Asks for what the page will need in any case, before it is there to use it. */
export function askAhead<Path extends GetPath>(path: Path, params: Params<Path>): void {
  const question = { queryKey: [path, params], queryFn: ({ signal }: { signal: AbortSignal }) => ask(path, params, signal) };
  // Whoever uses it tells what went wrong.
  queryClient.query(question).catch(() => undefined);
}

/** Gives up what is being asked; what was answered stays. */
export function cancelAll(): void {
  void queryClient.cancelQueries();
}
