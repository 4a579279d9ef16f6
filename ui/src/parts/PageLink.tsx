import type { MouseEvent, ReactNode } from "react";

import { type Patch, go, hrefOf } from "../state/url";

interface PageLinkProps {
  /** Path of the page. */
  page: string;
  /** Its parameters; all others are dropped. */
  patch?: Patch;
  className?: string;
  title?: string;
  children: ReactNode;
}

/** A link to a page with nothing but these parameters. */
export function PageLink({ page, patch = {}, className, title, children }: PageLinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(patch, { page, fresh: true });
  };
  return (
    <a className={className} title={title} href={hrefOf(patch, { page, fresh: true })} onClick={follow}>
      {children}
    </a>
  );
}
