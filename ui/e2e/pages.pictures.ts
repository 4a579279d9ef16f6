//! Pictures of every page into docs/images, at both widths and in both themes.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { BrowserContext, Page } from "@playwright/test";

import { settled, test } from "./test";

interface Picture {
  name: string;
  path: string;
  /** With the guided walk. */
  walk?: boolean;
  /** Waits until there is something to see. */
  ready: (page: Page) => Promise<unknown>;
}

const PICTURES: readonly Picture[] = [
  {
    name: "explore",
    path: "/explore?q=target_ip:10.240.0.4+-target_port:443&last=24h",
    ready: (page) => page.getByRole("region", { name: "Records" }).getByText("rejected").nth(3).waitFor(),
  },
  {
    name: "walk",
    path: "/explore?walk=ssh&q=target_port:ssh+direction:I+is:attempt&last=24h",
    walk: true,
    ready: async (page) => {
      await page.getByRole("region", { name: "Records" }).getByText("rejected").nth(3).waitFor();
      await page.getByText(/In this range: /).waitFor();
    },
  },
  {
    name: "sources",
    path: "/sources",
    ready: (page) => page.getByRole("region", { name: "vNICs" }).getByRole("row").nth(2).waitFor(),
  },
  {
    name: "record",
    path: "/explore?q=is:internal+action:accepted+target_port:3000&last=24h",
    ready: async (page) => {
      await page.getByRole("button", { name: "Open the record" }).first().click();
      await page.getByRole("region", { name: "As written" }).getByText('"initiator_ip"').waitFor();
      await page.getByRole("region", { name: "Records", exact: true }).evaluate((card) => card.scrollIntoView());
    },
  },
  {
    name: "group",
    path: "/explore?last=24h&tab=group&by=target_port,action&agg=records,distinct(initiator_ip),bytes",
    ready: (page) => page.getByRole("region", { name: "Groups" }).getByRole("row").nth(3).waitFor(),
  },
  {
    name: "group-lines",
    path: "/explore?last=24h&tab=group&by=target_port&agg=records&as=lines",
    ready: (page) => page.getByRole("img", { name: /over time, \d+ lines/ }).waitFor(),
  },
  {
    name: "connections",
    path: "/explore?last=24h&tab=connections&q=is:internal",
    ready: async (page) => {
      const list = page.getByRole("region", { name: "List of connections" });
      await list.getByRole("row").filter({ hasText: "both vNICs" }).first().getByRole("button", { expanded: false }).click();
      await page.getByRole("table", { name: "Windows of the connection" }).waitFor();
    },
  },
  {
    name: "map",
    path: "/map?last=24h",
    ready: (page) => page.getByRole("group", { name: /^Map of/ }).waitFor(),
  },
  {
    name: "map-matrix",
    path: "/map?last=24h&view=matrix",
    ready: (page) => page.getByRole("region", { name: /^Matrix/ }).getByRole("row").nth(2).waitFor(),
  },
];

const FOLDER = join(import.meta.dirname, "../../docs/images");

/** The same picture, without loss, in two thirds of the bytes. The browser is the encoder. */
async function webp(context: BrowserContext, png: Buffer): Promise<Buffer> {
  const page = await context.newPage();
  const encoded = await page.evaluate(async (source) => {
    const image = await createImageBitmap(await (await fetch(source)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext("2d")?.drawImage(image, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality: 1 })).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  }, `data:image/png;base64,${png.toString("base64")}`);
  await page.close();
  return Buffer.from(encoded, "base64");
}

for (const { name, path, walk = false, ready } of PICTURES) {
  test.describe(name, () => {
    test.use({ walk });
    for (const scheme of ["light", "dark"] as const) {
      for (const [device, size] of [
        ["", { width: 1280, height: 800 }],
        ["-phone", { width: 390, height: 844 }],
      ] as const) {
        test(`${name}${device} ${scheme}`, async ({ page, app }) => {
          await page.setViewportSize(size);
          await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
          await page.goto(app + path);
          await ready(page);
          await settled(page);
          const picture = await webp(page.context(), await page.screenshot());
          await writeFile(join(FOLDER, `${name}${device}-${scheme}.webp`), picture);
        });
      }
    }
  });
}
