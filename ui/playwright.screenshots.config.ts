import { defineConfig } from "@playwright/test";

import base from "./playwright.config";

/** Pictures of every page, at both widths and in both themes: `make screenshots`. */
export default defineConfig(base, { testMatch: "*.pictures.ts", workers: 1 });
