//! How long a person waits: for the first page, and for a search. Prints a Markdown table; nothing is asserted.

import type { Browser, Page } from "@playwright/test";

import { test } from "./test";

/** Times each is measured; the median is told. */
const ROUNDS = 5;

const SEARCHES = [
  "target_port:22 action:rejected",
  "action:rejected -target_port:443",
  "initiator_ip:223.116.96.246",
  "223.116.0.0/16 target_port:443 action:rejected",
];

interface Seen {
  /** Rows of the table. */
  records: number;
  /** Rows, chart, numbers and fields, all of the present question. */
  all: number;
}

/** Notes, frame by frame, when what was asked is on the screen. */
async function watch(page: Page) {
  await page.addInitScript(() => {
    const seen = { began: 0, asked: "", records: 0, all: 0 };
    Object.assign(window, { seen });
    addEventListener("keydown", (event) => {
      if (event.key === "Enter") Object.assign(seen, { began: performance.now(), records: 0, all: 0 });
    }, true);
    const look = () => {
      const query = new URLSearchParams(location.search).get("q")?.trim() ?? "";
      const has = (selector: string) => document.querySelector(selector) !== null;
      if (query === seen.asked && !has(".fg-records .fg-waiting") && has(".fg-records .fg-record")) {
        seen.records ||= performance.now() - seen.began;
        const ready = has(".u-wrap") && has(".fg-facet-value") && has(".fg-summary strong");
        if (ready && !has(".fg-stale, .fg-waiting")) seen.all ||= performance.now() - seen.began;
      }
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

async function seen(page: Page): Promise<Seen> {
  const whole = () => (window as unknown as { seen: Seen }).seen.all > 0;
  await page.waitForFunction(whole, undefined, { polling: 50, timeout: 20_000 });
  return page.evaluate(() => (window as unknown as { seen: Seen }).seen);
}

/** A page with an empty cache, as on a first visit. */
async function fresh(browser: Browser): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await watch(page);
  return page;
}

const median = (values: readonly number[]) => Math.round([...values].sort((a, b) => a - b)[values.length >> 1] ?? 0);
const spread = (values: readonly number[]) =>
  `${median(values)} (${Math.round(Math.min(...values))}–${Math.round(Math.max(...values))})`;

test("how long one waits", async ({ browser, app }) => {
  test.setTimeout(300_000);
  const lines: string[] = [];
  const opened = { paint: [] as number[], records: [] as number[], all: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    const page = await fresh(browser);
    await page.goto(`${app}/explore?last=24h`);
    const times = await seen(page);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
    opened.paint.push(paint);
    opened.records.push(times.records);
    opened.all.push(times.all);
    await page.context().close();
  }
  lines.push(`| open Explore: first paint | ${spread(opened.paint)} | |`);
  lines.push(`| open Explore, last 24 h | ${spread(opened.records)} | ${spread(opened.all)} |`);
  const searches = SEARCHES.map((query) => ({ query, records: [] as number[], all: [] as number[] }));
  const page = await fresh(browser);
  await page.goto(`${app}/explore?last=24h`);
  await seen(page);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { query, records, all } of searches) {
      // Each moves the range up to now: no answer is one of before.
      await page.getByRole("textbox", { name: "Query" }).focus();
      await page.keyboard.press("ControlOrMeta+a");
      await page.evaluate((asked) => Object.assign((window as unknown as { seen: object }).seen, { asked }), query);
      await page.keyboard.insertText(query);
      await page.keyboard.press("Enter");
      const times = await seen(page);
      records.push(times.records);
      all.push(times.all);
    }
  }
  for (const { query, records, all } of searches) lines.push(`| \`${query}\` | ${spread(records)} | ${spread(all)} |`);
  console.log(`\n| ms, median of ${ROUNDS} (least–most) | records | and chart, numbers, fields |\n|---|---|---|\n${lines.join("\n")}\n`);
});
