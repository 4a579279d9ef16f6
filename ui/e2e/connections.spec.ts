import { expect, expectAccessibleInBothThemes, test } from "./test";

test("lists connections stitched over vNICs, and opens one with its windows", async ({ page, app }) => {
  await page.goto(`${app}/explore?last=24h&q=is:internal&tab=connections`);
  const list = page.getByRole("region", { name: "List of connections" });
  const both = list.getByRole("row").filter({ hasText: "both vNICs" });
  await expect(both.first()).toBeVisible();
  await both.first().getByRole("button", { expanded: false }).click();
  await expect(page).toHaveURL(/open=/);
  await expect(page.getByText("Initiator's side")).toBeVisible();
  await expect(page.getByText("Target's side")).toBeVisible();
  const windows = page.getByRole("table", { name: "Windows of the connection" });
  await expect(windows.getByText("initiator's vNIC").first()).toBeVisible();
  await expect(windows.getByText("target's vNIC").first()).toBeVisible();
  await expect(page.getByText("Both vNICs report the same number of packets.")).toBeVisible();
  // The address opens the same.
  await page.reload();
  await expect(windows).toBeVisible();
  await page.getByRole("button", { name: "Only this" }).click();
  await expect(page).toHaveURL(/q=initiator_ip:.*target_port/);
});

test("tells refused from closed, and narrows to either", async ({ page, app }) => {
  await page.goto(`${app}/explore?last=24h&q=target_ip:10.240.0.4&tab=connections`);
  const list = page.getByRole("region", { name: "List of connections" });
  await expect(list.getByRole("row").nth(2)).toBeVisible();
  await page.getByRole("button", { name: /^Refused \d+/ }).click();
  await expect(page).toHaveURL(/ended=refused/);
  const rows = list.getByRole("row").filter({ has: page.getByRole("rowheader") });
  await expect(rows.filter({ hasText: "Closed" })).toHaveCount(0);
  await expect(rows.first()).toContainText("Refused on its way in");
  await expect(page.getByText("The 100 newest connections")).toBeVisible();
  await page.getByRole("button", { name: "Show up to 300" }).click();
  await expect(page.getByText("The 300 newest connections")).toBeVisible();
});

test("is walked by keyboard", async ({ page, app }) => {
  await page.goto(`${app}/explore?last=24h&tab=connections`);
  await expect(page.getByRole("region", { name: "List of connections" }).getByRole("row").nth(3)).toBeVisible();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("table", { name: "Windows of the connection" })).toBeVisible();
});

test("is accessible in both themes", async ({ page, app }) => {
  await page.goto(`${app}/explore?last=24h&q=is:internal&tab=connections`);
  await page.getByRole("region", { name: "List of connections" }).getByRole("button", { expanded: false }).first().click();
  await expect(page.getByRole("table", { name: "Windows of the connection" })).toBeVisible();
  await expectAccessibleInBothThemes(page);
});
