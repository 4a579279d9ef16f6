/** Accepted or rejected: a mark of its own shape and the word. */
export function Action({ action }: { action: string | null | undefined }) {
  if (!action) return <span className="fg-dim">–</span>;
  return <span className={`fg-action fg-action-${action}`}>{action}</span>;
}
