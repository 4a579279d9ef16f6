// Fails where the first page loads more JavaScript than it may: what index.html and the first page import, compressed.
import { readFileSync, readdirSync, statSync } from "node:fs";

const LIMIT = 400_000;
const dist = new URL("../dist/", import.meta.url);
const assets = new URL("assets/", dist);

const first = [...readFileSync(new URL("index.html", dist), "utf8").matchAll(/assets\/([\w.-]+\.js)/g)].map(([, name]) => name);
const explore = readdirSync(assets).filter((name) => /^Explore-[\w-]+\.js$/.test(name));
const wanted = new Set([...first, ...explore]);
for (const name of wanted) {
  const code = readFileSync(new URL(name, assets), "utf8");
  // Static imports only: what is imported later is not part of the first page.
  for (const [, other] of code.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) wanted.add(other);
}
const bytes = [...wanted].reduce((sum, name) => sum + statSync(new URL(`${name}.gz`, assets)).size, 0);
console.log(`ui: the first page loads ${(bytes / 1000).toFixed(0)} kB of JavaScript in ${wanted.size} files (gzip; at most ${LIMIT / 1000} kB)`);
if (explore.length !== 1 || bytes > LIMIT) process.exit(1);
