import { expect, settled, test } from "./test";

test("theme and zone are kept, and are a key each", async ({ page, app }) => {
  await page.goto(`${app}/sources`);
  await expect(page.getByRole("heading", { name: "Sources", level: 1 })).toBeVisible();
  const root = page.locator(":root");
  await expect(root).toHaveAttribute("data-theme", "light");
  await page.keyboard.press("t");
  await expect(root).toHaveAttribute("data-theme", "dark");
  await page.keyboard.press("z");
  await page.reload();
  await expect(root).toHaveAttribute("data-theme", "dark");
  await expect(page.getByRole("button", { name: "Times are in UTC; switch to local time" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("m");
  await expect(page).toHaveURL(/\/map/);
});

test("the page may load nothing from elsewhere and run nothing that stands in it", async ({ page, app }) => {
  const answer = await page.goto(`${app}/explore`);
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("connect-src 'self';");
  expect(policy).not.toContain("unsafe");
});

test("every page fits a phone", async ({ page, app }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ["/explore", "/explore?tab=group", "/explore?tab=connections", "/map", "/map?view=matrix", "/sources"]) {
    await page.goto(app + path);
    await expect(page.locator("main .fg-card").first()).toBeVisible();
    await settled(page);
    const over = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    expect(await page.evaluate(over), path).toBe(0);
  }
});

const refused = test.extend({ tolerate: [/status of 400/] });

refused("a question that is not understood is said to be so once, as it was written", async ({ page, app }) => {
  const query = '<script>alert(1)</script> "<img src=x onerror=alert(1)>"';
  await page.goto(`${app}/explore?${new URLSearchParams({ q: query, last: "24h", tab: "<b>", cols: "<i>", by: "<u>" })}`);
  await expect(page.getByText(/^Not understood:/)).toHaveCount(1);
  await expect(page.getByRole("textbox", { name: "Query" })).toHaveText(query);
  await expect(page.getByRole("button", { name: "Try again" })).toHaveCount(0);
  await expect(page.getByText("counting…")).toHaveCount(0);
});

test("a very long query leaves room for its answer", async ({ page, app }) => {
  const query = Array.from({ length: 300 }, (_, index) => `10.240.0.${index % 250}`).join(" OR ");
  await page.goto(`${app}/explore?${new URLSearchParams({ q: query, last: "24h" })}`);
  await expect(page.getByRole("table", { name: "Records" }).getByRole("row").nth(3)).toBeInViewport();
});

test("a range of a century names its years and is not widened beyond them", async ({ page, app }) => {
  await page.goto(`${app}/explore?from=1975-01-01T00:00:00Z&to=2075-01-01T00:00:00Z`);
  await expect(page.getByTitle("Time range", { exact: true })).toContainText("1 Jan 1975 01:00 – 1 Jan 2075 01:00");
  await expect(page.getByRole("table", { name: "Records" }).getByRole("row").nth(1)).toBeVisible();
  await page.keyboard.press("-");
  await expect(page).toHaveURL(/from=1970-01-01T00:00:00Z/);
});

const stopped = test.extend({ tolerate: [/ERR_FAILED/] });

stopped("a server that was away is noticed, and the page goes on by itself", async ({ page, app }) => {
  await page.goto(`${app}/explore?last=24h`);
  const records = page.getByRole("table", { name: "Records" });
  await expect(records.getByRole("row").nth(1)).toBeVisible();
  await page.route("**/api/**", (route) => route.abort());
  await page.getByRole("button", { name: "Ask again", exact: true }).click();
  await expect(page.getByText("server not reachable", { exact: true })).toBeVisible();
  await expect(page.getByText("Server not reachable:").first()).toBeVisible();
  await page.unroute("**/api/**");
  await expect(page.getByText("Server not reachable:")).toHaveCount(0);
  await expect(records.getByRole("row").nth(1)).toBeVisible();
});
