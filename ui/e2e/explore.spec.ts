import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { flood } from "./flood";
import { expect, expectAccessible, expectAccessibleInBothThemes, settled, test } from "./test";

const records = (page: Page) => page.getByRole("table", { name: "Records" });
const row = (page: Page, index: number) => records(page).getByRole("row").nth(index + 1);
const query = (page: Page) => new URL(page.url()).searchParams.get("q");
const param = (page: Page, name: string) => new URL(page.url()).searchParams.get(name);

/** Opens Explore with a query and waits for its records. */
async function explore(page: Page, app: string, search = "last=24h") {
  await page.goto(`${app}/explore?${search}`);
  await expect(row(page, 0)).toBeVisible();
}

test("opens on the last 24 hours, newest first, with their coverage", async ({ page, app }) => {
  await page.goto(app);
  await expect(row(page, 0)).toBeVisible();
  await expect(page).toHaveURL(/from=.*to=.*last=24h/);
  await expect(page.getByText(/covered, of 2 vNICs/).first()).toBeVisible();
  await expect(page.getByRole("img", { name: /attempts.*over time/ })).toBeVisible();
  await expect(page.getByRole("status", { name: "Summary" })).toContainText(/records.*initiators/);
});

test("asks what is typed, and underlines what it does not understand", async ({ page, app }) => {
  await explore(page, app);
  await page.keyboard.press("/");
  await page.keyboard.type("action:rejected target_port:22");
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL(/q=action:rejected/);
  await expect(row(page, 0)).toContainText(":22");
  await expect(page.locator(".fg-q-field").first()).toHaveText("action");
  await page.getByRole("textbox", { name: "Query" }).click();
  await page.keyboard.press("End");
  await page.keyboard.type(" target_prt:1");
  await expect(page.getByRole("alert")).toContainText("Did you mean `target_port:`?");
  await expect(page.locator(".fg-q-wrong")).toHaveText("target_prt");
});

test("proposes fields and real values with their counts, and remembers queries", async ({ page, app }) => {
  await explore(page, app);
  await page.getByRole("textbox", { name: "Query" }).click();
  await page.keyboard.type("target_po");
  const options = page.getByRole("listbox").getByRole("option");
  await expect(options.first()).toContainText("target_port:");
  // Proposals that have just come up are not taken: a Tab of before was not meant for them.
  await expect(async () => {
    await page.keyboard.press("Tab");
    expect(await page.getByRole("textbox", { name: "Query" }).textContent()).toBe("target_port:");
  }).toPass();
  await page.keyboard.type("2");
  await expect(options.first()).toHaveText(/^22\d+$/);
  await page.keyboard.type("2");
  await page.keyboard.press("Enter");
  await expect.poll(() => query(page)?.trim()).toBe("target_port:22");
  await page.getByTitle("Queries asked before").click();
  await expect(page.getByRole("button", { name: "target_port:22", exact: true })).toBeVisible();
});

test("every value narrows by a click and excludes with Alt", async ({ page, app }) => {
  await explore(page, app);
  await page.getByRole("region", { name: "target_port" }).getByRole("button", { name: /^22/ }).click();
  await expect.poll(() => query(page)).toBe("target_port:22");
  await expect(row(page, 0)).toContainText("ssh");
  await page.getByRole("region", { name: "target_port" }).getByRole("button", { name: /^22/ }).click();
  await expect.poll(() => query(page)).toBe(null);
  await page.getByRole("button", { name: "Exclude direction:===I" }).click();
  await expect.poll(() => query(page)).toBe("-direction:===I");
  await expect(row(page, 0)).toContainText("out");
  await records(page).locator("[data-term^='transport_protocol']").first().click({ modifiers: ["Alt"] });
  await expect.poll(() => query(page)).toMatch(/^-direction:===I -transport_protocol:\d+$/);
});

