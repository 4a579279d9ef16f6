//! Pictures of every page into docs/images, at both widths and in both themes.

import { join } from "node:path";

import type { Page } from "@playwright/test";

import { test } from "./test";

interface Picture {
  name: string;
  path: string;
  /** With the guided walk. */
  walk?: boolean;
  /** Waits until there is something to see. */
  ready: (page: Page) => Promise<unknown>;
}

const PICTURES: readonly Picture[] = [
  {
    name: "explore",
    path: "/explore?q=action:rejected+direction:I&last=24h",
    ready: (page) => page.getByRole("region", { name: "Records" }).getByText("rejected").nth(3).waitFor(),
  },
  {
    name: "walk",
    path: "/explore?walk=ssh&q=target_port:ssh+direction:I+is:attempt&last=24h",
    walk: true,
    ready: async (page) => {
      await page.getByRole("region", { name: "Records" }).getByText("rejected").nth(3).waitFor();
      await page.getByText(/In this range: /).waitFor();
    },
  },
  {
    name: "sources",
    path: "/sources",
    ready: (page) => page.getByRole("region", { name: "vNICs" }).getByRole("row").nth(2).waitFor(),
  },
  {
    name: "record",
    path: "/explore?q=is:internal+action:accepted+target_port:3000&last=24h",
    ready: async (page) => {
      await page.getByRole("button", { name: "Open the record" }).nth(2).click();
      await page.getByRole("region", { name: "As written" }).getByText('"initiator_ip"').waitFor();
      await page.getByRole("cell", { name: "Details of the record" }).scrollIntoViewIfNeeded();
    },
  },
  {
    name: "group",
    path: "/explore?last=24h&tab=group&by=target_port,action&agg=records,distinct(initiator_ip),bytes",
    ready: (page) => page.getByRole("region", { name: "Groups" }).getByRole("row").nth(3).waitFor(),
  },
  {
    name: "group-lines",
    path: "/explore?last=24h&tab=group&by=target_port&agg=records&as=lines",
    ready: (page) => page.getByRole("img", { name: /over time, \d+ lines/ }).waitFor(),
  },
  {
    name: "connections",
    path: "/explore?last=24h&tab=connections&q=is:internal",
    ready: async (page) => {
      const list = page.getByRole("region", { name: "List of connections" });
      await list.getByRole("row").filter({ hasText: "both vNICs" }).first().getByRole("button", { expanded: false }).click();
      await page.getByRole("table", { name: "Windows of the connection" }).waitFor();
    },
  },
  {
    name: "map",
    path: "/map?last=24h",
    ready: (page) => page.getByRole("group", { name: /^Map of/ }).waitFor(),
  },
  {
    name: "map-matrix",
    path: "/map?last=24h&view=matrix",
    ready: (page) => page.getByRole("region", { name: /^Matrix/ }).getByRole("row").nth(2).waitFor(),
  },
];

const FOLDER = join(import.meta.dirname, "../../docs/images");

for (const { name, path, walk = false, ready } of PICTURES) {
  test.describe(name, () => {
    test.use({ walk });
    for (const scheme of ["light", "dark"] as const) {
      for (const [device, size] of [
        ["", { width: 1280, height: 800 }],
        ["-phone", { width: 390, height: 844 }],
      ] as const) {
        test(`${name}${device} ${scheme}`, async ({ page, app }) => {
          await page.setViewportSize(size);
          await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
          await page.goto(app + path);
          await ready(page);
          await page.waitForLoadState("networkidle");
          await page.screenshot({ path: join(FOLDER, `${name}${device}-${scheme}.png`) });
        });
      }
    }
  });
}
