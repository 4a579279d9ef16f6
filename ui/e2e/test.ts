//! What all browser tests have in common: the address, and that nothing goes wrong in the background.

import AxeBuilder from "@axe-core/playwright";
import { type Page, test as base, expect } from "@playwright/test";

export { expect };

/** A page of the running program. A test fails on any error in the console, any refusal by the page's
 * Content-Security-Policy, and any request to another host. */
export const test = base.extend<{ app: string; walk: boolean; tolerate: RegExp[]; watched: undefined }>({
  app: async ({}, use) => {
    await use(process.env.FLOWGLASS_URL ?? "");
  },
  // The demo opens on its guided walk; most tests look at the pages without it.
  walk: [false, { option: true }],
  tolerate: [[], { option: true }],
  watched: [
    async ({ page, app, walk, tolerate }, use) => {
      const wrong: string[] = [];
      if (!walk) {
        await page.addInitScript(() => {
          // An empty page has no storage.
          if (location.protocol === "http:") localStorage.setItem("flowglass.walk", '{"hidden":true}');
        });
      }
      await page.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) => {
          console.error(`refused by the policy: ${event.violatedDirective} ${event.blockedURI}`);
        });
      });
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") wrong.push(message.text());
      });
      page.on("pageerror", (error) => wrong.push(error.message));
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(app) && !/^(blob|data):/.test(url)) wrong.push(`request to ${url}`);
      });
      await use(undefined);
      expect(wrong.filter((one) => !tolerate.some((known) => known.test(one)))).toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until every answer of the page is that of its present question. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator(".fg-waiting, .fg-stale")).toHaveCount(0);
}

/** Checks that axe finds nothing serious. What fades while it is read is not judged. */
export async function expectAccessible(page: Page, only?: readonly string[]): Promise<void> {
  await settled(page);
  const axe = new AxeBuilder({ page }).options({ resultTypes: ["violations"] });
  const { violations } = await (only ? axe.withRules([...only]) : axe).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, help, nodes }) => [id, help, nodes.map(({ html }) => html)])).toEqual([]);
}

/** Checks it in the light theme and, for what differs, in the dark one. */
export async function expectAccessibleInBothThemes(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  await expectAccessible(page);
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await expect(page.locator(":root")).toHaveAttribute("data-theme", "dark");
  await expectAccessible(page, ["color-contrast"]);
}