test("time is chosen relative, in words, by keys and by dragging, and comes back", async ({ page, app }) => {
  await explore(page, app);
  await page.getByTitle("Time range", { exact: true }).click();
  await page.getByRole("button", { name: "Last 6 hours" }).click();
  await expect(page).toHaveURL(/last=6h/);
  const before = param(page, "from");
  await page.keyboard.press("[");
  await expect.poll(() => param(page, "to")).toBe(before);
  await page.keyboard.press("]");
  await expect.poll(() => param(page, "from")).toBe(before);
  await page.getByTitle("Time range", { exact: true }).click();
  await page.getByLabel("In words, or jump to an instant").fill("yesterday 10pm to 11pm");
  await page.getByRole("button", { name: "Go", exact: true }).click();
  await expect
    .poll(() => Date.parse(param(page, "to") ?? "") - Date.parse(param(page, "from") ?? ""))
    .toBe(3_600_000);
  const hour = param(page, "from");
  await settled(page);
  const chart = page.locator(".u-over");
  const box = await chart.boundingBox();
  if (!box) throw new Error("no chart");
  await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 5 });
  await page.mouse.up();
  await expect.poll(() => param(page, "from")).not.toBe(hour);
  await chart.dblclick();
  await expect.poll(() => param(page, "from")).toBe(hour);
});

test("the measure of the chart is named and switched", async ({ page, app }) => {
  await explore(page, app);
  const chart = page.getByRole("img", { name: /over time/ });
  await expect(chart).toHaveAccessibleName(/^attempts: connections begun over time: \d+ accepted/);
  await page.getByRole("combobox", { name: "What is counted" }).selectOption("Bytes");
  await expect(page).toHaveURL(/measure=bytes/);
  await expect(chart).toHaveAccessibleName(/^bytes.* over time/);
  await expect(page.locator(".fg-legend").first()).toContainText(/\d (k|M)B/);
});

test("reads on as one scrolls, and keeps few rows on the page", async ({ page, app }) => {
  await explore(page, app);
  const last = async () => Number(await records(page).getByRole("row").last().getAttribute("aria-rowindex"));
  const table = page.getByRole("group", { name: "Records, scrollable" });
  await expect
    .poll(async () => {
      await table.evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
      return last();
    })
    .toBeGreaterThan(600);
  expect(await records(page).getByRole("row").count()).toBeLessThan(100);
});

test("a record tells every field, its object, how it was written, and its connection", async ({ page, app }) => {
  await explore(page, app, "q=is:internal+action:accepted+target_port:3000&last=24h");
  await row(page, 4).getByRole("button", { name: "Open the record" }).click();
  const details = page.getByRole("cell", { name: "Details of the record" });
  await expect(details).toContainText("Packets from the initiator in this window");
  await expect(details.getByRole("region", { name: "As written" })).toContainText('"initiator_ip"');
  await expect(details.getByRole("region", { name: "As written" })).toContainText("ibm_vpc_flowlogs_v1/account=");
  const connection = details.getByRole("region", { name: "Connection" });
  await expect(connection).toContainText("Initiator's side");
  await expect(connection).toContainText("Target's side");
  await expect(page).toHaveURL(/open=/);
  await expectAccessible(page);
  await details.getByRole("button", { name: "Exclude target_port:3000" }).click();
  await expect.poll(() => query(page)).toContain("-target_port:3000");
});

test("columns are chosen, moved and resized, and the link holds them", async ({ page, app }) => {
  await explore(page, app);
  await page.getByTitle("Columns", { exact: true }).click();
  await page.getByLabel("Find a field").fill("zone");
  await page.getByRole("group", { name: "Columns" }).getByText("zone", { exact: true }).click();
  await page.keyboard.press("Escape");
  const heads = records(page).getByRole("columnheader");
  await expect(heads.last()).toHaveText("zone");
  await heads.last().focus();
  await page.keyboard.press("ArrowRight");
  await expect(page).toHaveURL(/zone:172/);
  await heads.last().press("Shift+ArrowLeft");
  await expect(heads.last()).toHaveText("Packets");
  await page.reload();
  await expect(heads.last()).toHaveText("Packets");
  await expect(row(page, 0)).toContainText("us-south-");
});

