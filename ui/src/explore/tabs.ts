//! The tabs of Explore. To add one: a component here that takes the question, and an entry.

import { type ComponentType, lazy } from "react";

import type { Scope } from "../state/range";
import { RecordsTab } from "./RecordsTab";

export interface TabProps {
  scope: Scope;
  zone: string;
}

export interface Tab {
  /** As in the address: `tab=records`. */
  id: string;
  title: string;
  /** Second key after `v`. */
  key: string;
  Content: ComponentType<TabProps>;
}

export const TABS: readonly Tab[] = [
  { id: "records", title: "Records", key: "r", Content: RecordsTab },
  { id: "group", title: "Group", key: "g", Content: lazy(() => import("../group/GroupTab")) },
  {
    id: "connections",
    title: "Connections",
    key: "c",
    Content: lazy(() => import("../connections/ConnectionsTab")),
  },
];
