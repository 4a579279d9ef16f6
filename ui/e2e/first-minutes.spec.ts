import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { freshFolder, run, serve } from "./program";
import { expect, expectAccessible, test } from "./test";

/** A server of an empty lake that watches a directory without an object. */
const empty = test.extend<{ app: string; folder: string }>({
  folder: async ({}, use) => {
    await use(await freshFolder());
  },
  app: async ({ folder }, use) => {
    await mkdir(join(folder, "bucket"));
    const server = await serve(["serve", "bucket", "--lake", "lake", "--poll", "1s"], folder);
    await use(server.url);
    await server.stop();
  },
});

empty("an empty lake says what to do, and ticks what is done", async ({ page, app, folder }) => {
  await page.goto(app);
  await expect(page.getByRole("heading", { name: "This lake is empty" })).toBeVisible();
  await expect(page.getByText(`flowglass watch ./DIRECTORY --lake ${folder}/lake`)).toBeVisible();
  await expect(page.getByText("flowglass demo", { exact: true })).toBeVisible();
  const steps = page.getByRole("main").getByRole("list").first().getByRole("listitem");
  await expect(steps.filter({ hasText: "Its objects are listed" })).toContainText("(done)");
  await expect(steps.filter({ hasText: "Objects arrive" })).toContainText("(to do)");
  await expectAccessible(page);

  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  await run(["simulate", "bucket", "--hours", "0.5", "--start", hoursAgo(2)], folder);
  await expect(page.getByRole("heading", { name: "The lake has its first records" })).toBeVisible({ timeout: 20_000 });
  await expect(steps.filter({ hasText: "Records can be searched" })).toContainText("(done)");
  await expectAccessible(page);
  await page.getByRole("button", { name: /Explore [\d,]+ records/ }).click();
  await expect(page.getByRole("table", { name: "Records" }).getByRole("row").nth(1)).toBeVisible();
  await expect(page.getByRole("heading", { name: "This lake is empty" })).toHaveCount(0);

  // What is committed from now on is followed.
  await page.getByRole("button", { name: "Live" }).click();
  await expect(page.getByText("Following: new records appear on top as objects arrive")).toBeVisible();
  await run(["simulate", "bucket", "--hours", "0.5", "--start", hoursAgo(1)], folder);
  await expect(page.getByText(/[1-9]\d* received/)).toBeVisible();
  await expect(page.getByRole("table", { name: "New records" }).getByRole("row").nth(1)).toBeVisible();
});

empty("a filled lake and its other pages are not in the way of each other", async ({ page, app }) => {
  await page.goto(`${app}/sources`);
  await expect(page.getByRole("region", { name: "vNICs" })).toContainText("No vNIC wrote anything into this lake yet.");
  await page.getByRole("link", { name: "Explore" }).click();
  await expect(page.getByRole("heading", { name: "This lake is empty" })).toBeVisible();
  // Not the demo: no walk is offered.
  await expect(page.getByRole("button", { name: "Walk" })).toHaveCount(0);
});

const TOKEN = "a-token-of-enough-letters";

const guarded = test.extend<{ app: string }>({
  app: async ({}, use) => {
    const folder = await freshFolder();
    await mkdir(join(folder, "bucket"));
    const server = await serve(["serve", "bucket", "--lake", "lake"], folder, { FLOWGLASS_TOKEN: TOKEN });
    await use(server.url);
    await server.stop();
  },
  // The browser notes each refused request.
  tolerate: [/status of 401/],
});

guarded("a server with a token asks for it, once a tab", async ({ page, app }) => {
  await page.goto(app);
  await expect(page.getByRole("heading", { name: "This server asks for a token" })).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel("Token", { exact: true }).fill("not-the-right-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("The server does not know this token")).toBeVisible();
  await page.getByLabel("Token", { exact: true }).fill(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "This lake is empty" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { name: "This lake is empty" })).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(TOKEN);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.reload();
  await expect(page.getByRole("heading", { name: "This server asks for a token" })).toBeVisible();
});
