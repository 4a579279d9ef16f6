//! Runs the real program, and tells where it listens.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Program {
  /** Where it listens. */
  url: string;
  /** A folder of its own. */
  folder: string;
  /** Ends it and removes the folder. */
  stop: () => Promise<void>;
}

/** The program to test. */
export function binary(): string {
  const path = process.env.FLOWGLASS_BINARY;
  if (!path) throw new Error("set FLOWGLASS_BINARY to the program to test, or use `make test-e2e`");
  return path;
}

/** A folder for a test. */
export function freshFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "flowglass-e2e-"));
}

/** Starts a server on a free port, in a folder of its own. */
export async function serve(
  args: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Program> {
  const server = spawn(binary(), [...args, "--listen", "127.0.0.1:0"], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const stop = async () => {
    server.kill("SIGINT");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { url: await addressOf(server), folder, stop };
}

/** Runs a command to its end. */
export function run(args: readonly string[], folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const command = spawn(binary(), args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    command.stderr.on("data", (data: Buffer) => (said += data.toString()));
    command.once("error", reject);
    command.once("exit", (code) => (code === 0 ? resolve() : reject(new Error(`${args.join(" ")}: ${said}`))));
  });
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
