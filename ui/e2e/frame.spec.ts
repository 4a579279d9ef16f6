import { expect, test } from "./test";

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
