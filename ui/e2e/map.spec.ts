import { expect, expectAccessibleInBothThemes, test } from "./test";

test("draws who talks to whom, rejected apart, and narrows by a click", async ({ page, app }) => {
  await page.goto(`${app}/map?last=24h`);
  const graph = page.getByRole("group", { name: /^Map of \d+ places/ });
  await expect(graph).toBeVisible();
  const host = graph.getByRole("button", { name: /^vsi2, 10\.240\.64\.4/ });
  await expect(host).toBeVisible();
  await expect(page.locator(".fg-arc-rejected").first()).toBeAttached();
  await expect(page.locator(".fg-arc-accepted").first()).toBeAttached();
  // By keyboard as well as by mouse.
  await host.focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=ip:10\.240\.64\.4/);
  await expect(graph.getByRole("button", { name: /^92\.63/ })).toHaveCount(0);
  await page.goBack();
  await expect(graph.getByRole("button", { name: /^92\.63/ })).toBeVisible();
  await graph.getByRole("button", { name: /^92\.63/ }).click({ modifiers: ["Alt"] });
  await expect(page).toHaveURL(/q=-ip:92\.63/);
  await expect(graph.getByRole("button", { name: /^92\.63/ })).toHaveCount(0);
});

test("goes through to the records of an edge", async ({ page, app }) => {
  await page.goto(`${app}/map?last=24h&net=32&count=connections`);
  const list = page.getByRole("region", { name: "List of who talks to whom" });
  const row = list.getByRole("row").filter({ hasText: "92.63.197.61" });
  await expect(row).toContainText("vsi1");
  await row.getByRole("button", { name: /^Records of/ }).click();
  await expect(page).toHaveURL(/\/explore\?.*q=initiator_ip:92\.63\.197\.61\+target_ip:10\.240\.0\.4/);
  await expect(page).not.toHaveURL(/net=|count=/);
  const rows = page.getByRole("table", { name: "Records" }).getByRole("row");
  await expect(rows.nth(1)).toContainText("92.63.197.61");
});

test("shows the same as a matrix, walked by arrow keys, and as a list", async ({ page, app }) => {
  await page.goto(`${app}/map?last=24h`);
  await page.getByRole("button", { name: "Matrix" }).click();
  const matrix = page.getByRole("region", { name: "Matrix of who talks to whom" });
  const cell = matrix.getByRole("button", { name: /^92\.63.* to vsi1: rejected/ });
  await expect(cell).toBeVisible();
  await cell.focus();
  await page.keyboard.press("ArrowDown");
  await expect(matrix.locator("button:focus")).toHaveAccessibleName(/ to vsi1: /);
  await expect(cell).not.toBeFocused();
  await page.getByRole("button", { name: "List" }).click();
  await expect(page).toHaveURL(/view=list/);
  await expect(page.getByRole("region", { name: "List of who talks to whom" }).getByRole("row").nth(3)).toBeVisible();
});

test("puts hosts together by subnet and VPC, and counts otherwise", async ({ page, app }) => {
  await page.goto(`${app}/map?last=24h&view=list`);
  const list = page.getByRole("region", { name: "List of who talks to whom" });
  await expect(list.getByRole("button", { name: "vsi1", exact: true }).first()).toBeVisible();
  await page.getByRole("button", { name: "VPCs" }).click();
  await expect(list.getByText("r006-5a3b…a0b1").first()).toBeVisible();
  await expect(list.getByRole("button", { name: "vsi1", exact: true })).toHaveCount(0);
  await page.getByRole("button", { name: "Bytes" }).click();
  await expect(list.getByRole("row").nth(1)).toContainText(/\d (MB|kB|B)/);
  await page.getByRole("group", { name: "Verdict" }).getByRole("button", { name: "Rejected" }).click();
  await expect(page).toHaveURL(/only=rejected/);
  await expect(list.getByRole("row").nth(1).getByRole("cell").nth(2)).toHaveText("–");
});

test("moves a window over the range", async ({ page, app }) => {
  await page.goto(`${app}/map?last=24h`);
  await expect(page.getByText(/\d+ places/).first()).toBeVisible();
  await page.getByRole("slider", { name: "Start of the shown time" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page).toHaveURL(/wfrom=.*wto=/);
  const first = new URL(page.url()).searchParams.get("wfrom");
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => new URL(page.url()).searchParams.get("wfrom")).not.toBe(first);
  await page.getByRole("button", { name: "Zoom in" }).click();
  await expect(page).not.toHaveURL(/wfrom=/);
  // By mouse: a drag over the line chooses what is between.
  const box = await page.locator(".fg-brush-line").boundingBox();
  if (!box) throw new Error("there is no time line");
  await page.mouse.move(box.x + box.width * 0.4, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 20, { steps: 4 });
  await page.mouse.up();
  await expect(page).toHaveURL(/wfrom=.*wto=/);
  await page.getByRole("button", { name: "Whole range" }).click();
  await expect(page).not.toHaveURL(/wfrom=/);
});

test("says where the nearest match is when nobody talks", async ({ page, app }) => {
  await page.goto(`${app}/map?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`);
  await expect(page.getByText(/Nobody talks in/)).toBeVisible();
  await page.getByRole("button", { name: "Go to the nearest match" }).click();
  await expect(page.getByRole("group", { name: /^Map of \d+ places/ })).toBeVisible();
});

for (const view of ["graph", "matrix", "list"]) {
  test(`as ${view} is accessible in both themes`, async ({ page, app }) => {
    await page.goto(`${app}/map?last=24h&view=${view}`);
    await expect(page.getByText(/\d+ places/).first()).toBeVisible();
    await expectAccessibleInBothThemes(page);
  });
}
