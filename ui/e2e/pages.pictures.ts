//! Pictures of every page into docs/images, at both widths and in both themes.

import { join } from "node:path";

import type { Page } from "@playwright/test";

import { test } from "./test";

interface Picture {
  name: string;
  path: string;
  /** Waits until there is something to see. */
  ready: (page: Page) => Promise<unknown>;
}

const PICTURES: readonly Picture[] = [
  {
    name: "explore",
    path: "/explore?q=action:rejected+direction:I&last=24h",
    ready: (page) => page.getByRole("table", { name: "Records" }).getByRole("row").nth(3).waitFor(),
  },
];

const FOLDER = join(import.meta.dirname, "../../docs/images");

for (const { name, path, ready } of PICTURES) {
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
}
