import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { freshFolder, run, serve } from "./program";
import { expect, expectAccessible, expectAccessibleInBothThemes, test } from "./test";

/** A lake of the simulated VPC that begins at a full hour, so that the missing object lies between others of its hour. */
const hourly = test.extend<{ app: string }>({
  app: async ({}, use) => {
    const folder = await freshFolder();
    const start = new Date(Math.floor(Date.now() / 3_600_000 - 3) * 3_600_000).toISOString();
    await run(["simulate", "bucket", "--hours", "3", "--seed", "1", "--start", start], folder);
    const server = await serve(["serve", "bucket", "--lake", "lake"], folder);
    await use(server.url);
    await server.stop();
  },
});

hourly("tells rate, lag and what is missing", async ({ page, app }) => {
  await page.goto(`${app}/sources`);
  const sources = page.getByRole("region", { name: "Sources" });
  await expect(sources).toContainText("Up to date", { timeout: 20_000 });
  await expect(sources).toContainText(/Lag\d/);
  await expect(page.getByRole("img", { name: /objects a minute in the last 60 minutes, at most \d\d/ })).toBeVisible();

  // One object of the simulated day was never written, and one window is lossy. The lake ends with the last full hour:
  // late in the hour both vNICs are silent, and the time since is a gap of each.
  const vnics = page.getByRole("region", { name: "vNICs" });
  await expect(vnics).toContainText(/(1 gap|3 gaps), (2 vNICs silent, )?1 lossy window/, { timeout: 20_000 });
  const vsi2 = vnics.getByRole("row").filter({ hasText: "0727-51f8a3c7" });
  await vsi2.getByRole("button", { name: /0727-51f8a3c7/ }).click();
  await expect(vnics.getByText("No object of this time is known", { exact: false })).toBeVisible();
  await expect(vnics.getByRole("heading", { name: "1 sequence number without an object" })).toBeVisible();

  await expect(page.getByRole("region", { name: "Quarantine" })).toContainText("Empty");
  const ledger = page.getByRole("region", { name: "Ledger" });
  await ledger.getByRole("button", { name: /^Empty/ }).click();
  await expect(page).toHaveURL(/objects=empty/);
  await expect(ledger.getByRole("heading", { name: "Empty, newest first" })).toBeVisible();
  await ledger.getByRole("listitem").getByRole("button", { name: /\.gz/ }).first().click();
  await expect(ledger.getByText(/ibm_vpc_flowlogs_v1\//)).toBeVisible();
  await expect(page.getByRole("region", { name: "Maintenance" })).toContainText("Compacted");
});

test("the sources are accessible in both themes", async ({ page, app }) => {
  await page.goto(`${app}/sources`);
  await expect(page.getByRole("region", { name: "vNICs" }).getByRole("row").nth(2)).toBeVisible();
  await page.getByRole("region", { name: "vNICs" }).getByRole("row").nth(1).getByRole("button").click();
  await expectAccessibleInBothThemes(page);
});

test("the coverage of an answer opens its details", async ({ page, app }) => {
  await page.goto(app);
  await page.getByRole("button", { name: /covered, of 2 vNICs/ }).click();
  const dialog = page.getByRole("dialog", { name: "Coverage of this range" });
  await expect(dialog).toContainText("99.9 % of the time of 2 vNICs is covered.");
  await expect(dialog.getByRole("heading", { name: /No object/ })).toBeVisible();
  await expect(dialog.getByRole("heading", { name: /Lossy/ })).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole("button", { name: /Go to No object/ }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page).not.toHaveURL(/last=24h/);
  await expect(page.getByRole("button", { name: /covered, of 2 vNICs/ })).not.toContainText("99.9 %");
});

/** A bucket of a few objects, one of them cut short, and a server that reads it. */
const broken = test.extend<{ app: string; bad: { path: string; whole: Buffer } }>({
  bad: async ({}, use) => {
    const folder = await freshFolder();
    await run(["simulate", "bucket", "--hours", "0.5", "--seed", "1"], folder);
    const bucket = join(folder, "bucket");
    const names = (await readdir(bucket, { recursive: true })).filter((name) => name.endsWith(".gz")).sort();
    // The largest one surely holds records.
    const bodies = await Promise.all(names.map(async (name) => ({ name, body: await readFile(join(bucket, name)) })));
    const largest = bodies.reduce((best, one) => (one.body.length > best.body.length ? one : best));
    const path = join(bucket, largest.name);
    await writeFile(path, largest.body.subarray(0, 40));
    await use({ path, whole: largest.body });
  },
  app: async ({ bad }, use) => {
    const folder = bad.path.slice(0, bad.path.indexOf("/bucket/"));
    const server = await serve(["serve", "bucket", "--lake", "lake", "--poll", "1h"], folder);
    await use(server.url);
    await server.stop();
  },
});

broken("what is in quarantine is read again once its cause is gone", async ({ page, app, bad }) => {
  await page.goto(`${app}/sources?show=quarantine`);
  const quarantine = page.getByRole("region", { name: "Quarantine" });
  await expect(quarantine.getByRole("listitem")).toHaveCount(1, { timeout: 20_000 });
  await expect(quarantine).toContainText("1 object");
  await expect(quarantine).toContainText("Quarantined");
  await expectAccessible(page);

  // Read again as it is: it stays, and says so.
  await quarantine.getByRole("button", { name: "Read all shown again" }).click();
  const dialog = page.getByRole("dialog", { name: "Read 1 object again?" });
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Read again" }).click();
  await expect(quarantine.getByRole("status")).toContainText("1 object could not be read again either", { timeout: 20_000 });
  await quarantine.getByRole("button", { name: "Done" }).click();

  // With its cause gone it leaves the quarantine.
  await writeFile(bad.path, bad.whole);
  await quarantine.getByRole("checkbox").check();
  await quarantine.getByRole("button", { name: "Read 1 again" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Read again" }).click();
  await expect(quarantine.getByRole("status")).toContainText("1 object left the quarantine.", { timeout: 20_000 });
  await expect(quarantine).toContainText("Empty: every object that was listed could be read in whole.");
});
