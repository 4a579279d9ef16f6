import { expect, expectAccessible, test } from "./test";

test("opens on the last 24 hours, newest first, with their coverage", async ({ page, app }) => {
  await page.goto(app);
  await expect(page.getByRole("table", { name: "Records" }).getByRole("row")).not.toHaveCount(0);
  await expect(page).toHaveURL(/from=.*to=.*last=24h/);
  await expect(page.getByText(/covered, of 2 vNICs/)).toBeVisible();
  await expect(page.getByRole("img", { name: /attempts.*over time/ })).toBeVisible();
});

test("asks what is typed, and underlines what it does not understand", async ({ page, app }) => {
  await page.goto(app);
  await expect(page.getByRole("textbox", { name: "Query" })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("action:rejected target_port:22");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=action:rejected/);
  const rows = page.getByRole("table", { name: "Records" }).getByRole("row");
  await expect(rows.nth(1)).toContainText(":22");
  await page.keyboard.type(" target_prt:1");
  await expect(page.getByRole("alert")).toContainText("Did you mean `target_port:`?");
  await expect(page.locator(".fg-q-wrong")).toHaveText("target_prt");
});

for (const scheme of ["light", "dark"] as const) {
  test(`is accessible in the ${scheme} theme`, async ({ page, app }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(app);
    await expect(page.getByRole("table", { name: "Records" }).getByRole("row").nth(3)).toBeVisible();
    await expectAccessible(page);
  });
}
