import { currentToken, noteUnauthorized } from "./auth";
import { Problem, isAbort } from "./problem";
import { inTurn } from "./turns";
import type { Answer, GetPath, Params } from "./types";

type Plain = string | number | boolean | null | undefined | readonly string[];

/** The address of a GET request: `{name}` in the path is filled in, lists are joined with commas, nothing is sent for
 * what is missing or empty. */
export function address(path: string, params: Readonly<Record<string, unknown>> = {}): string {
  const query = new URLSearchParams();
  let filled = path;
  for (const [name, value] of Object.entries(params) as [string, Plain][]) {
    if (value === undefined || value === null || value === "") continue;
    const text = Array.isArray(value) ? value.join(",") : String(value);
    if (filled.includes(`{${name}}`)) filled = filled.replace(`{${name}}`, encodeURIComponent(text));
    else if (text !== "") query.set(name, text);
  }
  const search = query.toString();
  return search ? `${filled}?${search}` : filled;
}

/** Sends a request with the token of this tab. Whatever is no success is thrown as a `Problem`. */
export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = currentToken();
  if (token !== null && !headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(url, { ...init, headers });
  } catch (error) {
    throw isAbort(error) ? error : Problem.unreachable();
  }
  if (response.ok) return response;
  const problem = await Problem.of(response);
  if (problem.needsToken) noteUnauthorized();
  throw problem;
}

/** Asks the API, when it is its turn. Aborting the signal cancels the query on the server too. */
export async function ask<Path extends GetPath>(
  path: Path,
  params?: Params<Path>,
  signal?: AbortSignal,
): Promise<Answer<Path>> {
  return inTurn(path, signal, async () => {
    const response = await request(
      address(path, params as Record<string, unknown> | undefined),
      signal ? { signal } : {},
    );
    return (await response.json()) as Answer<Path>;
  });
}

/** Sends a JSON body to the API and returns its JSON answer. */
export async function post<Body>(path: string, body: unknown, signal?: AbortSignal): Promise<Body> {
  const response = await request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  return (await response.json()) as Body;
}
