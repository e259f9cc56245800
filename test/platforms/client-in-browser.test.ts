// The client in a real browser, in a page of the server's own origin.
import { readFileSync } from "node:fs";
import { withChromium } from "@krm/testkit/servers";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { bundle } from "./client-bundle.ts";
import type { readAndWatch } from "./read-and-watch.ts";
import { stillCluster } from "../support/still-cluster.ts";
import { STEPS } from "./steps.ts";

withChromium(process.env, (executablePath) => {
  test("in Chromium it lists, gets, watches and leaves", { timeout: 60_000 }, async () => {
    await using served = await stillCluster();
    using script = await bundle("page", "iife");
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
    try {
      const page = await browser.newPage();
      await page.goto(`${served.url}/livez`);
      await page.addScriptTag({ content: readFileSync(script.file, "utf8") });
      const lines: string[] = [];
      await page.exposeFunction("tell", (line: string) => {
        lines.push(line);
        if (line.startsWith("synced")) served.change();
      });
      await page.evaluate(async (url) => {
        const given = globalThis as unknown as { readAndWatch: typeof readAndWatch; tell: (line: string) => void };
        await given.readAndWatch({ url }, (line) => given.tell(line));
      }, served.url);
      expect(lines).toEqual(STEPS);
    } finally {
      await browser.close();
    }
  });
});
