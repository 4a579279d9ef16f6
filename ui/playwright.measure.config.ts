import { defineConfig } from "@playwright/test";

import base from "./playwright.config";

/** Times in the browser, on a server of one's own: `FLOWGLASS_URL=http://127.0.0.1:7420 npm run measure`. */
export default defineConfig(base, { testMatch: "*.measure.ts", workers: 1, use: { trace: "off" } });
