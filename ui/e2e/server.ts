//! Runs the real program on a simulated VPC for all tests: `flowglass demo` on a free port.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Starts it and returns what ends it. With FLOWGLASS_URL set, a server that runs already is tested. */
export default async function start(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.FLOWGLASS_URL) return undefined;
  const binary = process.env.FLOWGLASS_BINARY;
  if (!binary) throw new Error("set FLOWGLASS_BINARY to the program to test, or use `make test-e2e`");
  const folder = await mkdtemp(join(tmpdir(), "flowglass-e2e-"));
  const server = spawn(binary, ["demo", "--dir", join(folder, "demo"), "--listen", "127.0.0.1:0"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  process.env.FLOWGLASS_URL = await addressOf(server);
  return async () => {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGINT");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
}

function addressOf(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (data: Buffer) => {
      said += data.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) resolve(found[0]);
    };
    server.stdout?.on("data", listen);
    server.stderr?.on("data", listen);
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`the program ended with ${String(code)}: ${said}`)));
    setTimeout(() => reject(new Error(`the program did not say where it listens: ${said}`)), 60_000).unref();
  });
}
