//! The walk-through from start to end, as a newcomer does it: nothing but the address that the demo prints.

import type { Page } from "@playwright/test";

import { expect, expectAccessible, test } from "./test";

test.use({ walk: true });

const walk = (page: Page) => page.getByRole("complementary", { name: "Guided walk" });

test("answers the five questions, a click each", async ({ page, app }) => {
  await page.goto(`${app}/?walk=start`);
  await expect(walk(page)).toContainText("Five questions to a VPC");
  await walk(page).getByRole("button", { name: "Begin with the first question" }).click();

  // 1: only port 3000 was reached.
  await expect(walk(page).getByRole("heading")).toHaveText("Are unexpected ports being reached?");
  await expect(walk(page)).toContainText(/In this range: port 3000 with \d/);
  await expect(page).toHaveURL(/q=action:accepted\+is:attempt\+direction:I/);
  await expect(page).toHaveURL(/last=24h/);

  // 2: SSH arrives and is refused, and the rule that is missing is named.
  await walk(page).getByRole("button", { name: "Next: Refused SSH" }).click();
  await expect(walk(page).getByRole("heading")).toHaveText("Does SSH reach the VPC, and why does it not work?");
  await expect(walk(page)).toContainText("No security group has an inbound rule for TCP 22");
  await expect(walk(page)).toContainText(/198\.51\.100\.87 with \d+ attempts/);
  const records = page.getByRole("table", { name: "Records" }).getByRole("row");
  await expect(records.nth(1)).toContainText("rejected");
  await expect(records.nth(1)).toContainText(/:22|ssh/);
  await expectAccessible(page);

  // 3: the scanner stands out.
  await walk(page).getByRole("button", { name: "Next: Who is knocking" }).click();
  await expect(page).toHaveURL(/q=action:rejected\+direction:I\+-is:internal/);
  await expect(walk(page)).toContainText(/92\.63\.197\.61 with [\d,]+ attempts/);

  // 4: the private host is refused on 443.
  await walk(page).getByRole("button", { name: "Next: The private host" }).click();
  await expect(page).toHaveURL(/q=initiator_ip:10\.240\.64\.4/);
  await expect(walk(page)).toContainText(/192\.0\.2\.10 with \d+ attempts/);

  // 5: what is normal.
  await walk(page).getByRole("button", { name: "Next: What is normal" }).click();
  await expect(walk(page).getByRole("heading")).toHaveText("What is normal here, and what could be closed?");
  await expect(walk(page)).toContainText(/port 3000 with [\d,]+ attempts/);
  await expectAccessible(page);

  await walk(page).getByRole("button", { name: "Done" }).click();
  await expect(walk(page)).toHaveCount(0);
});

test("can be left and gone on with", async ({ page, app }) => {
  await page.goto(app);
  await walk(page).getByRole("button", { name: "Who is knocking" }).click();
  await expect(walk(page).getByRole("heading")).toContainText("Who is knocking");
  await walk(page).getByRole("button", { name: "Hide the walk" }).click();
  await expect(walk(page)).toHaveCount(0);
  await expect(page).toHaveURL(/q=action:rejected/);

  // It stays hidden, on other pages and after a reload.
  await page.goto(app);
  await expect(page.getByRole("table", { name: "Records" })).toBeVisible();
  await expect(walk(page)).toHaveCount(0);
  await page.getByRole("link", { name: "Sources" }).click();
  await page.getByRole("button", { name: "Walk", exact: true }).click();
  await expect(walk(page).getByRole("heading")).toContainText("Who is knocking");
  await expect(page).toHaveURL(/walk=knocking/);
  await page.goBack();
  await expect(page.getByRole("heading", { name: "Sources", level: 1 })).toBeVisible();
});

test("is accessible at its beginning, on a phone and in the dark", async ({ page, app }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`${app}/?walk=start`);
  await expect(walk(page)).toBeVisible();
  await expectAccessible(page);
});
