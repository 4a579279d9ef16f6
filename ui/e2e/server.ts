//! Runs the real program on a simulated VPC for all tests: `flowglass demo` on a free port.

import { freshFolder, serve } from "./program";

/** Starts it and returns what ends it. With FLOWGLASS_URL set, a server that runs already is tested. */
export default async function start(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.FLOWGLASS_URL) return undefined;
  const folder = await freshFolder();
  const demo = await serve(["demo", "--dir", "demo", "--seed", "1"], folder);
  process.env.FLOWGLASS_URL = demo.url;
  return demo.stop;
}
