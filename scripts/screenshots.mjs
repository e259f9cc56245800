// Takes the pictures of the page for the documents, in light and dark, of what `krm demo` shows: `npm run screenshots`.
// The plot of delays holds what was measured since it began: `-- --minutes 20` waits longer before the pictures are taken.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { findChromium } from "../packages/testkit/src/servers/find-servers.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "docs/images");
const MOST_BYTES = 200_000;
const { values } = parseArgs({ options: { minutes: { type: "string", default: "3" } } });
const { path: executablePath, reason } = findChromium(process.env);
if (executablePath === undefined) throw new Error(reason);

const demo = spawn(
  process.execPath,
  [
    "--conditions=krm-source",
    join(root, "packages/cli/src/bin.ts"),
    "demo",
    "--listen",
    "127.0.0.1:0",
    "--churn",
    "10",
  ],
  { stdio: ["ignore", "pipe", "inherit"] },
);
try {
  const url = await addressOf(demo);
  process.stdout.write(`[screenshots] ${url}: pictures in ${values.minutes} minutes\n`);
  await sleep(Number(values.minutes) * 60_000);
  mkdirSync(folder, { recursive: true });
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];
  const browser = await chromium.launch({ executablePath, args });
  for (const colorScheme of ["light", "dark"]) await take(browser, url, colorScheme);
  await browser.close();
} finally {
  demo.kill("SIGINT");
  await once(demo, "exit");
}

async function take(browser, url, colorScheme) {
  const viewport = { width: 1280, height: 1100 };
  const page = await browser.newPage({ viewport, colorScheme, reducedMotion: "reduce" });
  await page.goto(url);
  await page.locator(".objects .pill", { hasText: "live" }).waitFor();
  // Rates are told from the second status on.
  await page.locator(".overview tbody tr td:nth-child(4)", { hasText: /\d/ }).first().waitFor();
  await shoot(page, `page-${colorScheme}.png`);
  await page.setViewportSize({ width: 1280, height: 640 });
  await page.locator(".grid tbody tr[role=row]").nth(1).click();
  await page.locator(".drawer .yaml").waitFor();
  await shoot(page, `page-object-${colorScheme}.png`);
  await page.close();
}

async function shoot(page, name) {
  const path = join(folder, name);
  await page.screenshot({ path });
  const { size } = statSync(path);
  process.stdout.write(`[screenshots] docs/images/${name}: ${Math.round(size / 1000)} kB\n`);
  if (size > MOST_BYTES) throw new Error(`${name} has more than ${MOST_BYTES / 1000} kB`);
}

async function addressOf({ stdout }) {
  const lines = createInterface({ input: stdout });
  for await (const line of lines) {
    const url = /is served at (http:\S+)/u.exec(line)?.[1];
    if (url === undefined) continue;
    // What it prints further is nobody's, and must not fill the pipe.
    stdout.resume();
    return `${url}/`;
  }
  throw new Error("krm demo ended before it served anything");
}
