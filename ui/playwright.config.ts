import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "e2e",
  testMatch: "*.spec.ts",
  globalSetup: "./e2e/server.ts",
  outputDir: "test-results",
  timeout: 60_000,
  expect: { timeout: 10_000 },
  workers: process.env.CI ? 1 : 2,
  forbidOnly: true,
  reporter: [["line"]],
  use: {
    viewport: { width: 1280, height: 800 },
    timezoneId: "Europe/Berlin",
    locale: "en-US",
    launchOptions: { executablePath: process.env.FLOWGLASS_CHROMIUM ?? "/usr/bin/chromium" },
    trace: "retain-on-failure",
  },
});
