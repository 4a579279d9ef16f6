import { Problem } from "../api/problem";

interface ProblemBoxProps {
  error: Error;
  /** Asks again. */
  onRetry?: () => void;
}

/** What went wrong and what to do, in the server's words. */
export function ProblemBox({ error, onRetry }: ProblemBoxProps) {
  const details = error instanceof Problem ? error.details : null;
  if (details?.status === 401) return null;
  return (
    <div className="fg-notice fg-notice-bad" role="alert">
      <div>
        <strong>{details?.title ?? "Failed"}:</strong> {error.message}
        {details?.hint && <div className="fg-dim">{sentence(details.hint)}</div>}
        {details?.instance && <div className="fg-dim">Incident {details.instance}</div>}
      </div>
      {onRetry && !(error instanceof Problem && error.isQuestion) && (
        <button type="button" className="fg-button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A hint as a sentence. */
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?)]$/.test(first) ? first : `${first}.`;
}
