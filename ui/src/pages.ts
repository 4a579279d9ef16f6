//! The pages. To add one: a folder with a component, and an entry here. Navigation, `g` keys, title and lazy loading follow.

import { type ComponentType, lazy } from "react";

export interface Page {
  /** Its path. */
  path: string;
  title: string;
  /** Second key after `g`. */
  key: string;
  Content: ComponentType;
  /** True where the page asks the query and range of the address: links to it keep them. */
  scoped: boolean;
}

export const PAGES: readonly Page[] = [
  {
    path: "/explore",
    title: "Explore",
    key: "e",
    Content: lazy(() => import("./explore/Explore")),
    scoped: true,
  },
  {
    path: "/map",
    title: "Map",
    key: "m",
    Content: lazy(() => import("./map/MapPage")),
    scoped: true,
  },
  {
    path: "/sources",
    title: "Sources",
    key: "s",
    Content: lazy(() => import("./sources/Sources")),
    scoped: false,
  },
];

/** The page at a path; the first one for `/` and whatever is unknown. */
export function pageAt(path: string): Page {
  const found = PAGES.find((page) => path === page.path || path.startsWith(`${page.path}/`)) ?? PAGES[0];
  if (!found) throw new Error("there are no pages");
  return found;
}