test("exports all matches and copies the question", async ({ page, app, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await explore(page, app, "q=target_port:22&last=24h");
  await page.getByTitle("Share and export").click();
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: /^Export CSV shown/ }).click();
  const file = await readFile(await (await waiting).path(), "utf8");
  expect(file.split("\n")[0]).toMatch(/^id,time,action|^time,action/);
  expect(file.trim().split("\n").length).toBeGreaterThan(100);
  await page.getByTitle("Share and export").click();
  await page.getByRole("button", { name: /^Copy as curl/ }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toMatch(/^curl -s '.*\/api\/v1\/search\?query=target_port%3A22&from=.*'$/);
  await page.getByTitle("Share and export").click();
  await page.getByRole("button", { name: /^Copy as JSON/ }).click();
  const question = JSON.parse(await page.evaluate(() => navigator.clipboard.readText())) as object;
  expect(question).toMatchObject({ query: "target_port:22", from: param(page, "from"), to: param(page, "to") });
  // What is copied can be asked.
  const answer = await page.request.post(`${app}/api/v1/search`, { data: question });
  expect(((await answer.json()) as { rows: unknown[] }).rows).toHaveLength(100);
});

test("nothing found leads to the nearest match", async ({ page, app }) => {
  const to = new Date(Date.now() + 7 * 3_600_000).toISOString();
  const from = new Date(Date.now() + 6 * 3_600_000).toISOString();
  await page.goto(`${app}/explore?q=target_port:22&from=${from}&to=${to}`);
  await expect(page.getByRole("heading", { name: /No record matches/ })).toBeVisible();
  await expect(page.getByText(/The lake holds (23 h|1 d).* for 2 vNICs/)).toBeVisible();
  await page.getByRole("button", { name: "Go to the nearest match" }).click();
  await expect(row(page, 0)).toContainText("ssh");
});

test("an opened link says that the lake has changed", async ({ page, app }) => {
  await explore(page, app, "last=24h&v=0");
  await expect(page.getByText("The lake has changed since this link was made")).toBeVisible();
  await page.getByRole("button", { name: "Show up to now" }).click();
  await expect(page.getByText("The lake has changed since this link was made")).toBeHidden();
});

test("works by keyboard, and lists its keys", async ({ page, app }) => {
  await explore(page, app);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("cell", { name: "Details of the record" })).toContainText("Connection");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("cell", { name: "Details of the record" })).toBeHidden();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toContainText("Earlier by the range's length");
  await page.keyboard.press("Escape");
  await page.keyboard.press("z");
  await expect(page.getByRole("button", { name: /Times are in UTC/ })).toBeVisible();
});

test("follows 5,000 records a second without freezing", async ({ page, app, tolerate }) => {
  tolerate.push(/^request to http:\/\/127/);
  const flooded = await flood(app, 5_000);
  try {
    await page.goto(`${flooded.url}/explore?live=1`);
    const bar = page.getByText(/received/).first();
    await expect(bar).toContainText(/1\d,\d{3} received/, { timeout: 20_000 });
    const rows = page.getByRole("table", { name: "New records" }).getByRole("row");
    expect(await rows.count()).toBeLessThan(100);
    await page.getByRole("button", { name: "Pause" }).click();
    const held = await rows.nth(1).textContent();
    await expect(page.getByText(/Paused, [\d,]+ new records waiting/)).toBeVisible();
    expect(await rows.nth(1).textContent()).toBe(held);
    await page.getByRole("button", { name: "Go on" }).click();
    await expect(rows.nth(1)).not.toHaveText(held ?? "");
  } finally {
    await page.goto("about:blank");
    await flooded.stop();
  }
});

test("fits a phone", async ({ page, app }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${app}/explore?q=target_port:22&last=24h`);
  await expect(row(page, 0)).toContainText("ssh");
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
  await expectAccessible(page);
});

test("is accessible in both themes", async ({ page, app }) => {
  await explore(page, app);
  await expectAccessibleInBothThemes(page);
});
