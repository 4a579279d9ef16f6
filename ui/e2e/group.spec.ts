import { expect, expectAccessibleInBothThemes, test } from "./test";

const QUERY = "last=24h&tab=group&by=target_port&agg=records";

test("groups by several fields, and shows them in every form", async ({ page, app }) => {
  await page.goto(`${app}/explore?last=24h`);
  await page.getByRole("tab", { name: "Group" }).click();
  const table = page.getByRole("region", { name: "Groups" }).getByRole("table");
  await expect(table.getByRole("row").nth(1)).toBeVisible();
  await page.getByRole("button", { name: "Add a field to group by" }).click();
  await page.getByRole("searchbox", { name: "Find a field to group by" }).fill("target_po");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/by=initiator_ip,target_port/);
  await page.getByRole("button", { name: "Compute something else" }).click();
  await page.getByRole("combobox", { name: "Function" }).selectOption("p95");
  await page.getByRole("searchbox", { name: "Find a field to compute of" }).fill("bytes_from_target");
  await page.keyboard.press("Enter");
  await expect(table.getByRole("columnheader", { name: "95th percentile of bytes_from_target" })).toBeVisible();
  await expect(table.getByRole("row").nth(1).getByRole("cell").last()).toContainText("B");

  await page.getByRole("button", { name: "Bars" }).click();
  await expect(page.getByRole("region", { name: "Groups as bars" }).getByRole("listitem").first()).toBeVisible();
  await page.getByRole("button", { name: "Over time" }).click();
  await expect(page.getByRole("img", { name: /over time, 8 lines/ })).toBeVisible();
  await page.getByRole("group", { name: "Show as" }).getByRole("button", { name: "Share" }).click();
  await expect(page.getByText(/others/).last()).toBeVisible();
});

test("numbers agree with the API, and an order is a click", async ({ page, app }) => {
  await page.goto(`${app}/explore?${QUERY}&q=action:rejected`);
  const table = page.getByRole("region", { name: "Groups" }).getByRole("table");
  const first = table.getByRole("row").nth(1);
  await expect(first).toBeVisible();
  const shown = new URL(page.url()).searchParams;
  const params = new URLSearchParams({
    query: "action:rejected",
    from: shown.get("from") ?? "",
    to: shown.get("to") ?? "",
    by: "target_port",
    aggregates: "records",
  });
  const answer = (await (await page.request.get(`${app}/api/v1/group?${params}`)).json()) as {
    rows: { keys: [number]; values: [number] }[];
  };
  const [greatest] = answer.rows;
  await expect(first.getByRole("rowheader")).toContainText(String(greatest?.keys[0]));
  await expect(first.getByRole("cell").first()).toContainText((greatest?.values[0] ?? 0).toLocaleString("en-US"));
  await page.getByRole("button", { name: "Records ▾" }).click();
  await expect(page).toHaveURL(/order=records/);
  await expect(first.getByRole("cell").first()).toHaveText("1");
});

test("a click narrows, with Alt it excludes; keys are chips", async ({ page, app }) => {
  await page.goto(`${app}/explore?${QUERY}`);
  const table = page.getByRole("region", { name: "Groups" }).getByRole("table");
  const ssh = table.getByRole("button", { name: "22 ssh", exact: true });
  await ssh.click();
  await expect(page).toHaveURL(/q=target_port:22/);
  await expect(table.getByRole("row")).toHaveCount(2);
  await page.goBack();
  await expect(table.getByRole("row").nth(3)).toBeVisible();
  await ssh.click({ modifiers: ["Alt"] });
  await expect(page).toHaveURL(/q=-target_port:22/);
  await expect(ssh).toHaveCount(0);
  await page.locator(".fg-builder").getByRole("button", { name: "Remove target_port" }).click();
  await expect(page.getByText("Everything as one group")).toBeVisible();
});

test("compares with the period before, and says what of it is held", async ({ page, app }) => {
  await page.goto(`${app}/explore?last=6h&tab=group&by=action&agg=records&compare=previous`);
  const table = page.getByRole("region", { name: "Groups" }).getByRole("table");
  await expect(table.getByRole("columnheader", { name: "before" })).toBeVisible();
  await expect(page.getByText(/compared with/).first()).toBeVisible();
  await expect(table.getByRole("row").nth(2).getByRole("cell").last()).toHaveText(/%|×|same|new/);
  await page.getByRole("combobox", { name: "Compare with" }).selectOption("7d");
  await expect(page.getByText("The lake holds nothing of the period compared with")).toBeVisible();
});

test("exports all groups as CSV, not only those shown", async ({ page, app }) => {
  await page.goto(`${app}/explore?last=24h&tab=group&by=initiator_ip&agg=records,bytes&n=25`);
  await expect(page.getByText("The greatest 25 groups")).toBeVisible();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "CSV" }).click(),
  ]);
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks).toString().trim().split("\r\n");
  expect(lines[0]).toBe("initiator_ip,records,bytes");
  expect(lines.length).toBeGreaterThan(100);
});

for (const shape of ["table", "bars", "lines", "share"]) {
  test(`as ${shape} is accessible in both themes`, async ({ page, app }) => {
    await page.goto(`${app}/explore?${QUERY}&as=${shape}&compare=previous`);
    await expect(page.getByText(/there are more/)).toBeVisible();
    await expectAccessibleInBothThemes(page);
  });
}
