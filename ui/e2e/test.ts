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
      if (!walk) await page.addInitScript(() => localStorage.setItem("flowglass.walk", '{"hidden":true}'));
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

/** Checks that axe finds nothing serious. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ["violations"] }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, help, nodes }) => [id, help, nodes.map(({ html }) => html)])).toEqual([]);
}
