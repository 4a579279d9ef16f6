import type { ProblemDetails } from "./types";

/** What went wrong with a request, as the server tells it (RFC 9457) or as the browser does. */
export class Problem extends Error {
  readonly details: ProblemDetails;

  constructor(details: ProblemDetails) {
    super(details.detail);
    this.name = "Problem";
    this.details = details;
  }

  /** True where a token is missing or not known. */
  get needsToken(): boolean {
    return this.details.status === 401;
  }

  /** True where the question itself is at fault: asking it again does not help, and every part of a page fails alike. */
  get isQuestion(): boolean {
    return this.details.status === 400;
  }

  /** True where the same request may succeed a little later. */
  get isPassing(): boolean {
    return this.details.status === 503;
  }

  /** The problem in an answer that is not OK. */
  static async of(response: Response): Promise<Problem> {
    const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json");
    if (isProblem) return new Problem((await response.json()) as ProblemDetails);
    return new Problem({
      type: "about:blank",
      title: response.statusText || "Failed",
      status: response.status,
      detail: `the server answered with status ${response.status}`,
    });
  }

  /** The problem of a request that got no answer. */
  static unreachable(): Problem {
    return new Problem({
      type: "about:blank",
      title: "Server not reachable",
      status: 0,
      detail: "the server does not answer",
      hint: "check that flowglass still runs; this page goes on by itself once it does",
    });
  }
}

/** True for the error of a request that was cancelled. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
